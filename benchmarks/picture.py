"""Pictures of what calls and imports cost, as SVG that needs no font and follows a dark page.

Invariant: pure; each is made from the result of one script alone, and every text lies inside the drawing.
"""

from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

from attrs import frozen
from results import Result


@frozen
class Picture:
    """A bar for each figure of a script's result.

    Attributes:
        name: of the file.
        script: whose result it is.
        title: above the bars.
        unit: below the title: of what the figures are multiples.
        told: the title in words, for those who cannot see it.
        baseline: label of the line at 1.
        labels: of the bars, by their figures; one that was not measured is left out.
        ours: figures of ours, which stand first.
    """

    name: str
    script: str
    title: str
    unit: str
    told: str
    baseline: str
    labels: Mapping[str, str]
    ours: tuple[str, ...]


CALL = Picture(
    name="cost-of-a-call.svg",
    script="call",
    title="Client CPU of a call",
    unit="times that of raw aiohttp doing the same request; 32 calls in flight, asyncio, medians",
    told="Client CPU of a call, raw aiohttp doing the same request = 1",
    baseline="raw aiohttp = 1",
    labels={
        "get.32": "mi_async, GET person",
        "post.32": "mi_async, POST presign",
        "page.32": "mi_async, page of 100",
        "signed.get.32": "raw, signed by hand, GET",
        "signed.post.32": "raw, signed by hand, POST",
        "peer.gidgethub": "gidgethub (no models)",
        "peer.aiobotocore": "aiobotocore, rekognition",
        "peer.openai": "openai on aiohttp",
        "peer.anthropic": "anthropic on aiohttp",
        "peer.openai-httpx": "openai (default: httpx)",
        "peer.anthropic-httpx": "anthropic (default: httpx)",
        "peer.twelvelabs": "twelvelabs (httpx)",
    },
    ours=("get.32", "post.32", "page.32"),
)
IMPORT = Picture(
    name="cost-of-an-import.svg",
    script="imports",
    title="What an import and a command cost",
    unit="times import aiohttp, in fresh processes: CPU of an import, wall time of a whole command; medians",
    told="Cost of imports and commands, import aiohttp = 1",
    baseline="import aiohttp = 1",
    labels={
        "package": "import mi_async",
        "connect": "import of connect()",
        "session": "import, and a session",
        "--version": "mi-async --version",
        "--help": "mi-async --help",
        "persons list": "mi-async persons list",
    },
    ours=("package", "connect", "session", "--version", "--help", "persons list"),
)
PICTURES = (CALL, IMPORT)
WIDTH, LABELS, VALUES = 780, 250, 72
"""Of the drawing, of the labels on its left, and of the values on its right."""
TOP, ROW, BAR, BOTTOM = 74, 30, 18, 46
STYLE = """
    .page { fill: #ffffff } .text { fill: #1f2328 } .faint { fill: #59636e } .line { stroke: #59636e }
    .ours { fill: #1a7f37 } .peer { fill: #8c959f }
    @media (prefers-color-scheme: dark) {
      .page { fill: #0d1117 } .text { fill: #f0f6fc } .faint { fill: #9198a1 } .line { stroke: #9198a1 }
      .ours { fill: #3fb950 } .peer { fill: #6e7681 }
    }
    text { font: 14px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif }
    .title { font-size: 16px; font-weight: 600 } .small { font-size: 12px } .value { font-weight: 600 }
"""


@frozen
class _Bar:
    figure: str
    label: str
    value: float


def caption(picture: Picture, results: Mapping[str, Result]) -> str | None:
    """Return a picture in words, None if there is no result to draw."""
    bars = _bars(picture, results)
    told = "; ".join(f"{bar.label} {bar.value:.2f}" for bar in bars)
    return f"{picture.told}: {told}" if bars else None


def svg(picture: Picture, results: Mapping[str, Result]) -> str | None:
    """Return a picture, None if there is no result to draw."""
    bars = _bars(picture, results)
    if not bars:
        return None
    height = TOP + len(bars) * ROW + BOTTOM
    frame = _frame(picture, height, caption(picture, results) or "")
    return "\n".join([*frame, *_rows(picture, bars), *_baseline(picture, bars, height), "</svg>", ""])


def _frame(picture: Picture, height: int, told: str) -> Iterator[str]:
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label={quoteattr(told)}>'
    yield f"  <style>{STYLE}  </style>"
    yield f'  <rect class="page" width="{WIDTH}" height="{height}" rx="6"/>'
    yield f'  <text class="text title" x="20" y="30">{picture.title}</text>'
    yield f'  <text class="faint small" x="20" y="50">{picture.unit}</text>'


def _bars(picture: Picture, results: Mapping[str, Result]) -> list[_Bar]:
    figures = results[picture.script].figures if picture.script in results else {}
    bars = [_Bar(figure, label, figures[figure]) for figure, label in picture.labels.items() if figure in figures]
    return sorted(bars, key=lambda bar: (bar.figure not in picture.ours, bar.value))


def _scale(bars: list[_Bar]) -> float:
    return (WIDTH - LABELS - VALUES - 20) / max(1.0, *(bar.value for bar in bars))


def _rows(picture: Picture, bars: list[_Bar]) -> Iterator[str]:
    scale = _scale(bars)
    for number, bar in enumerate(bars):
        y, kind = TOP + number * ROW, "ours" if bar.figure in picture.ours else "peer"
        length, middle = max(1.0, bar.value * scale), y + BAR - 4
        yield f'  <text class="text" x="{LABELS - 10}" y="{middle}" text-anchor="end">{escape(bar.label)}</text>'
        yield f'  <rect class="{kind}" x="{LABELS}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2"/>'
        yield f'  <text class="text value" x="{LABELS + length + 8:.1f}" y="{middle}">{bar.value:.2f}</text>'


def _baseline(picture: Picture, bars: list[_Bar], height: int) -> Iterator[str]:
    x = LABELS + _scale(bars)
    yield (
        f'  <line class="line" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{height - BOTTOM + 4}" stroke-width="1.5"'
        ' stroke-dasharray="4 3"/>'
    )
    yield f'  <text class="faint small" x="{x:.1f}" y="{height - 22}" text-anchor="middle">{picture.baseline}</text>'

"""Picture of what a call costs against other SDKs, as an SVG that needs no font and follows a dark page.

Invariant: pure; made from the result of ``call.py`` alone, and every text lies inside the drawing.
"""

from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape, quoteattr

from attrs import frozen
from results import Result

NAME = "cost-of-a-call.svg"
BARS = {
    "get.32": "mi_async, GET person",
    "post.32": "mi_async, POST presign",
    "signed.get.32": "raw aiohttp, signed by hand",
    "peer.gidgethub": "gidgethub (no models)",
    "peer.aiobotocore": "aiobotocore, rekognition",
    "peer.openai": "openai on aiohttp",
    "peer.anthropic": "anthropic on aiohttp",
    "peer.openai-httpx": "openai (default: httpx)",
    "peer.anthropic-httpx": "anthropic (default: httpx)",
    "peer.twelvelabs": "twelvelabs (httpx)",
}
"""Labels by the figure of the call's result; one that was not measured is left out."""
OURS = ("get.32", "post.32")
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


def caption(results: Mapping[str, Result]) -> str | None:
    """Return the picture in words, None if there is no result to draw."""
    bars = _bars(results)
    told = "; ".join(f"{bar.label} {bar.value:.2f}" for bar in bars)
    return f"Client CPU of a call, raw aiohttp doing the same request = 1: {told}" if bars else None


def svg(results: Mapping[str, Result]) -> str | None:
    """Return the picture, None if there is no result to draw."""
    bars = _bars(results)
    if not bars:
        return None
    height = TOP + len(bars) * ROW + BOTTOM
    return "\n".join([*_frame(height, caption(results) or ""), *_rows(bars), *_baseline(bars, height), "</svg>", ""])


def _frame(height: int, told: str) -> Iterator[str]:
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label={quoteattr(told)}>'
    yield f"  <style>{STYLE}  </style>"
    yield f'  <rect class="page" width="{WIDTH}" height="{height}" rx="6"/>'
    yield '  <text class="text title" x="20" y="30">Client CPU of a call</text>'
    said = "times that of raw aiohttp doing the same request; 32 calls in flight, asyncio, medians"
    yield f'  <text class="faint small" x="20" y="50">{said}</text>'


def _bars(results: Mapping[str, Result]) -> list[_Bar]:
    figures = results["call"].figures if "call" in results else {}
    bars = [_Bar(figure, label, figures[figure]) for figure, label in BARS.items() if figure in figures]
    return sorted(bars, key=lambda bar: (bar.figure not in OURS, bar.value))


def _scale(bars: list[_Bar]) -> float:
    return (WIDTH - LABELS - VALUES - 20) / max(1.0, *(bar.value for bar in bars))


def _rows(bars: list[_Bar]) -> Iterator[str]:
    scale = _scale(bars)
    for number, bar in enumerate(bars):
        y, kind = TOP + number * ROW, "ours" if bar.figure in OURS else "peer"
        length, middle = max(1.0, bar.value * scale), y + BAR - 4
        yield f'  <text class="text" x="{LABELS - 10}" y="{middle}" text-anchor="end">{escape(bar.label)}</text>'
        yield f'  <rect class="{kind}" x="{LABELS}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2"/>'
        yield f'  <text class="text value" x="{LABELS + length + 8:.1f}" y="{middle}">{bar.value:.2f}</text>'


def _baseline(bars: list[_Bar], height: int) -> Iterator[str]:
    x = LABELS + _scale(bars)
    yield (
        f'  <line class="line" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{height - BOTTOM + 4}" stroke-width="1.5"'
        ' stroke-dasharray="4 3"/>'
    )
    yield f'  <text class="faint small" x="{x:.1f}" y="{height - 22}" text-anchor="middle">raw aiohttp = 1</text>'

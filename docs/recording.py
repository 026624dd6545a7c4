"""Draw docs/images/demo.svg from a real run: `mi-async demo` in a terminal of its own, as it looks at its end.

Invariant: what is drawn was printed. Left out are the requests table and what names a folder of this machine.
"""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

import pyte
from attrs import frozen

PICTURE = Path(__file__).with_name("images") / "demo.svg"
COMMAND = "mi-async demo"
COLUMNS, ROWS = 84, 80
CELL, LINE, LEFT, TOP, FONT = 8.4, 19.0, 18.0, 62.0, 14
LEFT_OUT, END = "Requests and quotas", "What to type next"
"""Headings of the part that is not drawn, and of the first that is not: what follows it is too."""
LIGHT = {
    "page": "#f6f8fa",
    "bar": "#d0d7de",
    "default": "#1f2328",
    "green": "#1a7f37",
    "cyan": "#0969da",
    "red": "#cf222e",
}
DARK = {
    "page": "#0d1117",
    "bar": "#30363d",
    "default": "#f0f6fc",
    "green": "#3fb950",
    "cyan": "#58a6ff",
    "red": "#ff7b72",
}


@frozen
class Run:
    """Characters of one line that look alike.

    Attributes:
        column: of the first character.
        width: columns that they take: a syllable of Hangul takes two.
        text: as printed.
        colour: a class of the drawing.
        bold: True if it is bold.
    """

    column: int
    width: int
    text: str
    colour: str
    bold: bool


def screen() -> pyte.Screen:
    """Return the terminal after a run of the command."""
    shown = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(shown)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    env = {**os.environ, "TERM": "xterm-256color", "PYTHONUTF8": "1"} | dict.fromkeys(("COLUMNS", "LINES"), "")
    env = {name: value for name, value in env.items() if value and name not in {"NO_COLOR", "CI"}}
    command = [sys.executable, "-m", "mi_async", *COMMAND.split()[1:]]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env) as running:  # noqa: S603  ours
        os.close(theirs)
        while part := received(ours):
            stream.feed(part)
        if running.wait(timeout=60):
            message = f"{COMMAND} ended with {running.returncode}"
            raise SystemExit(message)
    os.close(ours)
    return shown


def received(terminal: int) -> bytes:
    """Return what was printed, nothing once the command has ended: Linux says that by an error."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def lines(shown: pyte.Screen) -> list[list[Run]]:
    """Return the lines that are drawn."""
    drawn: list[list[Run]] = []
    is_left_out = False
    for row, text in enumerate(shown.display):
        if text.startswith(END):
            break
        is_left_out = (is_left_out or text.startswith(LEFT_OUT)) and not text.isspace()
        if not is_left_out and (not text.isspace() or (drawn and drawn[-1])):
            drawn.append(list(runs(shown, row)))
    return drawn if drawn[-1] else drawn[:-1]


def runs(shown: pyte.Screen, row: int) -> Iterator[Run]:
    """Yield the runs of a line; what is blank is not drawn."""
    cells = [(column, shown.buffer[row][column]) for column in range(COLUMNS)]
    for (colour, bold, blank), group in groupby(cells, lambda each: (each[1].fg, each[1].bold, each[1].data == " ")):
        members = list(group)
        if not blank:
            text = "".join(cell.data for _, cell in members)
            yield Run(members[0][0], len(members), text, colour if colour in LIGHT else "default", bold)


def svg(drawn: list[list[Run]]) -> str:
    """Return the drawing, which follows a dark page."""
    width, height = COLUMNS * CELL + 2 * LEFT, TOP + len(drawn) * LINE + 4
    told = f"A terminal after {COMMAND}: eight images pass presign, put, check and attach, and become five persons"
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{told}">',
        f"<style>{style()}</style>",
        f'<rect class="page" width="{width:.0f}" height="{height:.0f}" rx="8"/>',
        *(f'<circle class="bar" cx="{22 + 20 * number}" cy="20" r="6"/>' for number in range(3)),
        f'<text class="green" x="{LEFT}" y="{TOP - 18}">$ <tspan class="default">{COMMAND}</tspan></text>',
    ]
    for number, line in enumerate(drawn):
        y = TOP + (number + 0.5) * LINE
        parts += [text_of(run, y) for run in line]
    return "\n".join([*parts, "</svg>", ""])


def text_of(run: Run, y: float) -> str:
    """Return one run, as wide as its columns whatever the font."""
    kind = f"{run.colour} bold" if run.bold else run.colour
    where = f'x="{LEFT + run.column * CELL:.1f}" y="{y:.1f}" textLength="{run.width * CELL:.1f}"'
    return f'<text class="{kind}" {where} lengthAdjust="spacingAndGlyphs">{escape(run.text)}</text>'


def style() -> str:
    """Return the style: colours for light and for dark pages."""

    def rules(colours: dict[str, str]) -> str:
        return " ".join(f".{name}{{fill:{value}}}" for name, value in colours.items())

    fonts = 'ui-monospace,"SFMono-Regular",Consolas,"DejaVu Sans Mono","D2Coding","Noto Sans Mono CJK KR",monospace'
    return (
        f"text{{font:{FONT}px {fonts};white-space:pre}} .bold{{font-weight:700}} {rules(LIGHT)} "
        f"@media (prefers-color-scheme:dark){{{rules(DARK)}}}"
    )


def in_kind(text: str) -> str:
    """Return a line without what differs between runs: durations, the port, and the width of what they stand in."""
    return " ".join(re.sub(r"\d[\d.,:]*( ?m?s\b)?", "n", text).split())


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(svg(lines(screen())), encoding="utf-8")

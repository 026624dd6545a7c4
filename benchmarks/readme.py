"""README.md of the benchmarks, made from their results.

Invariant: no figure stands here; each comes from a result, and what a script measures from its docstring.
"""

import ast
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import picture
from goals import LEFT_OUT
from results import Result, Table, judged, scripts

HERE = Path(__file__).parent
BUSY = 2.5
"""Load average that the scripts before do not leave behind."""
HEAD = """# Benchmarks

<!-- Made by `python benchmarks/suite.py --write` from results/*.json and the scripts' docstrings: do not edit. -->

`nox -s bench` runs the quick ones, keeps their results in `results/` and makes this page from them.
"""
METHOD = """## Method

- What is compared takes turns within one run, and only ratios within one run are results: microseconds do not carry
  from one machine to another.
- The client is kept on one core and the server, a process of its own with answers made before, on another. A figure is
  the client's own CPU time unless it says otherwise, so that the server's speed does not enter.
- A ratio is the median of the ratios of neighbours, and the quartiles stand behind it. A/A is the baseline measured
  against itself: a difference as small as the one there means nothing.
- asyncio asks for 256 KiB at each read, which glibc maps, shrinks and unmaps for an answer of 2 kB: 16 us that raw
  aiohttp pays for each answer, and this package does not, since it asks for 64 KiB. On the steady heap, where glibc
  keeps what it has got, raw aiohttp does not pay them either; most programs run on the default one.
- Figures from a machine that was busy are worth little: each result says what the load average was when it began. It
  counts the scripts that ran just before, so up to two in a row of benchmarks is no other work.
"""

REASONS = {
    "A call": """Nobody can call this service without a signature. Raw aiohttp that signs by hand, and does no more,
takes its turns beside ours: over TLS it costs {call[tls.signed.get.32]:.2f}x of an unsigned GET and
{call[tls.signed.post.32]:.2f}x of a POST (an HMAC, and three headers of the request's own), and ours
{call[tls.get.32.over]:.2f}x and {call[tls.post.32.over]:.2f}x of that, with quota, deadline, retry policy,
bookkeeping and models. Without TLS ours costs {call[get.32.over]:.2f}x and {call[post.32.over]:.2f}x of it.""",
    "uvloop": """uvloop reads into one buffer of its own, so that there is nothing to save at a read, and raw aiohttp
costs less there: the same signature is a larger share of less. Raw aiohttp that signs by hand costs
{call[uvloop.signed.get.32]:.2f}x of an unsigned GET and {call[uvloop.signed.post.32]:.2f}x of a POST there, and ours
{call[uvloop.get.32.over]:.2f}x and {call[uvloop.post.32.over]:.2f}x of that.""",
    "Growth": """256 calls share 100 connections on both sides, which is aiohttp's default. Ours has no step that is
longer with more calls in flight: they are members of one dict with one timer. Counted in instructions, which do not
depend on what else the machine does, the growth is {instructions[GET.growth]:.3f}x for a GET and
{instructions[POST.growth]:.3f}x for a POST. In time a POST is at {call[post.32]:.2f}x of raw aiohttp with 32 in flight
and at {call[post.256]:.2f}x with 256 on the default heap, over TLS at {call[tls.post.32]:.2f}x and
{call[tls.post.256]:.2f}x, with uvloop at {call[uvloop.post.32]:.2f}x and {call[uvloop.post.256]:.2f}x. On the default
heap the quartiles of two equal sides are as far apart as that (A/A of C=256).""",
    "A thumbnail": """Its four requests are calls, each with what a call costs. On top come two hashes of the image,
SHA-256 for the journal and MD5 for the storage's ETag, five queues between the stages, four rows that are on the disk
before the next step, and two threads, for files and for the journal, which take turns with the event loop. Rows that
are written later, or stages without queues, would cost less, and work or fairness would be lost. Most of what a
transaction of the journal costs is its sync, so that steps which end close together share one; all its rows in one
statement, a write-ahead log laid out before it is written, and files read by the event loop itself were tried, and
brought nothing that could be told from noise, or only for the first seconds of a run.""",
}
"""Why goals are missed, where they are: by subject; figures have their places in the text."""


def text(results: Mapping[str, Result]) -> str:
    """Return the page."""
    parts = [HEAD]
    captions = {each.name: picture.caption(each, results) for each in picture.PICTURES}
    parts += [f"![{told}]({name})\n" for name, told in captions.items() if told is not None]
    parts += ["## Goals\n", "\n".join(_goals(results).lines()) + "\n"]
    parts += [METHOD, *_missed(results)]
    parts += [section for script in results.values() for section in _sections(script)]
    if missing := [name for name in scripts() if name not in results]:
        parts.append("## Not run\n\n" + "\n".join(map(_not_run, missing)) + "\n")
    return "\n".join(parts)


def _not_run(script: str) -> str:
    reason = f", left out by `nox -s bench`: {LEFT_OUT[script]}" if script in LEFT_OUT else ""
    return f"- `python benchmarks/suite.py {script}`{reason}."


def _goals(results: Mapping[str, Result]) -> Table:
    rows = []
    for goal, value, verdict in judged(results):
        stretch = "" if goal.stretch is None else goal.show(goal.stretch)
        rows.append([goal.what, goal.before, goal.bound, stretch, goal.show(value), verdict])
    return Table("Goals", ["what", "before", "goal", "stretch", "now", ""], rows)


def _missed(results: Mapping[str, Result]) -> Iterator[str]:
    """Yield why goals are missed: a paragraph for each subject."""
    missed = dict.fromkeys(goal.why for goal, _, verdict in judged(results) if verdict == "MISSED" and goal.why)
    call, instructions = (_figures(results, script) for script in ("call", "instructions"))
    if missed:
        paragraphs = [f"**{why}.** {REASONS[why].format(call=call, instructions=instructions)}" for why in missed]
        yield "## What is not reached, and why\n\n" + "\n\n".join(paragraphs) + "\n"


def _figures(results: Mapping[str, Result], script: str) -> Mapping[str, float]:
    """Return the figures of a script; one that was not measured is no number."""
    return defaultdict(lambda: math.nan, results[script].figures if script in results else {})


def _sections(result: Result) -> Iterator[str]:
    yield f"## {result.script}.py\n"
    yield docstring(HERE / f"{result.script}.py") + "\n"
    yield _made_on(result) + "\n"
    for table in result.tables:
        yield f"### {table.title}\n"
        yield "\n".join(table.lines()) + "\n"
        if table.note:
            yield table.note + "\n"


def docstring(path: Path) -> str:
    """Return what a script says of itself, its indented commands as Markdown has them."""
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "" if path.exists() else ""


def _made_on(result: Result) -> str:
    machine = result.machine
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    said = [
        f"Run on {machine.date} UTC, in {machine.seconds:,.0f} s; load average before it {machine.load:.2f}",
        f"{machine.cores} cores of {machine.processor}, {machine.system}",
        f"{machine.python}, {packages}",
    ]
    if machine.load > BUSY:
        said.append("**the machine was busy with something else**")
    if machine.scale != 1:
        said.append(f"**at {machine.scale:g} of its usual size, so that its figures mean nothing**")
    return f"<sub>{'; '.join(said)}.</sub>"

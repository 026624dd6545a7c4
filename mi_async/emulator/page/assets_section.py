"""Assets of a workspace with a timeline of their scenes, newest first.

Invariant: pure; bounded in assets, scenes and persons. Positions are percentages: text keeps its size on any width.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from heapq import merge

from mi_async.emulator.jobs import EmulatedJob, Phase
from mi_async.emulator.media import EmulatedAsset, EmulatedIndex, Scene
from mi_async.emulator.page.markup import named, pager, part_of, person_called
from mi_async.emulator.page.view import PageView
from mi_async.emulator.state import EmulatorState
from mi_async.emulator.workspace import EmulatedWorkspace
from mi_async.language import PageWords
from mi_async.notebook import escaped_line
from mi_async.text import time_code

SIZE = 6
"""Assets of a page."""
MOST_LANES, MOST_BARS, MOST_SCENES, MOST_KEYWORDS = 5, 400, 40, 4
PHASES = {
    Phase.WAITING: "waiting",
    Phase.RUNNING: "analysing",
    Phase.COMPLETED: "analysed",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "cancelled",
}
GOOD, BAD = frozenset({"analysed", "summarised"}), frozenset({"failed", "cancelled", "missing", "flawed"})


def assets_section(state: EmulatorState, room: EmulatedWorkspace, view: PageView, words: PageWords) -> str:
    """Return the assets of the page that is looked at."""
    part = part_of(sum(len(project.assets) for project in room.projects.values()), view.assets, SIZE)
    if not part.count:
        return f'<p>{words("no_assets")}</p><pre tabindex="0"><code>mi-async ingest clip.mp4</code></pre>'
    cards = "".join([_card(state, room, asset, words) for asset in part.cut(_newest(room))])
    counted = words("counted_assets", count=f"{part.count:,}")
    return f'<p class="soft">{counted}</p><ul class="assets">{cards}</ul>{pager("assets", part, view, words)}'


def _newest(room: EmulatedWorkspace) -> Iterator[EmulatedAsset]:
    # each project has its own in the order of their IDs, but for those that were moved into it
    listed = [reversed(project.assets.values()) for project in room.projects.values()]
    return merge(*listed, key=lambda asset: -asset.id)


def _card(state: EmulatorState, room: EmulatedWorkspace, asset: EmulatedAsset, words: PageWords) -> str:
    now = state.now()
    word, told = _told_state(state, asset, now, words)
    tone = "good" if word in GOOD else "bad" if word in BAD else "open"
    index = asset.index(now)
    drawn = _index(room, asset, index, now, words) if index is not None and index.scenes else ""
    found = asset.found
    about = f" · {found.width}x{found.height} {escaped_line(found.format)}" if found and now >= asset.ready else ""
    return (
        f'<li id="asset-{asset.id}"><h3>{named(asset.file_name)}</h3>'
        f'<p class="soft">ID {asset.id}{about} · <strong class="{tone}">{told}</strong></p>{drawn}</li>'
    )


def _told_state(state: EmulatorState, asset: EmulatedAsset, now: float, words: PageWords) -> tuple[str, str]:
    """Return the state of an asset by its word, and as people read it."""
    if now < asset.ready:
        return "importing", _left(words("importing"), asset.ready - now, state, words)
    if asset.found is None:
        return "missing", words("missing")
    if asset.found.flaw is not None:
        return "flawed", words("flawed", reason=escaped_line(asset.found.flaw))
    if asset.analysis is None:
        return "imported", words("imported")
    index = asset.index(now)
    if index is not None and index.run is not None and not asset.analysing(now):
        return _told_job("summarising" if index.run.job.active(now) else "summarised", index.run.job, state, words)
    return _told_job(PHASES[asset.analysis.job.phase(now)], asset.analysis.job, state, words)


def _told_job(word: str, job: EmulatedJob, state: EmulatorState, words: PageWords) -> tuple[str, str]:
    now = state.now()
    return word, _left(words(word), job.ends - now, state, words) if job.active(now) else words(word)


def _left(told: str, seconds: float, state: EmulatorState, words: PageWords) -> str:
    if seconds == float("inf"):
        return words("endless", state=told)
    return words("left", state=told, seconds=words.duration(max(1.0, state.clock.real(seconds))))


def _index(room: EmulatedWorkspace, asset: EmulatedAsset, index: EmulatedIndex, now: float, words: PageWords) -> str:
    scenes, length = index.scenes, (asset.found.duration_ms if asset.found else None) or 0
    drawn = _timeline(room, asset, scenes, length, words) if length else ""
    summary = index.settled(now)
    texts = {} if summary is None else summary.texts
    rows = "".join([_scene(room, scene, texts.get(scene.id), words) for scene in scenes[:MOST_SCENES]])
    left = len(scenes) - MOST_SCENES
    more = f"<p>{words('more_scenes', count=f'{left:,}')}</p>" if left > 0 else ""
    head = words("scenes", count=f"{len(scenes):,}")
    listed = f'<ol class="scenes" tabindex="0" aria-label="{head}">{rows}</ol>'
    return f"{drawn}<details><summary>{head}</summary>{listed}{more}</details>"


def _timeline(
    room: EmulatedWorkspace, asset: EmulatedAsset, scenes: Sequence[Scene], length: int, words: PageWords
) -> str:
    name, whole = escaped_line(asset.file_name), time_code(length)
    label = words("timeline", name=name, count=f"{len(scenes):,}", length=whole)
    lanes = [_lane(words("lane"), label, scenes, length, "scene")]
    seen = Counter(person for scene in scenes for person in set(scene.person_ids) if person is not None)
    for person, count in seen.most_common(MOST_LANES):
        called = person_called(room, person, words)
        label = words("seen", name=escaped_line(called), count=f"{count:,}")
        shown = [scene for scene in scenes if person in scene.person_ids]
        lanes.append(_lane(named(called), label, shown, length, "seen"))
    ticks = "".join([f"<span>{time_code(length * at // 2)}</span>" for at in range(3)])
    return f'<div class="timeline">{"".join(lanes)}<div class="times" aria-hidden="true">{ticks}</div></div>'


def _lane(who: str, label: str, scenes: Sequence[Scene], length: int, kind: str) -> str:
    bars = "".join(
        [
            f'<rect class="{kind}{" even" if scene.id % 2 == 0 else ""}" x="{scene.start_ms / length * 100:.2f}%" '
            f'width="{((scene.end_ms or 0) - scene.start_ms) / length * 100:.2f}%" y="0" height="100%">'
            f"<title>{time_code(scene.start_ms)}</title></rect>"
            for scene in scenes[:MOST_BARS]
            if scene.start_ms is not None
        ]
    )
    return f'<div class="lane"><span class="who">{who}</span><svg role="img" aria-label="{label}">{bars}</svg></div>'


def _scene(room: EmulatedWorkspace, scene: Scene, summary: str | None, words: PageWords) -> str:
    code = "" if scene.start_ms is None else f"<b>{time_code(scene.start_ms)}-{time_code(scene.end_ms or 0)}</b>"
    told = [
        code,
        escaped_line(", ".join(list(scene.keywords)[:MOST_KEYWORDS])),
        ", ".join([named(person_called(room, person, words)) for person in scene.person_ids]),
        f"“{escaped_line(scene.script)}”" if scene.script else "",
        words("summary", text=escaped_line(summary)) if summary else "",
    ]
    return f"<li>{' · '.join(filter(None, told))}</li>"

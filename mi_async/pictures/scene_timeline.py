"""Timeline of search hits: the scenes over each asset, and a list of the hits with time codes.

Invariant: pure; bounded in assets, scenes and rows. Positions are percentages: text keeps its size on any width.
"""

from collections.abc import Iterable, Sequence

from mi_async.language import PageWords, language_of
from mi_async.notebook import escaped_line
from mi_async.pictures.drawing import drawing
from mi_async.pictures.picture import Picture
from mi_async.pictures.search_words import SEARCH_WORDS
from mi_async.pictures.web_page import stacked_table
from mi_async.text import time_code
from mi_async.workflows.search.hits import SceneHit

MOST_ASSETS, MOST_SCENES, MOST_ROWS = 50, 500, 100
BAR = "#3b82d6"
"""At least 3:1 against white and against black: WCAG 2.2, 1.4.11."""
FAINT = 0.45
"""Opacity of the scene with the lowest score."""
TRACK, HEIGHT = 22, 42


def timeline(hits: Iterable[SceneHit], *, lang: str | None = None) -> Picture:
    """Return a picture of the scenes that a search found, over each asset and as a list.

    The scale of an asset ends with the last scene found in it, since a hit does not say how long the asset is. A
    scene with a higher score has a stronger colour.

    Args:
        hits: as ``[hit async for hit in newsroom.search_scenes(...)]`` has them.
        lang: ``en`` or ``ko``; by default that of the environment (LC_ALL, LC_MESSAGES, LANG).

    Raises:
        InvalidArgumentError: there is no such language.
    """
    words = PageWords(language_of(lang), SEARCH_WORDS)
    found = list(hits)
    parts = [f"<h2>{words('timeline')}</h2>"]
    if not found:
        parts.append(f"<p>{words('none')}</p>")
        return Picture(words("timeline"), "".join(parts), words.language)
    assets: dict[tuple[int | None, str | None], list[SceneHit]] = {}
    for hit in found:
        assets.setdefault((hit.asset_id, hit.file_name), []).append(hit)
    parts.append(f"<p>{words('counted', hits=f'{len(found):,}', assets=f'{len(assets):,}')}</p>")
    scores = [hit.score for hit in found if hit.score is not None]
    span = (min(scores, default=0.0), max(scores, default=0.0))
    drawn = list(assets.values())[:MOST_ASSETS]
    parts += [_asset(scenes, span, words) for scenes in drawn]
    if len(assets) > MOST_ASSETS:
        parts.append(f"<p>{words('more_assets', count=f'{len(assets) - MOST_ASSETS:,}')}</p>")
    parts.append(_list(found, words))
    return Picture(words("timeline"), "".join(parts), words.language)


def asset_name(hit: SceneHit, words: PageWords) -> str:
    """Return the name of the file, or the ID of the asset."""
    if hit.file_name:
        return hit.file_name
    return words("unnamed") if hit.asset_id is None else words("asset", id=hit.asset_id)


def _asset(scenes: Sequence[SceneHit], scores: tuple[float, float], words: PageWords) -> str:
    name = escaped_line(asset_name(scenes[0], words))
    placed = [(hit, hit.start_ms, max(hit.end_ms or 0, hit.start_ms)) for hit in scenes if hit.start_ms is not None]
    end = max((last for _, _, last in placed), default=0)
    if not end:
        return f"<p><strong>{name}</strong>: {words('in_image')}</p>"
    said = words("scenes", count=f"{len(placed):,}", end=time_code(end))
    rects = [
        f'<rect x="{max(0, start) / end * 100:.3f}%" y="1" width="{(last - max(0, start)) / end * 100:.3f}%" '
        f'height="{TRACK - 2}" fill="{BAR}" fill-opacity="{_opacity(hit.score, scores):.2f}" stroke="{BAR}" '
        f'stroke-width="1.5"><title>{_told(hit)}</title></rect>'
        for hit, start, last in placed[:MOST_SCENES]
    ]
    ticks = [
        f'<text x="{at}%" y="{HEIGHT - 4}" text-anchor="{anchor}" font-size="12" fill="currentColor">'
        f"{time_code(end * at // 100)}</text>"
        for at, anchor in ((0, "start"), (50, "middle"), (100, "end"))
    ]
    track = f'<rect width="100%" height="{TRACK}" rx="3" fill="currentColor" fill-opacity="0.12"/>'
    drawn = drawing(f"{track}{''.join(rects)}{''.join(ticks)}", height=HEIGHT, title=name, told=said)
    return f"<p><strong>{name}</strong><br>{said}</p>{drawn}"


def _opacity(score: float | None, scores: tuple[float, float]) -> float:
    low, high = scores
    if score is None or not low < high:
        return 1.0
    return FAINT + (1 - FAINT) * (score - low) / (high - low)


def _told(hit: SceneHit) -> str:
    score = "" if hit.score is None else f" ({hit.score:.3g})"
    return f"{_code(hit.start_ms)}-{_code(hit.end_ms)}{score}{f' {escaped_line(hit.script)}' if hit.script else ''}"


def _list(hits: Sequence[SceneHit], words: PageWords) -> str:
    rows = [
        [
            f"{rank:,}",
            escaped_line(asset_name(hit, words)),
            _unbroken(_code(hit.start_ms)),
            _unbroken(_code(hit.end_ms)),
            "" if hit.score is None else f"{hit.score:.3f}",
            escaped_line(hit.script or ""),
        ]
        for rank, hit in enumerate(hits[:MOST_ROWS], 1)
    ]
    heads = [words(name) for name in ("rank", "file", "start", "end", "score", "script")]
    left = len(hits) - MOST_ROWS
    more = f"<p>{words('more_hits', count=f'{left:,}')}</p>" if left > 0 else ""
    return stacked_table(rows, heads, words("timeline")) + more


def _code(milliseconds: int | None) -> str:
    return "" if milliseconds is None else time_code(milliseconds)


def _unbroken(code: str) -> str:
    return code and f'<span class="unbroken">{code}</span>'

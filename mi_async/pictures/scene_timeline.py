"""Timeline of search hits: the scenes over each asset, and a list of the hits with time codes.

Invariant: pure; bounded in assets, scenes and rows. Positions are percentages: text keeps its size on any width.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from mi_async.language import PageWords, language_of
from mi_async.notebook import escaped_line
from mi_async.pictures.drawing import drawing
from mi_async.pictures.picture import Picture, heading
from mi_async.pictures.scene_hits import (
    AssetKey,
    Assets,
    HitNames,
    Persons,
    asset_key,
    asset_labels,
    asset_lengths,
    checked_hits,
    person_names,
    persons_in,
)
from mi_async.pictures.search_words import SEARCH_WORDS
from mi_async.pictures.web_page import stacked_table
from mi_async.text import time_code
from mi_async.workflows.search.hits import SceneHit

MOST_ASSETS, MOST_SCENES, MOST_ROWS = 50, 500, 100
BAR = "#3b82d6"
"""At least 3:1 against white and against black: WCAG 2.2, 1.4.11."""
LONGEST = 32
"""Characters of a name that a column has room for on one line."""
FAINT = 0.45
"""Opacity of the scene with the lowest score."""
TRACK, HEIGHT = 22, 42
OPEN = 95
"""Per cent of the width up to the last scene of an asset whose length is not known; what follows is dotted."""


def timeline(
    hits: Iterable[SceneHit],
    *,
    assets: Assets | None = None,
    persons: Persons | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    lang: str | None = None,
) -> Picture:
    """Return a picture of the scenes that a search found, over each asset and as a list.

    A scene with a higher score has a stronger colour. A hit does not say how long its asset is: without ``assets`` the
    line of an asset stays open behind the last scene found in it.

    Args:
        hits: as ``[hit async for hit in newsroom.search_scenes(...)]`` has them.
        assets: for their lengths: assets as ``newsroom.assets.get`` has them, or ``{asset_id: milliseconds}``.
        persons: for the names beside hits that show persons: persons, or ``{person_id: name}``.
        title: by default "Scenes found".
        subtitle: such as what was asked for, where and when.
        lang: ``en`` or ``ko``; by default that of the environment (LC_ALL, LC_MESSAGES, LANG).

    Raises:
        InvalidArgumentError: the hits, assets or persons are something else, or there is no such language.
    """
    words = PageWords(language_of(lang), SEARCH_WORDS)
    found, lengths = checked_hits(hits), asset_lengths(assets)
    named = title or words("timeline")
    grouped: dict[AssetKey, list[SceneHit]] = {}
    for hit in found:
        grouped.setdefault(asset_key(hit), []).append(hit)
    names = HitNames(asset_labels(list(grouped), words), person_names(persons))
    parts = [heading(named, subtitle)]
    parts += _body(found, grouped, lengths, names, words) if found else [f"<p>{words('none')}</p>"]
    return Picture(named, "".join(parts), words.language)


def _body(
    found: Sequence[SceneHit],
    grouped: Mapping[AssetKey, Sequence[SceneHit]],
    lengths: Mapping[int, int],
    names: HitNames,
    words: PageWords,
) -> list[str]:
    scores = [hit.score for hit in found if hit.score is not None]
    span = (min(scores, default=0.0), max(scores, default=0.0))
    parts = [f"<p>{words('counted', hits=f'{len(found):,}', assets=f'{len(grouped):,}')}</p>"]
    for scenes in list(grouped.values())[:MOST_ASSETS]:
        length = lengths.get(scenes[0].asset_id or 0)
        parts.append(_asset(names.asset(scenes[0]), scenes, span, length, words))
    if len(grouped) > MOST_ASSETS:
        parts.append(f"<p>{words('more_assets', count=f'{len(grouped) - MOST_ASSETS:,}')}</p>")
    return [*parts, _list(found, names, words)]


def _asset(
    name: str, scenes: Sequence[SceneHit], scores: tuple[float, float], length: int | None, words: PageWords
) -> str:
    placed = [(hit, hit.start_ms, max(hit.end_ms or 0, hit.start_ms)) for hit in scenes if hit.start_ms is not None]
    last = max((end for _, _, end in placed), default=0)
    if not last:
        return f"<p><strong>{name}</strong>: {words('in_image')}</p>"
    end = length if length is not None and length >= last else None
    said = words("scenes", count=f"{len(placed):,}", end=time_code(last))
    said += words("open_end") if end is None else words("of_length", length=time_code(end))
    width, scale = (OPEN, last) if end is None else (100, end)
    rects = [
        f'<rect x="{max(0, start) / scale * width:.3f}%" y="1" width="{(stop - max(0, start)) / scale * width:.3f}%" '
        f'height="{TRACK - 2}" fill="{BAR}" fill-opacity="{_opacity(hit.score, scores):.2f}" stroke="{BAR}" '
        f'stroke-width="1.5"><title>{_told(hit)}</title></rect>'
        for hit, start, stop in placed[:MOST_SCENES]
    ]
    drawn = drawing(f"{_track(scale, width)}{''.join(rects)}", height=HEIGHT, title=name, told=said)
    return f"<p><strong>{name}</strong><br>{said}</p>{drawn}"


def _track(scale: int, width: int) -> str:
    """Return the line of an asset with its times; its end is dotted where it is not known."""
    track = f'<rect width="{width}%" height="{TRACK}" rx="3" fill="currentColor" fill-opacity="0.12"/>'
    if width == OPEN:
        track += (
            f'<line x1="{width + 0.5}%" x2="100%" y1="{TRACK // 2}" y2="{TRACK // 2}" stroke="currentColor" '
            'stroke-opacity="0.5" stroke-width="3" stroke-dasharray="3 5"/>'
        )
    ticks = [
        f'<text x="{width * at / 100:g}%" y="{HEIGHT - 4}" text-anchor="{anchor}" font-size="12" fill="currentColor">'
        f"{time_code(scale * at // 100)}</text>"
        for at, anchor in ((0, "start"), (50, "middle"), (100, "end"))
    ]
    return track + "".join(ticks)


def _opacity(score: float | None, scores: tuple[float, float]) -> float:
    low, high = scores
    if score is None or not low < high:
        return 1.0
    return FAINT + (1 - FAINT) * (score - low) / (high - low)


def _told(hit: SceneHit) -> str:
    score = "" if hit.score is None else f" ({hit.score:.3g})"
    return f"{_code(hit.start_ms)}-{_code(hit.end_ms)}{score}{f' {escaped_line(hit.script)}' if hit.script else ''}"


def _list(hits: Sequence[SceneHit], names: HitNames, words: PageWords) -> str:
    shown, left = hits[:MOST_ROWS], len(hits) - MOST_ROWS
    columns: dict[str, Callable[[SceneHit], str]] = {
        "file": lambda hit: _short(names.asset(hit)),
        "start": lambda hit: _unbroken(_code(hit.start_ms)),
        "end": lambda hit: _unbroken(_code(hit.end_ms)),
        "score": lambda hit: "" if hit.score is None else f"{hit.score:.3f}",
        "persons": names.persons_of,
        "script": lambda hit: escaped_line(hit.script or ""),
    }
    if not any(map(persons_in, shown)):
        del columns["persons"]
    rows = [
        [f'<span class="rank">{rank:,}</span>', *[cell(hit) for cell in columns.values()]]
        for rank, hit in enumerate(shown, 1)
    ]
    heads = [words(name) for name in ("rank", *columns)]
    more = f"<p>{words('more_hits', count=f'{left:,}')}</p>" if left > 0 else ""
    return stacked_table(rows, heads, words("timeline")) + more


def _code(milliseconds: int | None) -> str:
    return "" if milliseconds is None else time_code(milliseconds)


def _short(name: str) -> str:
    """Return a name that is kept on one line if it is short enough for a column."""
    return _unbroken(name) if len(name) <= LONGEST else name


def _unbroken(code: str) -> str:
    return code and f'<span class="unbroken">{code}</span>'

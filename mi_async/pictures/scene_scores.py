"""Histogram of the scores of search hits.

Invariant: pure; scores that are no numbers are left out.
"""

from collections.abc import Iterable, Sequence
from math import isfinite
from statistics import median

from mi_async.language import PageWords, language_of
from mi_async.pictures.drawing import drawing
from mi_async.pictures.picture import Picture, heading
from mi_async.pictures.scene_hits import checked_hits
from mi_async.pictures.scene_timeline import BAR
from mi_async.pictures.search_words import SEARCH_WORDS
from mi_async.pictures.web_page import stacked_table
from mi_async.workflows.search.hits import SceneHit

BINS = 20
TOP, PLOT, HEIGHT = 16, 120, 158
ANCHORS = {0: "start", 100: "end"}
"""Of the words at the ends of the axis, which stay inside."""


def score_histogram(
    hits: Iterable[SceneHit], *, title: str | None = None, subtitle: str | None = None, lang: str | None = None
) -> Picture:
    """Return a histogram of the scores of the scenes that a search found, for choosing a threshold.

    The service takes no threshold: leave scenes out yourself, ``[hit for hit in hits if (hit.score or 0) >= 0.7]``.

    Args:
        hits: as ``[hit async for hit in newsroom.search_scenes(...)]`` has them.
        title: by default "Scores of the scenes found".
        subtitle: such as what was asked for, where and when.
        lang: as for :func:`timeline`.

    Raises:
        InvalidArgumentError: the hits are something else, or there is no such language.
    """
    words = PageWords(language_of(lang), SEARCH_WORDS)
    scores = sorted(hit.score for hit in checked_hits(hits) if hit.score is not None and isfinite(hit.score))
    named = title or words("scores")
    above = heading(named, subtitle)
    if not scores:
        return Picture(named, f"{above}<p>{words('no_scores')}</p>", words.language)
    said = words(
        "score_span" if len(scores) > 1 else "one_score",
        count=f"{len(scores):,}",
        low=f"{scores[0]:.3f}",
        high=f"{scores[-1]:.3f}",
        median=f"{median(scores):.3f}",
    )
    low, high = _scale(scores)
    counts = score_counts(scores, low, high)
    return Picture(named, f"{above}<p>{said}</p>{_drawn(counts, low, high, said, words)}", words.language)


def score_counts(scores: Iterable[float], low: float, high: float) -> list[int]:
    """Count the scores in each of 20 equal parts of the scale; the highest one is in the last part."""
    counts = [0] * BINS
    for score in scores:
        counts[min(BINS - 1, int((score - low) / (high - low) * BINS))] += 1
    return counts


def _scale(scores: Sequence[float]) -> tuple[float, float]:
    """Return 0 to 1 where all scores are in it, else from the lowest to the highest."""
    if scores[0] >= 0 and scores[-1] <= 1:
        return 0.0, 1.0
    return scores[0], scores[-1] if scores[0] < scores[-1] else scores[0] + 1


def _drawn(counts: Sequence[int], low: float, high: float, said: str, words: PageWords) -> str:
    most, step = max(counts), 100 / BINS
    edges = [low + (high - low) * n / BINS for n in range(BINS + 1)]
    rows = [(f"{start:.3g} - {end:.3g}", n) for start, end, n in zip(edges, edges[1:], counts, strict=False)]
    bars = [
        f'<rect x="{number * step:.2f}%" y="{TOP + PLOT - count / most * PLOT:.1f}" width="{step * 0.88:.2f}%" '
        f'height="{count / most * PLOT:.1f}" fill="{BAR}"><title>{name}: {count:,}</title></rect>'
        for number, (name, count) in enumerate(rows)
    ]
    content = (
        f'<text x="0" y="12" font-size="12" fill="currentColor">{most:,}</text>'
        f'<line x1="0" x2="100%" y1="{TOP}" y2="{TOP}" stroke="currentColor" stroke-opacity="0.3"/>{"".join(bars)}'
        f'<line x1="0" x2="100%" y1="{TOP + PLOT}" y2="{TOP + PLOT}" stroke="currentColor"/>{_axis(low, high)}'
    )
    table = stacked_table([[name, f"{count:,}"] for name, count in rows], [words("score"), words("hits")], said)
    return (
        f"{drawing(content, height=HEIGHT, title=words('scores'), told=said)}"
        f"<details><summary>{words('as_table')}</summary>{table}</details>"
    )


def _axis(low: float, high: float) -> str:
    """Return the scale below the bars: ten steps from 0 to 1, else the ends and the middle."""
    places = range(0, 101, 10) if (low, high) == (0, 1) else (0, 50, 100)
    return "".join(
        [
            f'<line x1="{at}%" x2="{at}%" y1="{TOP + PLOT}" y2="{TOP + PLOT + 5}" stroke="currentColor"/>'
            f'<text x="{at}%" y="{HEIGHT - 2}" text-anchor="{ANCHORS.get(at, "middle")}" font-size="12" '
            f'fill="currentColor">{low + (high - low) * at / 100:.3g}</text>'
            for at in places
        ]
    )

"""Chart of a rate over time, as inline SVG with its figures in a table.

Invariant: pure; as many bars as have room, however long the run was.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo

from attrs import define, field, frozen

from mi_async.language import PageWords

GAP = 30
"""Minutes without anything after which a new chart begins: a run that was resumed later."""
MOST_CHARTS, MOST_BARS = 3, 60
SHORTEST = 3
"""Minutes of a run that is worth a chart."""
LOW = 1 / 3
"""Share of the quota below which the chart is as high as the rate, and not as the quota."""
WIDTH, HEIGHT = 600, 100
ROOM = 1.08
LEAST = 0.7
"""Height of a bar that stands for anything at all."""
MINUTE, TICKS = 60, 3


@define
class RateStretch:
    """Minutes in which something was stored, without a long gap.

    Attributes:
        first: minute since the epoch.
        counts: what was stored in each minute from then on.
    """

    first: int
    counts: list[int] = field(factory=list)

    @property
    def total(self) -> int:
        """All that was stored."""
        return sum(self.counts)

    @property
    def rate(self) -> float:
        """Average of the minutes with any: those between two runs of one journal are no rate."""
        return self.total / max(1, sum(count > 0 for count in self.counts))

    @property
    def is_drawn(self) -> bool:
        """True if it is long enough for a chart."""
        return len(self.counts) >= SHORTEST


@frozen
class RateBar:
    """A bar: minutes since the epoch, from and to, and the average per minute between."""

    start: int
    end: int
    rate: float


def stretches(minutes: Iterable[tuple[int, int]]) -> tuple[Sequence[RateStretch], int]:
    """Return the last stretches of minutes, and the number of earlier ones."""
    found, number = deque[RateStretch](maxlen=MOST_CHARTS), 0
    for minute, count in minutes:
        if not found or minute - (found[-1].first + len(found[-1].counts)) >= GAP:
            found.append(RateStretch(minute))
            number += 1
        now = found[-1]
        now.counts += [0] * (minute - now.first - len(now.counts))
        now.counts.append(count)
    return list(found), number - len(found)


def bars_of(stretch: RateStretch) -> list[RateBar]:
    """Return the bars of a stretch; where it is long, each is of several minutes."""
    size = -(-len(stretch.counts) // MOST_BARS)
    parts = [stretch.counts[at : at + size] for at in range(0, len(stretch.counts), size)]
    starts = [stretch.first + n * size for n in range(len(parts))]
    return [RateBar(start, start + len(part), sum(part) / len(part)) for start, part in zip(starts, parts, strict=True)]


@frozen
class RateChart:
    """Chart of one stretch.

    Attributes:
        stretch: what was stored when.
        quota: allowed per minute.
        words: of the language.
        zone: of the times, None for this machine's.
        name: unique in the page.
    """

    stretch: RateStretch
    quota: float
    words: PageWords
    zone: tzinfo | None
    name: str

    def markup(self) -> str:
        """Return a figure, or a sentence where the stretch is too short for one."""
        words, stretch = self.words, self.stretch
        if not stretch.is_drawn:
            minutes = words.duration(len(stretch.counts) * MINUTE)
            start = f"{self._moment(stretch.first):%Y-%m-%d %H:%M}"
            return f"<p>{words('short_run', count=f'{stretch.total:,}', start=start, span=minutes)}</p>"
        bars = bars_of(stretch)
        highest = max(bar.rate for bar in bars)
        top = ROOM * (highest if highest < self.quota * LOW else max(highest, self.quota))
        name, kind = ("quota_line", ' class="quota-word"') if self.quota <= top else ("quota_above", "")
        line = f"<span{kind}>{words(name, quota=f'{self.quota:,.0f}')}</span>"
        return (
            f"<figure><figcaption>{self._said()} {line}</figcaption>"
            f'<div class="plot"><div class="axis" aria-hidden="true"><span>{top:,.0f}</span>'
            f"<span>{top / 2:,.0f}</span><span>0</span></div>{self._svg(bars, top)}"
            f'<div class="times" aria-hidden="true">{self._ticks()}</div></div>{self._table(bars)}</figure>'
        )

    def _said(self) -> str:
        stretch = self.stretch
        # the last minute itself: its end may not have come yet
        start, end = self._moment(stretch.first), self._moment(stretch.first + len(stretch.counts) - 1)
        return self.words(
            "rate_caption",
            start=f"{start:%Y-%m-%d %H:%M}",
            end=f"{end:%H:%M}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M}",
            count=f"{stretch.total:,}",
            rate=f"{stretch.rate:,.0f}",
            share=self.words.percent(stretch.rate / self.quota),
            quota=f"{self.quota:,.0f}",
        )

    def _svg(self, bars: Sequence[RateBar], top: float) -> str:
        step, drawn = WIDTH / len(bars), list[str]()
        for number, bar in enumerate(bars):
            height = max(bar.rate / top * HEIGHT, LEAST if bar.rate else 0)
            said = f"{self._span(bar)}: {self.words('a_minute', rate=f'{bar.rate:,.0f}')}"
            drawn.append(
                f'<rect class="bar" x="{number * step:.2f}" y="{HEIGHT - height:.2f}" width="{step * 0.86:.2f}" '
                f'height="{height:.2f}"><title>{said}</title></rect>'
            )
        if self.quota <= top:
            y = HEIGHT - self.quota / top * HEIGHT
            drawn.append(f'<line class="quota" x1="0" x2="{WIDTH}" y1="{y:.2f}" y2="{y:.2f}"/>')
        name = self.name
        return (
            f'<svg role="img" aria-labelledby="{name}-title {name}-desc" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'preserveAspectRatio="none"><title id="{name}-title">{self.words("rate")}</title>'
            f'<desc id="{name}-desc">{self._said()}</desc>{"".join(drawn)}</svg>'
        )

    def _table(self, bars: Sequence[RateBar]) -> str:
        words = self.words
        rows = [f'<tr><td>{self._span(bar)}</td><td class="number">{bar.rate:,.0f}</td></tr>' for bar in bars]
        heads = f'<th scope="col">{words("time")}</th><th scope="col" class="number">{words("per_minute")}</th>'
        return (
            f"<details><summary>{words('as_table')}</summary><table><thead><tr>{heads}</tr></thead>"
            f"<tbody>{''.join(rows)}</tbody></table></details>"
        )

    def _ticks(self) -> str:
        minutes = len(self.stretch.counts)
        places = [self.stretch.first + round(minutes * part / TICKS) for part in range(TICKS + 1)]
        return "".join([f"<span>{self._moment(place):%H:%M}</span>" for place in places])

    def _span(self, bar: RateBar) -> str:
        return f"{self._moment(bar.start):%H:%M}-{self._moment(bar.end):%H:%M}"

    def _moment(self, minute: int) -> datetime:
        return datetime.fromtimestamp(minute * MINUTE, self.zone)

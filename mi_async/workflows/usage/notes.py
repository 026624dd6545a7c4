"""Notes of a usage report: what the answers of the service cannot tell, and what they did not tell this time.

Invariant: pure; the notes that always hold come last.
"""

from collections.abc import Iterable, Mapping, Sequence

from mi_async.language import Language, PageWords
from mi_async.text import one_line
from mi_async.workflows.usage.models import WorkspaceUsage, total_of

ALWAYS = ("one_index", "dated", "today")
INCOMPLETE = ("undated", "unmeasured", "unread")
"""Members of the counts that say what is missing; also the names of their notes."""
NOTE_WORDS: Mapping[str, tuple[str, str]] = {
    "one_index": (
        "an asset has one index: replaced, failed and deleted analyses are not visible",
        "에셋의 인덱스는 하나이므로 대체, 실패, 삭제된 분석은 보이지 않습니다",
    ),
    "dated": (
        "an analysis counts on the day on which its index was created; times without a zone are taken as Asia/Seoul",
        "분석은 인덱스가 생성된 날에 계산하며, 시간대가 없는 시각은 Asia/Seoul로 봅니다",
    ),
    "today": (
        "assets and persons are those of today: since when they are there is not told",
        "에셋과 인물은 오늘 기준이며, 언제부터 있었는지는 알 수 없습니다",
    ),
    "last_run": ("of a scene summary only the last run is visible", "장면 요약은 마지막 실행만 보입니다"),
    "unasked": ("scene summaries were not asked for", "장면 요약은 조회하지 않았습니다"),
    "undated": (
        "indexes and scene summaries without a time, counted in no month: {count}",
        "시각이 없어 어느 달에도 계산하지 않은 인덱스와 장면 요약: {count}개",
    ),
    "unmeasured": (
        "videos whose length the service does not tell, counted as 0 s: {count}",
        "길이를 알 수 없어 0초로 계산한 영상: {count}개",
    ),
    "unread": (
        "assets whose index or scene summary the service failed to send, counted as not analysed: {count}",
        "서비스가 인덱스나 장면 요약을 보내지 못해 분석되지 않은 것으로 계산한 에셋: {count}개",
    ),
    "more": (
        "workspace {name}: analyses of this month: {count} counted by the service, {visible} visible",
        "워크스페이스 {name}: 서비스가 센 이번 달 분석 {count}건 중 {visible}건이 보입니다",
    ),
    "fewer": (
        "workspace {name}: analyses of this month: {count} counted by the service; indexes created in it: {visible}",
        "워크스페이스 {name}: 서비스가 센 이번 달 분석은 {count}건, 이번 달에 생성된 인덱스는 {visible}개입니다",
    ),
    "left_out": (
        "workspace {name} was left out: the keys may not see it",
        "워크스페이스 {name}: 인증키에 권한이 없어 제외했습니다",
    ),
}
"""English and Korean of each."""


def notes_of(
    usages: Sequence[WorkspaceUsage], left_out: Iterable[str], *, summaries: bool, language: Language = "en"
) -> tuple[str, ...]:
    """Return the notes of a report.

    Args:
        usages: of the workspaces.
        left_out: workspaces that the keys may not see.
        summaries: True if scene summaries were asked for.
        language: of the notes.
    """
    words, counts = PageWords(language, NOTE_WORDS), total_of(usage.counts for usage in usages)
    missing = [(name, getattr(counts, name)) for name in INCOMPLETE]
    # what concerns this month before what always holds: a difference was overlooked at the end
    return (
        *[said for usage in usages if (said := _difference(usage, words))],
        *[words("left_out", name=one_line(name)) for name in left_out],
        *[words(name, count=f"{number:,}") for name, number in missing if number],
        *[words(name) for name in (*ALWAYS, "last_run" if summaries else "unasked")],
    )


def _difference(usage: WorkspaceUsage, words: PageWords) -> str:
    """Return by how much the service counts otherwise; '' where it does not."""
    visible, counted = usage.counts.analyses, usage.counted_by_service
    if counted is None or counted == visible:
        return ""
    name = "more" if counted > visible else "fewer"
    return words(name, name=one_line(usage.workspace), count=f"{counted:,}", visible=f"{visible:,}")

"""Words of the page of a month's usage, in English and Korean.

Invariant: pure data.
"""

from collections.abc import Mapping

USAGE_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("Usage of {month}", "{month} 사용량"),
    "said": (
        "Analyses: {analyses}, with {length} of video; scene summaries: {summaries}. The time zone is {zone}.",
        "분석 {analyses}건(영상 {length}), 장면 요약 {summaries}건입니다. 시간대는 {zone}입니다.",
    ),
    "analyses": ("Analyses a day", "일별 분석"),
    "analyzed": ("Video analysed a day", "일별 분석한 영상"),
    "nothing": ("No analysis of this month is visible.", "이 달의 분석이 보이지 않습니다."),
    "others": ("others ({count})", "기타({count}개)"),
    "day": ("day", "날짜"),
    "as_table": ("The figures as a table", "수치를 표로 보기"),
    "totals": ("Per workspace and project", "워크스페이스와 프로젝트별"),
    "project": ("project", "프로젝트"),
    "videos": ("videos", "영상"),
    "images": ("images", "이미지"),
    "media": ("media", "미디어 길이"),
    "analysis": ("analyses", "분석"),
    "analysed": ("analysed", "분석한 길이"),
    "summary": ("summaries", "장면 요약"),
    "persons": (
        "{workspace}: persons: {named} with a name, {unnamed} without one",
        "{workspace}: 명명 인물 {named}명, 익명 인물 {unnamed}명",
    ),
    "all": ("all", "전체"),
    "notes": ("What the figures do not tell", "수치로 알 수 없는 것"),
}
"""English and Korean of each."""

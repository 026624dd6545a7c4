"""PageWords of the pictures of search hits, in English and Korean.

Invariant: pure data.
"""

from collections.abc import Mapping

SEARCH_WORDS: Mapping[str, tuple[str, str]] = {
    "timeline": ("Scenes found", "찾은 장면"),
    "none": ("No scene was found.", "찾은 장면이 없습니다."),
    "counted": (
        "Scenes: {hits}, assets: {assets}; a stronger colour is a higher score.",
        "에셋 {assets}개에서 찾은 장면 {hits}개입니다. 색이 진할수록 점수가 높습니다.",
    ),
    "asset": ("asset {id}", "에셋 {id}"),
    "unnamed": ("unknown asset", "알 수 없는 에셋"),
    "scenes": ("scenes: {count}, up to {end}", "장면 {count}개, {end}까지"),
    "of_length": (" of {length}", ", 전체 {length}"),
    "open_end": ("; the length of the asset is not known", ". 에셋의 길이는 알 수 없습니다"),
    "in_image": ("an image; it has no times", "이미지이므로 시각이 없습니다"),
    "more_assets": ("Assets that are not drawn: {count}.", "그리지 않은 에셋: {count}개."),
    "more_hits": ("Scenes that are not listed: {count}.", "목록에 없는 장면: {count}개."),
    "rank": ("rank", "순위"),
    "file": ("asset", "에셋"),
    "start": ("start", "시작"),
    "end": ("end", "끝"),
    "score": ("score", "점수"),
    "persons": ("persons", "인물"),
    "script": ("dialogue", "대사"),
    "scores": ("Scores of the scenes found", "찾은 장면의 점수"),
    "no_scores": ("No scene has a score.", "점수가 있는 장면이 없습니다."),
    "score_span": (
        "{count} scores from {low} to {high}, half of them at least {median}.",
        "점수 {count}개, {low} ~ {high}, 절반은 {median} 이상입니다.",
    ),
    "one_score": ("1 score: {low}.", "점수 1개, {low}입니다."),
    "hits": ("scenes", "장면"),
    "as_table": ("The figures as a table", "수치를 표로 보기"),
}
"""English and Korean of each."""

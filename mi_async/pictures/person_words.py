"""Words of the pictures of persons, in English and Korean.

Invariant: pure data.
"""

from collections.abc import Mapping

PERSON_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("Persons of {workspace}", "{workspace}의 인물"),
    "none": ("No person was given.", "표시할 인물이 없습니다."),
    "counted": ("Persons: {persons}, images shown: {images}.", "인물 {persons}명, 표시한 이미지 {images}개."),
    "more_persons": ("Only the first {count} are shown.", "처음 {count}명만 표시합니다."),
    "missing": ("Images that could not be shown: {count}.", "표시하지 못한 이미지: {count}개."),
    "as_they_are": (
        "Images are embedded as they are; pip install 'mi-async[images]' for small ones.",
        "이미지를 원본 그대로 넣었습니다. 작게 넣으려면 pip install 'mi-async[images]'.",
    ),
    "no_name": ("no name", "이름 없음"),
    "thumbnails": ("thumbnails: {count}", "썸네일 {count}개"),
    "image": ("thumbnail {id} of {person}", "{person}의 썸네일 {id}"),
    "no_thumbnail": ("no thumbnail", "썸네일 없음"),
    "full": ("no image: the sheet is full", "이미지 없음: 시트가 가득 찼습니다"),
    "late": ("no image: it took too long", "이미지 없음: 시간이 너무 오래 걸렸습니다"),
    "expired": ("no image: the storage refused the URL", "이미지 없음: 스토리지가 URL을 거절했습니다"),
    "gone": ("no image: it is no longer stored", "이미지 없음: 더 이상 저장되어 있지 않습니다"),
    "no_url": ("no image: the service gave no new URL", "이미지 없음: 새 URL을 받지 못했습니다"),
    "storage": ("no image: the storage failed", "이미지 없음: 스토리지 오류"),
    "unreachable": ("no image: the storage cannot be reached", "이미지 없음: 스토리지에 연결할 수 없습니다"),
    "no_image": ("no image: what is stored is not one", "이미지 없음: 저장된 파일이 이미지가 아닙니다"),
    "broken": ("no image: it cannot be decoded", "이미지 없음: 디코딩할 수 없습니다"),
}
"""English and Korean of each."""

"""Words of the pages of faces and of doubles, in English and Korean.

Invariant: pure data.
"""

from collections.abc import Mapping

from mi_async.pictures.person_words import PERSON_WORDS

CURATION_WORDS: Mapping[str, tuple[str, str]] = {
    **PERSON_WORDS,
    "unnamed_title": ("Persons of {workspace} without a name", "{workspace}의 익명 인물"),
    "unnamed_none": ("There is no person without a name.", "익명 인물이 없습니다."),
    "unnamed_use": (
        (
            "The number below a face is the person's ID. In its row of the table, write the person's name in the "
            "column name; if it is somebody who has a name already, write that name, or the ID in the column same_as. "
            "Leave empty whom you do not know. Several faces of one stranger become one person: write the "
            "same new name in the rows of all of them, or without a name the ID of one in same_as of the others."
        ),
        (
            "얼굴 아래의 숫자는 인물 ID입니다. 표의 해당 행에서 name 열에 이름을 적으십시오. 이미 등록된 인물이면 "
            "그 이름을 적거나 same_as 열에 그 인물의 ID를 적으십시오. 모르는 인물은 비워 두십시오. "
            "등록되지 않은 한 사람이 여러 번 있으면 모두의 행에 같은 새 이름을 적거나, 이름 없이 나머지 행의 "
            "same_as 열에 그중 하나의 ID를 적어 한 인물로 통합하십시오."
        ),
    ),
    "unnamed_counted": (
        "Persons: {count}, those in most assets first.",
        "인물 {count}명, 등장 에셋 수가 많은 순서입니다.",
    ),
    "more_shown": (
        "Only the first {count} are shown; the table has all.",
        "처음 {count}개만 표시합니다. 표에는 모두 있습니다.",
    ),
    "place": ("position {position} in the list", "목록의 {position}번째"),
    "might_be": ("Might be", "유사 인물"),
    "nobody": ("Nobody looks like this person.", "유사 인물이 없습니다."),
    "score": ("score {score}", "유사도 {score}"),
    "duplicate_title": ("Persons of {workspace} who look alike", "{workspace}의 유사 인물 그룹"),
    "duplicate_none": ("No two persons look alike.", "서로 유사한 인물이 없습니다."),
    "duplicate_use": (
        (
            "In a group everybody looks like everybody else: one person several times, or several who are alike. If it "
            "is one person, write the ID of the person to keep in the column same_as of the others. A merge cannot be "
            "undone."
        ),
        (
            "한 그룹의 인물은 모두 서로 유사합니다. 같은 인물이 중복 등록되었을 수도 있고 닮은 다른 사람일 수도 "
            "있습니다. 같은 인물이면 나머지 인물의 행에서 same_as 열에 유지할 인물의 ID를 적으십시오. 통합은 "
            "되돌릴 수 없습니다."
        ),
    ),
    "duplicate_counted": ("Groups: {count}, persons: {persons}.", "그룹 {count}개, 인물 {persons}명."),
    "group": ("Group {number}", "그룹 {number}"),
    "lowest": ("lowest score {score}", "최저 유사도 {score}"),
    "names": ("Look twice, the names differ: {names}", "이름이 서로 다르니 다시 확인하십시오: {names}"),
    "keep": ("suggested to keep", "유지할 인물(제안)"),
    "pair": ("{one} and {other}", "{one} · {other}"),
    "one_side": ("found from {one} only", "{one}에서만 조회됨"),
    "near": (
        "{one} also looks like {other}, who does not look like everybody here.",
        "{one}의 유사 인물: {other} (이 그룹 모두와 유사하지는 않음)",
    ),
}
"""English and Korean of each."""

"""PageWords of the page of a bulk run, in English and Korean, and the advice about failures in Korean.

Invariant: pure data; each code that has advice in English has it in Korean.
"""

import re
from collections.abc import Mapping

from mi_async.bulk.report.advice import ADVICE, advice
from mi_async.language import PageWords

JOURNAL_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("Bulk run in workspace {workspace}", "대량 작업 보고서: 워크스페이스 {workspace}"),
    "enroll": ("enrollment of persons", "인물 등록"),
    "upload-thumbnails": ("thumbnails for persons", "인물 썸네일 등록"),
    "ingest": ("ingestion of media files", "미디어 에셋 등록"),
    "curate": ("names and merges of persons", "인물 이름 지정과 통합"),
    "about": ("{operation} · journal {journal} · as of {now}", "{operation} · 저널 {journal} · {now} 기준"),
    "empty": ("The latest run has seen no items.", "최근 실행에서 처리한 항목이 없습니다."),
    "all_well": ("Everything is at the service. Items: {count}.", "모두 서비스에 등록되었습니다. 항목: {count}개."),
    "plan_done": ("The plan is carried out. Items: {count}.", "계획을 모두 실행했습니다. 항목: {count}개."),
    "earlier_failures": (
        "The latest run went well; failures of earlier runs that are still in the journal: {count}.",
        "최근 실행은 정상적으로 끝났습니다. 저널에 남아 있는 이전 실행의 실패: {count}건.",
    ),
    "not_well": (
        "Of {count} items {troubled} did not go well; the reasons are below.",
        "{count}개 항목 중 {troubled}개가 정상적으로 끝나지 않았습니다. 이유는 아래에 있습니다.",
    ),
    "not_ended": (
        "The run has not gone through the whole input: {ending}.",
        "입력을 끝까지 처리하지 않았습니다: {ending}.",
    ),
    "open_items": (
        "Items in flight: {count}; the next run resumes them.",
        "{count}개 항목이 처리 중이었습니다. 다음 실행에서 이어서 처리합니다.",
    ),
    "totals": ("Totals of the latest run", "최근 실행 합계"),
    "items": ("items", "항목"),
    "named": ("persons named", "이름을 지정한 인물"),
    "merged": ("persons merged for good", "통합한 인물"),
    "images": ("images uploaded", "업로드한 이미지"),
    "sent": ("sent by all runs together", "모든 실행의 전송량 합계"),
    "took": ("run time", "실행 시간"),
    "pace": ("images a minute", "분당 이미지"),
    "of_quota": ("{share} of the quota's {quota}", "할당량 {quota}건의 {share}"),
    "abandoned": ("abandoned uploads", "버려진 업로드"),
    "shares": ("Items by status", "상태별 항목"),
    "done": ("done", "완료"),
    "skipped": ("skipped", "건너뜀"),
    "partial": ("partial", "일부 완료"),
    "rejected": ("rejected", "전송 전 거부"),
    "failed": ("failed", "실패"),
    "parked": ("parked", "보류"),
    "open": ("in flight", "처리 중"),
    "rate": ("Images uploaded per minute", "분당 업로드한 이미지"),
    "rate_heading": ("Rate over time", "시간에 따른 처리 속도"),
    "rate_caption": (
        "{start} to {end}: {count} images, {rate} a minute while there were any, {share} of the quota.",
        "{start} ~ {end}: 이미지 {count}장, 업로드가 있던 동안 분당 평균 {rate}장, 할당량의 {share}.",
    ),
    "quota_line": ("Dashed line: quota, {quota} a minute.", "점선: 할당량, 분당 {quota}건."),
    "quota_above": (
        "The line of the quota, {quota} a minute, is not shown: it is far above.",
        "할당량(분당 {quota}건)은 훨씬 높아 선을 표시하지 않습니다.",
    ),
    "short_run": (
        "{start}: {count} images within {span}, too short for a chart.",
        "{start}: {span} 안에 이미지 {count}장. 그림으로 나타내기에는 짧습니다.",
    ),
    "earlier": ("Earlier stretches that are not shown: {count}.", "표시하지 않은 이전 구간: {count}개."),
    "no_times": (
        "A journal has no times of upload for media files.",
        "미디어 파일의 업로드 시각은 저널에 없습니다.",
    ),
    "none_stored": ("No image has been uploaded.", "업로드한 이미지가 없습니다."),
    "quota_note": (
        "The quota is the documented one of the completion check; a journal does not tell which one applied.",
        "할당량은 완료 확인의 문서상 값입니다. 실제로 적용된 값은 저널에 없습니다.",
    ),
    "a_minute": ("{rate} a minute", "분당 {rate}장"),
    "as_table": ("The figures as a table", "수치를 표로 보기"),
    "time": ("time", "시각"),
    "per_minute": ("images a minute", "분당 이미지"),
    "reasons": ("Failures by reason", "이유별 실패"),
    "no_failures": ("Nothing has failed.", "실패한 항목이 없습니다."),
    "code": ("code", "코드"),
    "count": ("count", "건수"),
    "share": ("share", "비율"),
    "advice": ("what to do", "조치 방법"),
    "no_advice": (
        "see the message; the next run retries failed items after mi-async journal retry",
        "오류 메시지를 확인해 주십시오. mi-async journal retry 실행 후 다음 실행에서 다시 시도합니다.",
    ),
    "more_codes": ("Codes that are not shown: {count}.", "표시하지 않은 코드: {count}개."),
    "first": ("First failures", "처음 실패한 항목"),
    "first_of": ("The first {shown} of {count}.", "전체 {count}개 중 처음 {shown}개."),
    "all_of_them": ("All are in the journal:", "전체 목록은 다음 명령으로 볼 수 있습니다:"),
    "item": ("item", "항목"),
    "status": ("status", "상태"),
    "problem": ("problem", "문제"),
    "of": ("source", "파일"),
    "more": ("and {count} more", "외 {count}건"),
    "sheet": ("Images that failed", "실패한 이미지"),
    "sheet_note": ("Those whose files are still there: {shown}.", "파일이 남아 있는 이미지: {shown}장."),
    "sheet_more": ("More than {shown}; the first ones are shown.", "{shown}장이 넘어 처음 것만 표시합니다."),
    "missing": ("Files that are not there any more: {count}.", "더 이상 없는 파일: {count}개."),
    "runs": ("Runs", "실행 기록"),
    "run": ("run", "실행"),
    "started": ("started", "시작"),
    "ended": ("ended", "종료"),
    "ending": ("ending", "종료 상태"),
    "software": ("version", "버전"),
    "more_runs": ("Earlier runs that are not shown: {count}.", "표시하지 않은 이전 실행: {count}개."),
    "finished": ("went through the input", "입력을 끝까지 처리함"),
    "killed": ("killed", "강제 종료됨"),
    "cancelled": ("cancelled", "중지됨"),
    "still running": ("still running", "실행 중"),
    "still running, or killed": ("still running, or killed", "실행 중이거나 강제 종료됨"),
    "resume": ("How to resume", "이어서 실행하기"),
    "nothing_left": ("Nothing is left to do.", "남은 작업이 없습니다."),
    "run_again": (
        "Run the same command with the same journal again: it sends nothing twice and continues what is left.",
        "같은 저널로 같은 명령을 다시 실행해 주십시오. 완료된 항목은 다시 보내지 않고 남은 항목을 이어서 처리합니다.",
    ),
    "retry_first": (
        "Failed items stay failed until they are reopened. Where a retry can help, reopen them by code first:",
        "실패한 항목은 다시 열기 전까지 실패 상태로 남습니다. 재시도로 해결될 수 있는 코드는 먼저 다시 열어 주십시오:",
    ),
    "input": ("‹INPUT›", "‹입력›"),  # noqa: RUF001  < and > would redirect in a shell
    "zone": ("Times are in UTC{offset}.", "시각은 UTC{offset} 기준입니다."),
    "no_extra": ("no preview: pip install 'mi-async[images]'", "미리보기 없음: pip install 'mi-async[images]'"),
    "big": ("no preview: the file is too big", "미리보기 없음: 파일이 너무 큽니다"),
    "broken": ("no preview: it cannot be decoded", "미리보기 없음: 디코딩할 수 없습니다"),
}
"""English and Korean of each."""

_NEW_FILE = "다음 실행에서 새 파일을 사용합니다."
_OTHER_IMAGE = f"다른 이미지로 교체해 주십시오. {_NEW_FILE}"
_SMALLER = "파일이 너무 큽니다. 크기를 줄이면 다음 실행에서 새 파일을 사용합니다."
_FIX_INPUT = "입력의 해당 행 또는 파일을 수정해 주십시오."
_LINK = "콘솔에서 워크스페이스의 버킷 연동을 확인해 주십시오."
_FULL = "워크스페이스가 가득 찼습니다. 서비스에서 공간을 확보해 주십시오."

KOREAN_ADVICE: Mapping[str, str] = {
    "resolution": f"너비와 높이가 서비스의 허용 범위를 벗어납니다. 다른 파일을 사용해 주십시오. {_NEW_FILE}",
    "RESOLUTION_NOT_SUPPORT": f"이미지의 너비와 높이는 각각 256px 이상이어야 합니다. {_OTHER_IMAGE}",
    "size": _SMALLER,
    "OVER_SIZE_LIMIT": _SMALLER,
    "format": f"지원하지 않는 형식이거나 손상된 파일입니다. 변환하거나 다시 받아 주십시오. {_NEW_FILE}",
    "incomplete": f"파일이 잘렸거나 아직 쓰는 중입니다. 완료된 원본에서 다시 복사해 주십시오. {_NEW_FILE}",
    "no_video": "영상 트랙이 없습니다. 입력에서 제외하거나 영상을 포함하여 다시 내보내 주십시오.",
    "duration": f"영상이 너무 깁니다. 나누어 주십시오. {_NEW_FILE}",
    "unreadable": "파일을 읽을 수 있게 하거나 입력의 경로를 수정해 주십시오.",
    "changed": "파일을 쓰는 프로그램이 끝난 뒤 다시 실행해 주십시오.",
    "DUPLICATE": "입력에서 두 번째 항목을 삭제하거나 이름을 변경해 주십시오.",
    "INPUT": _FIX_INPUT,
    "InvalidArgumentError": _FIX_INPUT,
    "10001": "서비스가 요청을 거절했습니다(예: 존재하지 않는 인물). 입력의 해당 항목을 수정해 주십시오.",
    "10049": "이름이 너무 깁니다. 입력에서 줄여 주십시오.",
    "10069": f"정면 얼굴을 찾을 수 없습니다. {_OTHER_IMAGE}",
    "10072": f"서비스가 읽을 수 없는 형식입니다. {_OTHER_IMAGE}",
    "10073": f"서비스가 얼굴을 잘라 낼 수 없습니다. {_OTHER_IMAGE}",
    "10074": f"서비스가 이 이미지로 커버를 만들 수 없습니다. {_OTHER_IMAGE}",
    "LOST": "서비스에 등록된 인물의 이미지와 비교한 뒤 빠진 이미지를 upload-many로 등록해 주십시오.",
    "UNCLEAR": "서비스에 등록된 인물의 이미지와 비교해 주십시오. "
    "빠진 이미지는 upload-many로 등록하거나 재시도로 모두 업로드하십시오.",
    "RENAMED": "이름을 바꾼 인물이면 서비스나 입력에서 이름을 서로 맞추십시오. "
    "다른 인물로 병합한 인물이면 입력에서 그 행을 지우십시오. 재시도하면 인물을 하나 더 생성합니다.",
    "50005": "이 저널 이전에 등록된 인물이 같은 이름을 사용합니다. "
    "다른 이름을 쓰거나 그 인물에 upload-many로 이미지를 등록해 주십시오.",
    "10068": "인물 또는 워크스페이스가 가득 찼습니다. 서비스에서 공간을 확보해 주십시오.",
    "10045": _FULL,
    "10076": "대표 썸네일을 더 지정할 수 없습니다. 서비스에서 하나를 삭제해 주십시오.",
    "10010": "버킷에 객체가 없습니다. 다시 업로드해 주십시오.",
    "10016": _LINK,
    "10041": _LINK,
    "10046": _LINK,
    "10048": _LINK,
    "GONE": "다른 사람이 이 인물을 이미 병합하거나 삭제했습니다. 할 일이 없거나, 그 행을 수정해 주십시오.",
    "NAME_CHANGED": "계획을 만든 뒤에 인물의 이름이 바뀌었습니다. 누구인지 확인하거나 그 행을 수정해 주십시오.",
    "KNOWN": "이미 있는 인물과 얼굴이 비슷합니다. 그 인물에 이미지를 등록하려면 --known attach로, "
    "새 인물을 생성하려면 --known ignore로 다시 실행해 주십시오.",
}
"""Advice by code, as in ``report.advice``."""


def advice_in(words: PageWords, code: str) -> str:
    """Return the advice about a code in the language of these words."""
    english = advice(code).text
    if words.language == "ko" and code in ADVICE:
        return KOREAN_ADVICE[code]
    return english or words("no_advice")


_KOREAN_REASONS = (
    (r"a (\w+) that is cut off: its end is missing", r"\1 파일이 잘려 끝부분이 없습니다."),
    (r"a (\w+) that is cut off or damaged", r"잘렸거나 손상된 \1 파일입니다."),
    (r"(\d+ x \d+) px, less than the (\d+) px that the service wants", r"\1 px로, 서비스 기준 \2 px보다 작습니다."),
    (r"([\d,]+) bytes, more than the (\d+ MB) \(.*", r"\1바이트로, 서비스 기준 \2보다 큽니다."),
    (r"not a jpg, png or webp image: .*", "jpg, png, webp 이미지가 아닙니다."),
    (
        r"duplicate name, first seen at (.+); this row was skipped",
        r"\1에 이미 있는 이름입니다. 이 행은 처리하지 않았습니다.",
    ),
)


def reason_in(words: PageWords, message: str) -> str:
    """Return a message of ours in the language of these words; the service's stays as it came."""
    if words.language == "ko":
        for english, korean in _KOREAN_REASONS:
            if found := re.fullmatch(english, message, re.DOTALL):
                return found.expand(korean)
    return message

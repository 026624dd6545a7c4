"""Test whether text that was read as CP949 is likely to be Korean.

Invariant: pure. Nearly any bytes can be read as CP949: Shift_JIS, GBK and Windows-1252 then give Hangul that no Korean
writes, and chardet and its kind err most for inputs as short as a table of names. So it is asked of the syllables.
"""

import re
import unicodedata
from collections.abc import Iterable

from attrs import frozen

USUAL = frozenset(
    "가각간갈감갑값갓갔강갖같개객갤갯갱갹거걱건걷걸검겁것게겐겠겨격겪견결겸겹겼경계고곡곤곧골곱곳공과곽관괄광괘괜괴"
    "괵굉교구국군굴굿궁권궐궤귀규균귤그극근글금급긍기긴길김깊까깐깔깨꺼께껴꼬꼭꽃꽤꾸꿈뀌끄끊끌끔끗끝끼끽낌나낙난날"
    "남납낫났낭낮내낸낼냄냈냉냐냑냥너넌널넓넘넣네넷녀녁년녈념녑녕녘녜노녹논놀놈농높놓놔놜뇌뇨누눈눌뉴뉵느늑는늘능늦"
    "니닉닌닐님닙닝다닥단닫달담답당대댄더덕던덜덩데델도독돈돌돗동돼됐되된될됨됩두둑둔둘둣둥뒤듀드득든듣들듯등디딩따"
    "딱딸땅때땐떠떡떤떨떻떼또똑똥뛰뜨뜰뜻라락란랄람랍랐랑래랙랜램랫랬랭략량러럭런럴럼럽렀렇레렉렌려력련렬렴렵렸령례"
    "로록론롤롭롯롱뢰료룡루룹류륙륜률륭르륵른를름릉리릭린릴림립릿링마막만많말맘맙맛망맞맡매맥맨맹먀머먹먼멀멋멍메멘"
    "멤며멱면멸명몇몌모목몬몰몸못몽묘묠무묵문묻물뭐뭔뭘뮤므미민믿밀밌밍및밑바박밖반받발밝밤밥방배백밴뱀버번벌범법벗"
    "베벤벨벽변별병보복본볼봄봉봐봤부북분불붓붕붙뷔뷰브블비빅빈빌빙빛빠빨빼뻔뿐쁘쁜사삭산살삶삼삽상새색샘생샤샵서석"
    "선설섬섭섯성세섹센셀셋셔션셜셨소속손솔솟송솨솰쇄쇠쇼수숙순술숨숭숲쉬쉽슈스슨슬슴습슷승시식신실싫심십싱싶싸쌀쌍"
    "써썼쓰쓴쓸씀씨씩씬씻아악안앉않알암압았앙앞애액앤앨앱앳앵야약양얘어억언얻얼엄업없엇었엉에엔엘여역연열염엽엿였영"
    "옆예옛오옥온올옮옷옹와왁완왈왔왕왜외왼욋요욕용우욱운울움웃웅워원월웠웨웹위윈유육윤율융으은을음읍응의이익인일읽"
    "잃임입잇있잉잊자작잔잖잘잠잡잣장재잭쟁저적전절젊점접정제젝젠젤져졌조족존졸좀종좋좌죄죠주죽준줄줏중줘줬쥐즈즉즌"
    "즐즘즙증지직진질짐집짓징짜짝짧째쩌쪽쯤찌찍차착찬찮찰참창찾채책챙처척천철첨첩첫청체쳐쳤초촉촌총촬최추축춘출춤충"
    "춰췌취츠측츤층치칙친칠침칩칭카칸칼캐캠커컨컬컴컵케켓켜켰코콘콜콩쾌쿠큐크큰클큼키킨킬킹타탁탄탈탐탑탕태택탱터턴"
    "털테텍텐텔템토톡톤톨통퇴투퉁튜트특튼틀틈티틱틴팀팅파판팔팟패팬팽퍅퍼페펜편폄평폐포폭폰폴폿퐁표푸풀품풍퓨프픈플"
    "피픽핀필핍핑하학한할함합항해핵했행향허헌헐험헤헬혀혁현혈혐협혔형혜호혹혼홀홈홍화확환활황홰회획횡효후훈훌훙훤훨"
    "훼휘휭휴휵휼흉흐흑흔흘흠흡흥희히힌힐힘"
)
"""899 of 11,172 syllables: all that Chinese characters are read as in Korean, which most names are made of, and the 800
that are most frequent in Korean text (99 % of it; counted from the word list of wordfreq 3.1)."""

HANJA = "\u4e00-\u9fff\uf900-\ufaff"
HANGUL = "\uac00-\ud7a3"
IS_HANJA = re.compile(f"[{HANJA}]")
MIXED = re.compile(f"[{HANGUL}](?=[{HANJA}])|[{HANJA}](?=[{HANGUL}])")
"""Hangul and Chinese characters side by side: what Chinese and Japanese text becomes."""
BESIDE_LATIN = re.compile(f"(?<=[A-Za-z])[{HANGUL}]|[{HANGUL}](?=[A-Za-z])")
"""A syllable beside a Latin letter; of a rare one, it is a letter with an accent and the next one."""
ODD_LINE = 3
"""Unusual characters of a line without a usual syllable that are enough to doubt it."""
LEAST_SHARE = 3
"""Usual syllables for each unusual character. Measured with generated names: no Korean table falls below it (1, 3,
10 and 50 names); of those in GBK 4, 1 and 0 % reach it (1, 3 and 10 names), in EUC-JP 2, 0 and 0 %, in Shift_JIS 0."""
MOST_LINES = 100_000
"""Lines with Korean in them that are looked at."""


@frozen
class Doubt:
    """The line that looks least like Korean."""

    line: int
    text: str


def doubt(lines: Iterable[str], most_lines: int = MOST_LINES) -> Doubt | None:
    """Return the line of a text that makes it unlikely to be Korean, None when it is likely."""
    usual = odd = hanja = seen = 0
    worst, most = None, 0
    for number, line in enumerate(lines, 1):
        if line.isascii():
            continue
        own_usual, own_hanja, own_odd = _counted(line)
        if _has_rare_beside_latin(line) or (own_odd >= ODD_LINE and not own_usual):
            return Doubt(number, line.strip())
        usual, odd, hanja = usual + own_usual, odd + own_odd, hanja + own_hanja
        if own_odd + own_hanja > most:
            worst, most = Doubt(number, line.strip()), own_odd + own_hanja
        seen += 1
        if seen == most_lines:
            break
    return worst if LEAST_SHARE * odd > usual or hanja > 2 * usual else None


def _counted(line: str) -> tuple[int, int, int]:
    """Return the numbers of usual syllables, of Chinese characters, and of unusual characters."""
    # Punctuation is in every table, and tells nothing.
    foreign = [char for char in line if char > "\x7f" and unicodedata.category(char)[0] not in "PZ"]
    usual = sum(char in USUAL for char in foreign)
    hanja = len(IS_HANJA.findall(line))
    return usual, hanja, len(foreign) - usual - hanja + len(MIXED.findall(line))


def _has_rare_beside_latin(line: str) -> bool:
    return any(_is_rare(found) for found in BESIDE_LATIN.findall(line))


def _is_rare(syllable: str) -> bool:
    """Return True for a syllable that only CP949 has: KS X 1001 spells it by four characters, which are eight bytes."""
    return len(syllable.encode("euc_kr")) > 2  # noqa: PLR2004  bytes of any other

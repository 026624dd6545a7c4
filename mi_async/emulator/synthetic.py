"""Results of an analysis, made up: persons, keywords, speech and scenes that look like those of a newsroom.

Invariant: pure and deterministic. The same content with the same options and the same persons gives the same scenes;
nothing is recognised, and whoever needs recognition needs the service.
"""

import hashlib
import random
from collections.abc import Iterable, Iterator, Sequence

from mi_async.emulator.media import AnalysisRequest, Scene
from mi_async.emulator.objects import EmulatedObject

# fmt: off
WORDS = (
    "anchor", "audience", "ball", "bridge", "camera", "car", "ceremony", "city", "concert", "crowd", "dancer",
    "desk", "election", "fire", "flag", "forest", "harbour", "helicopter", "interview", "judge", "kitchen",
    "lake", "market", "microphone", "minister", "mountain", "night", "orchestra", "parade", "player", "police",
    "rain", "river", "school", "sea", "ship", "singer", "snow", "speech", "stadium", "street", "studio", "sunset",
    "temple", "train", "trophy", "vote", "weather",
)
# fmt: on
SPEECH = ("Tonight we look at the {}.", "Nobody expected the {}.", "Behind me you see the {}.", "And now the {}.")
EFFECTS = ("applause", "laughter", "background music")
LANGUAGE_TAGS = {"KO": "[ko] ", "JA": "[ja] ", "ZH-CN": "[zh] ", "ZH-TW": "[zh] "}
RANGES = {"EXTRA_SHORT": (10, 20), "SHORT": (20, 60), "MEDIUM": (60, 180), "LONG": (180, 600)}
"""Shortest and longest scene in seconds; only the first pair is documented."""
KEYWORDS_PER_SCENE = 6
LEAST_CONFIDENCE = {"LOW": 0.3, "MEDIUM": 0.55, "HIGH": 0.8}
"""Least confidence of the keywords that a confidence level shows; LOW shows all."""


def fraction(*parts: object) -> float:
    """Return a number from 0 up to 1 that follows from the parts."""
    digest = hashlib.sha256("\n".join(map(str, parts)).encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def seen(found: EmulatedObject, person_ids: Iterable[int], most: int) -> Sequence[int]:
    """Up to ``most`` of the persons: those that this content shows."""
    return sorted(person_ids, key=lambda person: fraction(found.digest, person))[:most]


def scenes(found: EmulatedObject, options: AnalysisRequest, persons: Sequence[int]) -> Iterator[Scene]:
    """Scenes of an object; an image has one, without times. The first scene shows everybody."""
    dice = random.Random(f"{found.digest} {options}")
    for number, (start, end) in enumerate(_cuts(found, options, dice), start=1):
        words = dice.sample(WORDS, KEYWORDS_PER_SCENE)
        keywords = {word: round(dice.uniform(LEAST_CONFIDENCE["LOW"], 1.0), 2) for word in words}
        speaks = start is not None
        yield Scene(
            id=number,
            start_ms=start,
            end_ms=end,
            keywords=keywords,
            script=_spoken(words, options, dice) if speaks else "",
            audio_effects=tuple(dice.sample(EFFECTS, 1)) if speaks and options.detect_audio_effects else (),
            person_ids=[person for person in persons if number == 1 or dice.random() < 1 / 2],
        )


def _cuts(
    found: EmulatedObject, options: AnalysisRequest, dice: random.Random
) -> Iterator[tuple[int | None, int | None]]:
    """Start and end of every scene in milliseconds."""
    if found.duration_ms is None:
        yield None, None
        return
    start = 0
    while start < found.duration_ms:
        end = min(start + dice.randint(options.shortest * 1000, options.longest * 1000), found.duration_ms)
        yield start, end
        start = end


def _spoken(words: Sequence[str], options: AnalysisRequest, dice: random.Random) -> str:
    lines = " ".join(dice.choice(SPEECH).format(word) for word in words[:2])
    return LANGUAGE_TAGS.get(options.source_language, "") + lines

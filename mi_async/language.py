"""Languages of pictures and pages: English and Korean, and the words of one in either.

Invariant: pure, but for the default, which the environment says.
"""

import os
import re
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from attrs import frozen

from mi_async.errors import InvalidArgumentError
from mi_async.text import percent, span

Language: TypeAlias = Literal["en", "ko"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "ko")
VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""Variables that say the language of messages, the first that is set wins: POSIX, section 8.2."""
UNITS = {"d": "일", "h": "시간", "min": "분", "s": "초"}


def language_of(wanted: str | None, environment: Mapping[str, str] = os.environ) -> Language:
    """Return the language that is wanted, by default that of the environment, English if it is neither.

    Raises:
        InvalidArgumentError: there is no such language.
    """
    if wanted is None:
        locale = next((value for name in VARIABLES if (value := environment.get(name))), "")
        return "ko" if locale.lower().startswith("ko") else "en"
    if wanted not in LANGUAGES:
        message = f"lang must be en or ko, got {wanted!r}"
        raise InvalidArgumentError(message)
    return "ko" if wanted == "ko" else "en"


@frozen
class PageWords:
    """Words of a picture or page in one language.

    Attributes:
        language: which.
        table: English and Korean of each, by a short name.
    """

    language: Language
    table: Mapping[str, tuple[str, str]]

    def __call__(self, name: str, /, **values: object) -> str:
        """Return the words of a name with values in their places."""
        return self.table[name][LANGUAGES.index(self.language)].format(**values)

    def known(self, text: str) -> str:
        """Return a text of ours in this language, any other text as it is."""
        return self(text) if text in self.table else text

    def duration(self, seconds: float) -> str:
        """Return a time: ``12 min 30 s``, ``12분 30초``."""
        said = span(seconds)
        return re.sub(r" ([a-z]+)", lambda unit: UNITS[unit[1]], said) if self.language == "ko" else said

    def percent(self, share: float) -> str:
        """Return a share: ``97.5 %``, ``97.5%``; Korean has no space there."""
        said = percent(share)
        return said.replace(" ", "") if self.language == "ko" else said

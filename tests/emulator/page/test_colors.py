"""Contrast of each text of the page with what it stands on, in light and dark: WCAG 2.2, 1.4.3 and 1.4.11."""

import re
from importlib.resources import files

import pytest

TEXTS = ("ink", "soft", "link", "good", "warn", "bad", "seen")
LIGHT, DARK = re.findall(
    r":root \{(.*?)\}", files("mi_async.emulator.page").joinpath("page.css").read_text(encoding="utf-8"), re.DOTALL
)


def colors(theme: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", theme))


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_and_graphics_are_seen(theme: str) -> None:
    told = colors(theme)
    for ground in ("page", "card"):
        assert {name: contrast(told[name], told[ground]) >= 4.5 for name in TEXTS} == dict.fromkeys(TEXTS, True)
    assert {name: contrast(told[name], told["card"]) >= 3 for name in ("bar", "seen", "bad")} == dict.fromkeys(
        ("bar", "seen", "bad"), True
    )

"""Mutants: each of the mistakes is made, the words for people are left alone, and a sample stays the same."""

import pytest

from tests.mutants.operators import mutants_of
from tests.mutants.run import sampled

FUNCTION = "def f(a, b):\n    {}\n"


def changes(source: str) -> set[str]:
    return {f"{mutant.before} -> {mutant.after}" for mutant in mutants_of(source)}


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("c = a < b", "a < b -> a <= b"),
        ("c = a is None", "a is None -> a is not None"),
        ("c = a and b", "a and b -> a or b"),
        ("c = not a", "not a -> a"),
        ("c = a + b", "a + b -> a - b"),
        ("c = 4", "4 -> 5"),
        ("c = True", "True -> False"),
        ("c = 'gzip'", "'gzip' -> 'Xgzip'"),
        ("c = a if b else 1", "a if b else 1 -> 1 if b else a"),
        ("a.close()", "a.close() -> pass"),
        ("a.b = 1", "a.b = 1 -> pass"),
        ("a += 1", "a += 1 -> pass"),
        ("raise a", "raise a -> pass"),
        ("return a", "return a -> return None"),
        ("f(a, b=b)", "b=b -> (left out)"),
        ("if a: b()", "a -> not a"),
        ("while a: break", "break -> continue"),
    ],
)
def test_each_mistake_is_made(statement: str, expected: str) -> None:
    assert expected in changes(FUNCTION.format(statement))


def test_an_awaited_call_and_a_default_are_changed() -> None:
    found = changes("async def f(a, b=1):\n    await a(b)\n")
    assert {"await a(b) -> pass", "1 -> 2"} <= found


def test_the_place_is_the_only_difference() -> None:
    source = "class A:\n    def f(self):\n        return 'é', 1 < 2\n"
    (mutant,) = [each for each in mutants_of(source) if each.before == "1 < 2"]
    assert mutant.source == source.replace("1 < 2", "(1 <= 2)")
    assert (mutant.line, mutant.place, mutant.text) == (3, "A.f", "return 'é', 1 < 2")


def test_words_for_people_are_left_alone() -> None:
    source = '''
        """Docs."""
        import logging
        def f(a: "int" = None):
            """Docs."""
            _log.info("x", 1)
            message = f"{a + 1}"
            text = "x"
        class P:
            def f(self, x: bool = True):
                """Docs."""
                ...
    '''
    lines = [line.removeprefix(" " * 8) for line in source.splitlines()]
    assert mutants_of("\n".join(lines)) == []


def test_a_sample_stays_the_same() -> None:
    source = FUNCTION.format("return a + 1, a + 2, a + 3, a + 4")
    first = sampled("m.py", source, 3, 1)
    assert first == sampled("m.py", source, 3, 1)
    assert first != sampled("m.py", source, 3, 2)
    assert len(first) == 3

"""Suggestion of a name for one that was mistyped: a command, an option, a column, a setting."""

from collections.abc import Iterable, Mapping


def suggestion(word: str, known: Iterable[str] | Mapping[str, str]) -> str:
    """Return ``, did you mean "name"?`` where a known name is similar, else ''.

    Args:
        word: that was typed, as the known ones are compared with it.
        known: names, or by what they are compared by the names to show.
    """
    import difflib  # noqa: PLC0415  only for a mistake

    near = difflib.get_close_matches(word, list(known), n=1)
    if not near:
        return ""
    return f', did you mean "{known[near[0]] if isinstance(known, Mapping) else near[0]}"?'

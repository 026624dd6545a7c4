"""The one reader and writer of JSON: orjson, or the standard library where orjson is not installed.

Invariant: both give the same values and refuse the same; a call costs no more than orjson itself. orjson is compiled,
and has no wheels for Python without the GIL, nor for PyPy.
"""

try:
    from orjson import OPT_APPEND_NEWLINE as LINE
    from orjson import OPT_INDENT_2 as INDENTED
    from orjson import dumps, loads
except ImportError:  # pragma: no cover  tests read and write by both, and start a Python without orjson
    from mi_async._core.standard_json import INDENTED, LINE, dumps, loads

__all__ = ["INDENTED", "LINE", "dumps", "loads"]

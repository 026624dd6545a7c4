"""The one cattrs converter: JSON bytes and plain values to models and back.

Invariant: pure; types are strict. Hooks are built on first use and cattrs is imported for the first converter, so that
importing a model costs nothing.
"""

import json
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, TypeVar, get_origin

from mi_async._core import json_codec
from mi_async._core.values import PlainData
from mi_async._core.wire_names import ALIASED, PYTHON, WIRE, Spelling
from mi_async.errors import InvalidArgumentError, MIError, ResponseError
from mi_async.text import encodable

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")
Json: TypeAlias = Any
"""Any JSON value."""
UNCOUNTED = 2**20
"""Bytes of JSON that are read without a look at what is in them."""
MOST_CONTAINERS = 1_000_000
"""Arrays and objects of one answer, brackets in texts included: 16 MiB of ``[],`` are 5 million, 400 MB and 3 seconds;
a page of 1,000 persons with 100 thumbnails each has 0.1 million."""


def dumps(value: object) -> bytes:
    """Convert values and models to JSON bytes; models write camelCase and leave out what is None.

    Raises:
        InvalidArgumentError: the value has no JSON form (a lone surrogate, an integer beyond 64 bits).
    """
    try:
        return json_codec.dumps(value, default=_unstructured)
    except TypeError as error:
        message = f"cannot be sent as JSON: {error}"
        raise InvalidArgumentError(message) from None


def dumps_shown(value: object, *, indent: bool = False) -> bytes:
    """Convert values and models to JSON bytes that people and files get; always possible.

    As :func:`dumps`, but text without a UTF-8 form is escaped and an integer may have any size: what has been done is
    told, whatever it is called.
    """
    try:
        plain = dumps(value)
        return json_codec.dumps(json_codec.loads(plain), option=json_codec.INDENTED) if indent else plain
    except InvalidArgumentError:
        separators = None if indent else (",", ":")
        shown = json.dumps(_showable(value), indent=2 if indent else None, separators=separators, ensure_ascii=False)
        return shown.encode()


def _showable(value: object) -> object:
    plain: Any = value.value if isinstance(value, Enum) else value
    plain = _unstructured(plain) if isinstance(plain, PlainData) else plain
    if isinstance(plain, Mapping):
        return {encodable(str(name)): _showable(member) for name, member in plain.items()}
    if isinstance(plain, list | tuple):
        return [_showable(member) for member in plain]
    return plain if isinstance(plain, int | float | None) else encodable(str(plain))


def loads(body: bytes) -> Json:
    """Convert JSON bytes to plain values.

    Raises:
        ResponseError: not JSON, or so many arrays and objects that reading it would hold up the event loop.
    """
    if len(body) > UNCOUNTED and body.count(b"[") + body.count(b"{") > MOST_CONTAINERS:
        message = f"JSON with more than {MOST_CONTAINERS:,} arrays and objects"
        raise ResponseError(message)
    try:
        return json_codec.loads(body)
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg} at {error.pos} of {len(body)} bytes"
        raise ResponseError(message) from None


@cache
def structurer(kind: Any, *, tolerant: bool = False, spelling: Spelling = WIRE) -> Callable[[Json], Any]:
    """Build a function from plain values to ``kind``; it raises ResponseError with a JSON path.

    Args:
        kind: what is wanted.
        tolerant: for what the service answers. One member must not make a page unreadable: null stands for the default
            of a member that has one; an ID may be a number or a text; a text, number or time that may be None is None
            where it cannot be read, with what came in ``extra``. Costs nothing as long as everything fits.
        spelling: names of members.
    """
    hook = converter(detailed=False, spelling=spelling).get_structure_hook(kind)

    def structure_kind(value: Json) -> Any:
        try:
            return hook(value, kind)
        except (LookupError, TypeError, ValueError):  # any other is a model that cannot be read at all
            if tolerant:
                return forgiving(value)
            _explain(value, kind, spelling=spelling)

    def forgiving(value: Json) -> Any:
        try:
            return converter(detailed=False, tolerant=True).structure(value, kind)
        except (LookupError, TypeError, ValueError):
            _explain(value, kind, tolerant=True)

    return structure_kind


def structure(value: Json, kind: type[T]) -> T:
    """Convert plain values to ``kind``.

    Raises:
        ResponseError: with the JSON path of the first member that does not fit.
    """
    wanted: Any = kind  # mypy does not see that a type can be hashed
    structured: T = structurer(wanted)(value)
    return structured


def _explain(value: Json, kind: Any, *, tolerant: bool = False, spelling: Spelling = WIRE) -> NoReturn:
    """Structure once more, slowly, to say where it went wrong."""
    try:
        converter(detailed=True, tolerant=tolerant, spelling=spelling).structure(value, kind)
    except Exception as error:  # noqa: BLE001  whatever a hook raised is the explanation
        from cattrs import transform_error  # noqa: PLC0415  see converter

        first = transform_error(error, format_exception=_reason)[0]
        text, _, path = first.rpartition(" @ ")
        raise ResponseError(text, path=path) from None
    message = f"does not fit {kind!r}"
    raise ResponseError(message)


def _reason(error: BaseException, kind: type | None) -> str:
    from mi_async._core.strict import MisfitError  # noqa: PLC0415  see converter

    if isinstance(error, MisfitError | MIError):
        return str(error)
    if isinstance(error, KeyError):
        return f"member {error.args[0]!r} is missing"
    return f"does not fit {getattr(kind, '__name__', kind)}"


def _unstructured(value: object) -> Json:
    """Convert a model to plain values; the writer of JSON asks for whatever it cannot write itself."""
    if isinstance(value, PlainData):
        return converter(detailed=False).unstructure(value)
    raise TypeError


def to_plain(value: PlainData, *, by_alias: bool = False) -> dict[str, Json]:
    """Convert a result to plain values; what becomes of each member is told in ``Serializable.to_dict``.

    Raises:
        InvalidArgumentError: it is nested too deep.
    """
    try:
        plain: dict[str, Json] = converter(detailed=False, spelling=ALIASED if by_alias else PYTHON).unstructure(value)
    except RecursionError:
        message = f"{type(value).__name__}: nested too deep for plain values"
        raise InvalidArgumentError(message) from None
    return plain


def from_plain(value: object, kind: Any) -> Any:
    """Convert plain values to a result: the inverse of :func:`to_plain`.

    Raises:
        InvalidArgumentError: with the path of the first member that does not fit.
    """
    plain = dict(value) if isinstance(value, Mapping) else value
    try:
        return structurer(kind, spelling=PYTHON)(plain)
    except ResponseError as error:
        message = f"not a {(get_origin(kind) or kind).__name__}: {error}"
        raise InvalidArgumentError(message) from None


def members(value: object) -> dict[str, Any]:
    """Return the members of a result by name, as they are; see ``Serializable.__dict__``."""
    from mi_async._core.model_writer import members_of  # noqa: PLC0415  see converter

    return members_of(value)


@cache
def converter(*, detailed: bool, tolerant: bool = False, spelling: Spelling = WIRE) -> "Converter":
    """Return the converter, which explains a misfit or is fast, and mends what a service sends or is strict."""
    from cattrs import Converter  # noqa: PLC0415  a tenth of our import; a session makes its first in a thread

    from mi_async._core.model_hooks import register_models  # noqa: PLC0415  same
    from mi_async._core.strict import register_strict  # noqa: PLC0415  same

    made = Converter(detailed_validation=detailed)
    register_strict(made)
    register_models(made, tolerant=tolerant, spelling=spelling)
    return made

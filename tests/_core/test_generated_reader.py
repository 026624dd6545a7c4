"""Generated readers: what they make is what ``__init__`` makes, and what they cannot make is left to it."""

import pickle
import weakref
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import pytest
from attrs import Factory, asdict, field, fields, frozen
from attrs.exceptions import FrozenInstanceError
from attrs.validators import instance_of

from mi_async._core import convert
from mi_async._core.generated_reader import generated_reader
from mi_async.models import Model, Page

T = TypeVar("T")


@frozen(eq=False, repr=False)
class Plain(Model):
    number: int
    name: str | None = None
    names: list[str] = field(factory=list, hash=False)
    ratio: float = 1.5


@frozen(eq=False, repr=False)
class Boxed(Model, Generic[T]):
    item: T


@frozen(eq=False, repr=False)
class Longer(Plain):
    last: bool = False


@frozen(eq=False, repr=False)
class Alike(Plain):
    """Adds nothing."""


@frozen(eq=False, repr=False)
class Checked(Model):
    number: int = field(default=0, validator=instance_of(int))


@frozen(eq=False, repr=False)
class Converted(Model):
    number: int = field(default=0, converter=int)


@frozen(eq=False, repr=False)
class Derived(Model):
    number: int = 1
    double: int = Factory(lambda self: 2 * self.number, takes_self=True)


@frozen(eq=False, repr=False)
class Derived2(Model):
    number: int = 1
    double: int = field(init=False, default=2)


@frozen(eq=False, repr=False)
class Announced(Model):
    number: int = 0

    def __attrs_post_init__(self) -> None:
        self.extra.update(announced=True)  # type: ignore[attr-defined]


@frozen(eq=False, repr=False, slots=False)
class Roomy(Model):
    number: int = 0


@pytest.mark.parametrize("model", [Plain, Longer, Alike])
@pytest.mark.parametrize("given", [{}, {"name": "a"}, {"names": ["a", "b"], "ratio": 2.5}, {"last": True, "new": 1}])
def test_what_is_read_is_what_is_made(model: Any, given: Mapping[str, Any]) -> None:
    named = {f.name for f in fields(model)}
    read = convert.structure({"number": 1, **given}, model)
    made = model(1, **{n: v for n, v in given.items() if n in named})
    made.extra.update({n: v for n, v in given.items() if n not in named})
    assert type(read) is model
    assert (read, hash(read), repr(read)) == (made, hash(made), repr(made))
    assert asdict(read) == asdict(made)
    assert pickle.loads(pickle.dumps(read)) == made  # noqa: S301  our own
    assert weakref.ref(read)() is read


def test_what_is_read_is_frozen_and_shares_nothing() -> None:
    one, other = (convert.structure({"number": 1}, Plain) for _ in range(2))
    with pytest.raises(FrozenInstanceError):
        one.number = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        delattr(one, "number")
    assert one.extra is not other.extra
    assert one.names is not other.names


@pytest.mark.parametrize(
    ("model", "made"),
    [
        (Checked, Checked(7)),
        (Converted, Converted(7)),
        (Derived, Derived(7)),
        (Derived2, Derived2(7)),
        (Announced, Announced(7)),
        (Roomy, Roomy(7)),
    ],
)
def test_what_only_init_can_make_is_made_by_it(model: Any, made: Model) -> None:
    assert generated_reader(model, (), convert.converter(detailed=False).get_structure_hook) is None
    assert convert.structure({"number": 7}, model) == made


def test_generic_models() -> None:
    assert convert.structurer(Boxed[int])({"item": 1}) == Boxed(1)
    value = {"content": [{"content": [{"number": 1}], "pageNo": 2}]}
    assert convert.structurer(Page[Page[Plain]])(value) == Page((Page((Plain(1),), page_no=2),))

"""The guard of what is imported only with an extra."""

import sys
import tomllib
from pathlib import Path

import pytest

from mi_async._core.extras import EXTRAS, require
from mi_async.bulk import read_people
from mi_async.errors import ConfigError

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


@pytest.mark.parametrize("name", EXTRAS)
def test_a_missing_library_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    require(name)
    extra = EXTRAS[name]
    for library, module in extra.modules.items():
        with monkeypatch.context() as absent:
            absent.setitem(sys.modules, module, None)
            with pytest.raises(ConfigError) as caught:
                require(name)
        assert str(caught.value) == f"{extra.purpose} needs {library}: pip install {extra.install}"


def test_all_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ConfigError, match=r"^making images fit needs Pillow and pillow-heif: pip install"):
        require("images")


def test_a_missing_package_is_missing_with_its_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyarrow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"pip install 'mi-async\[parquet\]'"):
        require("parquet")


def test_a_broken_library_is_not_a_missing_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyarrow"]:
        monkeypatch.delitem(sys.modules, name)
    package = tmp_path / "pyarrow"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('libarrow.so.1: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    require("parquet")
    table = tmp_path / "people.parquet"
    table.write_bytes(b"PAR1")
    with pytest.raises(ConfigError, match=r"cannot be imported: libarrow\.so\.1: cannot open shared object file$"):
        read_people(table)


def test_extras_are_those_of_the_project() -> None:
    declared = tomllib.loads(PROJECT.read_text())["project"]["optional-dependencies"]
    for name, extra in EXTRAS.items():
        if name in declared:
            assert extra.install == f"'mi-async[{name}]'"
            names = " ".join(declared[name]).lower()
            assert all(library.lower() in names for library in extra.modules)
    assert EXTRAS.keys() - declared.keys() == {"pandas"}

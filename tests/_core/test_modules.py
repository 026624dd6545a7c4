"""Modules that are imported when they are first needed, where the machine has nothing left to read them with."""

import errno
from pathlib import Path

import pytest

from mi_async._core.modules import are_loaded, load_modules
from mi_async.errors import ResourceError


def test_an_import_without_a_descriptor_is_an_error_of_ours_and_the_next_one_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / "left"
    (tmp_path / "first_needed_late.py").write_text(
        f"import os\nif not os.path.exists({str(left)!r}):\n    raise OSError({errno.EMFILE}, 'Too many open files')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ResourceError, match="first_needed_late cannot be loaded now: this process has no file"):
        load_modules(["first_needed_late"])
    assert not are_loaded(["first_needed_late"])
    left.touch()
    load_modules(["first_needed_late"])
    assert are_loaded(["first_needed_late"])


def test_another_failure_of_an_import_stays_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "first_needed_never.py").write_text(f"raise OSError({errno.EIO}, 'Input/output error')\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(OSError, match="Input/output error") as caught:
        load_modules(["first_needed_never"])
    assert not isinstance(caught.value, ResourceError)

"""The guard of what is imported only with an extra."""

import pytest

from mi_async._core.extras import bulk_extra
from mi_async.errors import ConfigError


def test_a_missing_library_says_what_to_install() -> None:
    with pytest.raises(ConfigError, match=r"pip install 'mi-async\[bulk\]'"), bulk_extra():
        raise ModuleNotFoundError(name="sqlalchemy.orm")


def test_any_other_missing_module_is_a_bug_and_stays_one() -> None:
    with pytest.raises(ModuleNotFoundError), bulk_extra():
        raise ModuleNotFoundError(name="mi_async.nowhere")

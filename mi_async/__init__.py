"""asyncio SDK for NAVER Cloud Media Intelligence.

Law: imports nothing of ours. The public names are in ``__init__.pyi``, for type checkers and for this file alike; each
is loaded when it is first asked for, so that a program pays for what it uses.
"""

import lazy_loader  # pyright: ignore[reportMissingTypeStubs]  # has none

from mi_async.version import VERSION as __version__  # noqa: F401, N811  the name that Python has for it

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

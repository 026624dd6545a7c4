"""Variables of the environment by which the command line and programs find an emulator.

Invariant: names only those that the command line reads; pure.
"""

from collections.abc import Sequence

from mi_async.credentials import Credentials


def environment(url: str, keys: Credentials, workspaces: Sequence[str]) -> dict[str, str]:
    """Return the variables that name an emulator, its keys and its first workspace."""
    return {
        "NCLOUD_ACCESS_KEY_ID": keys.access_key,
        "NCLOUD_SECRET_ACCESS_KEY": keys.secret_key,
        "MI_ASYNC_BASE_URL": url,
        **({"MI_ASYNC_WORKSPACE": workspaces[0]} if workspaces else {}),
    }

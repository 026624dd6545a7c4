"""Forms of keys: which of a pair a key is by its look, and what of an access key may be shown.

Pure. Invariant: nothing of a key is shown that may be a secret key, swapped by mistake.
"""

import re

SHOWN = 4
"""Last characters of an access key that are shown, if it has more than twice as many."""
# No form is documented. Old keys have 20 and 40 characters; newer ones begin with ncp_iam_, a letter for the kind of
# account, one for its site and A or K for access and secret key, as public configurations show.
NEW_FORM = re.compile(r"ncp_iam_[A-Z](?P<site>[A-Z])(?P<kind>[AK])")
OLD_ACCESS, OLD_SECRET = 20, 40
LONG = 30
"""Characters from which a key is longer than any access key that is known."""


def masked(access_key: str) -> str:
    """Return an access key with all but its last 4 characters hidden; all of them where little would be hidden."""
    if is_secret_form(access_key):
        return "****"
    return "****" + (access_key[-SHOWN:] if len(access_key) > 2 * SHOWN else "")


def is_secret_form(key: str) -> bool:
    """Return True if a key has the form of a secret key."""
    found = NEW_FORM.match(key)
    return len(key) == OLD_SECRET if found is None else found["kind"] == "K"


def is_access_form(key: str) -> bool:
    """Return True if a key has the form of an access key."""
    found = NEW_FORM.match(key)
    return len(key) == OLD_ACCESS if found is None else found["kind"] == "A"


def look_swapped(access_key: str, secret_key: str) -> bool:
    """Return True if each of two keys has the form of the other; by their lengths where the forms are unknown."""
    if is_access_form(secret_key) and is_secret_form(access_key):
        return True
    known = is_access_form(access_key) or is_secret_form(secret_key)
    return not known and len(access_key) >= LONG and len(access_key) >= 1.5 * len(secret_key)  # all known: 1.5 to 2

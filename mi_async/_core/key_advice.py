"""Advice about keys that were refused: which key from where, and the likely cause.

Invariant: pure; of a secret key only its form is looked at, and no part of it is in a result. Neither is the access key
where it may be a secret key, swapped by mistake.
"""

import re

from mi_async._core.key_forms import NEW_FORM, look_swapped, masked
from mi_async._core.sites import PUBLIC, site_of_url
from mi_async.credentials import Credentials
from mi_async.errors import APIError, AuthenticationError, MIError, PermissionDeniedError
from mi_async.errors.api import DIAGNOSE, DOCTOR

SET_CLOCK = "its signature was made at the wrong time, set the clock (NTP)"
NOT_A_PAIR = "it is unknown or disabled, or the secret key is that of another key: copy both again"
DENIED = "it may not do this; a sub account needs a permission for Media Intelligence (console, Sub Account)"
QUOTES = "\"'`"
PLACEHOLDER = re.compile(r"[<{$%]|your[-_]|xxxx|\.\.\.", re.IGNORECASE)
"""Start of what manuals write in the place of a key."""
GOVERNMENT = "G"


def named_key(keys: Credentials) -> str:
    """Name the access key and the place it came from."""
    return f"access key {masked(keys.access_key)} {'from ' + keys.source if keys.source else 'as the program gave it'}"


def form_fault(keys: Credentials) -> str:
    """Return what is odd about the form of keys, '' if nothing is."""
    pair = (("access", keys.access_key), ("secret", keys.secret_key))
    for name, key in pair:
        if key[0] in QUOTES or key[-1] in QUOTES:
            return f"the {name} key has a quotation mark in it: write it without"
        if PLACEHOLDER.match(key):
            return f"the {name} key looks like a placeholder of a manual: put the key in its place"
    if keys.access_key == keys.secret_key:
        return "the access key and the secret key are the same"
    if look_swapped(keys.access_key, keys.secret_key):
        return "the access key and the secret key look swapped"
    return ""


def site_fault(keys: Credentials, base_url: str) -> str:
    """Return how the site of the keys or of the service is the wrong one, '' if nothing shows that."""
    site = site_of_url(base_url)
    if site not in {"", PUBLIC}:
        return f"the base URL is one of the site {site!r}; the service is documented for the public site alone"
    found = NEW_FORM.match(keys.access_key)
    if site and found is not None and found["site"] == GOVERNMENT:
        return "the key looks like one of the government site, and the base URL is one of the public site"
    return ""


def likely_cause(error: MIError, keys: Credentials, base_url: str) -> str:
    """Return the likely cause of a refusal that is about keys, '' for any other error."""
    if isinstance(error, PermissionDeniedError):
        return DENIED
    if not isinstance(error, AuthenticationError):
        return ""
    if error.clock_offset is not None:
        return SET_CLOCK
    return form_fault(keys) or site_fault(keys, base_url) or NOT_A_PAIR


def explain_refusal(error: MIError, keys: Credentials, base_url: str) -> None:
    """Name in a refusal which key it is about and the likely cause; any other error stays as it is."""
    if isinstance(error, APIError) and (cause := likely_cause(error, keys, base_url)):
        # doctor looks for keys where everybody does, and would try others than those that a program gave
        error.name_key(named_key(keys), cause, DOCTOR if keys.source else DIAGNOSE)

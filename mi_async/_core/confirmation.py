"""Confirmation of plans: what cannot be undone happens only with the code of the very plan that was shown.

Invariant: pure. There is no word that confirms any plan, as --yes would; only looking at one gives its code.
"""

import re
from collections.abc import Iterable
from hashlib import sha256

from mi_async.errors import PlanNotConfirmedError
from mi_async.text import escaped

HEX_DIGITS = 8
"""Digits of a code: short enough to be typed; no plan has the code of another one by mistake."""
CODE = re.compile(r"[0-9a-f]{4}-[0-9a-f]{4}")
IN_PYTHON = "look at the plan, then confirm it with confirm={code!r}"
"""Form of a confirmation in Python, for messages."""


def confirmation_code(actions: Iterable[str]) -> str:
    """Return the code of a plan, such as ``7f3a-91c2``; '' if it has no actions and so nothing to confirm.

    Args:
        actions: one canonical line for each action, in order, with all that must not change between the look at the
            plan and the run: the workspace, the names that are lost.
    """
    digest, empty = sha256(), True
    for action in actions:
        line = action.encode("utf-8", "surrogatepass")
        # with its length: two actions must never read as one with a line break in its name
        digest.update(b"%d:%b\n" % (len(line), line))
        empty = False
    found = digest.hexdigest()[:HEX_DIGITS]
    return "" if empty else f"{found[:4]}-{found[4:]}"


def check_confirmed(code: str, given: str | None, *, what: str, how: str = IN_PYTHON) -> None:
    """Refuse to go on unless the code of this very plan was given.

    Args:
        code: of the plan, from ``confirmation_code``; '' needs no confirmation.
        given: code from the caller; capitals and spaces around it do not matter.
        what: what would happen, for the message: ``37 persons would be merged for good``.
        how: to confirm it, for the message; may name its ``{code}``.

    Raises:
        PlanNotConfirmedError: no code was given, or that of another plan.
    """
    if not code:
        return
    typed = given.strip().lower() if isinstance(given, str) else ""
    if typed == code:
        return
    refused = "" if given is None else f", and {escaped(repr(given), 40)} is not the code of this plan"
    if CODE.fullmatch(typed):  # nobody can tell a mistyped code from that of an older plan
        refused += ", or the plan has changed since it was shown"
    message = f"{what}{refused}; {how.format(code=code)}"
    raise PlanNotConfirmedError(message)

"""Faults and refusals: the form that switches them on, those that wait, and those that happened.

Invariant: pure; the form offers what the control takes, each under the name that the control reads.
"""

import re
from collections.abc import Iterable, Mapping
from html import escape
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any

from mi_async.api import operations
from mi_async.emulator.faults import ANYWHERE, STORAGE_PUT, Fault
from mi_async.emulator.page.markup import named
from mi_async.emulator.page.requests_section import fault_name
from mi_async.emulator.rules import DOCUMENTED
from mi_async.language import PageWords

if TYPE_CHECKING:
    from mi_async.emulator.server import Server

MOST = 20
"""Lines of a list."""
MOST_TIMES = 1_000_000
BETWEEN = "-"
"""Stands between status and code of a refusal that is chosen."""
STATUS = re.compile("[0-9]{3}")
"""An HTTP status; Python refuses to convert thousands of digits."""


def waiting_faults(server: "Server", words: PageWords) -> str:
    """Return what is switched on."""
    waiting = [
        words("next_times", place=f"<code>{escape(place)}</code>", fault=named(fault_name(fault)), count=f"{times:,}")
        for place, fault, times in islice(server.faults.waiting(), MOST)
    ]
    share = sum(server.settings.random_faults.values())
    chance = f"<p>{words('random', share=words.percent(share))}</p>" if share else ""
    return f"<h3>{words('next')}</h3>{_listed(waiting, words('none_next'))}{chance}"


def injected_faults(server: "Server", words: PageWords) -> str:
    """Return what has happened."""
    happened = [
        words("counted_fault", fault=named(fault_name(fault)), count=f"{count:,}")
        for fault, count in server.faults.injected.most_common(MOST)
    ]
    return f"<h3>{words('happened')}</h3>{_listed(happened, words('none_happened'))}"


def _listed(lines: Iterable[str], otherwise: str) -> str:
    rows = "".join([f"<li>{line}</li>" for line in lines])
    return f"<ul>{rows}</ul>" if rows else f'<p class="soft">{otherwise}</p>'


def fault_fields(words: PageWords) -> str:
    """Return the fields of the form that switches a fault on."""
    return (
        f'<p><label for="place">{words("place")}</label><select id="place" name="place">{_places(words)}</select></p>'
        f'<p><label for="kind">{words("kind")}</label><select id="kind" name="fault">{_kinds(words)}</select></p>'
        f'<p><label for="times">{words("times")}</label>'
        f'<input id="times" name="times" type="number" value="1" min="1" max="{MOST_TIMES}" required></p>'
    )


def _places(words: PageWords) -> str:
    groups = [
        f'<optgroup label="{group}">{"".join([_option(one, one) for one in ids])}</optgroup>'
        for group, ids in groupby(sorted(one.id for one in operations()), lambda one: one.partition(".")[0])
    ]
    return f"{_option(ANYWHERE, words('anywhere'))}{_option(STORAGE_PUT, words('storage'))}{''.join(groups)}"


def _kinds(words: PageWords) -> str:
    faults = "".join([_option(fault.name, f"{fault.name}: {words(fault.name)}") for fault in Fault])
    pairs = sorted(key for key in DOCUMENTED if isinstance(key, tuple))
    refusals = "".join(
        [_option(f"{status}{BETWEEN}{code}", fault_name(DOCUMENTED[status, code])) for status, code in pairs]
    )
    return (
        f'<optgroup label="{words("faults_of_network")}">{faults}</optgroup>'
        f'<optgroup label="{words("refusals")}">{refusals}</optgroup>'
    )


def _option(value: str, text: str) -> str:
    return f'<option value="{escape(value)}">{escape(text)}</option>'


def wanted_fault(form: Mapping[str, str]) -> dict[str, Any]:
    """Return what the form asks for as the arguments of the command ``faults.next``."""
    fault, times = form.get("fault", ""), form.get("times", "")
    status, between, code = fault.partition(BETWEEN)
    chosen: Any = {"status": int(status), "code": code} if between and STATUS.fullmatch(status) else fault
    return {
        "place": form.get("place", ""),
        "fault": chosen,
        "times": int(times) if times.isdecimal() and len(times) <= len(str(MOST_TIMES)) else times,
    }

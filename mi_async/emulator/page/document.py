"""The page as a document: its frame, its sections and its forms.

Invariant: pure; it works without its script, which only keeps it up to date and sends its forms in place.
"""

from collections.abc import Callable, Mapping
from html import escape
from itertools import islice
from typing import TYPE_CHECKING

from attrs import frozen

from mi_async.emulator.answered import KEPT
from mi_async.emulator.page.assets_section import assets_section
from mi_async.emulator.page.faults_section import fault_fields, injected_faults, waiting_faults
from mi_async.emulator.page.page_words import PAGE_WORDS
from mi_async.emulator.page.persons_section import persons_section
from mi_async.emulator.page.quotas_section import quotas_section
from mi_async.emulator.page.requests_section import request_rows, request_totals
from mi_async.emulator.page.view import PageView
from mi_async.emulator.page_paths import PAGE
from mi_async.emulator.workspace import EmulatedWorkspace
from mi_async.language import LANGUAGES, PageWords
from mi_async.notebook import escaped_line
from mi_async.version import VERSION

if TYPE_CHECKING:
    from mi_async.emulator.server import Server

MOST_WORKSPACES = 200
LANGUAGE_NAMES = {"en": "English", "ko": "한국어"}


@frozen
class PageDocument:
    """The page of a server as one browser sees it.

    Attributes:
        server: that is looked at.
        view: of the browser.
        token: that its forms carry.
    """

    server: "Server"
    view: PageView
    token: str

    @property
    def words(self) -> PageWords:
        """Return the words in the language of the view."""
        return PageWords(self.view.language, PAGE_WORDS)

    @property
    def workspace(self) -> EmulatedWorkspace | None:
        """Return the workspace that is looked at: the one that is asked for if it exists, else the first."""
        workspaces = self.server.state.workspaces
        return workspaces.get(self.view.workspace) or next(iter(workspaces.values()), None)

    def sections(self) -> Mapping[str, Callable[[], str]]:
        """Return what renders the content of each section that changes."""
        server, view, words, room = self.server, self.view, self.words, self.workspace
        none = f"<p>{words('no_workspace')}</p>"
        return {
            "persons": lambda: persons_section(server.state, room, view, words) if room else none,
            "assets": lambda: assets_section(server.state, room, view, words) if room else none,
            "quotas": lambda: quotas_section(server, words),
            "faults": lambda: waiting_faults(server, words),
            "happened": lambda: injected_faults(server, words),
            "totals": lambda: f"<p>{request_totals(server.answered.total, words)}</p>",
        }

    def html(self, said: str = "") -> str:
        """Return the page.

        Args:
            said: what became of a form, as text.
        """
        words, server = self.words, self.server
        rendered = {name: render() for name, render in self.sections().items()}
        live = {
            name: f'<div class="live" id="live-{name}" data-live="{name}">{html}</div>'
            for name, html in rendered.items()
        }
        sections = {name: self._section(name, live[name]) for name in ("persons", "assets", "quotas")}
        data = {
            "events": f"{PAGE}/live/events{self.view.query()}",
            "after": server.answered.stand,
            "kept": str(KEPT),
            **{f"word-{name}": words(name) for name in ("live", "connecting", "lost", "refused")},
            "word-held": words("held", count="{}"),
        }
        attributes = " ".join([f'data-{name}="{escape(value)}"' for name, value in data.items()])
        return (
            f'<!doctype html>\n<html lang="{words.language}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<meta name="color-scheme" content="light dark">\n<title>{words("title")}</title>\n'
            f'<link rel="icon" href="{PAGE}/icon.svg" type="image/svg+xml">\n'
            f'<link rel="stylesheet" href="{PAGE}/page.css">\n<script src="{PAGE}/page.js" defer></script>\n</head>\n'
            f'<body {attributes}>\n<a class="skip" href="#requests">{words("skip")}</a>\n{self._header(said)}\n<main>\n'
            f'<div class="column">\n{sections["persons"]}\n{sections["assets"]}\n</div>\n'
            f'<div class="column">\n{self._requests(live["totals"])}\n{sections["quotas"]}\n'
            f"{self._faults(live['faults'], live['happened'])}\n{self._reset()}\n</div>\n</main>\n</body>\n</html>\n"
        )

    def _section(self, name: str, content: str) -> str:
        head = f'<h2 id="head-{name}">{self.words(name)}</h2>'
        return f'<section id="{name}" aria-labelledby="head-{name}">{head}{content}</section>'

    def _header(self, said: str) -> str:
        words, server, view = self.words, self.server, self.view
        url = escaped_line(server.settings.public_url or server.url)
        told = words("at", url=f"<code>{url}</code>", version=VERSION, seed=server.settings.seed)
        told += words("speed", speed=f"{server.clock.speed:g}") if server.clock.speed != 1 else ""
        current = ' aria-current="true"'
        links = "".join(
            [
                f'<li><a href="/{escape(view.query(language=language, chosen=True))}" lang="{language}" '
                f'hreflang="{language}"{current if language == words.language else ""}>'
                f"{LANGUAGE_NAMES[language]}</a></li>"
                for language in LANGUAGES
            ]
        )
        return (
            f'<header><div><h1>{words("title")}</h1><p class="soft">{told}</p></div>'
            f'<nav aria-label="{words("language")}"><ul>{links}</ul></nav>'
            f'<div class="stand"><p id="connection" role="status">{words("still")}</p>{self._workspaces()}</div>'
            f'<p id="said" role="status">{escaped_line(said)}</p></header>'
        )

    def _workspaces(self) -> str:
        names, shown, words = self.server.state.workspaces, self.workspace, self.words
        if shown is None or len(names) == 1:
            name = escaped_line(shown.info.workspace_name) if shown else ""
            return f'<p class="workspace">{words("workspace")} <strong>{name}</strong></p>' if shown else ""
        options = "".join(
            [
                f"<option{' selected' if name == shown.info.workspace_name else ''}>{escape(name)}</option>"
                for name in islice(names, MOST_WORKSPACES)
            ]
        )
        left = len(names) - MOST_WORKSPACES
        more = f'<span class="soft">{words("more_workspaces", count=MOST_WORKSPACES)}</span>' if left > 0 else ""
        lang = f'<input type="hidden" name="lang" value="{words.language}">' if self.view.chosen else ""
        return (
            f'<form class="workspace" method="get" action="/">{lang}<label for="workspace">{words("workspace")}</label>'
            f'<select id="workspace" name="workspace">{options}</select><button>{words("show")}</button>{more}</form>'
        )

    def _requests(self, totals: str) -> str:
        words = self.words
        rows = request_rows(self.server.answered.since(0), words)
        return self._section(
            "requests",
            f'<div class="tools">{totals}<p><span id="held" class="soft"></span> '
            f'<button id="pause" type="button" aria-pressed="false" hidden>{words("pause")}</button></p></div>'
            f'<div class="log" tabindex="0" role="log" aria-live="polite" aria-relevant="additions" '
            f'aria-label="{words("log")}"><ol id="rows" reversed>{rows}</ol></div>',
        )

    def _faults(self, waiting: str, happened: str) -> str:
        words = self.words
        switch = self._form("faults.next", f"{fault_fields(words)}<p><button>{words('switch_on')}</button></p>")
        clear = self._form("faults.clear", f"<button>{words('forget')}</button>")
        return self._section("faults", f"{switch}{waiting}{clear}{happened}")

    def _reset(self) -> str:
        words = self.words
        form = self._form("reset", f'<p>{words("reset_told")}</p><button class="danger">{words("reset_now")}</button>')
        return self._section("reset", f"<details><summary>{words('back')}</summary>{form}</details>")

    def _form(self, command: str, fields: str) -> str:
        return (
            f'<form method="post" action="{PAGE}/{command}{escape(self.view.query())}">'
            f'<input type="hidden" name="token" value="{self.token}">{fields}</form>'
        )

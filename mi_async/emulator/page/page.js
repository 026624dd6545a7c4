// Keeps the page up to date, and sends its forms in place. Without it the page works, by reloading.
"use strict";
(() => {
  const told = document.body.dataset;
  const connection = document.getElementById("connection");
  const said = document.getElementById("said");
  const rows = document.getElementById("rows");
  const log = rows.parentElement;
  const pause = document.getElementById("pause");
  const held = document.getElementById("held");
  const MOST_ROWS = Number(told.kept);
  const MOST_SPOKEN = 5; // rows of one event that a screen reader is told of; more would never end
  let source = null;
  let after = told.after;
  let waiting = []; // rows that came while the log was paused
  let paused = false;

  const parsed = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content;
  };

  const copyAttributes = (to, from) => {
    for (const { name, value } of from.attributes) if (to.getAttribute(name) !== value) to.setAttribute(name, value);
    for (const { name } of [...to.attributes]) if (!from.hasAttribute(name) && name !== "open") to.removeAttribute(name);
  };

  // Makes the children of one element those of another; what is the same stays, with its focus and its opened details.
  const become = (to, from) => {
    const known = new Map([...to.children].filter((one) => one.id).map((one) => [one.id, one]));
    let place = to.firstChild;
    for (const wanted of [...from.childNodes]) {
      const same = wanted.id
        ? known.get(wanted.id)
        : place && !place.id && place.nodeName === wanted.nodeName && place;
      if (!same) {
        to.insertBefore(wanted, place);
        continue;
      }
      if (same === place) place = place.nextSibling;
      else to.insertBefore(same, place);
      if (same.nodeType !== Node.ELEMENT_NODE) {
        if (same.nodeValue !== wanted.nodeValue) same.nodeValue = wanted.nodeValue;
      } else if (!same.isEqualNode(wanted)) {
        copyAttributes(same, wanted);
        become(same, wanted);
      }
    }
    while (place) {
      const next = place.nextSibling;
      place.remove();
      place = next;
    }
  };

  const addRows = (html, whole) => {
    const fresh = parsed(html);
    const quiet = whole || fresh.childElementCount > MOST_SPOKEN;
    log.setAttribute("aria-live", quiet ? "off" : "polite");
    if (whole) rows.replaceChildren(fresh);
    else rows.prepend(fresh);
    while (rows.childElementCount > MOST_ROWS) rows.lastElementChild.remove();
  };

  const hold = (html, whole) => {
    if (whole) waiting = [];
    waiting.unshift(...[...parsed(html).children].map((row) => row.outerHTML));
    waiting.length = Math.min(waiting.length, MOST_ROWS);
    waiting.whole = waiting.whole || whole;
    held.textContent = told.wordHeld.replace("{}", waiting.length);
  };

  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    if (paused) {
      log.setAttribute("aria-live", "off");
      held.textContent = told.wordHeld.replace("{}", 0);
      return;
    }
    addRows(waiting.join(""), waiting.whole === true);
    waiting = [];
    held.textContent = "";
  });

  const shown = (event) => {
    if (event.lastEventId.split(".")[0] !== told.after.split(".")[0]) {
      location.reload(); // another emulator listens there, which does not know the token of these forms
      return;
    }
    const { sections, rows: html, whole } = JSON.parse(event.data);
    after = event.lastEventId || after;
    for (const [name, content] of Object.entries(sections)) {
      become(document.getElementById(`live-${name}`), parsed(content));
    }
    if (html || whole) (paused ? hold : addRows)(html, whole);
  };

  const say = (element, text, kind) => {
    element.className = kind;
    if (element.textContent !== text) element.textContent = text;
  };

  const listen = () => {
    if (source) return;
    say(connection, told.wordConnecting, "");
    const url = new URL(told.events, location.href);
    url.searchParams.set("after", after);
    source = new EventSource(url);
    source.onopen = () => say(connection, told.wordLive, "on");
    source.onmessage = shown;
    source.onerror = () => {
      const closed = source.readyState === EventSource.CLOSED;
      say(connection, closed ? told.wordRefused : told.wordLost, "off");
    };
  };

  const leave = () => {
    if (source) source.close();
    source = null;
  };

  // A page in the background listens to nothing: a browser has six connections for all pages of one address.
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : listen()));
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", listen);
  listen();

  for (const form of document.querySelectorAll('form[method="post"]')) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        const body = new URLSearchParams(new FormData(form));
        const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
        said.textContent = "";
        const { said: text } = await answer.json();
        say(said, text, answer.ok ? "on" : "off");
        if (answer.ok) form.closest("details")?.removeAttribute("open");
      } catch {
        say(said, told.wordLost, "off");
      }
    });
  }
})();

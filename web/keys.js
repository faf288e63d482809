// Single keys, for those who want them. WCAG 2.1.4: they can be turned off.

import { show } from "./dialog.js";
import { byId, element } from "./dom.js";
import { prefer, preferences } from "./store.js";
import { t } from "./strings.js";

const TYPING = "input, textarea, select, [contenteditable]";
const KEYS = [
  ["/", "key_ask"],
  ["Enter", "key_send"],
  ["Esc", "key_escape"],
  ["n  p", "key_citations"],
  ["1 … 9", "key_source"],
  ["c", "key_copy"],
  ["?", "key_help"],
];

/** Listen to the keys. `does` names what each does: escape, citation(by), source(number), copy, question. */
export function start(does) {
  addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || byId("dialog").open) return;
    if (event.key === "Escape") {
      if (does.escape()) event.preventDefault();
      return;
    }
    if (event.target.closest?.(TYPING) || preferences().keys === false) return;
    const act = { "/": does.question, "?": help, n: () => does.citation(1), p: () => does.citation(-1), c: does.copy }[
      event.key
    ];
    if (act) act();
    else if (/^[1-9]$/.test(event.key)) does.source(Number(event.key));
    else return;
    event.preventDefault();
  });
}

/** Show the keys, and let them be turned off. */
export function help() {
  const rows = KEYS.flatMap(([key, said]) => [
    element(
      "dt",
      {},
      key.split("  ").map((each) => [element("kbd", {}, each), " "]),
    ),
    element("dd", {}, t(said)),
  ]);
  const off = element("input", {
    type: "checkbox",
    checked: preferences().keys !== false,
    change: () => prefer({ keys: off.checked }),
  });
  return show(t("keys"), [
    element("dl", { class: "keys" }, rows),
    element("p", {}, element("label", {}, off, t("keys_on"))),
  ]);
}

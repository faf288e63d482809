// The conversations that the browser keeps.

import { confirmed } from "./dialog.js";
import { button, byId, element } from "./dom.js";
import * as store from "./store.js";
import { t, timeText } from "./strings.js";

/** List the conversations; `open` shows one again, `forgotten` is told of those that are gone. */
export function show({ open, forgotten }) {
  const kept = store.conversations();
  const clear = async () => {
    if (!(await confirmed(t("history_clear_confirm", { count: kept.length }), t("history_clear")))) return;
    store.forgetAll();
    forgotten(kept.map((each) => each.id));
    show({ open, forgotten });
  };
  byId("history").replaceChildren(
    element("h2", { tabindex: "-1" }, t("history")),
    element("p", { class: "meta" }, t(kept.length ? "history_where" : "history_empty")),
    element(
      "ul",
      { class: "articles" },
      kept.map((each) => item(each, { open, forgotten })),
    ),
    ...(kept.length ? [element("p", {}, button(t("history_clear"), clear, { class: "quiet" }))] : []),
  );
}

function item(kept, { open, forgotten }) {
  const [first] = kept.turns;
  const forget = () => {
    store.forget(kept.id);
    forgotten([kept.id]);
    show({ open, forgotten });
    byId("history").querySelector("h2").focus();
  };
  const told = [when(kept.changed), t("questions_count", { count: kept.turns.length }), first.asked.collection];
  return element(
    "li",
    {},
    element(
      "div",
      {},
      button(first.question, () => open(kept), { class: "title" }),
      element("p", { class: "meta" }, told.filter(Boolean).join(" · ")),
    ),
    button(t("remove"), forget, { class: "quiet", "aria-label": t("remove_named", { title: first.question }) }),
  );
}

function when(changed) {
  const date = new Date(changed);
  return Number.isNaN(date.getTime()) ? "" : timeText(date);
}

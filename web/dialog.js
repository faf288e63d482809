// The one dialog of the page: a question to confirm, the keys, a text to copy.

import { button, byId, element } from "./dom.js";
import { t } from "./strings.js";

/** Show a dialog; return a promise of what it was closed with, empty where it was dismissed. */
export function show(title, content, buttons = [[t("close"), ""]]) {
  const dialog = byId("dialog");
  dialog.replaceChildren(
    element("h2", { id: "dialog-title" }, title),
    ...content,
    element(
      "p",
      { class: "buttons" },
      buttons.map(([text, value]) => button(text, () => dialog.close(value))),
    ),
  );
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true }));
}

/** Ask before something is done that cannot be undone; return a promise of whether to do it. */
export const confirmed = async (question, yes) =>
  (await show(
    question,
    [],
    [
      [t("cancel"), ""],
      [yes, "yes"],
    ],
  )) === "yes";

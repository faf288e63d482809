// Whether an answer was of use, and why not.

import * as api from "./api.js";
import { announce, button, element } from "./dom.js";
import { t } from "./strings.js";

const REASONS = ["wrong", "unsupported", "incomplete", "outdated", "other"];
let forms = 0;

/** Return two buttons, and the question for a reason once one is pressed. */
export function feedbackForm(answerId) {
  const form = element("form", { class: "reason", hidden: true });
  const told = element("span", { class: "told" });
  const rated = {
    up: button(t("useful"), () => rate("up"), pressed(false)),
    down: button(t("not_useful"), () => rate("down"), pressed(false)),
  };
  let rating = "";

  async function send(reason) {
    try {
      await api.rate(answerId, rating, reason);
      told.textContent = t("thanks");
      announce(t("thanks"));
      return true;
    } catch (error) {
      told.textContent = error.message;
      return false;
    }
  }

  async function rate(chosen) {
    rating = chosen;
    for (const [name, each] of Object.entries(rated)) each.setAttribute("aria-pressed", String(name === chosen));
    if (!(await send(""))) return;
    const name = `reason-${(forms += 1)}`;
    const choices =
      chosen === "down"
        ? REASONS.map((reason) =>
            element("label", {}, element("input", { type: "radio", name, value: reason }), t(`reason_${reason}`)),
          )
        : [];
    const text = element("input", { id: `${name}-text`, maxlength: "1000", autocomplete: "off" });
    form.replaceChildren(
      element("fieldset", {}, element("legend", {}, t(chosen === "down" ? "reason_down" : "reason_up")), choices),
      element(
        "p",
        { class: "field" },
        element("label", { for: text.id }, t("reason_text")),
        text,
        element("button", {}, t("send")),
      ),
    );
    form.hidden = false;
    form.querySelector("input").focus();
    form.scrollIntoView({ block: "nearest" });
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const choice = form.querySelector("input:checked")?.value;
    const reason = [choice, form.querySelector("p input").value.trim()].filter(Boolean).join(": ");
    if (await send(reason)) form.hidden = true;
  });
  return element("div", { class: "feedback" }, rated.up, rated.down, told, form);
}

const pressed = (state) => ({ "aria-pressed": String(state) });

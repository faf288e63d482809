// The field of the question, and what is beside it.

import { byId } from "./dom.js";
import { t } from "./strings.js";

let limit = 0; // characters; none are taken before the server has told how many
let busy = false;

/** Call `ask` with each question that is sent, and `stop` when the button for it is pressed. */
export function start({ ask, stop }) {
  const field = byId("question");
  const submit = (event) => {
    event.preventDefault();
    const question = field.value.trim();
    if (!question || busy || !fits()) return;
    fill("");
    ask(question);
  };
  byId("form").addEventListener("submit", submit);
  byId("stop").addEventListener("click", stop);
  field.addEventListener("input", resize);
  addEventListener("resize", resize);
  field.addEventListener("keydown", (event) => {
    // Enter may only choose a word of an input method; Safari tells of it with the key code 229 alone.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) submit(event);
  });
}

export function accept(characters) {
  limit = characters;
  fits();
}

/** Offer to stop instead of to ask. */
export function working(now) {
  busy = now;
  byId("stop").hidden = !now;
  byId("send").hidden = now;
}

export function fill(question) {
  byId("question").value = question;
  resize();
}

function resize() {
  const field = byId("question");
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
  fits();
}

/** Tell a question that is too long; return whether what stands in the field can be asked. */
function fits() {
  const field = byId("question"),
    problem = byId("question-problem"),
    count = [...field.value.trim()].length;
  const long = limit > 0 && count > limit;
  problem.hidden = !long;
  problem.textContent = long ? t("too_long", { count, limit }) : "";
  field.setAttribute("aria-invalid", String(long));
  byId("send").disabled = long || !limit;
  return limit > 0 && !long;
}

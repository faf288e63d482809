// The quote behind a numbered chip, shown while the chip is pointed at or focused.

import { byId, element } from "./dom.js";
import { provenance } from "./strings.js";

const LINGER = 200; // milliseconds in which the pointer can reach the preview
let hiding = 0,
  shownFor = null;

export function attach(chip, citation) {
  const show = () => open(chip, citation);
  chip.addEventListener("pointerenter", (event) => event.pointerType !== "touch" && show());
  chip.addEventListener("focus", () => chip.matches(":focus-visible") && show());
  chip.addEventListener("pointerleave", later);
  for (const kind of ["blur", "click"]) chip.addEventListener(kind, hide);
}

function open(chip, citation) {
  clearTimeout(hiding);
  const preview = byId("preview");
  preview.replaceChildren(
    element(
      "p",
      { class: "quote", lang: citation.language },
      citation.before,
      element("mark", {}, citation.quote),
      citation.after,
    ),
    element(
      "p",
      { class: "meta" },
      element("span", { lang: citation.language }, citation.title),
      element("br"),
      provenance(citation),
    ),
  );
  preview.hidden = false;
  place(preview, chip.getBoundingClientRect());
  shownFor?.removeAttribute("aria-describedby");
  chip.setAttribute("aria-describedby", "preview");
  shownFor = chip;
}

/** Put the preview below its chip, or above where there is no room, within the window. */
function place(preview, chip) {
  preview.style.left = "0"; // at the edge of the window it would be measured narrow
  const { width, height } = preview.getBoundingClientRect();
  const left = Math.min(Math.max(chip.left - 24, 8), document.documentElement.clientWidth - width - 8);
  const below = chip.bottom + 8,
    above = chip.top - height - 8;
  preview.style.left = `${Math.max(left, 8)}px`;
  preview.style.top = `${below + height > innerHeight && above > 0 ? above : below}px`;
}

/** Stay with the chip while the page is scrolled or takes another size, and leave with it. */
function follow(event) {
  const preview = byId("preview");
  if (preview.hidden || event.target === preview) return;
  const chip = shownFor.getBoundingClientRect();
  if (!shownFor.isConnected || chip.bottom < 0 || chip.top > innerHeight) hide();
  else place(preview, chip);
}

function later() {
  clearTimeout(hiding);
  hiding = setTimeout(hide, LINGER);
}

/** Hide the preview; return whether there was one. */
export function hide() {
  clearTimeout(hiding);
  const preview = byId("preview"),
    shown = !preview.hidden;
  preview.hidden = true;
  shownFor?.removeAttribute("aria-describedby");
  return shown;
}

export function start() {
  const preview = byId("preview");
  preview.addEventListener("pointerenter", () => clearTimeout(hiding));
  preview.addEventListener("pointerleave", later);
  addEventListener("scroll", follow, { capture: true, passive: true });
  addEventListener("resize", follow);
}

// What leaves the page: a link that carries a question, and text for the clipboard.

import { show } from "./dialog.js";
import { announce, element } from "./dom.js";
import { t } from "./strings.js";

const CARRIED = ["collection", "language", "since", "until", "source"];

/** Return a link to this page with a question in its fragment, which no server sees. */
export function linkOf(question, asked) {
  const carried = CARRIED.filter((name) => asked[name]).map((name) => [name, asked[name]]);
  const url = new URL(location.href);
  url.hash = new URLSearchParams([["q", question], ...carried]).toString();
  return url.href;
}

/** Return the question that a fragment carries with its options, or null. */
export function carriedBy(fragment) {
  const found = new URLSearchParams(fragment.replace(/^#/, ""));
  const question = found.get("q")?.trim();
  if (!question) return null;
  return { question, asked: Object.fromEntries(CARRIED.map((name) => [name, found.get(name)?.slice(0, 300) ?? ""])) };
}

/** Copy a text; where the browser forbids it, show it to be copied by hand. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    announce(t("copied"));
    return true;
  } catch {
    const area = element("textarea", { readonly: true, rows: "8", "aria-label": t("copy_by_hand") }, text);
    const closed = show(t("copy_by_hand"), [area]);
    area.select();
    await closed;
    return false;
  }
}

/** Have the browser save a text as a file. */
export function save(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const anchor = element("a", { href: address, download: name });
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

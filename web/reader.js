// The article beside the answer, with the quoted words marked; on a narrow window a sheet from below.

import * as api from "./api.js";
import { button, byId, element, icon, link, webAddress } from "./dom.js";
import { provenance, t } from "./strings.js";

const BESIDE = matchMedia("(min-width: 64rem)");
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const LONGEST_FRAGMENT = 120; // characters of a quote named whole in a text fragment
const EDGE = 5; // words at each end of a longer one
const EDGE_CHARACTERS = 15; // the same where no spaces are written

let shown = null; // {collection, record, citations, at, opener}

/** Open an article; with citations, at the one of index `at`. `opener` has the focus again when it is closed. */
export async function open({ collection, record, citations = [], at = 0, opener }) {
  shown = { collection, record, citations, at, opener };
  const reader = byId("reader");
  reader.hidden = false;
  document.body.classList.add("reading");
  fit();
  head();
  byId("reader-title").focus({ preventScroll: true });
  const asked = shown;
  byId("reader-text").replaceChildren(element("p", { class: "state" }, t("loading")));
  const article = await api.article(collection, record.article_id).catch((error) => error);
  if (shown !== asked) return;
  if (!(article instanceof Error)) text(article);
  else
    byId("reader-text").replaceChildren(
      element("p", { role: "alert", class: "problem" }, article.message),
    );
}

/** Go to the next citation (1) or the one before (-1); return whether there is one. */
export function step(by) {
  const at = shown ? shown.at + by : -1;
  if (!shown?.citations[at]) return false;
  open({ ...shown, at, record: shown.citations[at] });
  return true;
}

export const isOpen = () => shown !== null;

/** Close the reader; return whether it was open. */
export function close() {
  if (!shown) return false;
  const { opener } = shown;
  shown = null;
  byId("reader").hidden = true;
  document.body.classList.remove("reading");
  fit();
  if (opener?.isConnected) opener.focus();
  return true;
}

function head() {
  const { record, citations, at } = shown;
  const several = citations.length > 1;
  const steps = citations.length && [
    several &&
      button(icon("M10 3L5 8l5 5"), () => step(-1), {
        "aria-label": t("citation_previous"),
        disabled: at === 0,
        class: "square",
      }),
    element("span", { class: "count" }, t("citation_of", { number: citations[at].number, total: citations.length })),
    several &&
      button(icon("M6 3l5 5-5 5"), () => step(1), {
        "aria-label": t("citation_next"),
        disabled: at === citations.length - 1,
        class: "square",
      }),
  ];
  byId("reader-steps").replaceChildren(
    element("div", { class: "steps" }, (steps || []).filter(Boolean)),
    button(icon("M4 4l8 8M12 4l-8 8"), close, { "aria-label": t("close"), class: "square", id: "reader-close" }),
  );
  const title = byId("reader-title");
  title.textContent = record.title || t("untitled");
  title.lang = record.language;
  byId("reader-meta").replaceChildren(...[provenance(record), publisherLink(record, citations[at])].filter(Boolean));
}

/** Return a link to the publisher's page, scrolled to the quote where the browser knows text fragments. */
export function publisherLink(record, citation) {
  const url = webAddress(record.url);
  if (!url) return null;
  const host = url.hostname.replace(/^www\./, "");
  if (citation?.page) url.hash = `page=${citation.page}`; // how the address of a PDF names one
  else if (citation) url.hash = `${url.hash.slice(1)}:~:text=${textFragment(citation.quote)}`;
  return link(url.href, t("open_at", { host }), { class: "publisher" });
}

/** Return the words of a quote, or its two ends, for a text fragment. https://wicg.github.io/scroll-to-text-fragment/ */
export function textFragment(quote) {
  const encoded = (words) => encodeURIComponent(words).replaceAll("-", "%2D");
  const plain = quote.trim().replace(/\s+/g, " ");
  if (plain.length <= LONGEST_FRAGMENT) return encoded(plain);
  const words = plain.split(" "),
    points = [...plain];
  const [first, last] =
    words.length > 2 * EDGE
      ? [words.slice(0, EDGE).join(" "), words.slice(-EDGE).join(" ")]
      : [points.slice(0, EDGE_CHARACTERS).join(""), points.slice(-EDGE_CHARACTERS).join("")];
  return `${encoded(first)},${encoded(last)}`;
}

function text(article) {
  const { record, citations, at } = shown;
  const points = [...article.text]; // offsets count code points
  const here = citations.filter((each) => each.article_id === record.article_id);
  const ranges = here.map((each) => ({ ...placeOf(each, points, article.text), current: each === citations[at] }));
  const found = ranges.filter((range) => range.start >= 0);
  const holder = byId("reader-text");
  holder.lang = article.language;
  holder.replaceChildren(
    ...(found.length < ranges.length
      ? [element("p", { class: "problem", lang: document.documentElement.lang }, t("article_changed"))]
      : []),
    ...paragraphs(points, article.headings).map(({ start, stop, heading }) =>
      element(heading ? "h3" : "p", {}, pieces(points, start, stop, found)),
    ),
  );
  byId("reader").scrollTo({ top: 0 });
  toMark();
}

function toMark() {
  const frame = byId("reader"),
    mark = frame.querySelector("mark.current");
  if (!mark) return;
  const offset = mark.getBoundingClientRect().top - frame.getBoundingClientRect().top;
  frame.scrollTo({ top: frame.scrollTop + offset - frame.clientHeight / 3, behavior: CALM.matches ? "auto" : "smooth" });
}

/** Return where a quote stands: where it was, or where else it stands in an article that was changed since. */
function placeOf({ quote, start, stop }, points, whole) {
  if (points.slice(start, stop).join("") === quote) return { start, stop };
  const at = whole.indexOf(quote);
  if (at < 0) return { start: -1, stop: -1 };
  const moved = [...whole.slice(0, at)].length;
  return { start: moved, stop: moved + [...quote].length };
}

function paragraphs(points, headings) {
  const starts = new Set(headings.map((span) => span.start));
  const found = [];
  for (let start = 0; start < points.length;) {
    let stop = points.indexOf("\n", start);
    if (stop < 0) stop = points.length;
    if (points.slice(start, stop).join("").trim()) found.push({ start, stop, heading: starts.has(start) });
    start = stop + 1;
  }
  return found;
}

/** Return a paragraph in pieces, those within a range as marks. */
function pieces(points, start, stop, ranges) {
  const inside = (point) => ranges.filter((range) => range.start <= point && point < range.stop);
  const cuts = ranges.flatMap((range) => [range.start, range.stop]).filter((cut) => start < cut && cut < stop);
  const edges = [...new Set([start, ...cuts, stop])].sort((a, b) => a - b);
  return edges.slice(0, -1).map((from, index) => {
    const words = points.slice(from, edges[index + 1]).join("");
    const over = inside(from);
    if (!over.length) return words;
    return element("mark", { class: over.some((range) => range.current) ? "current" : null }, words);
  });
}

/** Beside the answer it is one more part of the page; as a sheet it is a dialog, and the rest waits. */
function fit() {
  const sheet = shown !== null && !BESIDE.matches,
    reader = byId("reader");
  reader.setAttribute("role", sheet ? "dialog" : "complementary");
  if (sheet) reader.setAttribute("aria-modal", "true");
  else reader.removeAttribute("aria-modal");
  for (const other of [byId("masthead"), byId("main")]) other.inert = sheet;
}

export function start() {
  BESIDE.addEventListener("change", () => {
    fit();
    toMark();
  });
  byId("scrim").addEventListener("click", close);
}

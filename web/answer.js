// One question and its answer on the page: each sentence with what supports it.

import { button, element, icon } from "./dom.js";
import { feedbackForm } from "./feedback.js";
import { collection, datesText } from "./options.js";
import { attach } from "./preview.js";
import { publisherLink } from "./reader.js";
import { dateText, languageName, provenance, t } from "./strings.js";
import { tokenForm } from "./token.js";

const SIGNS = {
  verbatim: ["M3 4v4h3V5.5H4.5M10 4v4h3V5.5h-1.5M6 8c0 2-1 3-2.5 3.5M13 8c0 2-1 3-2.5 3.5"],
  supported: ["M3 8.5l3.5 3.5L13 4.5"],
  unsupported: ["M8 2.5L14.5 13.5h-13z", "M8 6.5v3.5M8 11.6v.6"],
};
let numbers = 0;

/**
 * Return the view of a turn: its element, and `update`, to be called whenever the turn has changed.
 *
 * `does` holds what its buttons do: cite(turn, citation, opener), read(turn, source, opener), ask(question, asked), retry(turn),
 * unlock(), copy(turn), share(turn), save(format, turn), and suggestions(turn), which promises questions.
 */
export function turnView(turn, does) {
  const id = `turn-${(numbers += 1)}`;
  const readAs = element("p", { class: "read-as", hidden: true });
  const note = element("div", { class: "note" });
  const body = element("div", { class: "answer" });
  const draft = element("p", { class: "draft", hidden: true });
  const foot = element("div", { class: "foot" });
  const heading = element("h2", { id, class: "question", tabindex: "-1" }, turn.question);
  const node = element("article", { class: "turn", "aria-labelledby": id }, heading, readAs, body, draft, note, foot);
  let drawn = [],
    drawnState = "";

  function drawClaims() {
    const claims = turn.answer?.claims ?? turn.claims ?? [];
    const citations = turn.answer?.citations ?? turn.citations ?? [];
    const keys = claims.map((claim) =>
      JSON.stringify([
        claim.text,
        claim.support,
        citedBy(claim, citations).map((each) => [each.number, differs(each, turn)]),
      ]),
    );
    const focused = [...body.querySelectorAll("button")].indexOf(document.activeElement);
    if (drawn.some((key, index) => key !== keys[index])) {
      body.replaceChildren();
      drawn = [];
    }
    const quoted = new Set(claims.slice(0, drawn.length).flatMap((claim) => claim.citations));
    for (const claim of claims.slice(drawn.length)) {
      body.append(claimView(claim, citations, turn, does, quoted));
      for (const number of claim.citations) quoted.add(number);
    }
    drawn = keys;
    if (focused >= 0) body.querySelectorAll("button")[focused]?.focus();
  }

  function update() {
    const { state, answer } = turn;
    node.dataset.state = answer?.status ?? state;
    if (answer?.language) body.lang = answer.language;
    drawClaims();
    draft.hidden = !turn.draft || state !== "streaming";
    draft.textContent = (turn.draft ?? "").replace(/\s*\[[\d,\s]*\]?/g, "");
    if (state === "streaming" && drawnState === "streaming") return;
    drawnState = state;
    readAs.hidden = !answer?.read_as;
    if (answer?.read_as) readAs.textContent = t("read_as", { question: answer.read_as });
    note.replaceChildren(...noteOf(turn, does));
    foot.replaceChildren(...(answer ? footOf(turn, does) : []));
    if (answer?.status === "no_evidence") body.replaceChildren(noEvidence(turn, does));
  }
  update();
  return { turn, node, update, heading };
}

function claimView(claim, citations, turn, does, quoted) {
  const own = citedBy(claim, citations);
  const verbatim = claim.support === "verbatim";
  const chips = own.map((citation) => chip(citation, turn, does));
  const said = verbatim ? element("q", { lang: own[0]?.language }, claim.text) : element("span", {}, claim.text);
  const quotes = verbatim
    ? []
    : own.filter((citation) => !quoted.has(citation.number)).map((each) => quoteView(each, turn));
  const foreign =
    verbatim && own[0] && differs(own[0], turn) && t("quoted_in", { language: languageName(own[0].language) });
  return element(
    "div",
    { class: `claim ${claim.support}` },
    element("p", { class: "sentence" }, said, " ", chips),
    supportView(claim.support, foreign),
    quotes,
  );
}

function chip(citation, turn, does) {
  const name = t("source_named", { number: citation.number, title: citation.title, provenance: provenance(citation) });
  const made = button(String(citation.number), () => does.cite(turn, citation, made), {
    class: "chip",
    "aria-label": name,
  });
  attach(made, citation);
  return made;
}

const citedBy = (claim, citations) => citations.filter((citation) => claim.citations.includes(citation.number));
const differs = (citation, turn) =>
  citation.language !== (turn.answer?.language ?? (turn.asked.language || citation.language));

function quoteView(citation, turn) {
  const page = citation.page ? ` · ${t("on_page", { page: citation.page })}` : "";
  const place = `[${citation.number}] ${citation.outlet ?? citation.title}${page}`;
  const foreign = differs(citation, turn) ? ` · ${t("quoted_in", { language: languageName(citation.language) })}` : "";
  return element(
    "figure",
    { class: "evidence" },
    element(
      "blockquote",
      { lang: citation.language },
      citation.before,
      element("mark", {}, citation.quote),
      citation.after,
    ),
    element("figcaption", {}, place + foreign),
  );
}

/** Name a claim's state, and explain it on demand. */
function supportView(support, foreign) {
  const explanation = element(
    "p",
    { class: "explanation", hidden: true, id: `explanation-${(numbers += 1)}` },
    t(`support_${support}_explained`),
  );
  const named = button(
    element("span", {}, t(`support_${support}`)),
    () => {
      explanation.hidden = !explanation.hidden;
      named.setAttribute("aria-expanded", String(!explanation.hidden));
    },
    { class: "support", "aria-expanded": "false", "aria-controls": explanation.id },
  );
  named.prepend(icon(...SIGNS[support]));
  return element(
    "div",
    { class: "judgement", lang: document.documentElement.lang },
    named,
    foreign && element("span", { class: "foreign" }, foreign),
    explanation,
  );
}

/** Say what is going on, or went wrong. */
function noteOf(turn, does) {
  const { state, answer, problem } = turn;
  const line = (text, ...more) => element("p", { class: "state" }, text, ...more);
  const again = () => button(t("retry"), () => does.retry(turn), { class: "retry" });
  if (state === "asking") return [line(t("searching"))];
  if (state === "streaming") return [line(t("checking", { count: turn.sources?.length ?? 0 }))];
  if (state === "gone") return [element("p", { class: "problem", role: "alert" }, t("gone_for_now"))];
  if (state === "waiting") return [element("p", { class: "problem" }, t("busy", { count: turn.seconds }))];
  if (state === "locked") return [tokenForm(does.unlock)];
  if (state === "stopped") return [line(t("stopped"), " ", again())];
  if (state === "failed") {
    const reference = problem.instance && element("small", {}, t("reference", { id: problem.instance }));
    return [
      element("div", { class: "problem", role: "alert" }, element("p", {}, problem.message), reference),
      element("p", {}, again()),
    ];
  }
  const fallen =
    answer.status === "answered" &&
    answer.generator === "extractive" &&
    turn.asked.model !== "extractive" &&
    turn.asked.model;
  return [
    fallen && element("p", { class: "fallen" }, t("fallen_back")),
    answer.notice && element("p", { class: "notice", lang: answer.language }, answer.notice),
    answer.as_of && element("p", { class: "notice" }, t("as_of", { date: dateText(answer.as_of) })),
  ].filter(Boolean);
}

/** Name the collection that was asked, and how much it holds where that is known. */
function searched(asked) {
  const count = collection()?.name === asked.collection && collection().state?.articles;
  return [asked.collection, count ? t("articles_count", { count }) : ""];
}

function noEvidence(turn, does) {
  const { answer, asked } = turn;
  const filters = [datesText(asked.since, asked.until), asked.source].filter(Boolean).join(", ");
  const suggestions = element("ul", { class: "suggestions" });
  if (filters)
    suggestions.append(
      element(
        "li",
        {},
        button(t("ask_without_filters"), () => does.ask(turn.question, { ...asked, since: "", until: "", source: "" })),
      ),
    );
  const instead = element("section", { hidden: !filters }, element("h3", {}, t("ask_instead")), suggestions);
  does.suggestions(turn).then((questions) => {
    suggestions.append(
      ...questions.map((question) =>
        element(
          "li",
          {},
          button(question, () => does.ask(question)),
        ),
      ),
    );
    instead.hidden = !suggestions.children.length;
  });
  return element(
    "div",
    { class: "none", lang: document.documentElement.lang },
    element("p", { class: "none-title", lang: answer.language }, answer.text),
    element("p", { class: "meta" }, t("searched", { what: [...searched(asked), filters].filter(Boolean).join(" · ") })),
    answer.sources.length &&
      element(
        "section",
        {},
        element("h3", {}, t("closest_articles")),
        element(
          "ol",
          { class: "closest" },
          answer.sources.map((source) => sourceView(source, turn, does, true)),
        ),
      ),
    instead,
  );
}

function sourceView(source, turn, does, excerpt = false) {
  const title = button(source.title || t("untitled"), () => does.read(turn, source, title), {
    class: "title",
    lang: source.language,
  });
  return element(
    "li",
    {},
    title,
    element("p", { class: "meta" }, provenance(source)),
    copiesView(source),
    excerpt && element("p", { class: "excerpt", lang: source.language }, source.excerpt),
  );
}

/** Say where else the story of a source stands, and which versions it replaces. */
function copiesView(source) {
  const named = (copies) => copies.map((copy) => copy.outlet ?? copy.title).join(", ");
  const told = [
    source?.also?.length && t("also_in", { outlets: named(source.also) }),
    source?.replaces?.length && t("replaces", { versions: source.replaces.map(provenance).join(", ") }),
  ].filter(Boolean);
  return told.length ? element("p", { class: "meta" }, told.join(" ")) : null;
}

function footOf(turn, does) {
  const { answer } = turn;
  return [
    answer.citations.length ? sourcesView(turn, does) : null,
    actionsView(turn, does),
    answer.id && feedbackForm(answer.id),
  ].filter(Boolean);
}

/** List the articles that are cited, once each, and those that were found besides. */
function sourcesView(turn, does) {
  const { citations, sources } = turn.answer;
  const cited = [...new Set(citations.map((citation) => citation.article_id))];
  const items = cited.map((id) => {
    const own = citations.filter((citation) => citation.article_id === id),
      [first] = own;
    const title = button(first.title || t("untitled"), () => does.cite(turn, first, title), {
      class: "title",
      lang: first.language,
    });
    const numbered = element("span", { class: "numbers" }, own.map((citation) => `[${citation.number}]`).join(" "));
    return element(
      "li",
      {},
      numbered,
      element(
        "div",
        {},
        title,
        element("p", { class: "meta" }, provenance({ ...first, page: null }), " ", publisherLink(first, first)),
        copiesView(sources.find((source) => source.article_id === id)),
      ),
    );
  });
  const others = sources.filter((source) => !cited.includes(source.article_id));
  const more =
    others.length &&
    element(
      "details",
      { class: "others" },
      element("summary", {}, t("other_articles", { count: others.length })),
      element(
        "ul",
        {},
        others.map((source) => sourceView(source, turn, does, true)),
      ),
    );
  return element(
    "section",
    { class: "sources" },
    element("h3", {}, t("sources")),
    element("ul", {}, items),
    more || null,
  );
}

function actionsView(turn, does) {
  return element(
    "div",
    { class: "actions" },
    button(t("copy"), (event) => does.copy(turn, event.currentTarget)),
    button(t("share"), (event) => does.share(turn, event.currentTarget)),
    saveMenu(t("export"), (format) => does.save(format, turn)),
    button(t("ask_again"), () => does.retry(turn)),
  );
}

/** Return a menu of the formats in which answers are saved. */
export function saveMenu(words, save) {
  const names = { markdown: "Markdown", html: "HTML", json: "JSON" };
  const choices = Object.entries(names).map(([format, name]) => button(name, () => save(format)));
  const toggle = () => menu.scrollIntoView({ block: "nearest" });
  const menu = element("details", { class: "menu", toggle }, element("summary", {}, words), element("div", {}, choices));
  return menu;
}

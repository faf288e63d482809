// Answers as text to keep or to send on, each with its citations. What an article says never becomes markup or a link.

import { element, link, webAddress } from "./dom.js";
import { dateText, provenance, t } from "./strings.js";

export const TYPES = {
  markdown: ["text/markdown", "md"],
  html: ["text/html", "html"],
  json: ["application/json", "json"],
};

/** Return turns in a format: "markdown", "html" or "json". Unanswered ones are left out. */
export function exported(format, turns) {
  const answered = turns.filter((turn) => turn.answer);
  if (format === "json")
    return `${JSON.stringify(
      answered.map(({ asked, answer }) => ({ asked, answer })),
      null,
      2,
    )}\n`;
  return format === "html"
    ? html(answered)
    : `${answered.map(({ answer }, index) => markdown(answer, answered[index].question)).join("\n\n---\n\n")}\n`;
}

const oneLine = (text) => text.replace(/\s+/g, " ").trim();
const sentence = (citation) => oneLine(citation.before + citation.quote + citation.after);
const address = (record) => webAddress(record.url)?.href ?? null;

/** Return an answer as plain text, its quotes and their places below. */
export function plain({ question, answer }) {
  const claims = answer.claims.map((claim) =>
    [oneLine(claim.text), ...claim.citations.map((number) => `[${number}]`)].join(" "),
  );
  const sources = answer.citations.map((each) =>
    [
      `[${each.number}] ${each.title} (${provenance(each)})`,
      `    “${sentence(each)}”`,
      address(each) && `    ${address(each)}`,
    ]
      .filter(Boolean)
      .join("\n"),
  );
  return [oneLine(question), claims.join("\n") || answer.text, answer.notice, dated(answer), sources.join("\n")]
    .filter(Boolean)
    .join("\n\n");
}

const dated = (answer) => answer.as_of && t("as_of", { date: dateText(answer.as_of) });

/** Escape what CommonMark, or GitHub's dialect, would read as markup or as an address. */
const escaped = (text) =>
  oneLine(text)
    .replace(/[\\`*_[\]{}<>&|~$:@]/g, "\\$&")
    .replace(/(www)\./gi, "$1\\.")
    .replace(/^([#+=-])/, "\\$1")
    .replace(/^(\d+)([.)])/, "$1\\$2");

function markdown(answer, question) {
  const claims = answer.claims.map((claim) =>
    [escaped(claim.text), ...claim.citations.map((number) => escaped(`[${number}]`))].join(" "),
  );
  const cited = answer.citations.map((each) => {
    const lines = [
      `**${escaped(`[${each.number}]`)}** ${escaped(each.title)} (${escaped(provenance(each))})`,
      `> ${escaped(sentence(each))}`,
    ];
    return [...lines, address(each) && `<${address(each)}>`].filter(Boolean).join("\n\n");
  });
  const closest = answer.citations.length
    ? []
    : answer.sources.map((each) => `- ${escaped(each.title)} (${escaped(provenance(each))})`);
  const none = closest.length ? [escaped(t("closest_articles")), closest.join("\n")] : [];
  return [
    `# ${escaped(question)}`,
    ...(claims.length ? claims : [escaped(answer.text)]),
    answer.notice && `*${escaped(answer.notice)}*`,
    answer.as_of && escaped(dated(answer)),
    ...cited,
    ...none,
  ]
    .filter(Boolean)
    .join("\n\n");
}

function html(turns) {
  const made = document.implementation.createHTMLDocument(turns[0]?.question ?? "Askpress");
  made.documentElement.lang = document.documentElement.lang;
  made.head.prepend(element("meta", { charset: "utf-8" }));
  made.body.append(...turns.map((turn, index) => articleOf(turn, `a${index + 1}`)));
  return `<!doctype html>\n${new XMLSerializer().serializeToString(made).replace(/^<!DOCTYPE html>/i, "")}\n`;
}

function articleOf({ question, answer }, prefix) {
  const jump = (number) => element("a", { href: `#${prefix}-${number}` }, `[${number}]`);
  const claims = answer.claims.map((claim) => element("p", {}, claim.text, " ", claim.citations.map(jump)));
  const cited = answer.citations.map((each) =>
    element(
      "section",
      { id: `${prefix}-${each.number}` },
      element("p", {}, `[${each.number}] ${each.title} (${provenance(each)}) `, link(each.url, address(each))),
      element("blockquote", { lang: each.language }, each.before, element("mark", {}, each.quote), each.after),
    ),
  );
  const closest = !answer.citations.length &&
    answer.sources.length && [
      element("p", {}, t("closest_articles")),
      element(
        "ul",
        {},
        answer.sources.map((each) => element("li", {}, `${each.title} (${provenance(each)})`)),
      ),
    ];
  return element(
    "article",
    { lang: answer.language },
    element("h1", {}, question),
    claims.length ? claims : element("p", {}, answer.text),
    answer.notice && element("p", {}, element("em", {}, answer.notice)),
    answer.as_of && element("p", {}, dated(answer)),
    cited,
    closest || null,
  );
}

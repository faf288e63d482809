// Questions that a collection can answer, made from the names that its articles speak of; nothing is made up.

import * as api from "./api.js";
import { language, t } from "./strings.js";

const ARTICLES = 4; // read for their names
const TRIES = 12; // candidates that are asked before the search ends
const WANTED = 4;
const making = new Map(); // those under way, by the key they are kept under
const WORD = "\\p{Lu}[\\p{L}\\p{M}\\d'’+-]*";
// In mid-sentence, where a capital letter is a name's; with a form of address before it, a person's.
const NAME = new RegExp(`(?<=[\\p{Ll}\\p{M},;)] )${WORD}(?: ${WORD}){0,4}`, "gu");
const ADDRESS = /^(?:Dr|Pr|Prof|M|Mme|Mlle|Mr|Mrs|Ms|Sir|TS|Ông|Bà) /u;
const ADDRESSED = /(?<!\p{L})(?:Dr|Pr|Prof|M\.|Mme|Mlle|Mr|Mrs|Ms|Sir|TS|[Ôô]ng|[Bb]à)\.? $/u;

/** Return names in an article, the most telling first, as {name, person}. */
export function namesIn(text) {
  const found = new Map();
  for (const match of text.matchAll(NAME)) {
    const name = match[0].replace(ADDRESS, "").replace(/['’-]+$/u, "");
    const person = name !== match[0] || ADDRESSED.test(text.slice(Math.max(match.index - 8, 0), match.index));
    const known = found.get(name) ?? { name, count: 0, person: false };
    found.set(name, { name, count: known.count + 1, person: known.person || person });
  }
  return [...found.values()].filter(telling).sort((a, b) => weight(b) - weight(a));
}

/** Whether a name says more than a country's or a word that happens to be written large. */
const telling = ({ name, person }) => name.length > 2 && (person || / /.test(name) || /\p{Ll}\p{Lu}/u.test(name));
const weight = ({ name, count, person }) =>
  Math.min(count, 3) + (person ? 1 : 0) + (/\p{Ll}\p{Lu}/u.test(name) ? 2 : 0) - (count > 8 ? 3 : 0);

/**
 * Return up to four questions in the page's language to which a collection has an answer. Each was asked first, of the
 * extractive model, and its answer names what it asks for; the browser keeps them until the collection changes.
 */
export function examples(collection, articleIds = null) {
  if (!collection?.state?.articles) return Promise.resolve([]);
  const key = `askpress.examples.${JSON.stringify([collection.name, collection.state.generation, language(), articleIds])}`;
  if (!making.has(key))
    making.set(
      key,
      make(key, collection.name, articleIds).finally(() => making.delete(key)),
    );
  return making.get(key);
}

async function make(key, name, articleIds) {
  const kept = sessionStorage.getItem(key);
  if (kept) return JSON.parse(kept);
  const found = await tried(name, await candidates(name, articleIds));
  try {
    sessionStorage.setItem(key, JSON.stringify(found));
  } catch {
    // No room: they are made again the next time.
  }
  return found;
}

/** Return questions about articles in turn, so that no one article takes all places. */
async function candidates(name, articleIds) {
  const ids = articleIds ?? (await api.articles(name, { limit: ARTICLES })).articles.map((each) => each.id);
  const read = await Promise.all(ids.slice(0, ARTICLES).map((id) => api.article(name, id)));
  const lists = read.map((article) => {
    const names = namesIn(article.text).map(({ name: what, person }) => ({
      name: what,
      question: t(person ? "example_person" : "example_thing", { name: what }),
    }));
    return names.length ? names : [{ name: "", question: t("example_title", { name: article.title }) }];
  });
  const longest = Math.max(0, ...lists.map((list) => list.length));
  const turns = Array.from({ length: longest }, (_, at) => lists.map((list) => list[at]).filter(Boolean)).flat();
  return turns.filter((each, index) => turns.findIndex((other) => alike(other.name, each.name)) === index);
}

const alike = (a, b) => a.includes(b) || b.includes(a);

async function tried(collection, questions) {
  const found = [];
  for (const { name, question } of questions.slice(0, TRIES)) {
    const answer = await api.askOnce({ query: question, collection, model: "extractive", language: language() });
    if (answer.status === "answered" && answer.text.includes(name)) found.push(question);
    if (found.length === WANTED) break;
  }
  return found;
}

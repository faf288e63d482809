// The page as a whole: what it loads, which view it shows, and the conversation under way.

import * as api from "./api.js";
import { saveMenu, turnView } from "./answer.js";
import { pursue } from "./asking.js";
import * as collections from "./collections.js";
import * as composer from "./composer.js";
import { announce, button, byId, element, icon } from "./dom.js";
import { examples } from "./examples.js";
import { TYPES, exported, plain } from "./export.js";
import * as history from "./history.js";
import * as keys from "./keys.js";
import * as options from "./options.js";
import * as preview from "./preview.js";
import * as reader from "./reader.js";
import { carriedBy, copy, linkOf, save } from "./share.js";
import * as store from "./store.js";
import { LANGUAGES, preferred, speak, t } from "./strings.js";
import { tokenForm } from "./token.js";

const REMEMBERED = 10; // earlier turns that a follow-up question is sent with
const LOOK_SECONDS = 2;
// An address other than localhost without TLS has no randomUUID.
const fresh = () => ({ id: crypto.randomUUID?.() ?? String(Math.random()), turns: [] });
const DARK = matchMedia("(prefers-color-scheme: dark)");
let about = null; // what the server offers, once it has told
let conversation = fresh();
let views = new Map();
let running = null; // {turn, abort, unlock}

const does = {
  cite: (turn, citation, opener) => {
    const citations = turn.answer?.citations ?? turn.citations;
    reader.open({
      collection: turn.asked.collection,
      record: citation,
      citations,
      at: citations.findIndex((each) => each.number === citation.number),
      opener,
    });
  },
  read: (turn, source, opener) => reader.open({ collection: turn.asked.collection, record: source, opener }),
  ask: (question, asked = options.values()) => ask({ question, asked, turns: conversation.turns }),
  retry: (turn) => run(turn),
  unlock: () => running?.unlock?.(),
  copy: async (turn, pressed) => (await copy(plain(turn))) && told(pressed),
  share: async (turn, pressed) => (await copy(linkOf(turn.question, turn.asked))) && told(pressed),
  save: (format, turn) => saved(format, [turn]),
  suggestions: async (turn) => {
    const ids = turn.answer.sources.slice(0, 3).map((source) => source.article_id);
    const found = await examples(options.collection(), ids).catch(() => []); // a mere suggestion
    return found.filter((question) => question !== turn.question);
  },
};

/** Ask a question as the next one of the conversation. */
function ask({ question, asked }) {
  if (running || !about) return;
  byId("carried").hidden = true;
  if (carriedBy(location.hash)) window.history.replaceState(null, "", "#ask");
  const turn = { question, asked, state: "asking" };
  conversation.turns.push(turn);
  addView(turn);
  welcome();
  run(turn);
}

async function run(turn) {
  if (running) return;
  const abort = new AbortController();
  const kept = conversation;
  running = { turn, abort };
  composer.working(true);
  announce(t("announce_searching"));
  views.get(turn).node.scrollIntoView({ block: "start" });
  const earlier = conversation.turns.slice(0, conversation.turns.indexOf(turn)).filter((each) => each.answer);
  await pursue(turn, {
    history: earlier
      .slice(-REMEMBERED)
      .map(({ question, answer }) => ({ question, answer: answer.status === "answered" ? answer.text : "" })),
    signal: abort.signal,
    changed: (event) => {
      if (event === "answer") remember(kept); // before it is seen: whoever sees it may close the page
      views.get(turn)?.update();
      if (event === "waiting") announce(t("busy", { count: turn.seconds }));
    },
    unlocked: () =>
      new Promise((resolve) => {
        running.unlock = resolve;
      }),
  });
  running = null;
  composer.working(false);
  if (turn.answer) {
    announce(
      turn.answer.status === "answered"
        ? t("announce_ready", { count: turn.answer.citations.length })
        : t("announce_none"),
    );
  } else announce(turn.state === "stopped" ? t("stopped") : "");
}

function remember(kept) {
  kept.changed = new Date().toISOString();
  store.keep({
    ...kept,
    turns: kept.turns
      .filter((turn) => turn.answer)
      .map(({ question, asked, answer }) => ({ question, asked, answer })),
  });
}

function addView(turn) {
  const view = turnView(turn, does);
  views.set(turn, view);
  byId("transcript").append(view.node);
}

/** Show a conversation from its beginning, or an empty one. */
function open(chosen) {
  begin(chosen);
  location.hash = "ask";
}

function begin(chosen) {
  if (running) running.abort.abort();
  conversation = chosen;
  redraw();
}

function redraw() {
  reader.close();
  views = new Map();
  byId("transcript").replaceChildren();
  conversation.turns.forEach(addView);
  welcome();
}

/** Show what stands around the transcript: a welcome while it is empty, else what can be done with it. */
async function welcome() {
  const empty = conversation.turns.length === 0;
  byId("welcome").hidden = !empty;
  byId("ask").classList.toggle("first", empty);
  byId("conversation").hidden = empty;
  byId("conversation").replaceChildren(
    button(t("new_conversation"), () => open(fresh()), { class: "quiet" }),
    saveMenu(t("export_all"), (format) => saved(format, conversation.turns)),
  );
  byId("question").placeholder = t(empty ? "placeholder" : "placeholder_follow");
  await suggest(empty);
}

/** Offer questions that the chosen collection answers, or say that it is empty. */
async function suggest(empty) {
  if (!about || byId("ask").hidden) return;
  const start = byId("start"),
    collection = options.collection();
  start.replaceChildren();
  if (!empty) return;
  if (!collection?.problem && !collection?.state?.articles) {
    const nothing = about.may_write ? "collection_empty" : "collection_empty_read_only";
    start.append(
      element(
        "p",
        { class: "notice" },
        t(collection ? nothing : "no_collection"),
        " ",
        element("a", { href: "#articles" }, t("articles")),
      ),
    );
    return;
  }
  if (collection.problem) {
    start.append(element("p", { class: "problem" }, collection.problem.message));
    return;
  }
  const questions = await examples(collection).catch(() => []); // a mere suggestion
  if (!questions.length || conversation.turns.length || options.collection() !== collection) return;
  start.replaceChildren(
    element("h3", {}, t("examples")),
    element(
      "ul",
      { class: "suggestions" },
      questions.map((question) =>
        element(
          "li",
          {},
          button(question, () => does.ask(question)),
        ),
      ),
    ),
  );
}

function saved(format, turns) {
  const [type, suffix] = TYPES[format];
  save(`askpress.${suffix}`, type, exported(format, turns));
}

function told(pressed) {
  const words = pressed.textContent;
  pressed.textContent = t("copied");
  setTimeout(() => {
    pressed.textContent = words;
  }, 2000);
}

/** Load what the server offers, trying until it is there. */
async function load() {
  const start = byId("start");
  for (;;) {
    try {
      const [offer, found] = await Promise.all([api.about(), api.collections()]);
      about = offer;
      options.offer(about, found);
      collections.offer(about, found);
      start.replaceChildren();
      composer.accept(about.question_length);
      return;
    } catch (error) {
      if (error.status === 401) await new Promise((resolve) => start.replaceChildren(tokenForm(resolve)));
      else if (error instanceof api.Problem && !error.wait) {
        start.replaceChildren(element("p", { class: "problem", role: "alert" }, error.message));
        return;
      } else {
        if (!start.querySelector(".problem"))
          start.replaceChildren(
            element("p", { class: "problem", role: "alert" }, error instanceof api.Problem ? error.message : t("gone_for_now")),
          );
        await new Promise((resolve) => setTimeout(resolve, 1000 * (error.wait ?? LOOK_SECONDS)));
      }
    }
  }
}

/** Show the view that the fragment names; one that carries a question puts it into the field and asks nothing. */
function route() {
  const carried = carriedBy(location.hash),
    named = location.hash.slice(1);
  const view = named === "history" || (named === "articles" && about) ? named : "ask";
  for (const name of ["ask", "articles", "history"]) byId(name).hidden = name !== view;
  for (const anchor of document.querySelectorAll("[data-view]")) {
    if (anchor.dataset.view === view) anchor.setAttribute("aria-current", "page");
    else anchor.removeAttribute("aria-current");
  }
  reader.close();
  preview.hide();
  if (view === "articles") collections.show();
  if (view === "history") history.show({ open, forgotten: (ids) => ids.includes(conversation.id) && begin(fresh()) });
  byId("carried").hidden = !carried;
  if (carried) {
    composer.fill(carried.question);
    options.choose(carried.asked);
  }
  if (view !== "ask") return;
  welcome();
  byId("question").focus();
}

function lastCited(number) {
  const turn = conversation.turns.findLast((each) => each.answer?.citations.length);
  const citation = turn?.answer.citations.find((each) => each.number === number);
  if (citation) does.cite(turn, citation, views.get(turn).heading);
}

function themed() {
  const chosen = document.documentElement.dataset.theme,
    dark = chosen ? chosen === "dark" : DARK.matches;
  byId("theme").setAttribute("aria-pressed", String(dark));
  return dark ? "light" : "dark";
}

async function speakTo(chosen) {
  await speak(chosen);
  byId("theme").setAttribute("aria-label", t("theme"));
}

function listen() {
  DARK.addEventListener("change", themed);
  composer.start({ ask: (question) => does.ask(question), stop: () => running?.abort.abort() });
  byId("theme").append(icon("M8 2a6 6 0 1 0 0 12z", "M8 2a6 6 0 1 1 0 12"));
  byId("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = themed();
    store.prefer({ theme: document.documentElement.dataset.theme });
    themed();
  });
  byId("help").addEventListener("click", keys.help);
  byId("interface").addEventListener("change", async (event) => {
    store.prefer({ language: event.target.value });
    await speakTo(event.target.value);
    await load();
    redraw();
    route();
  });
  byId("options-panel").addEventListener("chosen", () => suggest(conversation.turns.length === 0));
  addEventListener("hashchange", route);
  keys.start({
    escape: () => {
      if (running) return running.abort.abort() ?? true;
      return preview.hide() || reader.close() || (document.activeElement.blur(), false);
    },
    citation: (by) => (reader.isOpen() ? reader.step(by) : lastCited(1)),
    source: lastCited,
    copy: async () => {
      const turn = conversation.turns.findLast((each) => each.answer);
      if (turn) await copy(plain(turn));
    },
    question: () => {
      location.hash = "ask";
      byId("question").focus();
    },
  });
}

async function start() {
  const chosen = preferred(store.preferences().language);
  byId("interface").append(
    ...Object.entries(LANGUAGES).map(([code, name]) => element("option", { value: code, lang: code }, name)),
  );
  byId("interface").value = chosen;
  themed();
  listen();
  options.start();
  preview.start();
  reader.start();
  collections.start(load);
  await speakTo(chosen);
  byId("start").replaceChildren(element("p", { class: "state" }, t("loading")));
  document.body.classList.add("ready");
  await load();
  route();
}

start();

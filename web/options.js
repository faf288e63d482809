// What a question is asked with: the collection, the model, the language, the dates and the outlets.

import * as api from "./api.js";
import { button, byId, element, icon } from "./dom.js";
import { prefer, preferences } from "./store.js";
import { LANGUAGES, dateText, t } from "./strings.js";

const FIELDS = ["collection", "model", "language", "since", "until", "source"];
let offered = { collections: [], models: [] };

/** Show the choices. `about` and `collections` are the server's. */
export function offer(about, collections) {
  offered = { collections, models: about.models };
  const chosen = {
    ...values(),
    ...(byId("collection") ? {} : { ...preferences().asked, since: "", until: "", source: "" }),
  };
  const names = collections.map((each) => each.name);
  const panel = byId("options-panel");
  panel.replaceChildren(
    field(
      "collection",
      t("option_collection"),
      select(
        "collection",
        names.map((name) => [name, name]),
      ),
    ),
    field(
      "model",
      t("option_model"),
      select(
        "model",
        about.models.map((name) => [name, modelName(name)]),
      ),
    ),
    field(
      "language",
      t("option_language"),
      select("language", [["", t("language_automatic")], ...Object.entries(LANGUAGES)]),
    ),
    field("since", t("option_since"), element("input", { id: "since", type: "date" })),
    field("until", t("option_until"), element("input", { id: "until", type: "date" })),
    field(
      "source",
      t("option_source"),
      element("input", { id: "source", list: "outlets", autocomplete: "off", spellcheck: "false" }),
    ),
    element("datalist", { id: "outlets" }),
    button(t("options_reset"), () => choose({ since: "", until: "", source: "" }), {
      class: "quiet",
      id: "options-reset",
    }),
  );
  choose({ ...chosen, collection: names.includes(chosen.collection) ? chosen.collection : defaultOf(about, names) });
}

const defaultOf = (about, names) => (names.includes(about.collection) ? about.collection : (names[0] ?? ""));
const field = (id, label, input) => element("p", { class: "field" }, element("label", { for: id }, label), input);
const select = (id, choices) =>
  element(
    "select",
    { id },
    choices.map(([value, text]) => element("option", { value }, text)),
  );
const modelName = (name) => (name === "extractive" ? t("model_extractive") : name);

/** Return the choices, all of them text; empty where nothing was chosen. */
export function values() {
  return Object.fromEntries(FIELDS.map((name) => [name, byId(name)?.value.trim() ?? ""]));
}

export function choose(changes) {
  for (const [name, value] of Object.entries(changes)) {
    const input = byId(name);
    // What cannot be chosen here, such as a collection that a link names, leaves the choice as it is.
    const offers = !input?.options || [...input.options].some((each) => each.value === value);
    if (FIELDS.includes(name) && input && offers) input.value = value;
  }
  changed();
}

/** Return the collection that is chosen, as the server tells it. */
export const collection = () => offered.collections.find((each) => each.name === byId("collection")?.value);

/** Say in words what is chosen, and remember what is no filter. */
function changed() {
  const { collection: name, model, language, since, until, source } = values();
  const count = collection()?.state?.articles;
  const parts = [
    name || t("collection_none"),
    count === undefined ? "" : t("articles_count", { count }),
    model && model !== offered.models[0] ? modelName(model) : "",
    LANGUAGES[language],
    datesText(since, until),
    source,
  ];
  byId("options-button").hidden = false;
  byId("options-button").replaceChildren(
    icon("M2 5h12M2 11h12M10 3v4M6 9v4"),
    element("span", { class: "hidden" }, `${t("options")}: `),
    element("span", {}, parts.filter(Boolean).join(" · ")),
  );
  prefer({ asked: { collection: name, model, language } });
  byId("options-panel").dispatchEvent(new CustomEvent("chosen"));
}

/** Return a range of dates in words, empty where there is none. */
export function datesText(since, until) {
  const [from, to] = [since, until].map((date) => date && dateText(date, { short: true }));
  if (from && to) return t("dates_between", { from, to });
  return from ? t("dates_since", { from }) : to ? t("dates_until", { to }) : "";
}

/** Make the panel open and close, and offer the outlets of the collection while it is open. */
export function start() {
  const panel = byId("options-panel"),
    opener = byId("options-button");
  opener.addEventListener("click", () => {
    panel.hidden = !panel.hidden;
    opener.setAttribute("aria-expanded", String(!panel.hidden));
    if (!panel.hidden) fillOutlets();
  });
  panel.addEventListener("input", (event) => {
    if (event.target.id === "collection") fillOutlets();
    changed();
  });
}

async function fillOutlets() {
  const name = values().collection;
  if (!name) return;
  const { articles } = await api.articles(name, { limit: 200 }).catch(() => ({ articles: [] })); // it is a mere convenience
  const outlets = [...new Set(articles.map((each) => each.outlet).filter(Boolean))].sort();
  byId("outlets")?.replaceChildren(...outlets.map((value) => element("option", { value })));
}

// Collections and their articles: listed, read, added, removed.

import * as api from "./api.js";
import { announce, button, byId, element } from "./dom.js";
import { confirmed } from "./dialog.js";
import * as options from "./options.js";
import { open } from "./reader.js";
import { provenance, t } from "./strings.js";
import { tokenForm } from "./token.js";

const PAGE = 50;
let about = null,
  collections = [],
  reload = null;

/** Hand in what the server offers, and what to do when collections have changed. */
export function start(changed) {
  reload = changed;
  // A file that is dropped beside its place would otherwise take the page's.
  for (const kind of ["dragover", "drop"])
    addEventListener(kind, (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault());
}

export function offer(told, found) {
  about = told;
  collections = found;
}

/** Show the articles of the collection that is chosen. */
export async function show() {
  const name = options.values().collection,
    view = byId("articles"),
    list = element("ul", { class: "articles" }),
    more = element("p", { class: "more" });
  const known = collections.find((each) => each.name === name);
  const choice = element(
    "select",
    { id: "articles-of", change: () => options.choose({ collection: choice.value }) ?? show() },
    collections.map((each) => element("option", { value: each.name, selected: each.name === name }, each.name)),
  );
  view.replaceChildren(
    element("h2", { tabindex: "-1" }, t("articles")),
    known
      ? element(
          "p",
          { class: "field" },
          element("label", { for: "articles-of" }, t("option_collection")),
          choice,
          known.state && element("span", { class: "meta" }, t("articles_count", { count: known.state.articles })),
          about.may_write && button(t("collection_remove"), () => removalOf(known), { class: "quiet" }),
        )
      : element("p", { class: "notice" }, t("no_collection")),
    ...(known?.problem ? [element("p", { class: "problem" }, known.problem.message)] : []),
    about.may_write ? addingView(known && !known.problem ? name : "") : readOnly(),
    list,
    more,
  );
  if (known && !known.problem) await page(name, list, more, 0);
}

async function page(name, list, more, offset) {
  more.replaceChildren(element("span", { class: "state" }, t("loading")));
  try {
    const { articles, total } = await api.articles(name, { limit: PAGE, offset });
    list.append(...articles.map((article) => item(name, article)));
    const next = offset + articles.length;
    if (total === 0)
      more.replaceChildren(
        element("span", { class: "state" }, t(about.may_write ? "collection_empty" : "collection_empty_read_only")),
      );
    else
      more.replaceChildren(
        ...(next < total ? [button(t("more", { count: total - next }), () => page(name, list, more, next))] : []),
      );
  } catch (error) {
    more.replaceChildren(trouble(error));
  }
}

function readOnly() {
  const tried = async () => {
    await changed();
    const told = byId("articles").querySelector("details"); // still there: the token does not help
    if (about.may_write) return;
    told.open = true;
    told.append(element("p", { class: "problem", role: "alert" }, t("token_reads")));
  };
  return element("details", {}, element("summary", { class: "meta" }, t("read_only")), tokenForm(tried, false));
}

const trouble = (error) =>
  element("span", { class: "problem", role: "alert" }, error.message);

function item(name, article) {
  const record = { ...article, article_id: article.id };
  const title = button(article.title || t("untitled"), () => open({ collection: name, record, opener: title }), {
    class: "title",
    lang: article.language,
  });
  const remove =
    about.may_write &&
    button(t("remove"), () => removal(name, article, line), {
      class: "quiet",
      "aria-label": t("remove_named", { title: article.title || article.id }),
    });
  const line = element(
    "li",
    {},
    element("div", {}, title, element("p", { class: "meta" }, provenance(record))),
    remove,
  );
  return line;
}

async function removal(name, article, line) {
  const title = article.title || article.id;
  await removed(t("remove_confirm", { title, name }), title, () => api.removeArticle(name, article.id), line);
}

async function removalOf({ name, state }) {
  const question = t("collection_remove_confirm", { name, count: state?.articles ?? 0 });
  const place = byId("articles").querySelector(".field");
  await removed(question, name, () => api.removeCollection(name), place);
}

/** Remove something once it is confirmed; `place` is where a failure is told. */
async function removed(question, title, remove, place) {
  if (!(await confirmed(question, t("remove")))) return;
  try {
    await remove();
    announce(t("removed", { title }));
    await changed();
  } catch (error) {
    place.append(trouble(error));
  }
}

/** Load and show what has become of the collections; `name` is chosen, where it is given. */
async function changed(name) {
  const kept = [...(byId("results")?.children ?? [])];
  await reload();
  if (name) options.choose({ collection: name });
  await show();
  byId("results")?.append(...kept);
  byId("articles").querySelector("h2").focus();
}

function addingView(name) {
  const suffixes = about.suffixes.join(",");
  const input = element("input", {
    type: "file",
    id: "files",
    class: "hidden",
    multiple: true,
    accept: suffixes,
    change: () => add(name, [...input.files]),
  });
  const zone = element(
    "div",
    { class: "drop" },
    input,
    element("label", { for: "files", class: "pick" }, t("add_files")),
    element("p", { class: "meta" }, t("add_hint", { suffixes: about.suffixes.join(" ") })),
  );
  const over = (on) => (event) => {
    event.preventDefault();
    zone.classList.toggle("over", on);
  };
  for (const [kind, listener] of [
    ["dragenter", over(true)],
    ["dragover", over(true)],
    ["dragleave", over(false)],
  ])
    zone.addEventListener(kind, listener);
  zone.addEventListener("drop", (event) => {
    over(false)(event);
    add(name, [...event.dataTransfer.files]);
  });
  return element(
    "section",
    { class: "adding", "aria-label": t("add_files") },
    name && [zone, element("ul", { id: "results", class: "results" })],
    newCollection(),
  );
}

function newCollection() {
  const name = element("input", {
    id: "new-collection",
    pattern: "[a-z0-9][a-z0-9_\\-]{0,63}",
    required: true,
    autocomplete: "off",
    title: t("collection_name_rule"),
    spellcheck: "false",
  });
  const told = element("span", { class: "told" });
  const submit = async (event) => {
    event.preventDefault();
    try {
      await api.createCollection(name.value);
      await changed(name.value);
    } catch (error) {
      told.replaceChildren(trouble(error));
    }
  };
  return element(
    "details",
    {},
    element("summary", {}, t("collection_new")),
    element(
      "form",
      { class: "field", submit },
      element("label", { for: "new-collection" }, t("collection_name")),
      name,
      element("button", {}, t("collection_create")),
      told,
    ),
  );
}

/** Add files one after the other, telling of each how far it is and what became of it. */
async function add(name, files) {
  const lines = files.map((file) => {
    const bar = element("progress", { max: "1", "aria-label": t("progress_of", { name: file.name }) });
    const state = element("span", { class: "state" }, t("stage_waiting"));
    const line = element("li", {}, element("span", { class: "name" }, file.name), bar, state);
    byId("results").append(line);
    return { file, bar, state, line };
  });
  let taken = 0;
  for (const line of lines) taken += await addOne(name, line);
  announce(t("files_done", { count: files.length }));
  if (taken) await changed();
}

async function addOne(name, { file, bar, state, line }) {
  try {
    for await (const told of api.addFile(name, file)) {
      if (told.event === "report") {
        bar.remove();
        state.replaceWith(result(told.report));
        return told.report.added.length + told.report.updated.length;
      }
      if (told.stage) {
        bar.value = told.fraction;
        state.textContent = t(`stage_${told.stage}`);
      }
    }
  } catch (error) {
    bar.remove();
    state.replaceWith(trouble(error));
    line.append(
      ...(error.failures ?? []).slice(1).map((failure) => element("span", { class: "problem" }, failure.message)),
    );
  }
  return 0;
}

function result(report) {
  const counts = ["added", "updated", "unchanged", "duplicates"].filter((kind) => report[kind].length);
  const told = counts.map((kind) => t(`result_${kind}`, { count: report[kind].length })).join(", ");
  const failures = report.failures.map((failure) => element("span", { class: "problem" }, failure.message));
  return element("span", {}, told, failures);
}

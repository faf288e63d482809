// The words of the page, in the language of its reader.

export const LANGUAGES = { fr: "Français", en: "English", vi: "Tiếng Việt", zh: "中文" };

let words = {},
  code = "en",
  region = "en",
  plural = new Intl.PluralRules("en");

export const language = () => code;

/** Return the language that was chosen, else the first that the browser asks for and the page speaks, else English. */
export function preferred(chosen) {
  const wanted = [chosen, ...navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()), "en"];
  return wanted.find((each) => Object.hasOwn(LANGUAGES, each));
}

/** Load a language, and put its words into the elements that name one in `data-t` or `data-t-label`. */
export async function speak(chosen) {
  const response = await fetch(`strings/${chosen}.json`);
  words = await response.json();
  code = chosen;
  region = navigator.languages.find((tag) => tag.split("-")[0] === code) ?? code; // en-GB writes dates as en-US does not
  plural = new Intl.PluralRules(code);
  document.documentElement.lang = code;
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-t-label]"))
    node.setAttribute("aria-label", t(node.dataset.tLabel));
}

/** Return the words of a key, with {values} put in; `count` chooses between the forms of a plural. */
export function t(key, values = {}) {
  const found = words[key] ?? key;
  const template = typeof found === "string" ? found : (found[plural.select(values.count)] ?? found.other);
  return template.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** Return the name of a language, such as "Vietnamese" for vi. */
export function languageName(of) {
  if (!/^[a-z]{2,3}$/.test(of) || of === "und") return t("language_unknown");
  return new Intl.DisplayNames([code], { type: "language" }).of(of).replace(/^Tiếng /, "tiếng "); // within a sentence
}

/** Return a date of full or reduced precision (2025, 2025-12, 2025-12-07) as people write it. */
export function dateText(date, { short = false } = {}) {
  const [, year, month, day] = /^(\d{4})(?:-(\d\d))?(?:-(\d\d))?$/.exec(date ?? "") ?? [];
  if (!year) return date ?? "";
  const parts = { year: "numeric", ...(month && { month: short ? "short" : "long" }), ...(day && { day: "numeric" }) };
  const moment = new Date(Date.UTC(Number(year), Number(month ?? 1) - 1, Number(day ?? 1)));
  return new Intl.DateTimeFormat(region, { ...parts, timeZone: "UTC" }).format(moment);
}

/** Return where an article comes from: outlet, date, the page of a quote where there are pages, language. */
export function provenance(record, options = {}) {
  const date = record.published && dateText(record.published, options);
  const told = record.published_inferred && date ? t("date_inferred", { date }) : date;
  const page = record.page && t("on_page", { page: record.page });
  return [record.outlet, told, page, languageName(record.language)].filter(Boolean).join(" · ");
}

export const timeText = (moment) =>
  new Intl.DateTimeFormat(region, { dateStyle: "medium", timeStyle: "short" }).format(moment);

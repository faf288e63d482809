// Runs before the first paint, so that a chosen theme or language does not flash.
try {
  const { theme, language } = JSON.parse(localStorage.getItem("askpress.preferences")) ?? {};
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  if (/^[a-z]{2}$/.test(language)) document.documentElement.lang = language;
} catch {
  // Nothing readable is remembered: the system's theme and the browser's language stand.
}

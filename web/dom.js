// Elements made of text: nothing here, or elsewhere on the page, parses markup.

const SVG = "http://www.w3.org/2000/svg";

/** Return an element. A function among the attributes listens to the event of its name; null and false are left out. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false)
      made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child || child === 0));
  return made;
}

export function button(text, click, attributes = {}) {
  return element("button", { type: "button", click, ...attributes }, text);
}

/** Return a drawing of strokes, 16 by 16, hidden from screen readers: the button around it has a name. */
export function icon(...paths) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  for (const d of paths) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

/** Return an address if it is one of the web, else null. */
export function webAddress(address) {
  try {
    const url = new URL(address);
    return ["http:", "https:"].includes(url.protocol) && !url.username && !url.password ? url : null;
  } catch {
    return null;
  }
}

/** Return a link that opens elsewhere and tells nothing of this page, or null for what is no web address. */
export function link(address, text, attributes = {}) {
  const url = webAddress(address);
  return url && element("a", { href: url.href, target: "_blank", rel: "noopener noreferrer", ...attributes }, text);
}

/** Say something to a screen reader, once. */
export function announce(text) {
  document.getElementById("status").textContent = text;
}

export const byId = (id) => document.getElementById(id);

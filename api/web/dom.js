// Builds elements. Texts become text nodes and nothing else: what comes from a machine is never markup.

/** Make an element. `attributes` are set as they are; a function is a listener; `null` and `false` are left out. */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Give a text of the page's own with what stands in backticks as code. */
export function coded(text) {
  return text.split("`").map((part, index) => (index % 2 ? h("code", null, part) : part));
}

const shown = new WeakMap();

/** Replace what `place` shows, unless `data` is what it already shows; keeps the focus where it was. */
export function render(place, data, build) {
  const signature = JSON.stringify(data);
  if (shown.get(place) === signature) return;
  shown.set(place, signature);
  const focused = place.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.focus : null;
  place.replaceChildren(...[build()].flat().filter((child) => child !== null));
  if (focused) place.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus();
}

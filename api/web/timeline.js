// The state timeline of one machine: a canvas, since a day may hold tens of thousands of spans.
//
// Each column of pixels shows the state that held longest in it; an unplanned stop is never thinner than a pixel, so that
// a short one is not lost between long ones. Pointing or the arrow keys read single spans.

import { h } from "./dom.js";
import { STATES, colour } from "./states.js";
import { HOUR_MS, clock, duration } from "./time.js";
import { say } from "./words.js";

const HEIGHT = 56;
const EVERY_HOURS = [1, 2, 3, 4, 6, 12];
const LABEL_PX = 52;

/** Make the timeline. `day` is {start, end} in ms, `spans` are those of the API with `from` and `to` in ms. */
export function timeline(spans, day, zone) {
  const canvas = h("canvas", { class: "strip", tabindex: "0", role: "img", "aria-label": say("machine.timeline"), "data-focus": "timeline" });
  const cursor = h("div", { class: "cursor", hidden: true });
  const readout = h("p", { class: "readout", "aria-live": "polite" }, say("machine.hint"));
  const axis = h("div", { class: "axis", "aria-hidden": "true" });
  const place = h("div", { class: "timeline" }, h("div", { class: "stripwrap" }, canvas, cursor), axis, readout);
  let at = -1;

  const point = (index) => {
    at = index;
    const span = spans[index];
    cursor.hidden = !span;
    if (!span) {
      readout.textContent = say("machine.hint");
      return;
    }
    const scale = 100 / (day.end - day.start);
    cursor.style.left = `${(span.from - day.start) * scale}%`;
    cursor.style.width = `${(span.to - span.from) * scale}%`;
    readout.replaceChildren(
      h("span", { class: `mark ${span.state}` }),
      h("strong", null, say(`state.${span.state}`)),
      ` ${clock(span.from, zone, true)} – ${clock(span.to, zone, true)} · ${duration(span.to - span.from)}`,
      span.raw ? h("code", null, span.raw) : "",
    );
  };

  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    const instant = day.start + ((event.clientX - box.left) / box.width) * (day.end - day.start);
    point(spans.findIndex((span) => span.from <= instant && instant < span.to));
  });
  canvas.addEventListener("pointerleave", () => point(-1));
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || spans.length === 0) return;
    event.preventDefault();
    point(Math.min(spans.length - 1, Math.max(0, at < 0 ? (step > 0 ? 0 : spans.length - 1) : at + step)));
  });

  const redraw = () => {
    if (!canvas.isConnected) return;
    draw(canvas, spans, day);
    label(axis, day, zone, canvas.clientWidth);
  };
  new ResizeObserver(redraw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  return place;
}

function draw(canvas, spans, day) {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.max(1, Math.round(canvas.clientWidth * ratio));
  const height = Math.round(HEIGHT * ratio);
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const colours = Object.fromEntries(STATES.map((state) => [state, state === "unknown" ? hatch(context, ratio) : colour(state)]));
  const columns = dominant(spans, day, width);
  for (let from = 0; from < width; ) {
    let to = from + 1;
    while (to < width && columns[to] === columns[from]) to += 1;
    if (columns[from] !== null) {
      context.fillStyle = colours[columns[from]];
      context.fillRect(from, 0, to - from, height);
    }
    from = to;
  }
}

/** The state to show in each column of pixels; null where nothing is known yet. */
function dominant(spans, day, width) {
  const perPixel = (day.end - day.start) / width;
  const columns = new Array(width).fill(null);
  const held = new Array(width).fill(0);
  for (const span of spans) {
    const first = Math.max(0, Math.floor((span.from - day.start) / perPixel));
    const last = Math.min(width - 1, Math.ceil((span.to - day.start) / perPixel) - 1);
    for (let column = first; column <= last; column += 1) {
      const from = day.start + column * perPixel;
      const share = Math.min(span.to, from + perPixel) - Math.max(span.from, from);
      const weight = span.state === "unplanned_stop" ? Infinity : share;
      if (weight > held[column]) {
        held[column] = weight;
        columns[column] = span.state;
      }
    }
  }
  return columns;
}

function hatch(context, ratio) {
  const size = Math.round(6 * ratio);
  const tile = document.createElement("canvas");
  tile.width = size;
  tile.height = size;
  const pen = tile.getContext("2d");
  pen.fillStyle = colour("unknown");
  pen.fillRect(0, 0, size, size);
  pen.strokeStyle = colour("hatch");
  pen.lineWidth = 1.4 * ratio;
  pen.beginPath();
  for (const shift of [-size, 0, size]) {
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
  }
  pen.stroke();
  return context.createPattern(tile, "repeat");
}

function label(axis, day, zone, width) {
  const hours = (day.end - day.start) / HOUR_MS;
  const every = EVERY_HOURS.find((step) => (hours / step) * LABEL_PX <= width) ?? hours;
  const labels = [];
  for (let hour = 0; hour <= hours; hour += every) {
    const instant = day.start + hour * HOUR_MS;
    const text = hour === hours ? "24:00" : clock(instant, zone);
    const edge = hour === 0 ? "first" : hour >= hours ? "last" : "";
    const tick = h("span", { class: `tick ${edge}` }, text);
    tick.style.left = `${(hour / hours) * 100}%`;
    labels.push(tick);
  }
  axis.replaceChildren(...labels);
}

/** The legend of every chart. */
export function legend() {
  return h("ul", { class: "legend" }, STATES.map((state) => h("li", null, h("span", { class: `mark ${state}` }), say(`state.${state}`))));
}

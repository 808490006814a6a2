// Tables: how sources stand, and where data may be missing.

import { coded, h } from "./dom.js";
import { count, duration, stamp } from "./time.js";
import { say } from "./words.js";

/** @import { Schemas } from "./client/call.js" */

/**
 * Every source: how its link stands, and what to do.
 *
 * @param {Schemas["SourceView"][]} list
 */
export function sources(list, zoneOf) {
  if (list.length === 0) return [h("h2", null, say("sources.title")), h("p", { class: "quiet" }, say("sources.none"))];
  const rows = list.map((source) => {
    const state = source.stale ? "stale" : source.state;
    const zone = zoneOf(source.line);
    return h(
      "tr",
      { "data-source": source.name },
      h("td", null, h("strong", null, source.name), h("span", { class: "under" }, `${source.kind} · ${source.line}`)),
      h("td", null, h("span", { class: `link-state ${state}` }, say(`source.${state}`))),
      h("td", { class: "nowrap" }, source.last_time ? stamp(source.last_time, zone) : "–"),
      h("td", { class: "number" }, count(source.samples)),
      h("td", { class: `number ${source.refusals ? "thin" : ""}` }, count(source.refusals)),
      h("td", { class: "text" }, coded(advice(source, state)), source.problem ? h("span", { class: "under" }, source.problem) : null),
    );
  });
  return [h("h2", null, say("sources.title")), table("sources", ["name", "link", "last", "samples", "refusals", "do"], rows)];
}

/** @param {Schemas["SourceView"]} source */
function advice(source, state) {
  if (source.refusals && ["up", "ended"].includes(state)) return say("do.refusals");
  return say(`do.${state}`);
}

/**
 * Where data may be missing on the day shown; `present` gives the time at a source.
 *
 * @param {Schemas["GapView"][]} list
 */
export function gaps(list, zoneOf, present) {
  const rows = list.map((gap) => {
    const zone = zoneOf(gap.source);
    const lasted = (gap.end ? Date.parse(gap.end) : present(gap.source)) - Date.parse(gap.start);
    return h(
      "tr",
      null,
      h("td", null, h("strong", null, gap.source), gap.signals.length ? h("span", { class: "under" }, concerned(gap.signals)) : null),
      h("td", { class: "nowrap" }, stamp(gap.start, zone)),
      h("td", { class: "nowrap" }, gap.end ? stamp(gap.end, zone) : say("gaps.lasting")),
      h("td", { class: "nowrap" }, duration(lasted)),
      h(
        "td",
        null,
        h("span", { class: `gap-state ${gap.state}` }, say(`gap.${gap.state}`)),
        gap.filled_by ? h("span", { class: "under" }, filling(gap)) : null,
      ),
      h(
        "td",
        { class: "text" },
        h("strong", null, say(`gap.kind.${gap.kind}`)),
        h("span", { class: "under" }, gap.cause),
        gap.reason ? h("span", { class: "under" }, gap.reason) : null,
      ),
    );
  });
  return [
    h("h2", null, say("gaps.title")),
    rows.length ? table("gaps", ["source", "from", "to", "lasted", "state", "cause"], rows) : h("p", { class: "quiet" }, say("gaps.none")),
  ];
}

/** The signals of a gap: some by name, how many others. */
function concerned(signals) {
  const some = signals.slice(0, 3).join(", ");
  return signals.length > 3 ? say("gaps.more", some, count(signals.length - 3)) : some;
}

/**
 * What filled a gap, and how much it was.
 *
 * @param {Schemas["GapView"]} gap
 */
function filling(gap) {
  const by = say(`gap.by.${gap.filled_by}`);
  return gap.samples === null ? by : say("gap.by.counted", by, count(gap.samples));
}

const NUMBERS = new Set(["samples", "refusals"]);

/** A table whose rows become cards on a narrow screen: `name` is its class and begins its words. */
export function table(name, columns, rows, kind = "") {
  const heads = columns.map((column) =>
    h("th", { scope: "col", class: NUMBERS.has(column) ? "number" : null }, say(`${name}.${column}`)),
  );
  for (const row of rows) {
    [...row.children].forEach((cell, index) => cell.setAttribute("data-label", say(`${name}.${columns[index]}`)));
  }
  return h("div", { class: "scroll" }, h("table", { class: `list ${name} ${kind}` }, h("thead", null, h("tr", null, heads)), h("tbody", null, rows)));
}

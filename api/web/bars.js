// Bars of time by state: one for a window in the overview, one for each hour of a machine's day.

import { h } from "./dom.js";
import { STATES, timeOf } from "./states.js";
import { HOUR_MS, clock, duration, percent } from "./time.js";
import { say } from "./words.js";

/** @import { Schemas } from "./client/call.js" */

/**
 * Seconds by state of one window, from its results by KPI; null where nothing was planned or nothing was computed.
 *
 * @param {Record<string, Schemas["ResultView"]> | undefined} results
 */
export function shares(results) {
  const planned = results?.planned_time?.value;
  if (!planned) return null;
  return STATES.map((state) => ({ state, seconds: results[timeOf(state)]?.value ?? 0 })).map((one) => ({
    ...one,
    share: one.seconds / planned,
  }));
}

/** A bar across: how the planned time of a window was spent. */
export function bar(results) {
  const parts = shares(results);
  if (parts === null) return h("span", { class: "none" }, say(results ? "overview.unplanned" : "overview.nodata"));
  const told = parts.filter((part) => part.seconds > 0);
  const title = told.map((part) => `${say(`state.${part.state}`)} ${duration(part.seconds * 1000)}`).join(" · ");
  const pieces = told.map((part) => {
    const piece = h("span", { class: `piece ${part.state}` });
    piece.style.flexGrow = String(part.share);
    return piece;
  });
  return h("span", { class: "bar", role: "img", "aria-label": title, title }, pieces);
}

function oee(results) {
  const value = results.oee?.value;
  return value === null || value === undefined ? "" : ` · ${say("figure.oee")} ${percent(value)}`;
}

/**
 * One column per hour of the day: producing at the bottom, so that its height is the utilisation.
 *
 * @param {Map<number, Record<string, Schemas["ResultView"]>>} byStart
 */
export function hours(byStart, day, zone) {
  const columns = [];
  for (let from = day.start; from < day.end; from += HOUR_MS) {
    const results = byStart.get(from);
    const parts = shares(results);
    const time = clock(from, zone);
    const utilisation = results?.utilisation?.value;
    const told = (parts ?? []).filter((part) => part.seconds > 0);
    const title = parts
      ? `${time} · ${say("overview.utilisation")} ${percent(utilisation)}${oee(results)}\n` +
        told.map((part) => `${say(`state.${part.state}`)} ${duration(part.seconds * 1000)}`).join("\n")
      : `${time} · ${say(results ? "overview.unplanned" : "overview.nodata")}`;
    const pieces = told.map((part) => {
      const piece = h("span", { class: `piece ${part.state}` });
      piece.style.height = `${part.share * 100}%`;
      return piece;
    });
    columns.push(
      h(
        "li",
        { title },
        h("span", { class: "value" }, utilisation === null || utilisation === undefined ? "" : Math.round(utilisation * 100)),
        h("span", { class: parts ? "column" : "column empty" }, pieces),
        h("span", { class: "hour" }, time.slice(0, 2)),
      ),
    );
  }
  return h("ol", { class: "hours", "aria-label": say("machine.hourly") }, columns);
}

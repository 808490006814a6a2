// One machine: how it stands, how well it is, and its day.

import { ofMachine } from "./alerts.js";
import { hours, shares } from "./bars.js";
import { h } from "./dom.js";
import { figures } from "./figures.js";
import { health } from "./health.js";
import { duration, percent, stamp } from "./time.js";
import { legend, timeline } from "./timeline.js";
import { say, titled } from "./words.js";

/** @import { Schemas } from "./client/call.js" */

/** What a machine is and did last. `spans` carry `from` and `to` in ms; they are null until they are read. */
export function standing(place, { line, equipment, zone, day, spans, knownUntil, results }) {
  const last = spans?.at(-1);
  const now = last
    ? h(
        "p",
        { class: "now" },
        say("machine.last"),
        " ",
        h("span", { class: `chip ${last.state}` }, h("span", { class: `mark ${last.state}` }), say(`state.${last.state}`)),
        " ",
        say("machine.since", stamp(last.from, zone)),
        h("span", { class: "quiet" }, ` · ${say("machine.until", stamp(Math.min(Date.parse(knownUntil), day.end), zone))} · ${zone}`),
      )
    : h("p", { class: "now quiet" }, say(spans ? "machine.nospans" : "unread"));
  return [
    h("h2", null, titled(equipment.title), h("span", { class: "where" }, `${titled(place.title)} · ${titled(line.title)}`)),
    now,
    ...(figures(results, zone) ?? []),
  ];
}

/**
 * How well it is, and its open alerts; `score` is what the API says of it, null where that is nothing.
 *
 * @param {Schemas["HealthScoreView"] | null} score
 * @param {Schemas["AlertView"][]} alerts
 */
export function condition(score, alerts, zone, read) {
  return [
    h("div", null, h("h3", null, say("health.title")), health(score)),
    h("div", null, h("h3", null, say("machine.alerts"), h("span", { class: "badge" }, String(alerts.length))), ofMachine(alerts, zone, read)),
  ];
}

/** What it did on one day; `byStart` holds the results of each hour by its start in ms. */
export function day({ zone, day, spans, byStart, results }) {
  return [
    h("h3", null, say("machine.timeline")),
    timeline(spans, day, zone),
    legend(),
    h("h3", null, say("machine.hourly"), h("span", { class: "where" }, `% · ${say("machine.hourly.note")}`)),
    byStart.size ? hours(byStart, day, zone) : h("p", { class: "quiet" }, say("machine.nohours")),
    h("h3", null, say("machine.times"), h("span", { class: "where" }, say("machine.hourly.note"))),
    times(results),
  ];
}

function times(results) {
  const parts = shares(results);
  if (parts === null) return h("p", { class: "quiet" }, say(results ? "overview.unplanned" : "overview.nodata"));
  return h(
    "ul",
    { class: "times" },
    parts.map((part) =>
      h(
        "li",
        { class: part.seconds > 0 ? "" : "zero" },
        h("span", { class: `mark ${part.state}` }),
        h("span", { class: "what" }, say(`state.${part.state}`)),
        h("span", { class: "number" }, duration(part.seconds * 1000)),
        h("span", { class: "number quiet" }, percent(part.share)),
      ),
    ),
  );
}

// The park at a glance: its figures, and the tree of assets with the day's utilisation of each.

import { HIDDEN, byPriority, visible } from "./alarms.js";
import { whole } from "./assets.js";
import { bar } from "./bars.js";
import { h } from "./dom.js";
import { figure, restated } from "./figures.js";
import { lowest, scoreMark } from "./health.js";
import { legend } from "./timeline.js";
import { percent } from "./time.js";
import { say, titled } from "./words.js";

/** @import { Schemas } from "./client/call.js" */

/**
 * The figures; `results` is null until they are read, `alerts` are those that are open, `scores` those of health. Choosing a machine calls `choose`.
 *
 * @param {import("./assets.js").Park} park
 * @param {Map<string, Record<string, Schemas["ResultView"]>> | null} results
 * @param {Schemas["AlertView"][]} alerts
 * @param {Schemas["HealthScoreView"][]} scores
 * @param {Schemas["SourceView"][]} sources
 * @param {(path: string) => void} choose
 */
export function tiles(park, results, alerts, scores, sources, choose) {
  const of = whole(park, results);
  const own = of ? results?.get(of.path) : undefined;
  const none = say(results === null ? "unread" : of === null ? "tile.parts" : "tile.none");
  const utilisation = own?.utilisation;
  const ill = sources.filter((source) => source.stale || !["up", "ended"].includes(source.state)).length;
  return [
    tile("utilisation", percent(utilisation?.value), utilisation ? say("tile.utilisation.note") : none, own ? bar(own) : null, "", of === park ? "" : titled((of ?? park).title)),
    tile("coverage", percent(utilisation?.coverage), utilisation ? say("tile.coverage.note") : none),
    alertTile(alerts),
    healthTile(scores, choose),
    tile(
      "sources",
      `${sources.length - ill} / ${sources.length}`,
      ill ? say("tile.sources.ill", ill) : say("tile.sources.well"),
      null,
      ill ? "severe-high" : "",
    ),
  ];
}

/** @param {Schemas["AlertView"][]} alerts */
function alertTile(alerts) {
  const counts = byPriority(visible(alerts));
  const hidden = alerts.filter((alert) => HIDDEN.includes(alert.state)).length;
  const chips = counts.map(([priority, number]) =>
    h("span", { class: `severity ${priority}`, "data-priority": priority }, `${say(`severity.${priority}`)} ${number}`),
  );
  const note = hidden ? say("tile.alerts.hidden", hidden) : counts.length ? "" : say("tile.alerts.none");
  const worst = counts[0]?.[0];
  const jump = () => document.getElementById("alerts").scrollIntoView({ behavior: "smooth" });
  const figure = h("button", { type: "button", class: "link", title: say("tile.alerts.show"), "data-focus": "jump", click: jump }, String(visible(alerts).length));
  return tile("alerts", figure, note, chips.length ? h("p", { class: "marks" }, chips) : null, worst && `severe-${worst}`);
}

/** @param {Schemas["HealthScoreView"][]} scores */
function healthTile(scores, choose) {
  const judged = scores.filter((one) => one.score !== null);
  const some = lowest(scores);
  if (some.length === 0) return tile("health", judged.length ? scoreMark(100) : "–", judged.length ? say("tile.health.well", judged.length) : say("tile.health.none"));
  const list = some.map((one) =>
    h(
      "li",
      { "data-machine": one.equipment },
      scoreMark(one.score),
      h("button", { type: "button", class: "link", title: one.equipment, "data-focus": `health-${one.equipment}`, click: () => choose(one.equipment) }, titled(one.title)),
    ),
  );
  return h("article", { class: "tile", id: "tile-health" }, h("h2", null, say("tile.health")), h("ol", { class: "lowest" }, list));
}

function tile(name, figure, note, chart = null, kind = "", of = "") {
  return h(
    "article",
    { class: `tile ${kind || ""}`, id: `tile-${name}` },
    h("h2", null, of ? `${say("overview.utilisation")} · ${of}` : say(`tile.${name}`)),
    h("p", { class: "figure" }, figure),
    chart,
    note ? h("p", { class: "note" }, note) : null,
  );
}

/**
 * The tree of assets as a table; `results` is null until they are read. Choosing a machine calls `choose` with its path.
 *
 * @param {import("./assets.js").Park} park
 * @param {Map<string, Record<string, Schemas["ResultView"]>> | null} results
 * @param {string} chosen
 * @param {(path: string) => void} choose
 */
export function overview(park, results, chosen, choose) {
  const judged = [...(results?.values() ?? [])].some((own) => known(own.oee?.value));
  const row = (...told) => assetRow(judged, ...told);
  const rows = whole(park, results) === park ? [row(park.id, titled(park.title), 0, results)] : [];
  for (const factory of park.factories) {
    rows.push(row(factory.path, titled(factory.title), 1, results));
    for (const line of factory.lines) {
      rows.push(row(line.path, titled(line.title), 2, results));
      for (const machine of line.equipment) {
        rows.push(row(machine.path, titled(machine.title), 3, results, { machine, chosen: machine.path === chosen, choose }));
      }
    }
  }
  return [
    h("h2", null, say("overview.title")),
    h(
      "div",
      { class: "scroll" },
      h(
        "table",
        { class: "tree" },
        h(
          "thead",
          null,
          h(
            "tr",
            null,
            h("th", { scope: "col" }, say("overview.asset")),
            h("th", { scope: "col" }, say("overview.times")),
            h("th", { scope: "col", class: "number" }, say("overview.utilisation")),
            judged ? h("th", { scope: "col", class: "number", title: say("figure.oee.full") }, say("figure.oee")) : null,
            h("th", { scope: "col", class: "number" }, say("overview.coverage")),
          ),
        ),
        h("tbody", null, rows),
      ),
    ),
    legend(),
  ];
}

/** One asset; with its OEE where the OEE of any is known (`judged`). */
function assetRow(judged, path, title, depth, results, leaf = null) {
  const own = results?.get(path);
  const utilisation = own?.utilisation;
  const stateless = leaf !== null && !leaf.machine.has_state;
  const name = leaf
    ? h(
        "button",
        {
          type: "button",
          class: "name",
          "aria-pressed": String(leaf.chosen),
          "data-focus": path,
          "data-path": path,
          title: path,
          click: () => leaf.choose(path),
        },
        title,
      )
    : h("span", { class: "name", title: path }, title);
  return h(
    "tr",
    { class: `depth-${depth}${leaf?.chosen ? " chosen" : ""}`, "data-asset": path },
    h("th", { scope: "row" }, name),
    h("td", null, stateless || results === null ? h("span", { class: "none" }, say(stateless ? "overview.nostate" : "unread")) : bar(own)),
    h("td", { class: "number strong" }, percent(utilisation?.value), restated(utilisation)),
    judged ? h("td", { class: "number oee" }, figure(own?.oee)) : null,
    h("td", { class: `number ${thin(utilisation?.coverage) ? "thin" : ""}` }, percent(utilisation?.coverage)),
  );
}

/** Whether so little is known that the figure beside it misleads. */
function thin(coverage) {
  return known(coverage) && coverage < 0.9;
}

function known(value) {
  return value !== null && value !== undefined;
}

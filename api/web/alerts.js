// The list of alerts: what is open, what is kept from people and why, and what was closed on the day shown.

import { CHOICES, SEVERITIES, foldedBy, kindOf, urgentFirst, visible } from "./alarms.js";
import { h } from "./dom.js";
import { table } from "./lists.js";
import { duration, stamp } from "./time.js";
import { say, titled } from "./words.js";

/** @import { Schemas } from "./client/call.js" */

const unfolded = new Set();

// Each part below is shown in a place of its own, so that none is drawn anew because of what another tells. In all of
// them `open` and `recent` are alerts of the API, and `filter` is {priorities, choice}. `site` is what the page knows:
// `known(path)` gives {title, zone, machine}, `choose(path)` shows a machine, `read(id, action)` an alert,
// `narrow(filter)` shows others, `reason(by)` says what suppresses, `present(path)` is the time there.

/**
 * How many there are.
 *
 * @param {Schemas["AlertView"][]} open
 */
export function heading(open) {
  return h("h2", null, say("alerts.title"), h("span", { class: "badge" }, String(visible(open).length)));
}

/**
 * Those that are open and fit the filter; those that nobody is told of are folded.
 *
 * @param {Schemas["AlertView"][]} open
 */
export function openAlerts(open, filter, site) {
  const ordered = urgentFirst(open).filter((alert) => wanted(alert, filter));
  const shown = ordered.filter((alert) => CHOICES[filter.choice].includes(alert.state));
  const folded = filter.choice === "open" ? foldedBy(ordered) : [];
  return [
    shown.length ? alertTable(shown, site) : nothing(open, filter, site),
    folded.length ? h("div", { class: "folds" }, folded.map((group) => fold(group, site))) : null,
  ];
}

/**
 * Those that were closed on the day shown; `more` tells of others.
 *
 * @param {Schemas["AlertView"][]} recent
 */
export function closedAlerts(recent, more, site) {
  return [
    h("h3", null, say("alerts.recent"), h("span", { class: "badge" }, more ? `${recent.length}+` : String(recent.length))),
    recent.length ? closedTable(recent, site) : h("p", { class: "quiet" }, say("alerts.none.recent")),
    more ? h("p", { class: "quiet" }, say("alerts.more")) : null,
  ];
}

/** @param {Schemas["AlertView"]} alert */
function wanted(alert, filter) {
  return filter.priorities.length === 0 || filter.priorities.includes(alert.priority);
}

function nothing(open, filter, site) {
  const narrowed = filter.priorities.length > 0 || filter.choice !== "open";
  if (!narrowed || open.length === 0) return h("p", { class: "quiet empty" }, say("alerts.none.open"));
  const all = () => site.narrow({ priorities: [], choice: "open" });
  return h(
    "p",
    { class: "quiet empty" },
    `${say("alerts.none.shown")} `,
    h("button", { type: "button", class: "link", "data-focus": "filter-all", click: all }, say("alerts.filter.all")),
  );
}

/**
 * Chooses priorities; says how many there are of each.
 *
 * @param {Schemas["AlertView"][]} open
 */
export function priorities(open, filter, site) {
  const fits = open.filter((alert) => CHOICES[filter.choice].includes(alert.state));
  const buttons = SEVERITIES.map((priority) => {
    const on = filter.priorities.includes(priority);
    const other = on ? filter.priorities.filter((one) => one !== priority) : [...filter.priorities, priority];
    const number = fits.filter((alert) => alert.priority === priority).length;
    return h(
      "button",
      {
        type: "button",
        class: "filter",
        "aria-pressed": String(on),
        "data-priority": priority,
        "data-focus": `filter-${priority}`,
        click: () => site.narrow({ ...filter, priorities: other }),
      },
      severity(priority),
      h("span", { class: "number" }, String(number)),
    );
  });
  return h("div", { class: "priorities", role: "group", "aria-label": say("alerts.filter.priority") }, buttons);
}

/** Chooses states. */
export function states(filter, site) {
  return h(
    "select",
    { "aria-label": say("alerts.filter.state"), "data-focus": "filter-state", change: (event) => site.narrow({ ...filter, choice: event.target.value }) },
    Object.keys(CHOICES).map((choice) => h("option", { value: choice, selected: choice === filter.choice }, say(`choice.${choice}`))),
  );
}

/** A priority, by colour and by word. */
export function severity(priority) {
  return h("span", { class: `severity ${priority}` }, say(`severity.${priority}`));
}

/** How an alert stands, in words. */
export function alarmState(state) {
  return h("span", { class: `alarm ${state}`, title: say(`alarm.${state}.why`) }, say(`alarm.${state}`));
}

/**
 * A mark at alerts that are not about a machine.
 *
 * @param {Schemas["AlertView"]} alert
 */
export function kindMark(alert) {
  const kind = kindOf(alert);
  return kind === "machine" ? null : h("span", { class: `kind ${kind}` }, say(`kind.${kind}`));
}

/**
 * How often it came, where it came more than once.
 *
 * @param {Schemas["AlertView"]} alert
 */
export function times(alert, zone) {
  if (alert.count === 1) return null;
  const title = say("alerts.count.why", alert.count, stamp(alert.occurred, zone));
  return h("span", { class: "times-told", title }, say("alerts.count", alert.count), alert.chattering ? ` · ${say("alerts.chattering")}` : "");
}

/**
 * Who knows of it, or until when it is hidden.
 *
 * @param {Schemas["AlertView"]} alert
 */
function standing(alert, zone) {
  const told = [alarmState(alert.state)];
  if (alert.shelved_until) told.push(h("span", { class: "under" }, say("alerts.until", stamp(alert.shelved_until, zone))));
  if (alert.acknowledged) {
    const at = stamp(alert.acknowledged, zone);
    told.push(h("span", { class: "under" }, `${alert.person} `, h("span", { class: "nowrap" }, at)));
  }
  return told;
}

/** @param {Schemas["AlertView"]} alert */
function what(alert, site, zone) {
  return [
    h(
      "button",
      { type: "button", class: "link message", title: say("alerts.open"), "data-focus": `what-${alert.id}`, click: () => site.read(alert.id) },
      titled(alert.message),
    ),
    h("span", { class: "marks" }, kindMark(alert), times(alert, zone)),
  ];
}

/** @param {Schemas["AlertView"]} alert */
function where(alert, site) {
  const { title, machine } = site.known(alert.equipment);
  if (!machine) return h("span", { title: alert.equipment }, title);
  return h(
    "button",
    { type: "button", class: "link", title: alert.equipment, "data-focus": `where-${alert.id}`, click: () => site.choose(alert.equipment) },
    title,
  );
}

/** @param {Schemas["AlertView"]} alert */
function since(alert, site, zone) {
  const text = alert.active
    ? say("alerts.lasting", duration(site.present(alert.equipment) - Date.parse(alert.began)))
    : alert.ended
      ? say("alerts.gone", stamp(alert.ended, zone))
      : "";
  return [h("span", { class: "nowrap" }, stamp(alert.began, zone)), text ? h("span", { class: "under" }, text) : null];
}

/** @param {Schemas["AlertView"]} alert */
function deed(alert, site) {
  if (alert.acknowledged || !CHOICES.asking.includes(alert.state)) return null;
  return h(
    "button",
    { type: "button", class: "deed", "data-focus": `do-${alert.id}`, click: () => site.read(alert.id, "acknowledge") },
    say("act.acknowledge"),
  );
}

/** @param {Schemas["AlertView"][]} list */
function alertTable(list, site) {
  const rows = list.map((alert) => {
    const { zone } = site.known(alert.equipment);
    return h(
      "tr",
      { class: `alert ${kindOf(alert)} ${alert.active ? "active" : ""}`, "data-alert": alert.id },
      h("td", null, severity(alert.priority)),
      h("td", null, h("span", { class: "stack" }, standing(alert, zone))),
      h("td", { class: "text" }, h("span", { class: "stack" }, what(alert, site, zone))),
      h("td", null, where(alert, site)),
      h("td", null, h("span", { class: "stack" }, since(alert, site, zone))),
      h("td", { class: "deeds" }, deed(alert, site)),
    );
  });
  return table("alerts", ["priority", "state", "what", "where", "since", "do"], rows);
}

function fold(group, site) {
  const text = group.state === "suppressed" ? say("fold.suppressed", group.alerts.length, site.reason(group.by)) : say(`fold.${group.state}`, group.alerts.length);
  const toggle = (event) => (event.target.open ? unfolded.add(group.id) : unfolded.delete(group.id));
  return h(
    "details",
    { class: `fold ${group.state}`, open: unfolded.has(group.id), toggle },
    h("summary", { "data-focus": `fold-${group.id}` }, text),
    alertTable(group.alerts, site),
  );
}

/** @param {Schemas["AlertView"][]} list */
function closedTable(list, site) {
  const rows = list.map((alert) => {
    const { zone } = site.known(alert.equipment);
    const lasted = alert.ended ? duration(Date.parse(alert.ended) - Date.parse(alert.began)) : "–";
    return h(
      "tr",
      { class: `alert ${kindOf(alert)}`, "data-alert": alert.id },
      h("td", null, severity(alert.priority)),
      h("td", { class: "text" }, h("span", { class: "stack" }, what(alert, site, zone))),
      h("td", null, where(alert, site)),
      h("td", { class: "nowrap" }, stamp(alert.began, zone)),
      h("td", null, lasted),
    );
  });
  return table("alerts", ["priority", "what", "where", "since", "lasted"], rows, "closed");
}

/**
 * The open alerts of one machine, in short.
 *
 * @param {Schemas["AlertView"][]} list
 */
export function ofMachine(list, zone, read) {
  if (list.length === 0) return h("p", { class: "quiet" }, say("machine.alerts.none"));
  return h(
    "ul",
    { class: "short-alerts" },
    urgentFirst(list).map((alert) =>
      h(
        "li",
        { "data-alert": alert.id },
        severity(alert.priority),
        h(
          "span",
          { class: "stack" },
          h("button", { type: "button", class: "link message", "data-focus": `short-${alert.id}`, click: () => read(alert.id) }, titled(alert.message)),
          h("span", { class: "marks" }, alarmState(alert.state), kindMark(alert), times(alert, zone), h("span", { class: "quiet" }, stamp(alert.began, zone))),
        ),
      ),
    ),
  );
}

// One alert, over the page: what happened, which signals tell it, and what people do about it.
//
// What it shows is asked for again with every round of the page; what somebody is writing stays as it is meanwhile.

import { Problem, Silence, key } from "./api.js";
import { alarmState, kindMark, severity, times } from "./alerts.js";
import { acknowledgeAlert, commentOnAlert, readAlert, resetAlert, shelveAlert, unshelveAlert } from "./client/operations.js";
import { coded, h, render } from "./dom.js";
import { askForKey } from "./key.js";
import { DAY_MS, HOUR_MS, clock, dayOf, iso, midnight, percent, shifted, stamp } from "./time.js";
import { say, titled } from "./words.js";

/** @import { Access, Schemas } from "./client/call.js" */

const KEPT_PERSON = "parkline.person";
const LONGEST = 1000;
const LONGEST_SHELF_MS = 7 * DAY_MS;

/**
 * Make what shows alerts in the dialog `#alert`.
 *
 * `site` is as of the list; `changed()` is called after somebody did something, `closed()` when the dialog is.
 */
export function alertDialog(site, changed, closed) {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("alert"));
  const parts = Object.fromEntries(["head", "facts", "deeds", "form", "history"].map((name) => [name, h("div", { class: `alert-${name}` })]));
  let id = "";
  /** @type {Schemas["AlertHistoryView"] | null} */
  let told = null;
  let action = null;

  dialog.append(...Object.values(parts));
  dialog.addEventListener("close", () => {
    id = "";
    closed();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());

  /** @param {Schemas["AlertHistoryView"]} alert */
  const show = (alert) => {
    told = alert;
    const context = [document.documentElement.lang, alert];
    render(parts.head, context, () => head(alert, () => dialog.close()));
    render(parts.facts, context, () => facts(alert, site, (other) => open(other), () => dialog.close()));
    const asked = deeds(alert);
    if (action && !asked.includes(action)) action = null;
    render(parts.deeds, [...context, action], () => buttons(asked, action, choose));
    render(parts.form, [document.documentElement.lang, alert.id, action], () => (action ? form(alert, action, site, perform, () => choose(null)) : []));
    render(parts.history, context, () => history(alert, site));
  };

  const choose = (name) => {
    action = name;
    show(told);
    parts.form.querySelector("textarea")?.focus();
  };

  const fail = (error) => {
    const texts = [error.title, error.detail, error.remedy];
    render(parts.head, [document.documentElement.lang, "closed"], () => closing(() => dialog.close()));
    render(parts.facts, texts, () => h("div", { class: "wrong", role: "alert" }, texts.map((text) => h("p", null, text))));
    for (const name of ["deeds", "form", "history"]) render(parts[name], null, () => []);
  };

  /** Ask for the alert again, if one is shown. */
  const refresh = async () => {
    const asked = id;
    if (!asked) return;
    try {
      const alert = await readAlert({ path: { alert: asked } });
      if (id === asked) show(alert);
    } catch (error) {
      if (id !== asked || (error instanceof Problem && error.status === 401)) return;
      if (error instanceof Problem && (told === null || error.status === 404)) fail(error);
      else if (!(error instanceof Problem || error instanceof Silence)) throw error;
    }
  };

  /** Show the alert with this id; with `deed`, what somebody is about to do. */
  const open = async (wanted, deed = null) => {
    if (id === wanted) return;
    id = wanted;
    told = null;
    action = deed;
    render(parts.head, [document.documentElement.lang, "loading"], () => closing(() => dialog.close()));
    render(parts.facts, "loading", () => h("p", { class: "quiet" }, say("detail.loading")));
    for (const name of ["deeds", "form", "history"]) render(parts[name], null, () => []);
    if (!dialog.open) dialog.showModal();
    await refresh();
    parts.form.querySelector("textarea")?.focus();
  };

  /** Do what somebody asks, with a key that may; give what is wrong, null where it is done. */
  const perform = async (deed) => {
    const asked = id;
    let text = key.get();
    let alert = null;
    while (alert === null) {
      try {
        const own = text;
        alert = await deed(asked, { key: () => own });
      } catch (error) {
        if (error instanceof Silence) return [say("act.offline")];
        if (!(error instanceof Problem)) throw error;
        if (![401, 403].includes(error.status)) return error.status === 422 ? [error.detail] : [error.title, error.detail, error.remedy];
        text = await askForKey(text ? error.detail : "", true);
        if (text === null) return [say("act.nokey")];
      }
    }
    if (text) key.set(text);
    action = null;
    changed();
    if (id === asked) show(alert);
    return null;
  };

  return { open, refresh, close: () => dialog.close(), shown: () => id };
}

function closing(close) {
  return h("button", { type: "button", class: "close", "aria-label": say("detail.close"), title: say("detail.close"), "data-focus": "close", click: close }, "×");
}

/** @param {Schemas["AlertHistoryView"]} alert */
function head(alert, close) {
  return [
    h("p", { class: "marks" }, severity(alert.priority), alarmState(alert.state), kindMark(alert)),
    closing(close),
    h("h2", { id: "alert-title" }, titled(alert.message)),
    h("p", { class: "quiet" }, say(`alarm.${alert.state}.why`)),
  ];
}

/** @param {Schemas["AlertHistoryView"]} alert */
function facts(alert, site, open, close) {
  const { title, zone, machine } = site.known(alert.equipment);
  const at = (instant) => stamp(instant, zone);
  const place = machine
    ? h("button", { type: "button", class: "link", "data-focus": "machine", click: () => { close(); site.choose(alert.equipment); } }, title)
    : title;
  const parent = /^[0-9a-f]{16}$/.test(alert.suppressed_by)
    ? h("button", { type: "button", class: "link", "data-focus": "parent", click: () => open(alert.suppressed_by) }, site.reason(alert.suppressed_by))
    : site.reason(alert.suppressed_by);
  const rows = [
    ["alerts.where", place],
    ["detail.first", at(alert.began)],
    alert.count > 1 ? ["detail.newest", at(alert.occurred)] : null,
    alert.ended ? ["detail.ended", at(alert.ended)] : null,
    alert.count > 1 ? ["detail.count", times(alert, zone)] : null,
    alert.acknowledged ? ["detail.acknowledged", h("span", { class: "stack" }, h("span", null, alert.person), h("span", null, at(alert.acknowledged)))] : null,
    alert.shelved_until ? ["detail.shelved", at(alert.shelved_until)] : null,
    alert.suppressed_by ? ["detail.suppressed", parent] : null,
    ["detail.detector", titled(alert.detector_title)],
    ["detail.subject", h("code", null, alert.signal)],
  ].filter((row) => row !== null);
  return [
    h("dl", { class: "facts" }, rows.map(([name, value]) => h("div", null, h("dt", null, say(name)), h("dd", null, value)))),
    alert.contributions.length ? contributions(alert.contributions) : null,
  ];
}

/** @param {Schemas["ContributionView"][]} list */
function contributions(list) {
  return h(
    "section",
    null,
    h("h3", null, say("detail.contributions"), h("span", { class: "where" }, say("detail.contributions.note"))),
    h(
      "ul",
      { class: "shares" },
      list.map((one) => {
        const bar = h("span", { class: "fill" });
        bar.style.width = `${Math.min(1, Math.max(0, one.share)) * 100}%`;
        return h(
          "li",
          { "data-signal": one.signal },
          h("span", { class: "name", title: one.signal }, titled(one.title)),
          h("span", { class: "track" }, bar),
          h("span", { class: "number" }, percent(one.share)),
        );
      }),
    ),
  );
}

/**
 * What can be done about an alert as it stands.
 *
 * @param {Schemas["AlertHistoryView"]} alert
 */
function deeds(alert) {
  if (alert.events.length === 0) return [];
  const open = alert.state !== "normal";
  const latched = alert.state.startsWith("latched");
  return [
    open && !alert.acknowledged ? "acknowledge" : null,
    latched ? "reset" : null,
    open && alert.state !== "out_of_service" ? "shelve" : null,
    alert.shelved_until ? "unshelve" : null,
    "comment",
  ].filter((name) => name !== null);
}

const URGED = new Set(["acknowledge", "reset"]);

function buttons(names, action, choose) {
  return names.map((name) =>
    h(
      "button",
      {
        type: "button",
        class: name === names[0] && URGED.has(name) && !action ? "main" : null,
        "aria-pressed": String(name === action),
        "data-deed": name,
        "data-focus": `deed-${name}`,
        click: () => choose(name === action ? null : name),
      },
      say(`act.${name}`),
    ),
  );
}

/** @param {Schemas["AlertHistoryView"]} alert */
function form(alert, action, site, perform, cancel) {
  const { zone } = site.known(alert.equipment);
  const wrong = h("div", { class: "wrong", role: "alert" });
  const submit = h("button", { type: "submit", class: "main" }, say(`act.${action}`));
  const needed = action === "comment" || action === "shelve";
  const label = action === "shelve" ? "act.reason" : needed ? "act.comment.needed" : "act.comment.optional";
  const words = h("textarea", { id: "alert-words", rows: 2, maxlength: LONGEST, required: needed });
  const person = h("input", { id: "alert-person", type: "text", maxlength: 64, autocomplete: "name", value: localStorage.getItem(KEPT_PERSON) ?? "" });
  const made = h(
    "form",
    {
      "data-action": action,
      submit: async (event) => {
        event.preventDefault();
        localStorage.setItem(KEPT_PERSON, person.value.trim());
        submit.disabled = true;
        submit.textContent = say("act.working");
        const until = made.querySelector("input[name=until]:checked")?.value;
        const problem = await perform(request(action, words.value.trim(), person.value.trim(), until && shelfEnd(until, zone)));
        submit.disabled = false;
        submit.textContent = say(`act.${action}`);
        wrong.replaceChildren(...(problem ?? []).filter((text) => text).map((text, index) => h(index ? "p" : "strong", null, coded(text))));
      },
    },
    action === "shelve" ? shelves(zone) : null,
    action === "unshelve" ? null : [h("label", { for: "alert-words" }, say(label)), words, h("label", { for: "alert-person" }, say("act.person")), person],
    wrong,
    h("div", { class: "row" }, submit, h("button", { type: "button", click: cancel }, say("act.cancel"))),
  );
  return made;
}

const SAYING = { acknowledge: acknowledgeAlert, comment: commentOnAlert, reset: resetAlert };

/**
 * Give what does as somebody asks, with the key that `by` gives.
 *
 * @returns {(alert: string, by: Partial<Access>) => Promise<Schemas["AlertHistoryView"]>}
 */
function request(action, words, person, until) {
  return (alert, by) => {
    const path = { alert };
    if (action === "unshelve") return unshelveAlert({ path }, by);
    if (action === "shelve") return shelveAlert({ path, body: { until: iso(until), reason: words, person } }, by);
    return SAYING[action]({ path, body: { comment: words, person } }, by);
  };
}

const SHELVES = ["30min", "8h", "day", "week"];

/** When a shelf ends, in ms: days and weeks are the factory's own. */
function shelfEnd(name, zone) {
  const now = Date.now();
  if (name === "30min") return now + HOUR_MS / 2;
  if (name === "8h") return now + 8 * HOUR_MS;
  const today = dayOf(now, zone);
  const left = name === "day" ? 1 : 7 - ((new Date(`${today}T00:00:00Z`).getUTCDay() + 6) % 7);
  return Math.min(midnight(shifted(today, left), zone), now + LONGEST_SHELF_MS - 60_000);
}

function shelves(zone) {
  const choices = SHELVES.map((name, index) =>
    h(
      "label",
      null,
      h("input", { type: "radio", name: "until", value: name, checked: index === 0 }),
      h("span", null, say(`act.until.${name}`), h("span", { class: "quiet" }, " · ", h("span", { class: "nowrap" }, ending(shelfEnd(name, zone), zone)))),
    ),
  );
  return [h("fieldset", null, h("legend", null, say("act.until")), choices), h("p", { class: "quiet small" }, say("act.shelve.what"))];
}

/** When a shelf ends: the time of day, with the day where that is another one. */
function ending(instant, zone) {
  return dayOf(instant, zone) === dayOf(Date.now(), zone) ? clock(instant, zone) : stamp(instant, zone);
}

/** @param {Schemas["AlertHistoryView"]} alert */
function history(alert, site) {
  const { zone } = site.known(alert.equipment);
  const heading = h("h3", null, say("detail.history"), h("span", { class: "where" }, say("detail.times", zone)));
  if (alert.events.length === 0) return [heading, h("p", { class: "quiet" }, say("detail.history.none"))];
  return [
    heading,
    h(
      "ol",
      { class: "events" },
      [...alert.events].reverse().map((event) =>
        h(
          "li",
          { "data-event": event.kind },
          h("time", { datetime: event.at }, `${dayOf(event.at, zone)} ${clock(event.at, zone, true)}`),
          h("strong", null, say(`event.${event.kind}`)),
          h(
            "span",
            { class: "said" },
            event.person ? h("span", { class: "person" }, event.person) : null,
            event.kind === "repeated" ? h("span", { class: "quiet" }, say("event.count", event.count)) : null,
            event.comment ? h("span", { class: "comment" }, ["suppressed", "unsuppressed"].includes(event.kind) ? site.reason(event.comment) : event.comment) : null,
          ),
        ),
      ),
    ),
  ];
}

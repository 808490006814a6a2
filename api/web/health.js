// Health scores: how well a machine is, and what costs it points.

import { severity } from "./alerts.js";
import { h } from "./dom.js";
import { percent } from "./time.js";
import { locale, say, titled } from "./words.js";

/** @import { Schemas } from "./client/call.js" */

const GOOD = 80;
const FAIR = 50;
const LOWEST = 3;

/** The word, and class, of a score. */
function band(score) {
  if (score >= GOOD) return "good";
  return score >= FAIR ? "fair" : "poor";
}

function points(number) {
  return new Intl.NumberFormat(locale(), { maximumFractionDigits: 1 }).format(number);
}

/** A score as a mark, by colour and by word where `told`. */
export function scoreMark(score, told = false) {
  const kind = band(score);
  return h("span", { class: `score ${kind}`, title: say(`health.${kind}`) }, points(score), told ? h("span", null, ` ${say(`health.${kind}`)}`) : null);
}

/**
 * The scores that are lowest, of those below 100.
 *
 * @param {Schemas["HealthScoreView"][]} scores
 */
export function lowest(scores) {
  return scores
    .filter((one) => one.score !== null && one.score < 100)
    .sort((one, other) => one.score - other.score)
    .slice(0, LOWEST);
}

/**
 * What a machine's score is made of; `own` is what the API says of it, null where that is nothing.
 *
 * @param {Schemas["HealthScoreView"] | null} own
 */
export function health(own) {
  if (!own || own.score === null) return h("p", { class: "quiet" }, say("health.none"));
  const costly = own.parts.filter((part) => part.lost > 0);
  const rest = own.parts.length - costly.length;
  return [
    h(
      "p",
      { class: "health" },
      h("strong", { class: `points ${band(own.score)}` }, points(own.score)),
      h("span", { class: "quiet" }, ` ${say("health.of")} `),
      h("span", { class: `score ${band(own.score)}` }, say(`health.${band(own.score)}`)),
    ),
    costly.length ? h("ul", { class: "costs", "aria-label": say("health.costs") }, costly.map(cost)) : h("p", { class: "quiet" }, say("health.full")),
    rest ? h("p", { class: "quiet small" }, say("health.rest", rest)) : null,
  ];
}

/** @param {Schemas["HealthPartView"]} part */
function cost(part) {
  const bar = h("span", { class: "fill" });
  bar.style.width = `${Math.min(100, part.lost)}%`;
  return h(
    "li",
    { "data-part": `${part.detector} ${part.subject}` },
    h(
      "span",
      { class: "stack" },
      h("span", null, titled(part.title), h("span", { class: "quiet", title: part.subject }, ` · ${titled(part.subject_title)}`)),
      h("span", { class: "marks quiet" }, part.severity ? severity(part.severity) : null, part.ratio === null ? null : say("health.near", percent(part.ratio))),
    ),
    h("span", { class: "track" }, bar),
    h("span", { class: "number" }, `−${points(part.lost)}`),
  );
}

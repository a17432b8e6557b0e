// Many samples: a table, and their answers along the order in which they were given.

import { make, show } from "./dom.js";
import { figure, range, ticks } from "./plot.js";

const SERIES = 3; // samples that make one

export function many(samples, refused, shown, choose) {
  if (samples.length + refused.length < 2) return [];
  const parts = [make("h3", {}, `${samples.length} samples`), table(samples, shown, choose)];
  const { metal } = samples[shown];
  const alike = samples.filter((each) => each.metal === metal);
  if (alike.length >= SERIES) {
    parts.push(make("h3", {}, `Along the ${alike.length} samples of ${metal}`),
      make("p", { class: "small" }, "Values and 90 % intervals in the order given. Hollow: outside the domain."),
      make("div", { class: "charts three" }, ...samples[0].targets.map((_, i) => series(alike, i))));
  }
  return [...parts, make("h3", { class: "of" }, samples[shown].name)];
}

function table(samples, shown, choose) {
  const heads = ["Sample", "Metal", ...samples[0].targets.map((each) => each.label + (each.unit ? ` (${each.unit})` : "")), "In domain?", "Nearest"];
  const named = (at) => ({ "data-head": heads[at] }); // shown before the cell where the columns do not fit
  const rows = samples.map((sample, i) =>
    make("tr", { class: i === shown ? "chosen" : null },
      make("th", { scope: "row" }, make("button", { type: "button", class: "plain", "aria-pressed": String(i === shown), onclick: () => choose(i) }, sample.name)),
      make("td", named(1), sample.metal),
      ...sample.targets.map((each, at) => make("td", { class: "number", ...named(2 + at) }, `${show(each.value)} (${show(each.interval[0])} to ${show(each.interval[1])})`)),
      make("td", { class: sample.in_domain ? "inside" : "outside", ...named(heads.length - 2) }, sample.in_domain ? "yes" : "no"),
      make("td", named(heads.length - 1), sample.nearest)));
  return make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Answers for all samples" },
    make("table", { class: "answers" },
      make("thead", {}, make("tr", {}, ...heads.map((each) => make("th", { scope: "col" }, each)))), make("tbody", {}, ...rows)));
}

function series(samples, place) {
  const targets = samples.map((sample) => sample.targets[place]);
  const at = samples.map((_, i) => i + 1);
  const { label, unit } = targets[0];
  const [lo, hi] = range(targets.map((each) => each.interval));
  return figure({
    title: `${label} along the series`,
    label: `${label} of ${samples.length} samples: from ${show(targets[0].value)} to ${show(targets.at(-1).value)}`,
    height: 190,
    x: { label: "sample, in the order given", lo: 0.5, hi: samples.length + 0.5, ticks: ticks(1, samples.length, 6).filter((each) => Number.isInteger(each.at)) },
    y: { label: label + (unit ? ` (${unit})` : ""), lo, hi },
    errors: targets.map((each, i) => ({ at: at[i], low: each.interval[0], high: each.interval[1], kind: "error-bar" })),
    lines: [{ x: at, y: targets.map((each) => each.value), kind: "trend" }],
    dots: targets.map((each, i) => ({ at: at[i], value: each.value, kind: samples[i].in_domain ? "dot" : "dot hollow" })),
  });
}

// One answer in words, bars and numbers.

import { draw, make, show, titles } from "./dom.js";
import { ticks } from "./plot.js";

export const inWords = (target) => {
  const unit = target.unit ? ` ${target.unit}` : "";
  return `${target.label.toLowerCase()} ${show(target.value)}${unit} (${show(target.interval[0])} to ${show(target.interval[1])}${unit})`;
};

export function answer(sample, detail, waiting) {
  return [
    make("div", { class: "cards" }, ...sample.targets.map((each) => card(each, sample.metal))),
    sample.inputs.includes("+") ? apart(sample, waiting) : null,
    verdict(sample, detail),
    sample.warnings.length
      ? make("div", { class: "warnings" }, make("h3", {}, "What to know"), make("ul", {}, ...sample.warnings.map((each) => make("li", {}, sentence(each)))))
      : null,
  ].filter(Boolean);
}

const sentence = (text) => text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

function card(target, metal) {
  const unit = target.unit ? ` ${target.unit}` : "";
  return make("article", { class: "card" },
    make("h3", {}, target.label),
    make("p", { class: "value" }, `${show(target.value)}${unit}`),
    make("p", { class: "small" }, `Average over the ${metal} sites. In nine cases of ten between ${show(target.interval[0])} and ${show(target.interval[1])}${unit}.`),
    interval(target),
    target.classes.length === 1 ? make("p", { class: "small" }, "The model knows no other value.") : null,
    target.classes.length > 1 ? shares(target) : null);
}

// Value and interval on the scale of all that the model knows.
function interval(target) {
  const [width, left, right] = [300, 14, 286];
  const [low, high] = target.scale;
  const x = (value) => left + ((Math.min(high, Math.max(low, value)) - low) / (high - low || 1)) * (right - left);
  const marks = target.classes.length
    ? target.classes.map((each) => ({ at: Number(each.name), name: each.name.replace("-", "−") }))
    : ticks(low, high, 5);
  return draw("svg", { viewBox: `0 0 ${width} 50`, class: "interval chart", role: "img", "aria-label": inWords(target), "data-title": sentence(inWords(target)) },
    draw("path", { d: `M${left},18H${right}`, class: "axis" }),
    draw("rect", { x: x(target.interval[0]), y: 11, width: Math.max(2, x(target.interval[1]) - x(target.interval[0])), height: 14, rx: 3, class: "reach" }),
    draw("circle", { cx: x(target.value), cy: 18, r: 6, class: "dot" }),
    ...marks.flatMap((each) => [
      draw("path", { d: `M${x(each.at)},27v5`, class: "axis" }),
      draw("text", { x: x(each.at), y: 45, "text-anchor": "middle", class: "tick" }, each.name),
    ]));
}

function shares(target) {
  const rows = target.classes.map((each) => {
    const bar = make("span", { class: "bar" });
    bar.style.width = `${100 * each.share}%`;
    return make("tr", {},
      make("th", { scope: "row" }, each.name.replace("-", "−")),
      make("td", { class: "track" }, bar),
      make("td", { class: "number" }, `${(100 * each.share).toFixed(0)} %`));
  });
  return make("table", { class: "shares" },
    make("caption", {}, "Probability of each; in a mixture, its part"), make("tbody", {}, ...rows));
}

const between = (found) => `${show(found.interval[0])} to ${show(found.interval[1])}`;

// What each measurement says without the other, beside what both say.
function apart(sample, waiting) {
  const names = sample.inputs.split("+");
  const columns = [...names.map((name) => `${titles[name]} alone`), names.length > 2 ? "All" : "Both"];
  const cell = (found) => make("td", {}, ...(found ? [show(found.value), make("span", { class: "small" }, between(found))] : ["…"]));
  const rows = sample.targets.map((target) =>
    make("tr", {}, make("th", { scope: "row" }, target.label + (target.unit ? ` (${target.unit})` : "")),
      ...names.map((name) => cell(target.alone.find((each) => each.inputs === name))), cell(target)));
  return make("div", { class: "apart" },
    make("h3", {}, "Each measurement alone, and together"),
    make("table", {},
      make("thead", {}, make("tr", {}, make("td", {}), ...columns.map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, ...rows)),
    waiting ? make("p", { class: "small", id: "alone-note" }, WAITING) : null);
}

export const WAITING = "The models for each measurement alone are being made; their answers follow.";

function verdict(sample, detail) {
  const parts = Object.entries(detail.resemblance).map(([name, each]) =>
    make("div", {},
      make("p", {}, make("b", {}, `${titles[name]}: ${each.similarity}`),
        `. Nearest at ${each.distance} ${each.unit}, limit ${each.limit}${each.non_oxide ? `; ${each.non_oxide.name} at ${each.non_oxide.distance}` : ""}.`),
      make("ol", { class: "nearest" }, ...each.nearest.map((one) => make("li", {}, `${one.name} `, make("span", { class: "small" }, `${one.distance}`))))));
  return make("div", { class: `verdict ${sample.in_domain ? "inside" : "outside"}` },
    make("h3", {}, sample.in_domain ? "In domain: like the training spectra" : "Outside the domain of the model: the answer is a guess"),
    ...parts);
}

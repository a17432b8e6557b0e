// Evidence: what each window of this spectrum adds to the answer.

import { make, show, signed, titles } from "./dom.js";
import { figure, range } from "./plot.js";

export function windows(targets) {
  const names = [...new Set(targets[0].windows.map((each) => each.modality))];
  const figures = names.flatMap((name) =>
    targets.map((target) => one(target, target.windows.filter((each) => each.modality === name), name)));
  return [
    make("h3", {}, "Evidence"),
    make("p", { class: "small" }, "What each window of this spectrum adds to the baseline, the mean answer over training spectra (TreeSHAP). Correlated windows share credit."),
    make("div", { class: "charts three" }, ...figures),
  ];
}

function one(target, parts, name) {
  const unit = parts[0].unit;
  const digits = target.unit ? 3 : 2; // of the contributions, and of the windows' edges
  const edge = unit === "Å" ? 1 : 0;
  const most = parts.reduce((best, each) => (Math.abs(each.contribution) > Math.abs(best.contribution) ? each : best));
  const [lo, hi] = range([[0], parts.map((each) => each.contribution)], 0.12);
  return figure({
    title: `Evidence: ${target.label}, ${titles[name]}`,
    label: `${target.label}: contributions of the ${titles[name]}; strongest: ${most.low} to ${most.high} ${unit}, ${signed(most.contribution, digits)}`,
    caption: `${target.label}, ${titles[name]}: baseline ${show(target.start, digits)}; strongest window: ${show(most.low, edge)} to ${show(most.high, edge)} ${unit}, ${signed(most.contribution, digits)}${target.unit ? ` ${target.unit}` : ""}.`,
    height: 170,
    x: { label: name === "xanes" ? "Energy from the edge (eV)" : "r (Å)", lo: parts[0].low, hi: parts.at(-1).high },
    y: { label: `adds${target.unit ? ` (${target.unit})` : ""}`, lo, hi },
    bars: parts.map((each) => ({ lo: each.low, hi: each.high, value: each.contribution, kind: each.contribution < 0 ? "less" : "more" })),
    lines: [{ x: [parts[0].low, parts.at(-1).high], y: [0, 0], kind: "axis" }],
  });
}

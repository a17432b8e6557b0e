// One kind of chart for all that the page shows: axes, curves, bands, bars and marks, as SVG of the width it is given.

import { draw, make, show } from "./dom.js";

const EDGE = { top: 8, right: 14, bottom: 42, left: 60 };
const [LINE, KEY, LETTER] = [16, 36, 6.9]; // height of a row of the legend, width of a key, and of a letter
const specs = new WeakMap();

const watcher = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const kept = specs.get(target);
    if (kept && contentRect.width > 0 && Math.abs(contentRect.width - kept.width) > 1) redraw(target, contentRect.width);
  }
});

// A figure that draws itself again when its width changes, and when `revise` gives it another spec.
//   label : what one sees, for those who do not; title : over it in a saved picture; caption : under it
//   x, y : { label, lo, hi, ticks }; lines : { name, x, y, kind }; bands : { lo, hi, kind }
//   bars : { lo, hi, value, kind }; marks : { at, name, kind }; errors : { at, low, high, kind }
//   drawn : hears the scales of the chart each time that it is drawn
export function figure(spec) {
  const host = make("div", { class: "plot" });
  specs.set(host, { spec, width: 0 });
  watcher.observe(host);
  redraw(host, 360);
  return make("figure", {}, host, make("figcaption", { hidden: !spec.caption }, spec.caption ?? ""));
}

export function revise(made, spec) {
  const [host, caption] = [made.querySelector(".plot"), made.querySelector("figcaption")];
  const kept = specs.get(host);
  kept.spec = spec;
  caption.textContent = spec.caption ?? "";
  caption.hidden = !spec.caption;
  redraw(host, kept.width);
}

function redraw(host, width) {
  const kept = specs.get(host);
  kept.width = width;
  const drawn = chart(kept.spec, Math.max(220, width));
  host.querySelector("svg")?.remove();
  host.prepend(drawn);
}

// Round steps of 1, 2 or 5 over a range.
export function ticks(lo, hi, most) {
  const rough = (hi - lo) / Math.max(1, most);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough * 0.999);
  const first = Math.ceil(lo / step - 1e-9);
  const count = Math.floor(hi / step + 1e-9) - first + 1;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return Array.from({ length: count }, (_, i) => ({ at: (first + i) * step, name: show((first + i) * step, digits) }));
}

// The least range that holds the curves, with a margin.
export function range(curves, margin = 0.06) {
  let [lo, hi] = [Infinity, -Infinity];
  for (const curve of curves) for (const value of curve) { lo = Math.min(lo, value); hi = Math.max(hi, value); }
  if (!(hi > lo)) { const at = Number.isFinite(lo) ? lo : 0; [lo, hi] = [at - 1, at + 1]; }
  return [lo - margin * (hi - lo), hi + margin * (hi - lo)];
}

function legend(spec, width) {
  const named = [...(spec.lines ?? []), ...(spec.bands ?? []), ...(spec.marks ?? [])].filter((each) => each.name);
  let [left, row] = [EDGE.left, 0];
  const parts = named.map((each) => {
    const most = Math.floor((width - EDGE.left - KEY) / LETTER); // letters that fit beside a key
    const name = each.name.length > most ? `${each.name.slice(0, most - 1).trimEnd()}…` : each.name;
    const wide = KEY + LETTER * name.length;
    if (left + wide > width - 4 && left > EDGE.left) { left = EDGE.left; row += 1; }
    const y = 10 + row * LINE;
    const key = each.lo !== undefined
      ? draw("rect", { x: left, y: y - 6, width: 18, height: 10, class: each.kind })
      : draw("path", { d: `M${left},${y - 1}h18`, class: `${each.kind} key` });
    const text = draw("text", { x: left + 23, y: y + 3, class: "name" }, draw("title", {}, each.name), name);
    left += wide;
    return draw("g", {}, key, text);
  });
  return { parts, height: named.length ? (row + 1) * LINE + 6 : 0 };
}

function chart(spec, width) {
  const keys = legend(spec, width);
  const height = (spec.height ?? 230) + keys.height;
  const [left, right, top, bottom] = [EDGE.left, width - EDGE.right, EDGE.top + keys.height, height - EDGE.bottom];
  const x = (value) => left + ((value - spec.x.lo) / (spec.x.hi - spec.x.lo)) * (right - left);
  const y = (value) => bottom - ((value - spec.y.lo) / (spec.y.hi - spec.y.lo)) * (bottom - top);
  const clip = `c${Math.random().toString(36).slice(2)}`;
  const inside = draw("g", { "clip-path": `url(#${clip})` });
  for (const each of spec.bands ?? []) {
    inside.append(draw("rect", { x: x(each.lo), y: top, width: Math.max(1, x(each.hi) - x(each.lo)), height: bottom - top, class: each.kind }));
  }
  for (const each of spec.bars ?? []) {
    const [from, to] = [y(0), y(each.value)];
    inside.append(draw("rect", { x: x(each.lo) + 1, y: Math.min(from, to), width: Math.max(1, x(each.hi) - x(each.lo) - 2), height: Math.max(1, Math.abs(to - from)), class: each.kind }));
  }
  for (const each of spec.lines ?? []) inside.append(draw("path", { d: path(each, x, y), class: each.kind }));
  for (const each of spec.errors ?? []) {
    inside.append(draw("path", { d: `M${x(each.at)},${y(each.low)}V${y(each.high)}`, class: each.kind }));
  }
  for (const each of spec.dots ?? []) inside.append(draw("circle", { cx: x(each.at), cy: y(each.value), r: each.r ?? 3.5, class: each.kind }));
  for (const each of spec.marks ?? []) inside.append(draw("path", { d: `M${x(each.at)},${top}V${bottom}`, class: each.kind }));
  spec.drawn?.({ x, y, left, right, top, bottom, width, height });
  return draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": spec.label, "data-title": spec.title, class: "chart" },
    draw("clipPath", { id: clip }, draw("rect", { x: left, y: top, width: right - left, height: bottom - top })),
    ...keys.parts, inside, ...axes(spec, { left, right, top, bottom, x, y, width, height }));
}

function path(line, x, y) {
  const curves = Array.isArray(line.y[0]) ? line.y : [line.y]; // a cloud is one path of many curves
  return curves.map((curve) =>
    "M" + curve.map((value, i) => `${x(line.x[i]).toFixed(1)},${y(value).toFixed(1)}`).join("L")).join("");
}

function axes(spec, { left, right, top, bottom, x, y, width, height }) {
  const parts = [draw("path", { d: `M${left},${top}V${bottom}H${right}`, class: "axis" })];
  for (const tick of spec.x.ticks ?? ticks(spec.x.lo, spec.x.hi, Math.max(4, (right - left) / 70))) {
    parts.push(draw("path", { d: `M${x(tick.at)},${bottom}v4`, class: "axis" }));
    parts.push(draw("text", { x: x(tick.at), y: bottom + 16, "text-anchor": "middle", class: "tick" }, tick.name));
  }
  for (const tick of spec.y.ticks ?? ticks(spec.y.lo, spec.y.hi, (bottom - top) / 30)) {
    parts.push(draw("path", { d: `M${left},${y(tick.at)}h-4`, class: "axis" }));
    parts.push(draw("text", { x: left - 7, y: y(tick.at) + 4, "text-anchor": "end", class: "tick" }, tick.name));
  }
  parts.push(draw("text", { x: (left + right) / 2, y: height - 8, "text-anchor": "middle", class: "name" }, spec.x.label));
  const middle = (top + bottom) / 2;
  parts.push(draw("text", { transform: `translate(12 ${middle}) rotate(-90)`, "text-anchor": "middle", class: "name" }, spec.y.label));
  return parts;
}

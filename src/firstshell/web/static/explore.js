// A chart that can be looked into: values under the pointer, a part of the axis enlarged, a mark that can be moved.

import { draw, make, show } from "./dom.js";
import { figure, range, revise } from "./plot.js";

const LEAST = 6; // pixels that a selection is wide, at least
const HINT = matchMedia("(hover: hover)").matches ? "Draw over a part of the axis to enlarge it." : "";
const charts = new Map(); // by id: a chart stays while answers change, so that what is being moved or enlarged is kept

// The chart of an id. `of` says which spectrum it shows: another one is shown whole. Beside what a figure takes, the spec has
//   digits : of values of x; unit : of x
//   views : [{ name, lo, hi }], ranges with a button of their own
//   hint : what is said while there is no pointer
//   handle : { at, lo, hi, step, label, moved }, a mark that can be moved within bounds; `moved` hears where to
export function explorable(id, of, spec) {
  if (!charts.has(id)) charts.set(id, build());
  const chart = charts.get(id);
  if (chart.of !== of) Object.assign(chart, { of, view: null, at: null });
  const held = document.activeElement === chart.grip && chart.at !== null; // what is being moved is not moved back
  chart.spec = spec;
  if (spec.handle && !held) chart.at = spec.handle.at;
  chart.grip.hidden = !spec.handle;
  const views = spec.views ?? [{ name: "Whole", lo: spec.x.lo, hi: spec.x.hi }];
  if (chart.views.childElementCount !== views.length) {
    chart.views.replaceChildren(...views.map((_, i) => button(views[i].name, () => look(chart, (chart.spec.views ?? views)[i]))));
  }
  refresh(chart);
  return chart.figure;
}

const button = (name, onclick, label) => make("button", { type: "button", "aria-label": label ?? null, onclick }, name);

function build() {
  const chart = { of: null, view: null, at: null, grip: make("div", { class: "grip", role: "slider", tabindex: "0" }) };
  chart.readout = make("p", { class: "readout small" });
  chart.views = make("span", { class: "views" });
  const tools = make("div", { class: "tools", role: "group", "aria-label": "Part of the axis that is shown" }, chart.views,
    button("+", () => zoom(chart, 0.5), "Enlarge"), button("−", () => zoom(chart, 2), "Show more"),
    button("◀", () => pan(chart, -0.25), "To the left"), button("▶", () => pan(chart, 0.25), "To the right"));
  chart.figure = figure({ x: { lo: 0, hi: 1, label: "" }, y: { lo: 0, hi: 1, label: "" } });
  chart.host = chart.figure.querySelector(".plot");
  chart.host.classList.add("explorable");
  chart.figure.prepend(tools);
  chart.host.after(chart.readout);
  chart.host.addEventListener("pointermove", (event) => hover(chart, event));
  chart.host.addEventListener("pointerdown", (event) => select(chart, event));
  chart.host.addEventListener("pointerleave", () => { if (!chart.from) mark(chart); });
  chart.host.addEventListener("dblclick", () => look(chart, chart.spec.x));
  moving(chart);
  return chart;
}

function refresh(chart) {
  const { spec } = chart;
  const [lo, hi] = chart.view ?? [spec.x.lo, spec.x.hi];
  revise(chart.figure, {
    ...spec,
    x: { ...spec.x, lo, hi },
    y: chart.view ? { ...spec.y, ...fitting(spec, lo, hi) } : spec.y,
    marks: spec.handle ? [{ at: chart.at, name: "E0", kind: "e0" }] : spec.marks,
    drawn: (scales) => { chart.scales = scales; place(chart); },
  });
  mark(chart);
}

// The range of y that holds the curves within a range of x.
function fitting(spec, lo, hi) {
  const within = spec.lines.filter((line) => line.kind !== "cloud").map((line) => line.y.filter((_, i) => line.x[i] >= lo && line.x[i] <= hi));
  const [low, high] = range(within.filter((part) => part.length));
  return high > low ? { lo: low, hi: high } : {};
}

function look(chart, { lo, hi }) {
  const [first, last] = bounds(chart.spec);
  chart.view = lo <= first && hi >= last && !chart.spec.views ? null : [Math.max(first, lo), Math.min(last, hi)];
  refresh(chart);
}

// All that there is of the axis.
const bounds = (spec) => [Math.min(spec.x.lo, ...(spec.views ?? []).map((each) => each.lo)), Math.max(spec.x.hi, ...(spec.views ?? []).map((each) => each.hi))];

const shown = (chart) => chart.view ?? [chart.spec.x.lo, chart.spec.x.hi];

function zoom(chart, factor) {
  const [lo, hi] = shown(chart);
  const centre = chart.spec.handle && chart.at > lo && chart.at < hi ? chart.at : (lo + hi) / 2;
  if (factor < 1 && (hi - lo) * factor < (chart.spec.x.hi - chart.spec.x.lo) / 500) return;
  look(chart, { lo: centre - (centre - lo) * factor, hi: centre + (hi - centre) * factor });
}

function pan(chart, part) {
  const [[lo, hi], [first, last]] = [shown(chart), bounds(chart.spec)];
  const by = Math.min(last - hi, Math.max(first - lo, part * (hi - lo)));
  look(chart, { lo: lo + by, hi: hi + by });
}

// Where the pointer is on the x axis.
function under(chart, event) {
  const { left, right, width } = chart.scales;
  const box = chart.host.getBoundingClientRect();
  const at = Math.min(right, Math.max(left, ((event.clientX - box.left) / box.width) * width));
  const [lo, hi] = shown(chart);
  return { at, value: lo + ((at - left) / (right - left)) * (hi - lo) };
}

function hover(chart, event) {
  const { at, value } = under(chart, event);
  if (chart.from) return mark(chart, Math.min(at, chart.from.at), Math.abs(at - chart.from.at));
  mark(chart, at, 1);
  const { spec } = chart;
  const values = spec.lines.filter((line) => line.name && line.kind !== "cloud" && value >= line.x[0] && value <= line.x.at(-1))
    .map((line) => `${line.name.split(":")[0]} ${show(between(line, value), 3)}`);
  chart.readout.textContent = [`${show(value, spec.digits)} ${spec.unit}`, ...values].join(", ");
}

// The height of a line at a place, straight between its points.
function between(line, value) {
  const next = Math.max(1, line.x.findIndex((each) => each >= value));
  const part = (value - line.x[next - 1]) / (line.x[next] - line.x[next - 1]);
  return line.y[next - 1] + part * (line.y[next] - line.y[next - 1]);
}

// A line at the pointer, or the part that is selected; nothing without a place.
function mark(chart, at, width) {
  chart.host.querySelector(".cross")?.remove();
  if (at === undefined) { chart.readout.textContent = chart.spec.hint ?? HINT; return; }
  const { top, bottom } = chart.scales;
  chart.host.querySelector("svg")?.append(draw("rect", { x: at, y: top, width, height: bottom - top, class: `cross${width > 1 ? " selected" : ""}` }));
}

// A part of the axis is enlarged by drawing over it; fingers scroll the page instead.
function select(chart, event) {
  if (event.button !== 0 || event.pointerType === "touch" || event.target === chart.grip) return;
  chart.from = under(chart, event);
  chart.host.setPointerCapture(event.pointerId);
  chart.host.addEventListener("pointerup", (end) => {
    const [from, to] = [chart.from, under(chart, end)];
    chart.from = null;
    mark(chart);
    if (Math.abs(to.at - from.at) >= LEAST) look(chart, { lo: Math.min(from.value, to.value), hi: Math.max(from.value, to.value) });
  }, { once: true });
}

function place(chart) {
  const { spec, grip, scales } = chart;
  if (!spec.handle) return;
  const { label, lo, hi, step } = spec.handle;
  const [low, high] = shown(chart);
  grip.hidden = chart.at < low || chart.at > high;
  grip.style.left = `${(100 * scales.x(chart.at)) / scales.width}%`;
  grip.style.top = `${scales.top}px`;
  grip.style.height = `${scales.bottom - scales.top}px`;
  const value = show(chart.at, step < 1 ? 1 : 0);
  for (const [name, text] of Object.entries({ label, valuemin: lo, valuemax: hi, valuenow: value, valuetext: `${value} ${spec.unit}` })) grip.setAttribute(`aria-${name}`, text);
  if (grip.parentElement !== chart.host) chart.host.append(grip);
}

function moving(chart) {
  const { grip } = chart;
  const to = (value) => {
    const { lo, hi, step, moved } = chart.spec.handle;
    const next = Math.min(hi, Math.max(lo, Math.round(value / step) * step));
    if (Math.abs(next - chart.at) < step / 2) return;
    chart.at = next;
    refresh(chart);
    moved(Math.round(next * 100) / 100);
  };
  const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
  grip.addEventListener("keydown", (event) => {
    if (!(event.key in steps)) return;
    event.preventDefault();
    to(chart.at + steps[event.key] * chart.spec.handle.step);
  });
  grip.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    grip.focus();
    grip.setPointerCapture(event.pointerId);
  });
  grip.addEventListener("pointermove", (event) => {
    if (grip.hasPointerCapture(event.pointerId)) to(under(chart, event).value);
  });
}

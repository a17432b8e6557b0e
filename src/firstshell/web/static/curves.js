// What was measured, drawn: as measured with its lines, and on the training grid over the training spectra.

import { titles } from "./dom.js";
import { explorable } from "./explore.js";
import { figure, range } from "./plot.js";

const NEAR = { before: 40, past: 80 }; // eV from E0 that are near the edge

// A spectrum as its file gives it, when there is no answer to draw.
export const asGiven = (spectrum) => {
  const isPdf = spectrum.kind === "pdf";
  return figure({
    title: spectrum.name,
    label: `${spectrum.name} as measured`,
    caption: `${spectrum.name} as its file gives it (${spectrum.how}).`,
    x: { label: isPdf ? "r (Å)" : "Energy (eV)", lo: spectrum.x[0], hi: spectrum.x.at(-1) },
    y: { label: isPdf ? "G(r) (Å⁻²)" : "μ(E)", ...ends(range([spectrum.y])) },
    lines: [{ x: spectrum.x, y: spectrum.y, kind: "measured" }],
  });
};

const ends = ([lo, hi]) => ({ lo, hi });

// The part of a curve that lies within a range of its axis.
const part = (x, y, lo, hi) => {
  const inside = x.map((_, i) => i).filter((i) => x[i] >= lo && x[i] <= hi);
  return { x: inside.map((i) => x[i]), y: inside.map((i) => y[i]) };
};

// μ(E) as measured. The line below the edge ends at E0 and the curve above begins there: their difference is the edge step.
function lines({ energy, raw, pre, post, e0, kept }) {
  return [
    ...(kept ? [] : [
      { name: "pre-edge", ...part(energy, pre, energy[0], e0), kind: "pre" },
      { name: "post-edge", ...part(energy, post, e0, energy.at(-1)), kind: "post" },
    ]),
    { name: "measured", x: energy, y: raw, kind: "measured" },
  ];
}

// Near the edge, where E0 can be moved. `bounds` are those of E0, around the one that was found first.
export function nearEdge(xanes, id, bounds, moved) {
  const [first, last] = [xanes.energy[0], xanes.energy.at(-1)];
  const centre = (bounds.lo + bounds.hi) / 2;
  const [lo, hi] = [Math.max(first, centre - NEAR.before), Math.min(last, centre + NEAR.past)];
  return explorable("near", id, {
    title: "μ(E) near the edge",
    label: `μ(E) near the edge, with E0 at ${xanes.e0} eV`,
    caption: `Near the edge, as measured. E0 = ${xanes.e0.toFixed(1)} eV.`,
    hint: `Drag the line of E0, or use the arrow keys on it: ${bounds.lo.toFixed(1)} to ${bounds.hi.toFixed(1)} eV.`,
    height: 280,
    unit: "eV",
    digits: 1,
    x: { label: "Energy as measured (eV)", lo, hi },
    y: { label: xanes.kept ? "μ(E) (edge steps)" : "μ(E)", ...ends(range([part(xanes.energy, xanes.raw, lo, hi).y])) },
    lines: lines(xanes),
    views: [{ name: "Near the edge", lo, hi }, { name: "Whole", lo: first, hi: last }],
    handle: { at: xanes.e0, ...bounds, step: 0.1, label: "E0 (eV), in the chart", moved },
  });
}

export function whole(xanes, id) {
  const { e0, settings } = xanes;
  return explorable("whole", id, {
    title: "μ(E) as measured",
    label: `μ(E) as measured, with E0 at ${e0} eV, pre-edge line and post-edge curve`,
    caption: xanes.kept
      ? "The spectrum is normalised already and was left as it is."
      : `As measured. Edge step ${xanes.edge_step} at E0 = ${e0.toFixed(1)} eV; shaded: the ranges that the lines are fitted to.`,
    height: 280,
    unit: "eV",
    digits: 1,
    x: { label: "Energy as measured (eV)", lo: xanes.energy[0], hi: xanes.energy.at(-1) },
    y: { label: xanes.kept ? "μ(E) (edge steps)" : "μ(E)", ...ends(range([xanes.raw])) },
    bands: xanes.kept ? [] : [
      { lo: e0 + settings.pre1, hi: e0 + settings.pre2, kind: "range" },
      { lo: e0 + settings.norm1, hi: e0 + settings.norm2, kind: "range" },
    ],
    lines: lines(xanes),
    marks: [{ at: e0, name: "E0", kind: "e0" }],
  });
}

const pdf = {
  unit: "Å",
  digits: 2,
  x: () => "r (Å)",
  y: "G(r) over its RMS",
  note: "Divided by its RMS: the scale of a G(r) is rarely known. Light: training PDFs under like conditions.",
};
const axes = {
  xanes: {
    unit: "eV",
    digits: 1,
    x: (metal) => `Energy from the tabulated K edge of ${metal} (eV)`,
    y: "μ(E) (edge steps)",
    note: "In edge steps, energies after the shift. Light: training spectra as they would typically be measured.",
  },
  pdf,
  dpdf: pdf,
  exafs: { unit: "Å⁻¹", digits: 2, x: () => "k (Å⁻¹)", y: "k²χ(k) over its RMS", note: "Filtered to the nearest shells, divided by its RMS. Light: training EXAFS." },
};

export function overCloud(name, id, detail, cloud, metal) {
  const alike = detail.resemblance[name];
  const training = cloud?.[name];
  const { unit, digits, x, y, note } = axes[name];
  const measured = name === "xanes" ? { x: detail.xanes.away, y: detail.xanes.mu } : { x: alike.axis, y: alike.measured };
  const [lo, hi] = name === "xanes" ? [-20, 60] : [alike.axis[0], alike.axis.at(-1)];
  return explorable(name, id, {
    title: `${titles[name]} over the training spectra`,
    label: `${titles[name]} of the sample over those of the training set; nearest: ${alike.nearest[0].name}`,
    caption: `${note} Nearest: ${alike.nearest[0].name}.`,
    height: 280,
    unit,
    digits,
    x: { label: x(metal), lo, hi },
    y: { label: y, ...ends(range([part(measured.x, measured.y, lo, hi).y, alike.alike, ...(training?.curves ?? [])])) },
    lines: [
      ...(training ? [{ name: "training", x: training.axis, y: training.curves, kind: "cloud" }] : []),
      { name: "measured", ...measured, kind: "measured" },
      { name: "nearest", x: alike.axis, y: alike.alike, kind: "nearest" },
    ],
  });
}

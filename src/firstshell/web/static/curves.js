// What was measured, drawn: as measured with its lines, and on the model's footing over the training spectra.

import { titles } from "./dom.js";
import { figure, range } from "./plot.js";

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

export function raw(xanes) {
  const { e0, settings } = xanes;
  const at = (away) => e0 + away;
  return figure({
    title: "μ(E) as measured",
    label: `μ(E) as measured, with E0 at ${e0} eV, pre-edge line and post-edge curve`,
    caption: xanes.kept
      ? "The spectrum is normalised already and was left as it is."
      : `As measured. Edge step ${xanes.edge_step} at E0 = ${e0.toFixed(1)} eV; shaded: the ranges that the lines are fitted to.`,
    x: { label: "Energy as measured (eV)", lo: xanes.energy[0], hi: xanes.energy.at(-1) },
    y: { label: "μ(E)", ...ends(range([xanes.raw])) },
    bands: xanes.kept ? [] : [
      { lo: at(settings.pre1), hi: at(settings.pre2), kind: "range" },
      { lo: at(settings.norm1), hi: at(settings.norm2), kind: "range" },
    ],
    lines: [
      ...(xanes.kept ? [] : [
        { name: "pre-edge", x: xanes.energy, y: xanes.pre, kind: "pre" },
        { name: "post-edge", x: xanes.energy, y: xanes.post, kind: "post" },
      ]),
      { name: "measured", x: xanes.energy, y: xanes.raw, kind: "measured" },
    ],
    marks: [{ at: e0, name: "E0", kind: "e0" }],
  });
}

export function overCloud(name, detail, cloud, metal) {
  const alike = detail.resemblance[name];
  const isXanes = name === "xanes";
  const training = cloud?.[name];
  const measured = isXanes ? { x: detail.xanes.away, y: detail.xanes.mu } : { x: alike.axis, y: alike.measured };
  const [lo, hi] = isXanes ? [-20, 60] : [alike.axis[0], alike.axis.at(-1)];
  const seen = measured.y.filter((_, i) => measured.x[i] >= lo && measured.x[i] <= hi);
  return figure({
    title: `${titles[name]} over the training spectra`,
    label: `${titles[name]} of the sample over those of the training set; nearest: ${alike.nearest[0].name}`,
    caption: isXanes
      ? "In edge steps, energies after the shift. Light: training spectra as they would typically be measured."
      : "Divided by its RMS: the scale of a G(r) is rarely known. Light: training PDFs under like conditions.",
    height: 280,
    x: { label: isXanes ? `Energy from the tabulated K edge of ${metal} (eV)` : "r (Å)", lo, hi },
    y: { label: isXanes ? "μ(E) (edge steps)" : "G(r) over its RMS", ...ends(range([seen, alike.alike, ...(training?.curves ?? [])])) },
    lines: [
      ...(training ? [{ name: "training", x: training.axis, y: training.curves, kind: "cloud" }] : []),
      { name: "measured", ...measured, kind: "measured" },
      { name: `nearest: ${alike.nearest[0].name}`, x: alike.axis, y: alike.alike, kind: "nearest" },
    ],
  });
}

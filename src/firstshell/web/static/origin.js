// Where an answer comes from: which files, how they were read, and what was done to them.

import { inputsTitle, make, show } from "./dom.js";

const WAYS = { foil: "by the foil that was measured along", fit: "by similarity to the training spectra", given: "as given" };

export function origin(sample, detail, spectra) {
  const { xanes, pdf } = detail;
  const xanesFile = spectra.find((each) => each.kind === "xanes");
  const pdfFile = spectra.find((each) => each.kind === "pdf");
  const rows = [
    ["Inputs", inputsTitle(sample.inputs)],
    ...(xanes && xanesFile ? ofXanes(sample, xanes, detail.alignment, xanesFile) : []),
    ...(pdf && pdfFile ? ofPdf(pdf.conditions, pdfFile) : []),
  ];
  return make("section", { class: "origin", "aria-label": "Where this answer comes from" },
    make("h3", {}, "Where this answer comes from"),
    make("dl", {}, ...rows.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)))));
}

const fileOf = (file) => `${file.source}${file.name && !file.source.startsWith(file.name) ? ` (${file.name})` : ""}: ${file.format || "simulated, made to look measured"}`;

const span = (file, unit, digits) => `${show(file.ends[0], digits)} to ${show(file.ends[1], digits)} ${unit}, ${file.points} points`;

function ofXanes(sample, xanes, alignment, file) {
  const { pre1, pre2, norm1, norm2, order } = xanes.settings;
  const energies = alignment.by === "none" ? "as measured" : `moved by ${show(alignment.shift)} eV, ${WAYS[alignment.by]}`;
  return [
    ["XANES", fileOf(file)],
    ...(file.format ? [["μ from", `${xanes.how}${xanes.others.length ? `; the scan also has ${xanes.others.join(", ")}` : ""}`]] : []),
    ["Scan", span(file, "eV", 1)],
    ["Edge", `${sample.metal} K, E0 ${show(xanes.e0, 1)} eV`],
    ["Energies", `${energies}; similarity to the training spectra would move them by ${show(alignment.suggested)} eV`],
    ["Normalisation", xanes.kept ? "left as it is: the spectrum is normalised already"
      : `line ${show(pre1, 0)} to ${show(pre2, 0)} eV and ${["constant", "line", "parabola"][order]} ${show(norm1, 0)} to ${show(norm2, 0)} eV from E0; edge step ${xanes.edge_step}`],
    ...(xanes.range_ends ? [["Ranges", xanes.range_ends]] : []),
  ];
}

function ofPdf(conditions, file) {
  const doubtful = conditions.doubtful.length ? ` (not in the file: ${conditions.doubtful.join(", ")})` : "";
  return [
    ["PDF", fileOf(file)],
    ["Range", span(file, "Å", 2)],
    ["Measured with", `${conditions.radiation === "neutron" ? "neutrons" : "X-rays"}, Qmax ${show(conditions.qmax, 1)} Å⁻¹, Qdamp ${show(conditions.qdamp, 3)} Å⁻¹${doubtful}`],
  ];
}

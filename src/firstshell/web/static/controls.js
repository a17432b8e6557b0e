// How a spectrum is treated: sliders with number fields, and what they say.

import { byId, make } from "./dom.js";

const SLIDERS = [
  { key: "shift", label: "Energy shift (eV)", step: 0.1 },
  { key: "e0", label: "E0 (eV)", step: 0.1 },
  { key: "pre1", label: "Pre-edge from (eV from E0)", step: 1 },
  { key: "pre2", label: "Pre-edge to", step: 1 },
  { key: "norm1", label: "Post-edge from (eV from E0)", step: 1 },
  { key: "norm2", label: "Post-edge to", step: 1 },
];
const REACH = 20; // eV that E0 and the shift can be moved by, to both sides

const fields = new Map();

// Build the sliders; `changed(change)` hears { align } or { ranges: { e0: … } } or { pdf: … }, and "reset".
export function setUp(changed) {
  for (const { key, label, step } of SLIDERS) {
    const tell = (value) => changed(key === "shift" ? { align: value } : { ranges: { [key]: value } });
    const slider = make("input", { type: "range", step, "aria-label": `${label}, slider` });
    const number = make("input", { type: "number", step, id: `field-${key}` });
    slider.addEventListener("input", () => { number.value = slider.value; tell(slider.valueAsNumber); });
    number.addEventListener("input", () => {
      if (!Number.isFinite(number.valueAsNumber)) return;
      slider.value = number.value;
      tell(number.valueAsNumber);
    });
    fields.set(key, { slider, number });
    byId("sliders").append(make("div", { class: "slider" }, make("label", { for: `field-${key}` }, label), number, slider));
  }
  byId("align").addEventListener("change", (event) => {
    const value = event.target.value;
    changed({ align: value === "given" ? fields.get("shift").number.valueAsNumber || 0 : value });
  });
  byId("order").addEventListener("change", (event) => changed({ ranges: { order: event.target.value === "" ? null : Number(event.target.value) } }));
  byId("keep").addEventListener("change", (event) => changed({ ranges: { keep: event.target.checked } }));
  byId("radiation").addEventListener("change", (event) => changed({ pdf: { radiation: event.target.value || null } }));
  for (const key of ["qmax", "qdamp"]) {
    byId(key).addEventListener("input", (event) => {
      const value = event.target.valueAsNumber;
      changed({ pdf: { [key]: Number.isFinite(value) ? value : null } });
    });
  }
  byId("differential").addEventListener("change", (event) => changed({ pdf: { differential: event.target.checked } }));
  byId("reset").addEventListener("click", () => changed("reset"));
  byId("treatment").open = !matchMedia("(max-width: 60rem)").matches; // there it would stand before the answer
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
}

// Show what was done to a sample, without touching what is being typed.
export function follow(detail, treated, count) {
  byId("treatment").hidden = false;
  byId("all-line").hidden = count < 2;
  byId("xanes-controls").hidden = !detail.xanes;
  byId("pdf-controls").hidden = !detail.pdf;
  if (detail.xanes) followXanes(detail.xanes, detail.alignment, treated);
  if (detail.pdf) {
    byId("qmax").placeholder = detail.pdf.conditions.qmax.toFixed(1);
    byId("qdamp").placeholder = detail.pdf.conditions.qdamp;
  }
}

function followXanes(xanes, alignment, treated) {
  byId("align").value = typeof treated.align === "number" ? "given" : treated.align;
  byId("align").querySelector('[value="foil"]').disabled = !xanes.foil;
  byId("order").value = treated.ranges.order ?? "";
  byId("keep").checked = treated.ranges.keep ?? true;
  treated.firstE0 ??= xanes.e0;
  set("shift", alignment.shift, Math.min(-REACH, alignment.shift), Math.max(REACH, alignment.shift));
  set("e0", xanes.e0, treated.firstE0 - REACH, treated.firstE0 + REACH);
  const [first, last] = xanes.ends;
  set("pre1", xanes.settings.pre1, first, 0);
  set("pre2", xanes.settings.pre2, first, 0);
  set("norm1", xanes.settings.norm1, 0, last);
  set("norm2", xanes.settings.norm2, 0, last);
  for (const key of ["pre1", "pre2", "norm1", "norm2"]) for (const each of Object.values(fields.get(key))) each.disabled = xanes.kept;
}

function set(key, value, low, high) {
  const { slider, number } = fields.get(key);
  const text = String(Math.round(value * 100) / 100);
  slider.min = low;
  slider.max = high;
  if (document.activeElement !== slider) slider.value = text;
  if (document.activeElement !== number) number.value = text;
}

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

// The bounds of E0, around the one that was found first.
export const bounds = (treated, xanes) => ({ lo: Math.max(xanes.energy[0], treated.firstE0 - REACH), hi: Math.min(xanes.energy.at(-1), treated.firstE0 + REACH) });

const fields = new Map();

// Build the sliders; `changed(change)` hears { align } or { ranges: { e0: … } } or { pdf: … }, and "reset".
export function setUp(changed) {
  for (const { key, label, step } of SLIDERS) {
    const tell = (value) => changed(key === "shift" ? { align: value } : { ranges: { [key]: value } });
    const slider = make("input", { type: "range", step, "aria-label": `${label}, slider` });
    const number = make("input", { type: "number", step: "any", id: `field-${key}`, "aria-describedby": `bounds-${key}` });
    const note = make("small", { id: `bounds-${key}` });
    slider.addEventListener("input", () => { number.value = slider.value; judge(number, note); tell(slider.valueAsNumber); });
    number.addEventListener("input", () => {
      if (!judge(number, note)) return;
      slider.value = number.value;
      tell(number.valueAsNumber);
    });
    number.addEventListener("keydown", (event) => { // by the step, which "any" leaves to the browser
      if (event.key !== "ArrowUp" && event.key !== "ArrowDown") return;
      event.preventDefault();
      const next = number.valueAsNumber + (event.key === "ArrowUp" ? step : -step);
      number.value = Math.min(number.max, Math.max(number.min, Math.round(next * 100) / 100));
      number.dispatchEvent(new Event("input"));
    });
    fields.set(key, { slider, number, note });
    byId("sliders").append(make("div", { class: "slider" }, make("label", { for: `field-${key}` }, label), number, slider, note));
  }
  byId("align").addEventListener("change", (event) => {
    const value = event.target.value;
    changed({ align: value === "given" ? fields.get("shift").number.valueAsNumber || 0 : value });
  });
  byId("signal").addEventListener("change", (event) => changed({ signal: event.target.value || null }));
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

// Whether a number can be used; its note says which can.
function judge(number, note) {
  const fine = Number.isFinite(number.valueAsNumber) && number.checkValidity();
  number.setAttribute("aria-invalid", String(!fine));
  note.classList.toggle("bad", !fine);
  note.textContent = `${fine ? "" : "Give "}${shortly(number.min)} to ${shortly(number.max)} eV`;
  return fine;
}

const shortly = (text) => String(Math.round(Number(text) * 10) / 10).replace("-", "−");

// Show what was done to a sample, without touching what is being typed.
export function follow(detail, { treated, signals }, count) {
  byId("treatment").hidden = false;
  byId("all-line").hidden = count < 2;
  byId("xanes-controls").hidden = !detail.xanes;
  byId("pdf-controls").hidden = !detail.pdf;
  if (detail.xanes) {
    const choices = [["", "automatic"], ...signals.map((each) => [each, each])];
    byId("signal").replaceChildren(...choices.map(([value, name]) => make("option", { value }, name)));
    byId("signal").value = treated.signal ?? "";
    byId("signal-line").hidden = signals.length < 2;
    followXanes(detail.xanes, detail.alignment, treated);
  }
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
  set("shift", alignment.shift, -REACH, REACH);
  const { lo, hi } = bounds(treated, xanes);
  set("e0", xanes.e0, lo, hi);
  const [first, last] = xanes.ends;
  set("pre1", xanes.settings.pre1, first, 0);
  set("pre2", xanes.settings.pre2, first, 0);
  set("norm1", xanes.settings.norm1, 0, last);
  set("norm2", xanes.settings.norm2, 0, last);
  for (const key of ["pre1", "pre2", "norm1", "norm2"]) for (const name of ["slider", "number"]) fields.get(key)[name].disabled = xanes.kept;
}

function set(key, value, low, high) {
  const { slider, number } = fields.get(key);
  for (const each of [slider, number]) { each.min = Math.floor(Math.min(low, value) * 10) / 10; each.max = Math.ceil(Math.max(high, value) * 10) / 10; }
  put(key, value);
}

// Show a value, but where one is being typed.
export function put(key, value) {
  const { slider, number, note } = fields.get(key);
  const text = String(Math.round(value * 100) / 100);
  if (document.activeElement !== slider) slider.value = text;
  if (document.activeElement !== number) number.value = text;
  judge(number, note);
}

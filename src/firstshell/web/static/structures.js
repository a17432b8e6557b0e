// Structures beside the spectra: which there are, what is asked of them, and the answer.

import * as ask from "./ask.js";
import { byId, make } from "./dom.js";
import { figure, range, ticks } from "./plot.js";
import { download } from "./save.js";

const structures = []; // [{ id, name, formula }]
const picked = new Set(); // ids of the XANES that are phases of mixtures
const SHORT = 20; // rows of a table that is shown whole
let asking = null;

export const isStructure = ({ name }) => /\.(cif|mcif|vasp|poscar)$/i.test(name) || /^(POSCAR|CONTCAR)$/.test(name);

// Read structure files; returns what was wrong with some.
export async function addStructures(files) {
  const errors = [];
  for (const file of files) {
    try {
      structures.push(await ask.structure(file));
    } catch (error) {
      if (!(error instanceof ask.Refused)) throw error;
      errors.push({ ...error.error, file: error.error.file ?? file.name });
    }
  }
  list();
  return errors;
}

function list() {
  byId("structures").replaceChildren(...structures.map((each) => make("li", {},
    make("span", {}, each.name), make("small", {}, each.formula),
    make("button", { type: "button", "aria-label": `Remove ${each.name}`, onclick: () => remove(each) }, "×"))));
  byId("structure").replaceChildren(...structures.map(({ id, name }) => make("option", { value: id }, name)));
  byId("candidates").value = structures.length ? "given" : "embedded";
  follow();
}

function remove(gone) {
  structures.splice(structures.indexOf(gone), 1);
  ask.forget([gone.id]).catch(() => {}); // the program drops it by itself, later
  list();
}

const NOTES = {
  rank: "Of the sample that is shown. Name its elements where you know them: XANES alone seldom finds one among all.",
  fit: "Of the sample that is shown. An XANES is simulated, some ten seconds for each distinct site of the metal.",
  mix: "Of every XANES that is not ticked. The ticked ones and the structures are the phases; without any, four scans or more are taken as a series whose components are sought.",
};

// Show the fields that a question has.
function follow() {
  const task = byId("task").value;
  byId("candidates-line").hidden = byId("elements-line").hidden = task !== "rank";
  byId("structure-line").hidden = task !== "fit";
  byId("phases-line").hidden = task !== "mix";
  byId("match-note").textContent = NOTES[task];
}

// List the XANES on the page, each of which may be a phase.
export function listPhases(spectra) {
  const scans = spectra.filter((each) => each.kind === "xanes");
  for (const id of picked) if (!scans.some((each) => each.id === id)) picked.delete(id);
  const pick = (id) => ({ target }) => { if (target.checked) picked.add(id); else picked.delete(id); };
  byId("phases").replaceChildren(...scans.map(({ id, name }) => make("label", { class: "check" },
    make("input", { type: "checkbox", checked: picked.has(id), onchange: pick(id) }), make("span", {}, name))));
}

// `about()` returns { shown, scans, metal, pdf }: the sample that is shown and all XANES, as requests ask about them.
export function setUp(about) {
  for (const id of ["task", "candidates"]) byId(id).addEventListener("change", follow);
  byId("match").addEventListener("submit", (event) => {
    event.preventDefault();
    begin(about());
  });
  list();
}

export function clearMatch() {
  asking?.abort();
  byId("matched").replaceChildren();
}

function begin({ shown, scans, metal, pdf }) {
  const task = byId("task").value;
  const spectra = task === "mix" ? scans.filter(({ id }) => !picked.has(id)) : shown;
  if (!spectra.length) {
    return complain(task === "mix"
      ? { what: "there is no XANES that is a scan", remedy: "Drop one, and tick only those that are phases" }
      : { what: "there is no spectrum on the page", remedy: "Drop a XANES or a PDF" });
  }
  const given = task === "rank" && byId("candidates").value !== "given" ? [] : structures;
  run({
    task, metal, pdf, spectra,
    phases: task === "mix" ? scans.filter(({ id }) => picked.has(id)) : [],
    series: task === "mix" && byId("one-series").checked,
    elsewhere: task === "mix" && byId("elsewhere").checked,
    structures: task === "fit" ? [byId("structure").value].filter(Boolean) : given.map(({ id }) => id),
    candidates: byId("candidates").value,
    composition: byId("elements").value,
  });
}

async function run(question) {
  asking?.abort();
  const { signal } = (asking = new AbortController());
  const stop = make("button", { type: "button", onclick: () => ask.stop() }, "Stop");
  const text = make("p", { role: "status" }, "The structures are being compared.");
  const bar = make("progress", { "aria-label": "Progress" });
  place(make("div", {}, text, bar, stop));
  const tell = (going) => {
    if (!going) return;
    text.textContent = `${going.label}${going.total ? `, ${going.done} of ${going.total}` : ""}, ${Math.round(going.seconds)} s`;
    if (going.total) { bar.max = going.total; bar.value = going.done; } else bar.removeAttribute("value");
  };
  try {
    const found = await ask.match(question, tell, signal);
    place(...(found.cost ? agreement(question, found) : answer(question, found)));
  } catch (error) {
    if (error.name === "AbortError") return;
    if (!(error instanceof ask.Refused)) throw error;
    complain(error.error);
  }
}

function place(...parts) {
  byId("matched").replaceChildren(make("h3", {}, "Structures"), ...parts);
  byId("matched").scrollIntoView({ block: "nearest" });
}

const complain = (error) => place(make("div", { class: "error", role: "alert" },
  make("p", {}, make("b", {}, `${error.file ? `${error.file}: ` : ""}${error.what}. `), error.remedy ?? "")));

const agreement = (question, { cost, seconds }) => [
  make("p", { role: "status" }, cost),
  make("p", {},
    make("button", { type: "button", onclick: () => run({ ...question, agreed: seconds }) }, "Start"), " ",
    make("button", { type: "button", onclick: clearMatch }, "Leave it")),
];

function answer(question, found) {
  const save = () => download(new Blob([found.csv], { type: "text/csv" }), found.file);
  const drawn = (some) => found.charts.filter((each) => Boolean(each.points) === some);
  return [
    make("p", { class: "of" }, found.title),
    found.about ? make("p", { class: "small" }, found.about) : null,
    make("div", { role: "status" }, make("ul", {}, ...found.sentences.map((each) => make("li", {}, each)))),
    ...found.tables.map((each) => table(each, question.task === "rank")),
    make("div", { class: "charts three" }, ...drawn(true).map(along)),
    make("div", { class: "charts" }, ...drawn(false).map((each) => (each.bars ? bars(each) : curves(each)))),
    found.refused.length ? refused(found.refused) : null,
    make("p", {}, make("button", { type: "button", id: "save-match", onclick: save }, "Save table of structures (CSV)")),
  ].filter(Boolean);
}

// Places are numbered where a chart names them.
function table({ title, caption, heads, rows }, numbered) {
  const names = numbered ? ["", ...heads] : heads;
  const cells = rows.map((row, i) => (numbered ? [i < rows.length - 1 ? String(i + 1) : "", ...row] : row));
  const key = numbered ? 1 : 0; // the column that names a row
  const short = rows.length <= SHORT;
  return make("div", { class: short ? "scroll short" : "scroll", tabindex: "0", role: "region", "aria-label": title },
    make("table", { class: "answers" },
      make("caption", {}, make("b", {}, `${title}. `), caption),
      make("thead", {}, make("tr", {}, ...names.map((name) => (name ? make("th", { scope: "col" }, name) : make("td", {}))))),
      make("tbody", {}, ...cells.map((row) => make("tr", {}, ...row.map((cell, i) =>
        (i === key ? make("th", { scope: "row" }, cell) : make("td", { "data-head": names[i] || "Place" }, cell))))))));
}

function curves({ title, x, y, lines }) {
  const [lo, hi] = range(lines.map((each) => each.y));
  const first = lines[0].x;
  return figure({ title, label: title, caption: title, x: { label: x, lo: first[0], hi: first.at(-1) }, y: { label: y, lo, hi }, lines });
}

// Values with intervals along scans; hollow where the phases do not suffice.
function along({ title, x, y, points, limit }) {
  const [lo, hi] = range(points.map(({ low, high }) => [low, high, limit ?? low]));
  const at = points.map((_, i) => i + 1);
  return figure({
    title, label: `${title} along ${points.length} scans: from ${points[0].value} to ${points.at(-1).value}`, caption: title,
    height: 190,
    x: { label: x, lo: 0.5, hi: points.length + 0.5, ticks: ticks(1, points.length, 6).filter((each) => Number.isInteger(each.at)) },
    y: { label: y, lo: Math.min(0, lo), hi },
    errors: points.map(({ low, high }, i) => ({ at: at[i], low, high, kind: "error-bar" })),
    lines: [{ x: at, y: points.map(({ value }) => value), kind: "trend" },
      ...(limit === undefined ? [] : [{ name: "limit", x: [0.5, points.length + 0.5], y: [limit, limit], kind: "e0" }])],
    dots: points.map(({ value, enough }, i) => ({ at: at[i], value, kind: enough ? "dot" : "dot hollow" })),
  });
}

function bars({ title, x, y, bars: found }) {
  const marked = found.map(({ value }, i) => ({ lo: i + 0.6, hi: i + 1.4, value, kind: i < found.length - 1 ? "more" : "less" }));
  return figure({
    title, label: `${title}: ${found.map(({ name, value }) => `${name} ${(100 * value).toFixed(1)} %`).join(", ")}`, caption: `${title}.`,
    x: { label: x, lo: 0.4, hi: found.length + 0.6, ticks: found.map(({ name }, i) => ({ at: i + 1, name })) },
    y: { label: y, lo: 0, hi: 1 },
    bars: marked,
  });
}

const refused = (found) => make("details", {},
  make("summary", {}, `${found.length} not used`),
  make("ul", {}, ...found.map(({ file, what }) => make("li", {}, `${file}: ${what}`))));

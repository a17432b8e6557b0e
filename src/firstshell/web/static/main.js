// What the page holds, and what happens when something on it changes.

import * as ask from "./ask.js";
import { answer, inWords, WAITING } from "./cards.js";
import * as controls from "./controls.js";
import { asGiven, nearEdge, overCloud, whole } from "./curves.js";
import { byId, debounced, inputsTitle, make } from "./dom.js";
import { many } from "./many.js";
import { origin } from "./origin.js";
import { knows, reading } from "./reading.js";
import { download, html, png } from "./save.js";
import { addStructures, clearMatch, isStructure, listPhases, setUp } from "./structures.js";
import { windows } from "./windows.js";

const page = { spectra: [], pdf: {}, samples: [], refused: [], unread: [], shown: 0, detail: null, waiting: false, asking: null };
const untouched = () => ({ ranges: {}, align: "auto", signal: null });
const SLOW = 300; // milliseconds after which it is said that an answer is awaited

const say = (text) => { byId("status").textContent = text; };

function tell(going) {
  const bar = byId("progress");
  bar.hidden = !going;
  if (!going) return;
  if (going.total) { bar.max = going.total; bar.value = going.done; } else bar.removeAttribute("value");
  say(`${made(going)}. A model is trained at its first use, then kept.`);
}

const made = ({ label, done, total, seconds }) => `${label}${total ? `, ${done} of ${total} parts` : ""}, ${Math.round(seconds)} s`;

// Errors as what is wrong, where, and what to do.
function complain(errors) {
  byId("errors").replaceChildren(...errors.map((error) => {
    const where = error.file ? `${error.file}${error.line ? `, line ${error.line}` : ""}: ` : "";
    return make("div", { class: "error" },
      make("p", {}, make("b", {}, `${where}${error.what}. `), error.remedy ?? ""),
      error.given ? make("details", {}, make("summary", {}, "Read it otherwise"), reading({}, (how) => readAgain(error.given, how))) : null);
  }));
}

const trouble = () => complain([...page.unread, ...page.refused]);

const requests = (spectra) => spectra.map(({ id, treated: { ranges, align, signal } }) => ({ id, ranges, align, signal }));

const asked = (spectra) => ({
  spectra: requests(spectra),
  metal: byId("metal").value || null,
  pdf: page.pdf,
});

// What is asked about structures: the sample that is shown, or all there is where none has an answer; and all XANES.
function aboutShown() {
  const shown = page.samples.length ? ofShown() : page.spectra;
  const scans = page.spectra.filter((each) => each.kind === "xanes");
  return { shown: requests(shown), scans: requests(scans), metal: byId("metal").value || page.samples[page.shown]?.metal || null, pdf: page.pdf };
}

const ofShown = () => page.spectra.filter((each) => page.samples[page.shown]?.ids.includes(each.id));

// Ask about all spectra, or about those of one sample, whose row is then replaced.
async function renew(onlyShown = false) {
  page.asking?.abort();
  const { signal } = (page.asking = new AbortController());
  if (page.spectra.length === 0) return clear();
  const chosen = onlyShown ? ofShown() : page.spectra;
  const question = { ...asked(chosen), shown: onlyShown ? 0 : page.shown };
  byId("result").setAttribute("aria-busy", "true");
  const patience = setTimeout(() => say("The model is being asked."), SLOW);
  try {
    const found = await ask.answers(question, tell, signal);
    if (onlyShown) page.samples[page.shown] = found.samples[0];
    else Object.assign(page, { samples: found.samples, refused: found.refused, shown: Math.min(page.shown, found.samples.length - 1) });
    clearTimeout(patience);
    Object.assign(page, { detail: found.detail, waiting: found.waiting });
    trouble();
    render();
    await explain(signal);
  } catch (error) {
    if (error.name === "AbortError") return;
    tell(null);
    failed(error);
  } finally {
    clearTimeout(patience);
    if (page.asking?.signal === signal) byId("result").removeAttribute("aria-busy");
  }
}

function failed(error) {
  if (!(error instanceof ask.Refused)) throw error;
  complain([...page.unread, error.error]);
  say("There is no answer.");
  for (const id of ["windows", "answer", "origin"]) byId(id).replaceChildren();
  byId("save").hidden = true;
  const spectrum = ofShown()[0] ?? page.spectra[0];
  if (!spectrum) return;
  fileFields(spectrum);
  // What was moved too far can be moved back in its chart.
  if (!page.detail || !ofShown().includes(spectrum)) byId("curves").replaceChildren(asGiven(spectrum));
}

function render() {
  const [sample, detail] = [page.samples[page.shown], page.detail];
  const known = sample.in_domain ? "" : " It is outside the domain of the model.";
  say(`${sample.metal} in ${sample.name}, from ${inputsTitle(sample.inputs)}: ${sample.targets.map(inWords).join(", ")}.${known}`);
  byId("answer").replaceChildren(...answer(sample, detail, page.waiting));
  byId("origin").replaceChildren(origin(sample, detail, ofShown()));
  controls.follow(detail, ofShown()[0], page.samples.length);
  fileFields(ofShown()[0]);
  renderCurves(sample, detail);
  byId("many").replaceChildren(...many(page.samples, page.refused, page.shown, choose));
  byId("save").hidden = false;
}

function renderCurves(sample, detail) {
  const cloud = ask.cloudAtHand(sample);
  const id = sample.ids.join();
  const figures = Object.keys(detail.resemblance).map((name) => overCloud(name, id, detail, cloud, sample.metal));
  if (detail.xanes) {
    const bounds = controls.bounds(ofShown()[0].treated, detail.xanes);
    figures.push(nearEdge(detail.xanes, id, bounds, moveE0), whole(detail.xanes, id));
  }
  const here = [...byId("curves").children];
  if (here.length !== figures.length || figures.some((each, i) => each !== here[i])) byId("curves").replaceChildren(...figures);
}

function moveE0(e0) {
  controls.put("e0", e0);
  changed({ ranges: { e0 } });
}

// How the file of a spectrum is read; an example has none.
function fileFields(spectrum) {
  byId("reading").hidden = !spectrum.file;
  if (spectrum.file && !byId("reading").contains(document.activeElement)) {
    byId("reading-fields").replaceChildren(reading(spectrum.read, (how) => readAgain(spectrum.file, how)));
  }
}

// What takes longer comes after the answer: the training spectra, and the windows that speak for it.
async function explain(signal) {
  await fetchCloud(signal);
  if (signal.aborted) return;
  const { targets } = await ask.evidence(asked(ofShown()), tell, signal);
  byId("windows").replaceChildren(...windows(targets));
  await alone(signal);
}

async function fetchCloud(signal) {
  const [sample, detail] = [page.samples[page.shown], page.detail];
  if (ask.cloudAtHand(sample)) return;
  await ask.cloud(sample);
  if (!signal.aborted) renderCurves(sample, detail);
}

// What each measurement says alone, and what EXAFS adds, once there are models for that.
async function alone(signal) {
  while (page.waiting) {
    await ask.pause(500, signal);
    const going = await ask.progress(signal);
    const note = byId("alone-note");
    if (note) note.textContent = going.length ? `${WAITING} ${made(going[0])}.` : WAITING;
    if (going.length) continue;
    const found = await ask.answers({ ...asked(page.spectra), shown: page.shown }, () => {}, signal);
    Object.assign(page, { samples: found.samples, detail: found.detail, waiting: found.waiting });
    if (page.waiting) continue;
    render();
    await fetchCloud(signal);
  }
}

function choose(place) {
  page.shown = place;
  byId("windows").replaceChildren();
  renew(true).then(() => byId("result").focus());
}

function clear() {
  Object.assign(page, { samples: [], refused: [], shown: 0, detail: null });
  for (const id of ["answer", "curves", "origin", "windows", "many"]) byId(id).replaceChildren();
  byId("treatment").hidden = byId("save").hidden = true;
  clearMatch();
  say("Choose files or an example.");
}

const later = debounced(renew, 180);

function changed(change) {
  const alike = byId("all").checked;
  const touched = alike ? page.spectra : ofShown();
  if (change === "reset") {
    for (const each of touched) each.treated = untouched();
    page.pdf = {};
    for (const id of ["radiation", "qmax", "qdamp"]) byId(id).value = "";
    byId("differential").checked = false;
  }
  for (const each of touched) {
    if (change.ranges) Object.assign(each.treated.ranges, change.ranges);
    if (change.align !== undefined) each.treated.align = change.align;
    if (change.signal === null || each.signals.includes(change.signal)) each.treated.signal = change.signal;
  }
  if (change.pdf) Object.assign(page.pdf, change.pdf);
  later(!alike && !change.pdf && change !== "reset" && page.samples.length > 0);
}

function list() {
  byId("spectra").replaceChildren(...page.spectra.map((each) =>
    make("li", {},
      make("span", {}, each.name === each.source.replace(/\.[^.]*$/, "") ? each.source : `${each.source}: ${each.name}`),
      make("small", {}, ` ${each.kind === "pdf" ? "PDF" : "XANES"}${each.format ? `, ${each.format}` : ""}, ${each.points} points`),
      make("button", { type: "button", "aria-label": `Remove ${each.name}`, onclick: () => remove([each]) }, "×"))));
  byId("clear").hidden = page.spectra.length < 2;
  listPhases(page.spectra);
}

function remove(gone) {
  page.spectra = page.spectra.filter((each) => !gone.includes(each));
  ask.forget(gone.map((each) => each.id)).catch(() => {}); // the program drops them by itself, later
  list();
  trouble();
  renew();
}

function add(spectra) {
  for (const each of spectra) page.spectra.push({ ...each, treated: untouched() });
  list();
}

async function addFiles(files) {
  byId("note").hidden = true;
  const [crystals, given] = [[...files].filter(isStructure), [...files].filter((each) => !isStructure(each))];
  const wrong = await addStructures(crystals);
  if (!given.length) {
    page.unread = wrong;
    return trouble();
  }
  say(given.length > 1 ? `Reading ${given.length} files.` : `Reading ${given[0].name}.`);
  const { spectra, errors } = await ask.uploads([...given], (name, done, all) => say(`Reading ${name}, ${done} of ${all}.`));
  page.unread = [...wrong, ...errors];
  add(spectra);
  await renew();
  trouble();
  if (errors.length && !page.spectra.length) say("There is nothing to answer from.");
}

// Read a file with another format or other columns; what it gave before is replaced.
async function readAgain(file, how) {
  let spectra;
  try {
    spectra = await ask.upload(file, how);
  } catch (error) {
    if (!(error instanceof ask.Refused)) throw error;
    page.unread = [...page.unread.filter((each) => each.given !== file), { ...error.error, given: file }];
    return trouble();
  }
  page.unread = page.unread.filter((each) => each.given !== file);
  const gone = page.spectra.filter((each) => each.file === file);
  page.spectra = page.spectra.filter((each) => each.file !== file);
  ask.forget(gone.map((each) => each.id)).catch(() => {});
  add(spectra);
  await renew();
}

async function addExample(id, listed) {
  if (!id) return;
  if (page.spectra.length) remove([...page.spectra]);
  const chosen = listed.find((each) => each.id === id);
  if (!chosen) return;
  byId("note").textContent = chosen.note;
  byId("note").hidden = false;
  page.unread = [];
  say("The example is being made.");
  try {
    add((await ask.example(id)).spectra);
  } catch (error) {
    failed(error);
    return;
  }
  await renew();
}

function saves() {
  const title = () => page.samples[page.shown].name;
  const stem = () => title().replace(/[^\w.-]+/g, "_");
  const guarded = (work) => async () => {
    try { await work(); } catch (error) { failed(error); }
  };
  byId("save-csv").addEventListener("click", guarded(async () => download(await ask.table(asked(page.spectra), tell), "firstshell.csv")));
  byId("save-png").addEventListener("click", guarded(async () => download(await png(title()), `${stem()}.png`)));
  byId("save-html").addEventListener("click", guarded(async () => download(await html(title()), `${stem()}.html`)));
}

function drops() {
  const zone = byId("drop");
  const over = (event) => { event.preventDefault(); zone.classList.add("over"); };
  for (const name of ["dragenter", "dragover"]) document.addEventListener(name, over);
  document.addEventListener("dragleave", () => zone.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    if (event.dataTransfer.files.length) addFiles(event.dataTransfer.files);
  });
  byId("files").addEventListener("change", (event) => { addFiles([...event.target.files]); event.target.value = ""; });
}

async function begin() {
  controls.setUp(changed);
  drops();
  saves();
  setUp(aboutShown);
  byId("clear").addEventListener("click", () => remove([...page.spectra]));
  byId("metal").addEventListener("change", () => renew());
  let told;
  try {
    told = await ask.about();
  } catch (error) {
    return failed(error);
  }
  say("Choose files or an example.");
  knows(told.formats);
  byId("version").textContent = `firstshell ${told.version}.`;
  byId("metal").append(...told.metals.map((metal) => make("option", { value: metal }, metal)));
  byId("example").replaceChildren(make("option", { value: "" }, "choose …"), ...told.examples.map(({ id, title }) => make("option", { value: id }, title)));
  byId("example").addEventListener("change", (event) => addExample(event.target.value, told.examples));
  const wanted = new URLSearchParams(location.hash.slice(1)).get("example"); // an example can be linked to
  if (wanted) {
    byId("example").value = wanted;
    await addExample(wanted, told.examples);
  }
}

begin();

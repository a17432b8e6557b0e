// What the page holds, and what happens when something on it changes.

import * as ask from "./ask.js";
import { answer, inWords } from "./cards.js";
import * as controls from "./controls.js";
import { asGiven, overCloud, raw } from "./curves.js";
import { byId, debounced, inputsTitle, make } from "./dom.js";
import { many } from "./many.js";
import { download, html, png } from "./save.js";
import { windows } from "./windows.js";

const page = { spectra: [], pdf: {}, samples: [], refused: [], shown: 0, detail: null, asking: null };
const untouched = () => ({ ranges: {}, align: "auto" });

const say = (text) => { byId("status").textContent = text; };

function tell(going) {
  const bar = byId("progress");
  bar.hidden = !going;
  if (!going) return;
  if (going.total) { bar.max = going.total; bar.value = going.done; } else bar.removeAttribute("value");
  const count = going.total ? `, ${going.done} of ${going.total} parts` : "";
  say(`${going.label}${count}, ${Math.round(going.seconds)} s. A model is trained at its first use, then kept.`);
}

// Errors as what is wrong, where, and what to do.
function complain(errors) {
  byId("errors").replaceChildren(...errors.map((error) => {
    const where = error.file ? `${error.file}${error.line ? `, line ${error.line}` : ""}: ` : "";
    return make("p", { class: "error" }, make("b", {}, `${where}${error.what}. `), error.remedy ?? "");
  }));
}

const asked = (spectra) => ({
  spectra: spectra.map(({ id, treated }) => ({ id, ranges: treated.ranges, align: treated.align })),
  metal: byId("metal").value || null,
  pdf: page.pdf,
});

const ofShown = () => page.spectra.filter((each) => page.samples[page.shown]?.ids.includes(each.id));

// Ask about all spectra, or about those of one sample, whose row is then replaced.
async function renew(onlyShown = false) {
  page.asking?.abort();
  const { signal } = (page.asking = new AbortController());
  if (page.spectra.length === 0) return clear();
  const chosen = onlyShown ? ofShown() : page.spectra;
  const question = { ...asked(chosen), shown: onlyShown ? 0 : page.shown };
  byId("result").setAttribute("aria-busy", "true");
  try {
    const found = await ask.answers(question, tell, signal);
    if (onlyShown) page.samples[page.shown] = found.samples[0];
    else Object.assign(page, { samples: found.samples, refused: found.refused, shown: Math.min(page.shown, found.samples.length - 1) });
    page.detail = found.detail;
    complain(page.refused);
    render();
    await explain(signal);
  } catch (error) {
    if (error.name === "AbortError") return;
    tell(null);
    failed(error);
  } finally {
    if (page.asking?.signal === signal) byId("result").removeAttribute("aria-busy");
  }
}

function failed(error) {
  if (!(error instanceof ask.Refused)) throw error;
  complain([error.error]);
  say("There is no answer.");
  byId("windows").replaceChildren();
  byId("answer").replaceChildren();
  byId("save").hidden = true;
  const spectrum = ofShown()[0] ?? page.spectra[0];
  if (spectrum) byId("curves").replaceChildren(asGiven(spectrum));
}

function render() {
  const [sample, detail] = [page.samples[page.shown], page.detail];
  const known = sample.in_domain ? "" : " It is outside what the model knows.";
  say(`${sample.metal} in ${sample.name}, from ${inputsTitle(sample.inputs)}: ${sample.targets.map(inWords).join(", ")}.${known}`);
  byId("answer").replaceChildren(...answer(sample, detail));
  controls.follow(detail, ofShown()[0].treated, page.samples.length);
  renderCurves(sample, detail, null);
  byId("many").replaceChildren(...many(page.samples, page.refused, page.shown, choose));
  byId("save").hidden = false;
}

function renderCurves(sample, detail, cloud) {
  const figures = Object.keys(detail.resemblance).map((name) => overCloud(name, detail, cloud, sample.metal));
  if (detail.xanes) figures.push(raw(detail.xanes));
  byId("curves").replaceChildren(...figures);
}

// What takes longer comes after the answer: the training spectra, and the windows that speak for it.
async function explain(signal) {
  const [sample, detail] = [page.samples[page.shown], page.detail];
  const cloud = await ask.cloud(sample);
  if (signal.aborted) return;
  renderCurves(sample, detail, cloud);
  const { targets } = await ask.evidence(asked(ofShown()), tell, signal);
  byId("windows").replaceChildren(...windows(targets));
}

function choose(place) {
  page.shown = place;
  byId("windows").replaceChildren();
  renew(true).then(() => byId("result").focus());
}

function clear() {
  Object.assign(page, { samples: [], refused: [], shown: 0, detail: null });
  for (const id of ["answer", "curves", "windows", "many"]) byId(id).replaceChildren();
  byId("treatment").hidden = byId("save").hidden = true;
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
  }
  if (change.pdf) Object.assign(page.pdf, change.pdf);
  later(!alike && !change.pdf && change !== "reset" && page.samples.length > 0);
}

function list() {
  byId("spectra").replaceChildren(...page.spectra.map((each) =>
    make("li", {},
      make("span", {}, each.name === each.source.replace(/\.[^.]*$/, "") ? each.source : `${each.source}: ${each.name}`),
      make("small", {}, ` ${each.kind === "pdf" ? "PDF" : "XANES"}, ${each.points} points`),
      make("button", { type: "button", "aria-label": `Remove ${each.name}`, onclick: () => remove([each]) }, "×"))));
  byId("clear").hidden = page.spectra.length < 2;
}

function remove(gone) {
  page.spectra = page.spectra.filter((each) => !gone.includes(each));
  ask.forget(gone.map((each) => each.id)).catch(() => {}); // the program drops them by itself, later
  list();
  complain([]);
  renew();
}

function add(spectra) {
  for (const each of spectra) page.spectra.push({ ...each, treated: untouched() });
  list();
}

async function addFiles(given) {
  byId("note").hidden = true;
  const { spectra, errors } = await ask.uploads([...given], (name, done, all) => say(`Reading ${name}, ${done} of ${all}.`));
  add(spectra);
  await renew();
  if (errors.length) complain([...errors, ...page.refused]);
  if (errors.length && !page.spectra.length) say("There is nothing to answer from.");
}

async function addExample(id, listed) {
  if (!id) return;
  if (page.spectra.length) remove([...page.spectra]);
  const chosen = listed.find((each) => each.id === id);
  if (!chosen) return;
  byId("note").textContent = chosen.note;
  byId("note").hidden = false;
  try {
    add((await ask.example(id)).spectra);
  } catch (error) {
    failed(error);
    return;
  }
  await renew();
}

// How the sample that is shown was treated, with all that was chosen for it.
function treatment() {
  const [{ sources, metal, inputs }, { alignment, xanes, pdf }] = [page.samples[page.shown], page.detail];
  return { files: sources, metal, inputs, energies: alignment, normalisation: xanes?.settings, pdf: pdf?.conditions };
}

function saves() {
  const title = () => page.samples[page.shown].name;
  const stem = () => title().replace(/[^\w.-]+/g, "_");
  const guarded = (work) => async () => {
    try { await work(); } catch (error) { failed(error); }
  };
  byId("save-csv").addEventListener("click", guarded(async () => download(await ask.table(asked(page.spectra), tell), "firstshell.csv")));
  byId("save-png").addEventListener("click", guarded(async () => download(await png(title()), `${stem()}.png`)));
  byId("save-html").addEventListener("click", guarded(async () => download(await html(title(), treatment()), `${stem()}.html`)));
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
  byId("clear").addEventListener("click", () => remove([...page.spectra]));
  byId("metal").addEventListener("change", () => renew());
  let told;
  try {
    told = await ask.about();
  } catch (error) {
    return failed(error);
  }
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

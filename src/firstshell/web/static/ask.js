// Requests to the program behind the page.

export class Refused extends Error {
  constructor(error, refused = []) {
    super(error.what);
    this.error = error;
    this.refused = refused;
  }
}

export const pause = (milliseconds, signal) =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => { clearTimeout(timer); reject(new DOMException("", "AbortError")); });
  });

async function send(path, options) {
  let response;
  try {
    response = await fetch(path, { ...options, headers: { "X-Firstshell": "page", ...options?.headers } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused({ what: "the program behind this page does not answer", remedy: "Start firstshell serve again" });
  }
  if (response.ok) return response;
  let told;
  try {
    told = await response.json();
  } catch {
    told = { error: { what: `the program answered ${response.status}`, remedy: "Reload the page" } };
  }
  throw new Refused(told.error);
}

const post = (path, body, signal) =>
  send(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal });

// What is being made: [{ label, done, total, seconds }].
export const progress = async (signal, of = "going") => (await (await send("/api/progress", { signal })).json())[of];

// Ask again while a model is being made; `tell` hears how far that is.
async function patiently(request, tell, signal, of = "going") {
  for (;;) {
    const response = await request();
    if (response.status !== 202) { tell(null); return response; }
    const going = await progress(signal, of);
    tell(going[0] ?? { label: "Loading the model", done: 0, total: 0, seconds: 0 });
    await pause(500, signal);
  }
}

export const about = async () => (await send("/api/about")).json();

// The spectra of a file; `how` says with which format and columns it is read.
export async function upload(file, how = {}) {
  const query = new URLSearchParams({ name: file.name, ...how });
  const sent = await send(`/api/files?${query}`, {
    method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file,
  });
  const { spectra } = await sent.json();
  return spectra.map((each) => ({ ...each, file, read: how }));
}

const AT_ONCE = 4; // uploads under way, as many as the program works on

// The spectra of files, in the order in which the files were given, and what was wrong with others.
export async function uploads(files, tell) {
  const spectra = files.map(() => []), errors = files.map(() => []);
  let begun = 0, done = 0;
  const reader = async () => {
    while (begun < files.length) {
      const place = begun++, file = files[place];
      try {
        spectra[place] = await upload(file);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        errors[place] = [{ ...error.error, file: error.error.file ?? file.name, given: file }];
      }
      tell(file.name, ++done, files.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, reader));
  return { spectra: spectra.flat(), errors: errors.flat() };
}

export async function structure(file) {
  const sent = await send(`/api/structures?${new URLSearchParams({ name: file.name })}`, {
    method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file,
  });
  return (await sent.json()).structure;
}

// The answer to a question about structures, or what it costs.
export const match = async (question, tell, signal) =>
  (await patiently(() => post("/api/match", question, signal), tell, signal, "matching")).json();

export const stop = () => post("/api/stop", {});

export const example = async (id) => (await post("/api/examples", { id })).json();

export const forget = (ids) => post("/api/forget", { ids });

export const answers = async (question, tell, signal) =>
  (await patiently(() => post("/api/answers", question, signal), tell, signal)).json();

export const evidence = async (question, tell, signal) =>
  (await patiently(() => post("/api/evidence", question, signal), tell, signal)).json();

export const table = async (question, tell) => (await patiently(() => post("/api/table", question), tell)).blob();

const clouds = new Map();

const kindOf = ({ metal, inputs, radiation }) => new URLSearchParams({ metal, inputs, radiation }).toString();

// The training spectra of a kind of sample that have been asked for; null while they have not.
export const cloudAtHand = (sample) => clouds.get(kindOf(sample)) ?? null;

// The training spectra of a kind of sample; asked for once.
export async function cloud(sample) {
  const key = kindOf(sample);
  if (!clouds.has(key)) clouds.set(key, await (await patiently(() => send(`/api/cloud?${key}`), () => {})).json());
  return clouds.get(key);
}

// How a file is read, where its content alone is not to decide: the format, and the columns of a table.

import { make } from "./dom.js";

const EXAMPLE = "energy=1,mu=ln(2/3)";
let formats = []; // [{ name, title }]

export const knows = (found) => { formats = found; };

// Fields and a button; `read({ format, columns })` hears what was chosen.
export function reading(given, read) {
  const columns = make("input", { type: "text", value: given.columns ?? "", placeholder: EXAMPLE, spellcheck: "false", autocomplete: "off" });
  const format = make("select", {}, make("option", { value: "" }, "by content"),
    ...formats.map(({ name, title }) => make("option", { value: name, selected: name === given.format }, title)));
  return make("form", { class: "reading", "aria-label": "How the file is read", onsubmit: (event) => {
    event.preventDefault();
    read({ format: format.value, columns: columns.value.trim() });
  } },
  make("label", {}, "Format", format),
  make("label", {}, "Columns", columns),
  make("small", {}, `Numbers or names of columns, as in ${EXAMPLE}; empty: their names decide.`),
  make("button", { type: "submit" }, "Read again"));
}

// Small helpers: elements made without markup, so that a file's name is never read as HTML.

const SVG = "http://www.w3.org/2000/svg";

export const byId = (id) => document.getElementById(id);

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

export const make = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);

export const draw = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

// A number with a true minus.
export const show = (value, digits = 2) => value.toFixed(digits).replace("-", "−");

export const signed = (value, digits = 2) => (value < 0 ? "" : "+") + show(value, digits);

// The sentence that names one of several modalities.
export const titles = { xanes: "XANES", pdf: "PDF", dpdf: "differential PDF", exafs: "EXAFS" };

export const inputsTitle = (inputs) => inputs.split("+").map((name) => titles[name] ?? name).join(" and ");

export function debounced(work, milliseconds) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), milliseconds);
  };
}

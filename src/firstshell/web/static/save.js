// Downloads: the charts as one picture, the answer as a page of its own.

import { byId, make } from "./dom.js";

const STYLES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "font-family", "font-size", "font-weight"];
const SHARP = 2; // pixels of the picture for each of the page

export function download(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// A chart that looks the same without the page's style sheet.
function alone(svg) {
  const copy = svg.cloneNode(true);
  const originals = [svg, ...svg.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((node, i) => {
    const style = getComputedStyle(originals[i]);
    for (const name of STYLES) node.setAttribute(name, style.getPropertyValue(name));
  });
  const { width, height } = svg.getBoundingClientRect();
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  return { text: new XMLSerializer().serializeToString(copy), width, height };
}

async function picture(text) {
  const url = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(url);
  }
}

// All charts of the answer, one under the other, each under its title.
export async function png(title) {
  const charts = [...byId("result").querySelectorAll("svg.chart")].filter((svg) => svg.getBoundingClientRect().width > 0);
  const parts = await Promise.all(charts.map(async (svg) => {
    const { text, width, height } = alone(svg);
    return { image: await picture(text), width, height, title: svg.dataset.title ?? "" };
  }));
  const [margin, line] = [16, 24];
  const width = Math.max(360, ...parts.map((part) => part.width)) + 2 * margin;
  const height = parts.reduce((sum, part) => sum + part.height + line, 2 * margin + line);
  const canvas = make("canvas", { width: Math.round(SHARP * width), height: Math.round(SHARP * height) });
  const pen = canvas.getContext("2d");
  const style = getComputedStyle(document.body);
  pen.scale(SHARP, SHARP);
  pen.fillStyle = style.backgroundColor;
  pen.fillRect(0, 0, width, height);
  pen.fillStyle = style.color;
  pen.font = `600 15px ${style.fontFamily}`;
  pen.fillText(title, margin, margin + 14);
  let top = margin + line;
  for (const part of parts) {
    pen.font = `13px ${style.fontFamily}`;
    pen.fillText(part.title, margin, top + 15);
    pen.drawImage(part.image, margin, top + line, part.width, part.height);
    top += part.height + line;
  }
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

// The answer as it stands, without what can be pressed; style and charts within.
export async function html(title) {
  const style = await (await fetch("/static/page.css")).text();
  const body = byId("result").cloneNode(true);
  for (const node of body.querySelectorAll("#save, #progress, #errors, .tools, .grip, .readout, .cross, #alone-note, #matched button")) node.remove();
  for (const button of body.querySelectorAll("button")) button.replaceWith(button.textContent);
  for (const node of [body, ...body.querySelectorAll("[role=status]")]) { // tables that scroll stay within reach
    for (const name of ["role", "aria-live", "tabindex"]) node.removeAttribute(name);
  }
  const made = document.implementation.createHTMLDocument(title);
  made.documentElement.lang = "en";
  made.head.prepend(
    make("meta", { charset: "utf-8" }),
    make("meta", { "http-equiv": "Content-Security-Policy", content: POLICY }),
    make("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
    make("meta", { name: "color-scheme", content: "light dark" }));
  made.body.append(
    make("header", {}, make("h1", {}, title), make("p", {}, `Made by firstshell on ${new Date().toISOString().slice(0, 10)}.`)),
    make("main", { class: "alone" }, body));
  // As text: this page's policy lets no style element be, and rightly.
  const text = made.documentElement.outerHTML.replace("</head>", () => `<style>${style}</style></head>`);
  return new Blob([`<!doctype html>\n${text}`], { type: "text/html" });
}

"use strict";

// Light or dark: the system's choice until the reader makes one. Storage can be denied to local files.
const root = document.documentElement;
const toggle = document.getElementById("theme");
const isDark = () =>
  (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const name = () => { toggle.textContent = isDark() ? "Light" : "Dark"; };
try { const kept = localStorage.getItem("firstshell-theme"); if (kept) root.dataset.theme = kept; } catch {}
toggle.hidden = false;
toggle.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  try { localStorage.setItem("firstshell-theme", root.dataset.theme); } catch {}
  name();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", name);
name();

// A link to a closed section opens it, and so does printing.
const open = () => {
  const aim = location.hash && document.getElementById(location.hash.slice(1));
  const closed = aim && aim.closest("details");
  if (closed) { closed.open = true; aim.scrollIntoView(); }
};
addEventListener("hashchange", open);
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => { each.open = true; }));
open();

// Tables sort by the column whose head is pressed: as numbers where both cells start with one, else as text.
const order = new Intl.Collator("en", { numeric: true });
const compare = (a, b) => {
  const [x, y] = [a, b].map((text) => parseFloat(text.replace("−", "-")));
  return Number.isNaN(x) || Number.isNaN(y) ? order.compare(a, b) : x - y;
};
for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => sign * compare(a.cells[column].textContent, b.cells[column].textContent));
      table.tBodies[0].append(...rows);
    });
  });
}

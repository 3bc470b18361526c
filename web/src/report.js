// Shows the document in <script id="document" type="application/json"> (docs/report.md) as one page, without a network.
import { chart, closeCharts, redrawCharts, saveText } from "./charts.js";
import { h, inline } from "./dom.js";
import { cellText, rangeText, unitText } from "./format.js";
import { isText, language, setLanguage, text, word } from "./language.js";

const report = JSON.parse(document.getElementById("document").textContent);
const bases = ["measured", "predicted", "catalogued", "assumed"];
let sources = [];  // every figure with a source, for the last section

// A value with its basis: a mark in front of it, the source on hover, on focus and in the last section.
function figure(cell, format, label) {
  const shown = cellText(cell, format) + unitText(cell);
  const parts = [cellText(cell, format), unitText(cell) && h("span", { class: "unit" }, unitText(cell))];
  if (typeof cell !== "object" || cell === null || !cell.basis) return parts;
  const source = text(cell.source);
  if (source) sources.push([label, shown, cell.basis, source]);
  const told = `${word(cell.basis)}${source ? `: ${source}` : ""}`;
  return h("span", { class: `figure ${cell.basis}`, tabindex: "0", role: "note", "aria-label": `${shown} (${told})` }, parts,
    h("span", { class: "tip", "aria-hidden": "true" }, told));
}

function kpis(block) {
  return h("dl", { class: "kpis" }, block.items.map((item) =>
    h("div", { class: item.emphasis ? "emphasis" : "" }, h("dt", {}, text(item.label)),
      h("dd", { class: "big" }, figure(item.value, item.format, text(item.label))),
      rangeText(item.value, item.format) && h("dd", { class: "range" }, rangeText(item.value, item.format)),
      text(item.note) && h("dd", { class: "small" }, inline(text(item.note))))));
}

const isNumeric = (cell) => typeof cell === "number" || (typeof cell === "object" && cell !== null && !isText(cell) && !isText(cell.value));
// "1,500,000.00 USD", "5,772,484.08 *": exact numbers that travel as text.
const looksNumeric = (cell) => isText(cell) && /^-?[\d,]+(\.\d+)?( [A-Z]{3})?( \*)?$/.test(text(cell));
function table(block) {
  const title = text(block.title);
  const right = block.columns.map((column, i) =>
    column.align ? column.align === "right" : block.rows.some((row) => isNumeric(row[i])) ||
      (block.rows.some((row) => looksNumeric(row[i])) && block.rows.every((row) => looksNumeric(row[i]) || text(row[i]) === "")));
  const cell = (value, i, row) => {
    const column = block.columns[i];
    const label = [isText(row[0]) ? text(row[0]) : "", text(column.title)].filter(Boolean).join(", ");
    const range = rangeText(value, column.format);
    const content = [isText(value) ? inline(text(value)) : figure(value, column.format, label), range && h("span", { class: "range" }, range)];
    return i === 0 ? h("th", { scope: "row", class: right[i] ? "right" : "" }, content) : h("td", { class: right[i] ? "right" : isText(value) && text(value).length > 60 ? "long" : "" }, content);
  };
  return h("div", { class: `table ${block.width === "half" ? "half" : ""}` }, title && h("h3", {}, inline(title)),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title || word("data") },
      h("table", { class: block.total ? "total" : "" },
        h("thead", {}, h("tr", {}, block.columns.map((column, i) => h("th", { scope: "col", class: right[i] ? "right" : "" }, text(column.title) || "\u00a0")))),
        h("tbody", {}, block.rows.map((row) => h("tr", {}, row.map((value, i) => cell(value, i, row))))))),
    text(block.note) && h("p", { class: "caption" }, inline(text(block.note))));
}

const renderers = {
  text: (block) => [].concat(block.text).map((t) => h("p", { class: block.style || "" }, inline(text(t)))),
  list: (block) => h(block.ordered ? "ol" : "ul", {}, block.items.map((t) => h("li", {}, inline(text(t))))),
  kpis, table, chart,
  code: (block) => h("figure", { class: "code" }, text(block.title) && h("figcaption", {}, inline(text(block.title))),
    h("pre", { tabindex: "0" }, h("code", {}, text(block.text)))),
  picture: (block) => h("figure", { class: "picture" }, h("figcaption", {}, inline(text(block.title))),
    h("img", { src: block.data, alt: text(block.title), loading: "lazy" })),
  note: (block) => h("p", { class: `note ${block.tone || "info"}`, role: "note" }, inline(text(block.text))),
  download: (block) => h("p", {}, h("button", { type: "button", onclick: () => saveText(block.filename, block.mime || "text/plain", text(block.text)) },
    text(block.label))),
  details: (block) => h("details", { class: "fold" }, h("summary", {}, text(block.title)), blocks(block.blocks)),
};

// Neighbours of half width stand side by side where there is room.
function blocks(list) {
  const made = [];
  for (let i = 0; i < list.length; ++i) {
    if (list[i].width !== "half") made.push(renderers[list[i].type](list[i]));
    else {
      let end = i;
      while (end < list.length && list[end].width === "half") ++end;
      made.push(h("div", { class: "pair" }, list.slice(i, end).map((block) => renderers[block.type](block))));
      i = end - 1;
    }
  }
  return made;
}

function usedBases() {
  const found = new Set();
  const walk = (value) => {
    if (typeof value !== "object" || value === null) return;
    if (typeof value.basis === "string") found.add(value.basis);
    Object.values(value).forEach(walk);
  };
  walk(report.sections);
  return bases.filter((b) => found.has(b));
}

function basisLegend() {
  const used = usedBases();
  if (!used.length) return null;
  return h("ul", { class: "bases", "aria-label": word("basis") }, used.map((b) =>
    h("li", {}, h("span", { class: `figure ${b}` }, word(b)), h("span", { class: "means" }, word(`${b}_means`)))));
}

function sourceSection() {
  if (!sources.length) return null;
  const seen = new Set();
  const rows = sources.filter((row) => !seen.has(row.join("\n")) && seen.add(row.join("\n")));
  return h("section", { id: "sources" }, h("h2", {}, word("sources")),
    h("div", { class: "table" }, h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": word("sources") }, h("table", { class: "sources" },
      h("thead", {}, h("tr", {}, ["figure", "value", "basis", "source"].map((k) => h("th", { scope: "col" }, word(k))))),
      h("tbody", {}, rows.map(([label, shown, basis, source]) => h("tr", {}, h("th", { scope: "row" }, label), h("td", {}, shown),
        h("td", {}, h("span", { class: `figure ${basis}` }, word(basis))), h("td", { class: "wide" }, inline(source)))))))));
}

function page() {
  closeCharts();
  sources = [];
  document.documentElement.lang = language() === "zh" ? "zh-Hans" : "en";
  document.title = text(report.title);
  const choose = (name, label) => h("button", { type: "button", lang: name === "zh" ? "zh-Hans" : "en", "aria-pressed": String(language() === name),
    onclick: () => { setLanguage(name); page(); document.querySelector(`[data-lang=${name}]`).focus(); }, "data-lang": name }, label);
  const sections = report.sections.map((section, i) => h("section", { id: section.id || `section-${i + 1}` },
    h("h2", {}, inline(text(section.title))), text(section.lead) && h("p", { class: "lead" }, inline(text(section.lead))), blocks(section.blocks)));
  const last = sourceSection();
  const links = [...report.sections.map((s, i) => [s.id || `section-${i + 1}`, text(s.title)]), ...(last ? [["sources", word("sources")]] : [])];
  document.body.replaceChildren(
    h("a", { class: "skip", href: "#content" }, word("skip")),
    h("header", {},
      h("div", { class: "bar" }, h("span", { class: "brand" }, "Ingot"),
        h("div", { class: "languages", role: "group", "aria-label": word("language") }, choose("en", "English"), choose("zh", "中文"))),
      h("h1", {}, inline(text(report.title))), text(report.subtitle) && h("p", { class: "subtitle" }, inline(text(report.subtitle))),
      report.facts?.length ? h("dl", { class: "facts" }, report.facts.map((f) => h("div", {}, h("dt", {}, text(f.label)), h("dd", {}, inline(cellText(f.value, f.format) + unitText(f.value)))))) : null,
      basisLegend()),
    h("div", { class: "columns" },
      h("nav", { "aria-label": word("contents") }, h("ol", {}, links.map(([id, label]) => h("li", {}, h("a", { href: `#${id}` }, label))))),
      h("main", { id: "content", tabindex: "-1" }, sections, last)),
    text(report.footer) ? h("footer", {}, inline(text(report.footer))) : "");
}

setLanguage(document.documentElement.dataset.lang);
page();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawCharts);
// Print is light and narrower than most screens; charts are drawn for it and back.
addEventListener("beforeprint", () => { document.documentElement.classList.add("print"); redrawCharts(); });
addEventListener("afterprint", () => { document.documentElement.classList.remove("print"); redrawCharts(); });

// Draws a chart block as an accessible figure: title, legend, SVG plot that follows width and theme, data table.
import { BarChart, CustomChart, HeatmapChart, LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, MarkLineComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

import { h, inline } from "./dom.js";
import { number } from "./format.js";
import { kinds } from "./kinds.js";
import { text, word } from "./language.js";

echarts.use([BarChart, CustomChart, HeatmapChart, LineChart, ScatterChart, GridComponent, MarkLineComponent,
  TooltipComponent, VisualMapComponent, SVGRenderer]);

const live = new Set();  // redraw functions of the charts on the page

function colors() {
  const style = getComputedStyle(document.documentElement);
  const get = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: get("ink"), muted: get("muted"), rule: get("rule"), grid: get("grid"), paper: get("paper"), low: get("low"), high: get("high"),
    rampOn: get("ramp-on"), rampAt: Number(get("ramp-at")), ramp: [get("ramp-0"), get("ramp-1"), get("ramp-2")],
    list: Array.from({ length: 8 }, (_, i) => get(`series-${i}`)),
    basis: Object.fromEntries(["measured", "predicted", "catalogued", "assumed"].map((b) => [b, get(b)])),
  };
}

function context(block, width) {
  const color = colors();
  return {
    width, color, font: getComputedStyle(document.documentElement).fontFamily,
    series: (i, s) => (typeof s?.color === "number" ? color.list[s.color % 8] : s?.basis ? color.basis[s.basis] : color.list[i % 8]),
    x: (v) => number(v, block.x?.format), y: (v) => number(v, block.y?.format ?? block.format),
    tooltip: (trigger, tell) => ({
      trigger, confine: true, backgroundColor: color.paper, borderColor: color.rule, borderWidth: 1, padding: [8, 10],
      extraCssText: "box-shadow:none;border-radius:4px", textStyle: { color: color.ink, fontSize: 13 },
      axisPointer: { lineStyle: { color: color.muted, type: "solid", width: 1 }, shadowStyle: { opacity: 0.08 } },
      formatter(params) {
        const [title, lines] = tell(params) || [];
        if (!title && !lines) return "";
        return h("div", {}, h("div", { class: "tip-title" }, title), (lines || []).map(([name, value, mark]) =>
          h("div", { class: "tip-line" }, mark && swatch(mark), name, h("strong", {}, value))));
      },
    }),
  };
}

function swatch(color, kind = "") {
  const node = h("span", { class: `swatch ${kind}`, "aria-hidden": "true" });
  node.style.setProperty("--swatch", color);
  return node;
}

function legend(block, c) {
  if (block.kind === "tornado")
    return h("ul", { class: "legend" }, ["low", "high"].map((end) => h("li", {}, swatch(c.color[end], "box"), word(`input_${end}`))));
  const named = (block.series || []).filter((s) => text(s.name));
  if (named.length < 2 && !named.some((s) => s.band)) return null;
  return h("ul", { class: "legend" }, block.series.map((s, i) => {
    if (!text(s.name)) return null;
    const points = (s.as || block.kind) === "scatter";
    const kind = points ? "dot" : s.data?.length === 0 || !s.data ? "band" : block.kind === "bar" || block.kind === "area" ? "box" : s.dash ? "dash" : "line";
    return h("li", {}, swatch(c.series(i, s), kind), text(s.name));
  }));
}

function csv(table) {
  const cell = (v) => (/[",\n]/.test(v) ? `"${v.replaceAll('"', '""')}"` : v);
  return [table.columns, ...table.rows].map((row) => row.map((v) => cell(String(v))).join(",")).join("\r\n") + "\r\n";
}

export function saveText(name, mime, content) {
  const url = URL.createObjectURL(new Blob([content], { type: mime }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

function dataTable(block, title) {
  const box = h("details", { class: "data" }, h("summary", {}, word("data")));
  box.addEventListener("toggle", () => {
    if (!box.open || box.querySelector("table")) return;
    const table = kinds[block.kind].rows(block, context(block, 800));
    const name = `${(title || block.kind).toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-")}.csv`;
    box.append(
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${title}: ${word("data")}` },
        h("table", {}, h("thead", {}, h("tr", {}, table.columns.map((t) => h("th", { scope: "col" }, t || "\u00a0")))),
          h("tbody", {}, table.rows.map((row) => h("tr", {}, row.map((v, i) => h(i ? "td" : "th", i ? { class: "right" } : { scope: "row" }, String(v)))))))),
      h("button", { type: "button", class: "quiet", onclick: () => saveText(name, "text/csv", csv(table)) }, word("download_csv")));
  });
  return box;
}

export function chart(block) {
  const title = text(block.title);
  const plot = h("div", { class: "plot", role: "img", "aria-label": [title, text(block.note)].filter(Boolean).join(". ") });
  const keys = h("div", { class: "keys" });
  const axis = (name, kind) => (text(block[name]?.title) ? h("div", { class: `axis ${kind}` }, text(block[name].title)) : null);
  const figure = h("figure", { class: `chart ${block.width === "half" ? "half" : ""}`, "data-kind": block.kind },
    h("figcaption", {}, inline(title)), keys, axis("y", "up"), plot, axis("x", "across"),
    text(block.note) && h("p", { class: "caption" }, inline(text(block.note))), dataTable(block, title));
  let instance = null;
  const draw = () => {
    const width = plot.clientWidth;
    if (!width || !plot.isConnected) return;
    const c = context(block, width);
    const option = kinds[block.kind].option(block, c);
    const height = block.height || option.height || (width < 480 ? 250 : 320);
    delete option.height;
    delete option.log;
    plot.style.height = `${height}px`;
    instance ||= echarts.init(plot, null, { renderer: "svg", width, height });
    instance.resize({ width, height });
    instance.setOption({ animation: false, textStyle: { fontFamily: c.font }, ...option }, { notMerge: true });
    keys.replaceChildren(...[legend(block, c)].filter(Boolean));
  };
  let drawn = 0;
  const observer = new ResizeObserver(() => {
    if (plot.clientWidth !== drawn) draw();
    drawn = plot.clientWidth;
  });
  observer.observe(plot);
  live.add({ draw, close: () => (observer.disconnect(), instance?.dispose()) });
  return figure;
}

export function redrawCharts() {
  for (const chart of live) chart.draw();
}
export function closeCharts() {
  for (const chart of live) chart.close();
  live.clear();
}

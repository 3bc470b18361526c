// The chart kinds: each turns one block of the document into ECharts options and into the rows of its data table.
// `c` is the context: colours, width, number and text functions (charts.js).
import { text, word } from "./language.js";
import { number } from "./format.js";

const narrow = (c) => c.width < 480;
const isLog = (axis, values) => {
  const positive = values.filter((v) => v > 0);
  return axis?.scale === "log" && positive.length === values.length && Math.max(...positive) / Math.min(...positive) >= 10;
};
// 1, 2 or 5 times a power of ten, at or outside `value`.
function nice(value, up) {
  const power = 10 ** Math.floor(Math.log10(value));
  const steps = [1, 2, 5, 10].map((s) => s * power);
  return up ? steps.find((s) => s >= value * 0.9999) : steps.filter((s) => s <= value * 1.0001).pop();
}

function valueAxis(c, axis, values, horizontal) {
  const format = axis?.format || "number";
  const label = (v) => number(v, /^[a-z]{3}$/.test(format) && format !== "int" ? `${format}_compact` : Math.abs(v) >= 1e4 && format === "number" ? "compact" : format);
  const base = {
    axisLine: { show: !!horizontal, lineStyle: { color: c.color.rule } },
    axisTick: { show: false },
    splitLine: { show: !horizontal, lineStyle: { color: c.color.grid } },
    axisLabel: { color: c.color.muted, fontSize: 12, formatter: label, hideOverlap: true },
    splitNumber: horizontal && narrow(c) ? 4 : 5,
  };
  if (isLog(axis, values))
    return { ...base, type: "log", min: nice(Math.min(...values), false), max: nice(Math.max(...values), true), minorTick: { show: false } };
  const fixed = {};
  if (typeof axis?.min === "number") fixed.min = axis.min;
  if (typeof axis?.max === "number") fixed.max = axis.max;
  if (axis?.step) fixed.interval = axis.step * (narrow(c) ? 2 : 1);
  return { ...base, ...fixed, type: axis?.scale === "time" ? "time" : "value", scale: axis?.zero === false || !!horizontal };
}

function categoryAxis(c, names, horizontal) {
  return {
    type: "category",
    data: names,
    inverse: !!horizontal,
    axisTick: { show: false },
    axisLine: { lineStyle: { color: c.color.rule } },
    axisLabel: {
      color: c.color.ink, fontSize: 12, interval: 0, lineHeight: 15,
      overflow: "break", width: horizontal ? gutter(c) : (c.width - 60) / names.length - 6,
    },
  };
}

// Room for the labels of horizontal bars.
const gutter = (c) => Math.min(200, Math.round(c.width * 0.32));
const grid = { left: 4, right: 18, top: 14, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" };
// A vertical reference line is named above the plot.
const markRoom = (block) => (block.marks?.some((mark) => mark.axis === "x" && text(mark.label)) ? 14 : 0);
const sideGrid = (c) => ({ left: gutter(c) + 14, right: 18, top: 8, bottom: 26, outerBoundsMode: "none" });

// Reference lines ride on an empty line series, so that every kind can have them.
function marks(c, block, downward) {
  if (!block.marks?.length) return [];
  return [{
    type: "line", data: [], silent: true, symbol: "none",
    markLine: {
      symbol: "none", animation: false,
      lineStyle: { color: c.color.muted, type: [4, 3], width: 1 },
      data: block.marks.map((mark) => ({
        [(mark.axis || "y") === "x" ? "xAxis" : "yAxis"]: mark.at,
        label: { formatter: text(mark.label), color: c.color.muted, fontSize: 12, rotate: 0, distance: 3, position: mark.axis === "x" ? (downward ? "start" : "end") : "insideEndTop" },
      })),
    },
  }];
}

function bandSeries(c, rows, color) {
  return {
    type: "custom", silent: true, clip: true, z: 1, tooltip: { show: false },
    data: rows, encode: { x: 0, y: [1, 2] },
    renderItem(params, api) {
      if (params.dataIndex !== 0) return null;
      const upper = rows.map((r) => api.coord([r[0], r[2]]));
      const lower = rows.map((r) => api.coord([r[0], r[1]])).reverse();
      return { type: "polygon", shape: { points: upper.concat(lower) }, style: { fill: color, opacity: 0.16 } };
    },
  };
}

// Line, area and scatter: numeric x.
function xy(block, c) {
  const x = block.series.flatMap((s) => [...(s.data || []), ...(s.band || [])].map((p) => p[0]));
  const y = block.series.flatMap((s) => [...(s.data || []).map((p) => p[1]), ...(s.band || []).flatMap((p) => [p[1], p[2]])])
    .filter((v) => typeof v === "number");
  const area = block.kind === "area";
  const series = block.series.flatMap((s, i) => {
    const color = c.series(i, s);
    const points = (s.as || block.kind) === "scatter";
    const made = s.band?.length ? [bandSeries(c, s.band, color)] : [];
    if (s.data?.length)
      made.push({
        type: points ? "scatter" : "line", name: text(s.name), data: s.data, z: 3, symbolSize: points ? (s.data.length > 200 ? 6 : 10) : 5,
        showSymbol: points || s.data.length === 1, itemStyle: { color, ...(points ? { opacity: 0.85 } : {}) },
        lineStyle: { color, width: 2, type: s.dash ? [6, 4] : "solid" },
        ...(area ? { stack: "all", areaStyle: { color, opacity: 0.55 }, lineStyle: { width: 0 }, showSymbol: false } : {}),
        ...(s.step ? { step: "end" } : {}),
        ...(points && s.data.length <= 40 && s.data.some((p) => p.length > 2)  // more would be a smear; the tooltip has them
          ? { label: { show: true, position: "top", color: c.color.muted, fontSize: 12, formatter: (p) => text(p.data[2]) }, labelLayout: { hideOverlap: true } }
          : {}),
      });
    return made;
  });
  const xAxis = valueAxis(c, block.x, x, true);
  if (xAxis.type === "value") Object.assign(xAxis, { min: block.x?.min ?? "dataMin", max: block.x?.max ?? "dataMax" });
  if (block.kind === "scatter" && xAxis.type === "value" && block.x?.min === undefined) Object.assign(xAxis, { min: null, max: null });
  return {
    grid: { ...grid, top: grid.top + markRoom(block) }, xAxis, yAxis: valueAxis(c, area ? block.y : { zero: false, ...block.y }, area ? [] : y), series: [...series, ...marks(c, block)],
    tooltip: c.tooltip(block.kind === "scatter" ? "item" : "axis", (items) => {
      const list = [].concat(items).filter((p) => p.seriesType !== "custom");
      if (!list.length) return null;
      const title = list.length === 1 && list[0].data[2] ? text(list[0].data[2]) : `${text(block.x?.title)} ${c.x(list[0].data[0])}`;
      return [title, list.map((p) => [p.seriesName, c.y(p.data[1]), p.color])];
    }),
  };
}
function xyRows(block, c) {
  const columns = [text(block.x?.title) || "x"];
  const rows = new Map();
  const at = (x) => rows.get(x) || rows.set(x, [c.x(x)]).get(x);
  for (const s of block.series) {
    if (s.data?.length) {
      columns.push(text(s.name));
      for (const p of s.data) at(p[0])[columns.length - 1] = c.y(p[1]);
    }
    if (s.band?.length) {
      columns.push(`${text(s.name)}: ${word("low")}`, `${text(s.name)}: ${word("high")}`);
      for (const p of s.band) at(p[0]).splice(columns.length - 2, 2, c.y(p[1]), c.y(p[2]));
    }
  }
  const sorted = [...rows.entries()].sort((a, b) => (a[0] > b[0] ? 1 : -1)).map(([, row]) => Array.from(columns, (_, i) => row[i] ?? ""));
  return { columns, rows: sorted };
}

// Bars over categories, side by side or stacked, with optional whiskers: series[].range = [[low, high], ...].
function bar(block, c) {
  const names = block.categories.map(text);
  const horizontal = block.horizontal || (narrow(c) && names.length > 3 && names.some((n) => n.length > 8));
  const values = block.series.flatMap((s) => s.data).filter((v) => typeof v === "number");
  const log = isLog(block.y, values);
  const value = valueAxis(c, block.y, values, false);
  if (horizontal) value.splitLine = { lineStyle: { color: c.color.grid } };
  const category = categoryAxis(c, names, horizontal);
  const many = block.series.length;
  const series = block.series.flatMap((s, i) => {
    const color = c.series(i, s);
    const bars = {
      type: "bar", name: text(s.name), data: s.data, itemStyle: { color, borderRadius: block.stacked ? 0 : 1.5 }, barMaxWidth: 34,
      barGap: "12%", ...(block.stacked ? { stack: "all" } : {}),
      ...(many === 1 && !s.range
        ? { label: { show: true, position: horizontal ? "right" : "top", color: c.color.ink, fontSize: 12, formatter: (p) => c.y(p.value) } }
        : {}),
    };
    if (!s.range) return [bars];
    const whiskers = {
      type: "custom", silent: true, z: 5, tooltip: { show: false }, data: s.range.map((r, k) => [k, r[0], r[1]]),
      encode: horizontal ? { y: 0, x: [1, 2] } : { x: 0, y: [1, 2] },
      renderItem(params, api) {
        const k = api.value(0);
        const point = (v) => api.coord(horizontal ? [v, k] : [k, v]);
        const band = api.size(horizontal ? [0, 1] : [1, 0])[horizontal ? 1 : 0];
        const shift = many > 1 ? ((i + 0.5) / many - 0.5) * Math.min(band * 0.8, 38 * many) : 0;
        const [a, b] = [point(api.value(1)), point(api.value(2))];
        for (const p of [a, b]) p[horizontal ? 1 : 0] += shift;
        return { type: "line", shape: { x1: a[0], y1: a[1], x2: b[0], y2: b[1] }, style: { stroke: c.color.ink, lineWidth: 1.5 } };
      },
    };
    return [bars, whiskers];
  });
  return {
    grid: horizontal ? { ...sideGrid(c), right: many === 1 ? 64 : 30 } : { ...grid, top: many === 1 ? 24 : 14 },
    xAxis: horizontal ? value : category, yAxis: horizontal ? category : value, series: [...series, ...marks(c, block)],
    height: horizontal ? 40 + names.length * Math.max(34, block.stacked ? 34 : 22 * many + 14) : undefined, log,
    tooltip: c.tooltip("axis", (items) => [items[0]?.name, items.filter((p) => p.seriesType === "bar").map((p) => [p.seriesName, c.y(p.value), p.color])]),
  };
}
const barRows = (block, c) => ({
  columns: [word("item"), ...block.series.flatMap((s) => [text(s.name), ...(s.range ? [word("low"), word("high")] : [])])],
  rows: block.categories.map((name, k) => [text(name), ...block.series.flatMap((s) => [c.y(s.data[k]), ...(s.range ? s.range[k].map(c.y) : [])])]),
});

// A bar from `low` to `high` in each row; the base of football fields, tornados and waterfalls.
function spans(c, rows, horizontal, thickness) {
  return {
    type: "custom", clip: false, data: rows.map((r) => r.value), encode: horizontal ? { y: 0, x: [1, 2] } : { x: 0, y: [1, 2] },
    renderItem(params, api) {
      const row = rows[params.dataIndex];
      const [k, low, high] = row.value;
      const [a, b] = horizontal ? [api.coord([low, k]), api.coord([high, k])] : [api.coord([k, high]), api.coord([k, low])];
      const band = Math.min(thickness, api.size(horizontal ? [0, 1] : [1, 0])[horizontal ? 1 : 0] * 0.62);
      const shape = horizontal
        ? { x: Math.min(a[0], b[0]), y: a[1] - band / 2, width: Math.max(1, Math.abs(b[0] - a[0])), height: band, r: 2 }
        : { x: a[0] - band / 2, y: Math.min(a[1], b[1]), width: band, height: Math.max(1, Math.abs(b[1] - a[1])), r: 2 };
      const children = [{ type: "rect", shape, style: { fill: row.color } }];
      if (row.mid !== undefined && horizontal) {
        const m = api.coord([row.mid, k]);
        children.push({ type: "line", shape: { x1: m[0], x2: m[0], y1: m[1] - band / 2 - 3, y2: m[1] + band / 2 + 3 }, style: { stroke: c.color.ink, lineWidth: 2 } });
      }
      const say = (label, x, y, align, vertical) =>
        children.push({ type: "text", style: { text: label, x, y, textAlign: align, textVerticalAlign: vertical, fill: c.color.muted, font: `12px ${c.font}` } });
      if (row.left) say(row.left, shape.x - 5, shape.y + band / 2, "right", "middle");
      if (row.right) say(row.right, shape.x + shape.width + 5, shape.y + band / 2, "left", "middle");
      if (row.top) say(row.top, shape.x + band / 2, shape.y - 4, "center", "bottom");
      return { type: "group", children };
    },
  };
}
function rangeChart(block, c, rows, names, tip) {
  const values = rows.flatMap((r) => [r.value[1], r.value[2]]).concat((block.marks || []).map((m) => m.at));
  const axis = valueAxis(c, { ...block.x, scale: block.x?.scale }, values, false);
  axis.splitNumber = narrow(c) ? 3 : 6;
  const [least, most] = [Math.min(...values), Math.max(...values)];
  // Room for the label at each end, in px, and what part of the bars' own width that is.
  const room = Math.max(54, 12 + 6.5 * Math.max(...rows.map((r) => Math.max(r.left?.length || 0, r.right?.length || 0))));
  const part = room / Math.max(60, c.width - gutter(c) - 32 - 2 * room);
  if (axis.type === "log") {
    const pad = Math.max(1.5, (most / least) ** part);
    axis.min = nice(least / pad, false);
    axis.max = nice(most * pad, true);
    axis.axisLabel.showMaxLabel = false;
  }
  if (axis.type === "value" && block.x?.min === undefined) {
    const pad = (most - least) * part || 1;
    axis.min = least >= 0 && least - pad < 0 ? 0 : least - pad;
    axis.max = most + pad;
    axis.axisLabel.showMinLabel = axis.min === 0;
    axis.axisLabel.showMaxLabel = false;
  }
  return {
    grid: { ...sideGrid(c), top: 8 + markRoom(block) }, xAxis: axis, yAxis: categoryAxis(c, names, true),
    height: 40 + markRoom(block) + names.length * 42,
    series: [spans(c, rows, true, 20), ...marks(c, block, true)], tooltip: c.tooltip("item", (p) => tip(p.dataIndex)),
  };
}

function football(block, c) {
  const rows = block.items.map((item, k) => ({
    value: [k, item.low, item.high], mid: item.mid, color: c.series(0, item), left: c.x(item.low), right: c.x(item.high) }));
  return rangeChart(block, c, rows, block.items.map((i) => text(i.label)), (k) => {
    const item = block.items[k];
    const mid = item.mid === undefined ? [] : [[word("mid"), c.x(item.mid)]];
    return [text(item.label), [[word("low"), c.x(item.low)], ...mid, [word("high"), c.x(item.high)]]];
  });
}
const footballRows = (block, c) => ({
  columns: [word("item"), word("low"), word("mid"), word("high")],
  rows: block.items.map((i) => [text(i.label), c.x(i.low), i.mid === undefined ? "" : c.x(i.mid), c.x(i.high)]),
});

function tornado(block, c) {
  const items = [...block.items].sort((a, b) => Math.abs(b.high - b.low) - Math.abs(a.high - a.low));
  const rows = items.flatMap((item, k) => {
    const side = (to, label, color) => ({
      value: [k, Math.min(block.base, to), Math.max(block.base, to)], color,
      ...(to < block.base ? { left: text(label) || c.x(to) } : { right: text(label) || c.x(to) }) });
    const both = [side(item.low, item.low_label, c.color.low), side(item.high, item.high_label, c.color.high)];
    // Both ends on one side: the labels would lie on each other, so the nearer end keeps its colour only.
    if (item.low < block.base === item.high < block.base) {
      const nearer = Math.abs(item.low - block.base) < Math.abs(item.high - block.base) ? 0 : 1;
      delete both[nearer].left, delete both[nearer].right;
      both.sort((a, b) => (b.value[2] - b.value[1]) - (a.value[2] - a.value[1]));  // the shorter bar on top
    }
    return both;
  });
  const made = rangeChart({ ...block, marks: [{ axis: "x", at: block.base, label: "" }, ...(block.marks || [])] }, c, rows,
    items.map((i) => text(i.label)), (k) => {
      const item = items[k >> 1];
      return [text(item.label), [[text(item.low_label) || word("low"), c.x(item.low), c.color.low], [text(item.high_label) || word("high"), c.x(item.high), c.color.high]]];
    });
  return made;
}
const tornadoRows = (block, c) => ({
  columns: [word("item"), word("low"), word("high")],
  rows: block.items.map((i) => [text(i.label), ...["low", "high"].map((end) => c.x(i[end]) + (i[`${end}_label`] ? ` (${text(i[`${end}_label`])})` : ""))]),
});

function running(items) {
  let sum = 0;
  return items.map((item) => {
    const from = item.total ? 0 : sum;
    sum = item.total ? item.value ?? sum : sum + item.value;
    return { from, to: sum };
  });
}
function waterfall(block, c) {
  const names = block.items.map((i) => text(i.label));
  const steps = running(block.items);
  const horizontal = narrow(c) && names.length > 4;
  const rows = block.items.map((item, k) => ({
    value: [k, Math.min(steps[k].from, steps[k].to), Math.max(steps[k].from, steps[k].to)],
    color: item.total ? c.series(0, item) : item.value >= 0 ? c.color.high : c.color.low,
    [horizontal ? "right" : "top"]: c.y(item.total ? steps[k].to : item.value) }));
  const value = valueAxis(c, block.y, [], false);
  const category = categoryAxis(c, names, horizontal);
  return {
    grid: horizontal ? { ...sideGrid(c), right: 72 } : { ...grid, top: 26 }, xAxis: horizontal ? value : category, yAxis: horizontal ? category : value,
    height: horizontal ? 40 + names.length * 38 : undefined, series: [spans(c, rows, horizontal, 44), ...marks(c, block)],
    tooltip: c.tooltip("item", (p) => [names[p.dataIndex], [[word("change"), c.y(block.items[p.dataIndex].value ?? 0)], [word("running"), c.y(steps[p.dataIndex].to)]]]),
  };
}
const waterfallRows = (block, c) => {
  const steps = running(block.items);
  return { columns: [word("item"), word("change"), word("running")],
    rows: block.items.map((i, k) => [text(i.label), i.total ? "" : c.y(i.value), c.y(steps[k].to)]) };
};

function heatmap(block, c) {
  const values = block.data.map((d) => d[2]).filter((v) => typeof v === "number");
  const [least, most] = [block.min ?? Math.min(...values), block.max ?? Math.max(...values)];
  const dark = (v) => (v - least) / (most - least || 1) > c.color.rampAt;
  const rows = categoryAxis(c, block.rows.map(text), true);
  return {
    grid: sideGrid(c), xAxis: categoryAxis(c, block.columns.map(text), false), yAxis: rows, height: 34 + block.rows.length * 38,
    visualMap: { show: false, min: least, max: most || 1, inRange: { color: c.color.ramp } },
    series: [{
      type: "heatmap", itemStyle: { borderColor: c.color.paper, borderWidth: 2 },
      label: { show: c.width / block.columns.length > 46, fontSize: 12 },
      data: block.data.map((d) => ({ value: d, label: { color: dark(d[2]) ? c.color.rampOn : c.color.ink, formatter: c.y(d[2]) } })),
    }],
    tooltip: c.tooltip("item", (p) => [text(block.rows[p.value[1]]), [[text(block.columns[p.value[0]]), c.y(p.value[2])]]]),
  };
}
const heatmapRows = (block, c) => ({
  columns: ["", ...block.columns.map(text)],
  rows: block.rows.map((name, r) => [text(name), ...block.columns.map((_, k) => c.y(block.data.find((d) => d[0] === k && d[1] === r)?.[2]))]),
});

export const kinds = {
  line: { option: xy, rows: xyRows }, area: { option: xy, rows: xyRows }, scatter: { option: xy, rows: xyRows },
  bar: { option: bar, rows: barRows }, football: { option: football, rows: footballRows },
  tornado: { option: tornado, rows: tornadoRows }, waterfall: { option: waterfall, rows: waterfallRows },
  heatmap: { option: heatmap, rows: heatmapRows },
};

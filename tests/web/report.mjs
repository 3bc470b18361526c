// node report.mjs OUT PAGE.html...: opens each page in Chromium from disk and prints one JSON line of findings a page.
// Looked for: console errors, requests to anywhere, charts that did not draw, overflow, text that is not a number, axe-core's
// serious findings; at 1280 and 390 px, in English and Chinese, light and dark, and printed. Screenshots go to OUT.
import { readFileSync, mkdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { chromium } from "playwright-core";

const [out, ...pages] = process.argv.slice(2);
if (!pages.length) throw new Error("usage: node report.mjs OUT PAGE.html...");
mkdirSync(out, { recursive: true });
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run"],
});

// Runs in the page. A drawn chart has marks inside its plot besides axes: paths with area, circles or text.
function look() {
  const charts = [...document.querySelectorAll("figure.chart")];
  const empty = charts.filter((figure) => {
    const svg = figure.querySelector(".plot svg");
    if (!svg || svg.clientWidth < 100) return true;
    const colours = new Set();
    for (const shape of svg.querySelectorAll("path, circle, rect, polygon")) {
      const box = shape.getBoundingClientRect();
      const paint = [shape.getAttribute("fill"), shape.getAttribute("stroke")].find((p) => p && p !== "none" && p !== "transparent");
      if (paint && (box.width > 2 || box.height > 2)) colours.add(paint);
    }
    return colours.size < 2 || svg.querySelectorAll("text").length < 2;
  });
  return {
    charts: charts.length,
    empty: empty.map((figure) => figure.querySelector("figcaption").textContent),
    overflow: document.documentElement.scrollWidth - innerWidth,
    notNumbers: (document.body.innerText.match(/\b(NaN|undefined|Infinity|null|\[object Object\])\b/g) || []).length,
    language: document.documentElement.lang,
  };
}

for (const path of pages) {
  const found = { page: path, bytes: statSync(path).size, charts: 0, empty: [], errors: [], requests: [], axe: [], overflow: [], not_numbers: 0, views: 0 };
  const name = basename(path, ".html");
  for (const [width, height] of [[1280, 900], [390, 844]])
    for (const colorScheme of ["light", "dark"]) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: "reduce", bypassCSP: false });
      const page = await context.newPage();
      page.on("console", (message) => ["error", "warning"].includes(message.type()) && found.errors.push(message.text()));
      page.on("pageerror", (error) => found.errors.push(String(error)));
      const url = pathToFileURL(resolve(path)).href;
      page.on("request", (request) => request.url() !== url && !/^(data|blob):/.test(request.url()) && found.requests.push(request.url()));
      await page.goto(url);
      for (const lang of ["en", "zh"]) {
        await page.click(`[data-lang=${lang}]`);
        for (const fold of await page.$$("details.fold:not([open]) > summary")) await fold.click();
        await page.waitForFunction(() => [...document.querySelectorAll(".plot")].every((plot) => plot.querySelector("svg")), null, { timeout: 10000 }).catch(() => {});
        const view = `${name}-${width}-${colorScheme}-${lang}`;
        const seen = await page.evaluate(look);
        ++found.views;
        found.charts = seen.charts;
        found.empty.push(...seen.empty.map((title) => `${view}: ${title}`));
        if (seen.overflow > 0) found.overflow.push(`${view}: ${seen.overflow} px`);
        found.not_numbers += seen.notNumbers;
        if (seen.language !== (lang === "zh" ? "zh-Hans" : "en")) found.errors.push(`${view}: lang is ${seen.language}`);
        await page.evaluate(() => document.activeElement?.blur());
        await page.screenshot({ path: `${out}/${view}.png`, fullPage: true });
        // axe-core as an isolated-world script: the page's own policy forbids foreign scripts.
        const client = await context.newCDPSession(page);
        const { frameTree } = await client.send("Page.getFrameTree");
        const world = await client.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
        await client.send("Runtime.evaluate", { expression: axe, contextId: world.executionContextId });
        const result = await client.send("Runtime.evaluate", {
          expression: "axe.run(document, { resultTypes: ['violations'] }).then(r => JSON.stringify(r.violations.map(v => ({ id: v.id, impact: v.impact, nodes: v.nodes.slice(0, 3).map(n => n.html.slice(0, 120)), why: v.nodes[0].failureSummary }))))",
          contextId: world.executionContextId, awaitPromise: true, returnByValue: true });
        for (const violation of JSON.parse(result.result.value))
          if (["serious", "critical"].includes(violation.impact)) found.axe.push({ view, ...violation });
        await client.detach();
      }
      // Every chart has a table behind it.
      const tables = await page.evaluate(async () => {
        for (const box of document.querySelectorAll("details.data")) box.open = true;
        await new Promise((done) => setTimeout(done, 50));
        return [...document.querySelectorAll("details.data")].filter((box) => !box.querySelector("tbody tr")).length;
      });
      if (tables) found.errors.push(`${tables} charts without a data table`);
      if (width === 1280 && colorScheme === "light") await page.pdf({ path: `${out}/${name}.pdf`, format: "A4", printBackground: true });
      await context.close();
    }
  console.log(JSON.stringify(found));
}
await browser.close();

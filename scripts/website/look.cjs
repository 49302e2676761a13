// Looks at every page of build/site in a browser, without a server. Words are parts of the names of
// the pages to look at, if not all.
const fs = require("fs");
const path = require("path");
const { pathToFileURL } = require("url");
const { chromium } = require("playwright-core");

const SITE = path.resolve("build/site");
const SHOTS = path.resolve("build/site-shots");
const AXE = require.resolve("axe-core/axe.min.js");
const WIDTHS = { phone: 390, desktop: 1280 };
// Kinds of pages, one of each to be looked at by a person.
const SHOWN = [
  "index.html", "guides/index.html", "guides/first-fit.html", "guides/tensors.html", "topics.html",
  "speed.html", "architecture.html", "r/index.html", "r/two_layer.html",
  "r/articles/pytwolayer.html", "py/index.html", "py/pytwolayer.two_layer.html",
  "py/pytwolayer.TwoLayerRegressor.html", "changelog.html", "search.html",
];

let faults = 0;

function fault(page, text) {
  faults += 1;
  console.log(`${page}: ${text}`);
}

function pagesOf(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const place = path.join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "_static" ? [] : pagesOf(place);
    return entry.name.endsWith(".html") ? [path.relative(SITE, place)] : [];
  });
}

const address = (page) => pathToFileURL(path.join(SITE, page)).href;

async function open(browser, width, scheme) {
  const context = await browser.newContext({
    viewport: { width, height: 900 }, colorScheme: scheme, reducedMotion: "reduce",
  });
  const page = await context.newPage();
  page.on("pageerror", (error) => fault(page.url(), `an error of its script: ${error.message}`));
  return page;
}

// In the page: text that runs out of its block, a heading that is larger than the one it is under,
// and one that cannot be linked to.
function badlySet() {
  const faults = [];
  for (const block of document.querySelectorAll(".bd-article :is(p, li, dt, dd, h1, h2, h3)")) {
    const out = block.scrollWidth - block.clientWidth;
    if (block.clientWidth === 0 || getComputedStyle(block).overflowX !== "visible" || out <= 2) continue;
    faults.push(`text runs ${out} pixels out of its block: ${block.textContent.trim().slice(0, 60)}`);
  }
  const size = (level) => {
    const heading = document.querySelector(`.bd-article section > h${level}`);
    return heading ? parseFloat(getComputedStyle(heading).fontSize) : null;
  };
  for (const [above, below] of [[1, 2], [2, 3], [3, 4]]) {
    if (size(above) && size(below) >= size(above)) faults.push(`h${below} is as large as h${above}`);
  }
  for (const heading of document.querySelectorAll(".bd-article section > :is(h2, h3)")) {
    if (!heading.querySelector("a.headerlink")) faults.push(`no anchor: ${heading.textContent.trim()}`);
  }
  return faults;
}

// Moderate, serious and critical faults that axe-core finds, and what is set badly.
async function lookAt(page, name, how) {
  await page.goto(address(name));
  await page.addScriptTag({ path: AXE });
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  for (const violation of found.violations) {
    if (!["moderate", "serious", "critical"].includes(violation.impact)) continue;
    const where = violation.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join("\n    ");
    fault(name, `${how}: ${violation.impact}: ${violation.help} (${violation.nodes.length})\n    ${where}`);
  }
  const [wide, window] = await page.evaluate(
    () => [document.documentElement.scrollWidth, document.documentElement.clientWidth],
  );
  if (wide > window) fault(name, `${how}: ${wide} pixels wide in a window of ${window}`);
  for (const text of await page.evaluate(badlySet)) fault(name, `${how}: ${text}`);
}

async function shoot(page, name, how) {
  const file = `${name.replace(/[/.]/g, "-").replace(/-html$/, "")}-${how}.png`;
  await page.screenshot({ path: path.join(SHOTS, file) });
}

const focused = (page) => page.evaluate(() => {
  const element = document.activeElement;
  const style = getComputedStyle(element.matches(".sd-tab-set > input") ? element.nextElementSibling : element);
  return {
    text: (element.textContent || element.getAttribute("aria-label") || "").trim().slice(0, 40),
    tag: element.tagName,
    tab: element.matches(".sd-tab-set > input"),
    seen: style.outlineStyle !== "none" || style.boxShadow !== "none",
  };
});

// Tab from the top of a guide: the skip link first, each stop visible, and tabs that arrows choose.
async function walk(browser) {
  const name = "guides/first-fit.html";
  const page = await open(browser, WIDTHS.desktop, "light");
  await page.goto(address(name));
  await page.keyboard.press("Tab");
  const first = await focused(page);
  if (!/skip to main content/i.test(first.text)) fault(name, `the first stop is "${first.text}"`);
  await page.keyboard.press("Enter");
  let tab = null;
  for (let stop = 0; stop < 60; stop += 1) {
    await page.keyboard.press("Tab");
    const now = await focused(page);
    if (now.tag === "BODY") break;
    if (!now.seen) fault(name, `the stop ${now.tag} "${now.text}" is not seen`);
    if (now.tab && tab === null) {
      tab = now;
      await page.keyboard.press("ArrowRight");
      const sets = await page.$$eval(".sd-tab-set", (all) => all.map(
        (set) => set.querySelector("input:checked").nextElementSibling.textContent.trim(),
      ));
      if (sets.some((label) => label !== "Python")) fault(name, `after an arrow the tabs are ${sets}`);
    }
  }
  if (tab === null) fault(name, "no tab was reached");
  await page.goto(address("guides/classification.html"));
  const kept = await page.$eval(".sd-tab-set input:checked + label", (label) => label.textContent.trim());
  if (kept !== "Python") fault(name, `the next page has forgotten the language: ${kept}`);
  await page.context().close();
}

// Search finds a page of each reference and a guide, without a server.
async function search(browser) {
  const page = await open(browser, WIDTHS.desktop, "light");
  for (const [words, wanted] of [
    ["weight_decay", /two_layer/], ["bootstrap", /guides/], ["continue_training", /continue_training/],
  ]) {
    await page.goto(`${address("search.html")}?q=${words}`);
    await page.waitForSelector("#search-results li a", { timeout: 20000 }).catch(() => null);
    const links = await page.$$eval("#search-results li a", (all) => all.map((a) => a.getAttribute("href")));
    if (!links.some((link) => wanted.test(link))) fault("search.html", `"${words}" finds ${links.length} pages`);
  }
  await page.context().close();
}

async function main() {
  const words = process.argv.slice(2);
  const wanted = (name) => words.length === 0 || words.some((word) => name.includes(word));
  fs.mkdirSync(SHOTS, { recursive: true });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--allow-file-access-from-files"],
  });
  const pages = pagesOf(SITE).filter(wanted);
  for (const scheme of ["light", "dark"]) {
    for (const [kind, width] of Object.entries(WIDTHS)) {
      const page = await open(browser, width, scheme);
      for (const name of pages) {
        await lookAt(page, name, `${kind}, ${scheme}`);
        if (SHOWN.includes(name)) await shoot(page, name, `${kind}-${scheme}`);
      }
      await page.context().close();
    }
  }
  await walk(browser);
  await search(browser);
  await browser.close();
  console.log(`${pages.length} pages looked at, ${faults} faults; pictures are in ${path.relative(".", SHOTS)}`);
  process.exit(faults ? 1 : 0);
}

main();

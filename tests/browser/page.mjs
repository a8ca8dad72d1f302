// The built page in headless Chromium: node tests/browser/page.mjs dist [word ...]
//
// Words choose the cases whose name holds one of them. Screenshots go to $SHOTS (target/shots). The last line counts.
import { mkdirSync, mkdtempSync, rmSync, cpSync, existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { serve } from "../../scripts/serve.mjs";

const { chromium } = createRequire(import.meta.url)("playwright-core");   // found through NODE_PATH
const [dist = "dist", ...words] = process.argv.slice(2);
const SHOTS = resolve(process.env.SHOTS ?? "target/shots");
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
  // A sandboxed frame is no secure context, and may not ask this machine for anything.
  "--disable-features=LocalNetworkAccessChecks"];
const CSP = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; img-src 'self' data:";
const FLOWING_MS = 2000;

if (!existsSync(join(dist, "index.html"))) {
  console.error(`page: no index.html in ${dist}; run make dist first`);
  process.exit(1);
}
mkdirSync(SHOTS, { recursive: true });

const check = (holds, what) => { if (!holds) throw new Error(what); };
const launch = (folder) => chromium.launchPersistentContext(folder, {
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium", headless: true, args: FLAGS, viewport: { width: 1280, height: 800 },
});
const temporary = () => mkdtempSync(join(tmpdir(), "tidepool-page-"));

// Opens a page; the site's own shows three-brokers, whose figures the cases know, unless its opening is what a case is about. Everything
// that goes wrong in it is collected, and so is every request that leaves the server.
async function open(context, url, { width = 1280, height = 800, scheme = "light", motion = "no-preference", allow = [], folded = false, opening = false } = {}) {
  const page = await context.newPage();
  page.wrong = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !allow.some((known) => known.test(message.text()))) page.wrong.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => page.wrong.push(`page error: ${error.message}`));
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(new URL(url).origin)) page.wrong.push(`a request leaves: ${request.url()}`);
  });
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: motion });
  await page.goto(url === site.url && !opening ? `${url}?scenario=three-brokers` : url, { waitUntil: "commit" });
  // Where it is not wide the deck is one line until it is opened, which most cases need.
  if (width < 1000 && !folded) {
    await page.locator("tide-pool .tp-unfold[aria-expanded=false]").first().evaluate((button) => button.click(), null, { timeout: 8000 }).catch(() => {});
  }
  return page;
}

const state = (page, index = 0) => page.evaluate((at) => {
  const api = document.querySelectorAll("tide-pool")[at]?.api?.(1);
  return api ? api.state() : null;
}, index);

async function until(page, index, holds, ms, what) {
  const start = performance.now();
  for (;;) {
    const now = await state(page, index).catch(() => null);
    if (now && holds(now)) return { state: now, ms: performance.now() - start };
    if (performance.now() - start > ms) {
      throw new Error(`not within ${ms} ms: ${what}; state ${JSON.stringify(now)}; ${page.wrong.join("; ")}`);
    }
    await page.waitForTimeout(25);
  }
}

const sum = (value) => typeof value === "number" ? value : value && typeof value === "object" ? Object.values(value).reduce((all, one) => all + sum(one), 0) : 0;
const flowing = (now) => sum(now.acked) > 0 && sum(now.handled) > 0;
// Time of the page itself, from the start of its navigation: what the budget of two seconds means.
const age = (page) => page.evaluate(() => performance.now());
const clean = (page) => check(page.wrong.length === 0, page.wrong.join("\n"));
const noSidewaysScroll = async (page) => {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  check(over <= 0, `the page is ${over} px wider than the window`);
};

const cases = {};

for (const [width, height] of [[1280, 800], [390, 844]]) {
  for (const scheme of ["light", "dark"]) {
    cases[`index ${width}x${height} ${scheme}`] = async ({ context, site }) => {
      const page = await open(context, site.url, { width, height, scheme, folded: true, opening: true });
      await until(page, 0, flowing, 20_000, "records flow");
      const at = await age(page);
      const before = await state(page);
      await page.waitForTimeout(1500);
      await page.screenshot({ path: join(SHOTS, `index-${width}-${scheme}.png`) });
      const after = await state(page);
      check(after.time_us > before.time_us, "time goes on");
      check(sum(after.handled) > sum(before.handled), "records go on");
      check(at < FLOWING_MS, `records flow after ${Math.round(at)} ms, not ${FLOWING_MS}`);
      await noSidewaysScroll(page);
      clean(page);
      await page.close();
      return `records after ${Math.round(at)} ms`;
    };
  }
}

cases["a scenario's event hash is the one of `tidepool run`"] = async ({ context, site, pages }) => {
  const hashes = readFileSync(new URL("../vectors/hashes.txt", import.meta.url), "utf8");
  const native = /^three-brokers (\w+)$/m.exec(hashes)?.[1];
  pages("hash.html", '<tide-pool scenario="three-brokers" load="eager"></tide-pool>');
  const page = await open(context, `${site.url}hash.html`);
  await until(page, 0, flowing, 20_000, "records flow");
  const here = await page.evaluate(() => {
    const api = document.querySelector("tide-pool").api(1);
    api.pause();
    api.seek(60_000_000);
    return api.state().event_hash;
  });
  check(here === native, `the page's hash is ${here}, the native one ${native}`);
  clean(page);
  await page.close();
  return here;
};

cases["a killed controller is followed by another, and the narrator says with which votes"] = async ({ context, site }) => {
  const page = await open(context, site.url);
  await until(page, 0, flowing, 20_000, "records flow");
  const name = await page.locator(".tp-broker", { hasText: "controller" }).locator("b").innerText();
  // At full pace: the election takes some seconds of the cluster's time.
  await page.locator("input[type=range]").evaluate((input) => { input.value = "3"; input.dispatchEvent(new Event("input", { bubbles: true })); });
  await page.locator(".tp-broker", { hasText: "controller" }).getByRole("button", { name, exact: true }).click();
  await page.getByRole("menuitem", { name: "Its process dies" }).click();
  const said = page.locator(".tp-said", { hasText: "is the active controller" });
  await said.waitFor({ timeout: 60_000 });
  const words = await said.innerText();
  check(/with the votes of broker-\d and broker-\d/.test(words) && !words.startsWith(name), words);
  await page.locator(".tp-broker", { hasText: "controller" }).waitFor();
  await page.screenshot({ path: join(SHOTS, "controller-killed.png") });
  clean(page);
  await page.close();
  return words;
};

cases["reduced motion"] = async ({ context, site }) => {
  const page = await open(context, site.url, { motion: "reduce" });
  await until(page, 0, flowing, 20_000, "records flow");
  clean(page);
  await page.close();
};

cases["keyboard: focus stays outside until Tab goes in"] = async ({ context, site }) => {
  const page = await open(context, site.url);
  await until(page, 0, flowing, 20_000, "records flow");
  check(await page.evaluate(() => document.activeElement === document.body), "nothing stole the focus");
  await page.keyboard.press("Tab");
  check(await page.evaluate(() => document.activeElement?.localName === "tide-pool"), "Tab reaches the playground");
  clean(page);
  await page.close();
};

for (const [width, height] of [[1280, 800], [390, 844]]) {
  cases[`embed from a sub-path, two playgrounds, ${width}`] = async ({ context, deep }) => {
    const page = await open(context, `${deep.url}docs/embed.html`, { width, height });
    const count = await page.locator("tide-pool").count();
    check(count === 2, `two playgrounds, not ${count}`);
    for (let index = 0; index < count; index++) {
      await page.locator("tide-pool").nth(index).scrollIntoViewIfNeeded();
      await until(page, index, flowing, 20_000, `records flow in playground ${index + 1}`);
    }
    const [one, two] = [await state(page, 0), await state(page, 1)];
    check(one.event_hash !== two.event_hash, "the two are different runs");
    // Taking one away leaves the other alone.
    await page.evaluate(() => document.querySelector("tide-pool").remove());
    const before = await state(page, 0);
    await until(page, 0, (now) => now.time_us > before.time_us, 5000, "the second goes on after the first is gone");
    await noSidewaysScroll(page);
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: join(SHOTS, `embed-${width}.png`), fullPage: true });
    clean(page);
    await page.close();
  };
}

cases["moving the element keeps its run"] = async ({ context, site }) => {
  const page = await open(context, site.url);
  const { state: before } = await until(page, 0, flowing, 20_000, "records flow");
  await page.evaluate(() => {
    const element = document.querySelector("tide-pool");
    document.body.append(Object.assign(document.createElement("div"), { id: "there" }));
    document.getElementById("there").append(element);
  });
  await until(page, 0, (now) => now.time_us > before.time_us && sum(now.handled) >= sum(before.handled), 5000, "the same run goes on");
  clean(page);
  await page.close();
};

cases["a missing scenario shows a card with the cause"] = async ({ context, site, pages }) => {
  pages("missing.html", '<tide-pool scenario="no-such-scenario" load="eager">fallback</tide-pool>');
  const page = await open(context, `${site.url}missing.html`, { allow: [/404/, /tide-pool:/] });
  const card = page.locator("tide-pool [role=alert]");
  await card.waitFor({ timeout: 10_000 });
  check(/404/.test(await card.innerText()), `the card names the cause: ${await card.innerText()}`);
  check(await page.getByText("fallback").isVisible(), "the text inside is still readable");
  clean(page);
  await page.close();
};

cases["an address that names no scenario says so"] = async ({ context, site }) => {
  const page = await open(context, `${site.url}?scenario=No_Such`, { allow: [/tide-pool:/] });
  const card = page.locator("tide-pool [role=alert]");
  await card.waitFor({ timeout: 10_000 });
  check((await card.innerText()).includes('scenario="No_Such": a name from the list of scenarios is expected'), await card.innerText());
  clean(page);
  await page.close();
};

cases["a crash of the engine shows a card, and trying again starts it anew"] = async ({ context, site, pages }) => {
  pages("crash.html", '<tide-pool load="eager">fallback</tide-pool><tide-pool scenario="rebalance" load="eager"></tide-pool>');
  const page = await open(context, `${site.url}crash.html`, { allow: [/tide-pool:/, /panicked/, /RuntimeError/] });
  for (const index of [0, 1]) await until(page, index, flowing, 20_000, "records flow");
  await page.evaluate(async () => {
    window.crashes = 0;
    addEventListener("tidepool-crash", () => window.crashes++);
    const wasm = await (await import("./tidepool.js")).default();
    new Uint8Array(wasm.memory.buffer).fill(0xff);
  });
  await page.locator("tide-pool [role=alert]").nth(1).waitFor({ timeout: 10_000 });
  check(await page.evaluate(() => window.crashes) === 2, "each of the two playgrounds says so");
  const said = await page.locator("tide-pool [role=alert] code").first().innerText();
  check(said.length > 0 && said !== "undefined", `the card says what happened: ${said}`);
  check(await page.evaluate(() => document.querySelector("tide-pool").api(1)) === null, "there is no API without an engine");
  page.wrong = page.wrong.filter((what) => !/^page error: (memory access|unreachable|table index|null function|indirect call)/.test(what));
  await page.getByRole("button", { name: "Try again" }).first().click();
  await until(page, 0, flowing, 20_000, "records flow again");
  clean(page);
  await page.close();
};

cases["an attribute that is wrong is named on the card; one that is set wrong later changes nothing"] = async ({ context, site, pages }) => {
  pages("wrong.html", '<tide-pool load="eager" theme="blue">fallback</tide-pool><tide-pool load="soon">fallback</tide-pool><tide-pool load="eager">fallback</tide-pool>'
    + '<tide-pool load="eager" height="tall">fallback</tide-pool><tide-pool load="eager" height="calc(1px * tall)">fallback</tide-pool>');
  const page = await open(context, `${site.url}wrong.html`, { allow: [/tide-pool:/] });
  const cards = page.locator("tide-pool [role=alert]");
  await cards.nth(3).waitFor({ timeout: 10_000 });
  const said = await cards.allInnerTexts();
  check(said.some((text) => text.includes('theme="blue": auto or light or dark is expected')), `the theme: ${said}`);
  check(said.some((text) => text.includes('load="soon": visible or eager or click is expected')), `load: ${said}`);
  check(said.filter((text) => /height="(tall|calc.*)": CSS pixels such as 480/.test(text)).length === 2, `height: ${said}`);
  await page.locator("tide-pool").nth(2).scrollIntoViewIfNeeded();
  await until(page, 2, flowing, 20_000, "the one that is right runs");
  const detail = await page.evaluate(() => new Promise((done) => {
    const element = document.querySelectorAll("tide-pool")[2];
    element.addEventListener("tidepool-error", (event) => done(event.detail), { once: true });
    element.setAttribute("speed", "fast");
  }));
  check(detail.option === "speed" && detail.value === '"fast"' && detail.expected.includes("1/4"), JSON.stringify(detail));
  const later = await page.evaluate(() => {
    const element = document.querySelectorAll("tide-pool")[2], told = [], high = element.offsetHeight;
    element.addEventListener("tidepool-error", ({ detail }) => told.push(detail.option));
    for (const [name, value] of [["layout", "compact"], ["controls", "none"], ["mode", "page"], ["height", "auto"], ["height", "tall"]]) {
      element.setAttribute(name, value);
    }
    const kept = element.offsetHeight === high;
    const heights = ["calc(100px + 20em)", "50vmin", "410"].map((height) => (element.setAttribute("height", height), element.offsetHeight));
    element.removeAttribute("layout");
    element.removeAttribute("height");
    return { told, kept, heights, high: element.offsetHeight === high };
  });
  check(`${later.told}` === "layout,controls,mode,height,height" && later.kept && later.high, `read once: ${JSON.stringify(later)}`);
  check(`${later.heights}` === "420,400,410", `lengths: ${later.heights}`);
  const thrown = await page.evaluate(() => { try { document.querySelectorAll("tide-pool")[2].api(2); } catch (error) { return error.message; } });
  check(thrown === "api(2): this build has version 1 of the JavaScript API", thrown);
  await until(page, 2, flowing, 1000, "it runs on");
  clean(page);
  await page.close();
};

cases["load=click waits for the click"] = async ({ context, site, pages }) => {
  pages("click.html", '<tide-pool scenario="first-light" load="click">fallback</tide-pool>');
  const page = await open(context, `${site.url}click.html`);
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.getByRole("button", { name: "Start the cluster" }).waitFor();
  await page.waitForTimeout(300);
  check(!asked.some((url) => url.endsWith(".wasm")), "no wasm before the click");
  await page.getByRole("button", { name: "Start the cluster" }).click();
  await until(page, 0, flowing, 20_000, "records flow");
  clean(page);
  await page.close();
};

cases["an inline scenario"] = async ({ context, site, pages }) => {
  const file = ["tide", "txt", "toml"].map((ext) => join(dist, "scenarios", `first-light.${ext}`)).find(existsSync);
  check(file, "a file scenarios/first-light");
  pages("inline.html", `<tide-pool load="eager"><script type="text/tidepool">${readFileSync(file, "utf8")}</script></tide-pool>`);
  const page = await open(context, `${site.url}inline.html`);
  await until(page, 0, flowing, 20_000, "records flow");
  clean(page);
  await page.close();
};

const offsets = (now) => Object.entries(flat(now.end_offsets ?? {})).filter(([, value]) => Number.isFinite(value));
const flat = (value, prefix = "") => Object.entries(value).reduce((all, [key, one]) =>
  one && typeof one === "object" ? Object.assign(all, flat(one, `${prefix}${key}-`)) : Object.assign(all, { [prefix + key]: Number(one) }), {});

cases["durable: records survive a killed browser"] = async ({ site, pages }) => {
  const body = (store) => `<tide-pool scenario="first-light" store="${store}" load="eager"></tide-pool>`;
  pages("durable.html", body("t1"));
  pages("other.html", body("t2"));
  const folder = temporary();
  let context = await launch(folder);
  try {
    const page = await open(context, `${site.url}durable.html`);
    await until(page, 0, (now) => flowing(now) && offsets(now).some(([, end]) => end > 0), 20_000, "records with end offsets");
    await page.waitForTimeout(6000);
    const kept = offsets(await state(page));
    await page.waitForTimeout(2500);           // a flush is due every half second
    clean(page);
    // Without warning: the page's process is killed, so that no handler of it runs any more.
    const session = await context.newCDPSession(page);
    await Promise.race([session.send("Page.crash").catch(() => {}), page.waitForEvent("crash")]);
    await context.close().catch(() => {});
    context = await launch(folder);
    const again = await open(context, `${site.url}durable.html`);
    const { state: first } = await until(again, 0, (now) => offsets(now).length > 0, 20_000, "end offsets after opening again");
    const have = Object.fromEntries(offsets(first));
    const lost = kept.filter(([partition, end]) => !(have[partition] >= end));
    check(!lost.length, `flushed records are gone: were ${JSON.stringify(kept)}, are ${JSON.stringify(have)}`);
    await until(again, 0, (now) => sum(Object.fromEntries(offsets(now))) > sum(have) && flowing(now), 20_000, "the cluster goes on");
    await again.screenshot({ path: join(SHOTS, "durable-again.png") });
    const judged = await again.locator("tide-pool .tp-status").getAttribute("title");
    check(judged === "Every invariant of Kafka holds", `the records of before are held against this run: ${judged}`);
    clean(again);
    // Another name is another cluster; and at the same age it has fewer records, so the ones above were not just produced anew.
    const other = await open(context, `${site.url}other.html`);
    const { state: fresh } = await until(other, 0, (now) => offsets(now).length > 0, 20_000, "end offsets of another store");
    check(sum(Object.fromEntries(offsets(fresh))) < sum(Object.fromEntries(kept)),
      `a fresh store has ${JSON.stringify(offsets(fresh))} at once: then the check above shows nothing`);
    clean(other);
    return `${sum(Object.fromEntries(kept))} records kept`;
  } finally {
    await context.close().catch(() => {});
    rmSync(folder, { recursive: true, force: true });
  }
};

cases["durable: a full disk ends saving with a sentence, and the cluster goes on"] = async ({ context, site, pages }) => {
  pages("full.html", '<tide-pool store="full" load="eager" speed="50"></tide-pool>');
  pages("empty.html", "");
  const page = await open(context, `${site.url}empty.html`);
  const session = await context.newCDPSession(page);
  const { origin } = new URL(site.url);
  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 100_000 });
  await page.goto(`${site.url}full.html`);
  const { state: now } = await until(page, 0, (now) => now.store !== "", 20_000, "a sentence about the store");
  check(/Saving has ended \(Quota/.test(now.store), `it names the cause: ${now.store}`);
  await until(page, 0, (later) => sum(later.handled) > sum(now.handled), 10_000, "the cluster goes on");
  check(await page.getByText(now.store).isVisible(), "the sentence is on the page");
  clean(page);
  await session.send("Storage.overrideQuotaForOrigin", { origin });
  await page.close();
  return now.store;
};

// The page as a site gives it: a strict policy at the root, and no header at all under a sub-path.
const work = temporary();
cpSync(dist, join(work, "dist"), { recursive: true });
const site = await serve(join(work, "dist"), { headers: { "content-security-policy": CSP } });
const deep = await serve(join(work, "dist"), { prefix: "/some/where/" });
const pages = (name, body) => writeFileSync(join(work, "dist", name),
  `<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>t</title><link rel="icon" href="data:,"><script type="module" src="element.js"></script>${body}`);
const profile = temporary();
const context = await launch(profile);
context.setDefaultTimeout(20_000);

// The first navigation of a fresh browser profile pays for the browser's own start.
await (await context.newPage()).goto("about:blank");

// More cases, a file for each part of the page: `export default (cases, kit) => { cases["name"] = async ({ context, site }) => …; }`
const kit = { dist, check, open, state, until, sum, flowing, age, clean, noSidewaysScroll, launch, temporary, SHOTS, shot: (name) => join(SHOTS, `${name}.png`) };
const folder = new URL("cases/", import.meta.url);
for (const file of readdirSync(folder).sort()) (await import(new URL(file, folder))).default(cases, kit);

let passed = 0, failed = 0;
for (const [name, run] of Object.entries(cases)) {
  if (words.length && !words.some((word) => name.includes(word))) continue;
  try {
    const note = await run({ context, site, deep, pages });
    passed++;
    console.log(`ok     ${name}${note ? `: ${note}` : ""}`);
  } catch (error) {
    failed++;
    console.log(`FAILED ${name}\n       ${String(error.message).replaceAll("\n", "\n       ")}`);
    for (const page of context.pages().slice(1)) {
      await page.screenshot({ path: join(SHOTS, `failed-${name.replace(/\W+/g, "-")}.png`) }).catch(() => {});
      await page.close().catch(() => {});
    }
  }
}
await context.close();
await Promise.all([site.close(), deep.close()]);
for (const folder of [work, profile]) rmSync(folder, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed; screenshots in ${SHOTS}`);
process.exit(failed || !passed ? 1 : 0);

// How fast the engine is as wasm, in headless Chromium, on the default scenario (three brokers, six partitions, three producers, a group of
// three), judged and told as on the page: node tests/browser/bench.mjs dist. Prints, checks nothing.
import { createRequire } from "node:module";
import { serve } from "../../scripts/serve.mjs";

const { chromium } = createRequire(import.meta.url)("playwright-core");   // found through NODE_PATH
const dist = process.argv[2] ?? "dist";
const SIMULATED_S = 600;
const ROUNDS = 5;
const BUDGET = 2000;
const SEEKS = 200;
const SEEK_BUDGET_MS = 20;
const PLAYED_MS = 5000;

const site = await serve(dist);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium", headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  // The engine's memory, from what instantiating it gives.
  await page.addInitScript(() => {
    const { instantiate } = WebAssembly;
    WebAssembly.instantiate = async (...given) => {
      const made = await instantiate(...given);
      globalThis.tidepoolMemory = (made.instance ?? made).exports.memory;
      return made;
    };
  });
  // The playground of the page makes room for one with the default scenario.
  await page.route(site.url, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: (await answer.text()).replace(/scenario="[^"]*"/, 'scenario="three-brokers"') });
  });
  await page.goto(site.url);
  await page.waitForFunction(() => document.querySelector("tide-pool")?.api?.(1));
  // Processor time of the page so far, in seconds: what a busy machine does not spoil.
  const system = await browser.newBrowserCDPSession();
  const processor = async () => (await system.send("SystemInfo.getProcessInfo")).processInfo
    .filter((one) => one.type === "renderer").reduce((sum, one) => sum + one.cpuTime, 0);
  // Straight on, without a picture: what the engine gives. The first round includes the browser's compiling of what is hot.
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const before = await processor();
    const one = await page.evaluate((seconds) => {
      const api = document.querySelector("tide-pool").api(1);
      api.pause();
      const before = api.state();
      const start = performance.now();
      api.seek(before.time_us + seconds * 1e6);
      const took = performance.now() - start;
      const after = api.state();
      const memory = globalThis.tidepoolMemory?.buffer.byteLength ?? NaN;
      return { took, simulated: (after.time_us - before.time_us) / 1e6, events: after.events - before.events, memory };
    }, SIMULATED_S);
    rounds.push({ ...one, processor: await processor() - before });
  }
  // Seeks to anywhere in ten minutes, of a run of their own; the picture is not waited for.
  const seeks = await page.evaluate(async ([seconds, count]) => {
    const element = document.createElement("tide-pool");
    for (const [name, value] of [["scenario", "three-brokers"], ["load", "eager"], ["paused", ""]]) element.setAttribute(name, value);
    document.body.append(element);
    while (!element.api(1)) await new Promise((done) => setTimeout(done, 20));
    const api = element.api(1);
    api.seek(30e6);
    for (const [at, fault] of [[60, "kill broker-2"], [90, "restart broker-2"], [200, "isolate broker-3"], [230, "heal"]]) {
      api.seek(at * 1e6);
      api.act(fault);
    }
    api.seek(seconds * 1e6);
    let seed = 4;
    const took = [];
    for (let n = 0; n < count; n++) {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      const start = performance.now();
      api.seek(seed / 2147483648 * seconds * 1e6);
      took.push(performance.now() - start);
    }
    element.remove();
    return took.sort((a, b) => a - b);
  }, [SIMULATED_S, SEEKS]);
  // As fast as it goes, drawn: half of each frame belongs to the engine.
  const played = await page.evaluate(async (ms) => {
    const element = document.querySelector("tide-pool");
    element.setAttribute("speed", "max");
    const api = element.api(1);
    const before = api.state();
    const start = performance.now();
    let frames = 0, running = true;
    const count = () => { frames++; if (running) requestAnimationFrame(count); };
    requestAnimationFrame(count);
    api.play();
    await new Promise((done) => setTimeout(done, ms));
    api.pause();
    running = false;
    const took = performance.now() - start;
    return { took, frames, simulated: (api.state().time_us - before.time_us) / 1e6 };
  }, PLAYED_MS);
  const row = (what, value, rest) => console.log(`${what.padEnd(34)} ${value.toFixed(0).padStart(8)} simulated s/s ${rest}`);
  const perSecond = (one) => (count) => count / (one.took / 1000);
  const print = (what, one) => row(what, perSecond(one)(one.simulated),
    `${perSecond(one)(one.events).toFixed(0).padStart(12)} events/s  budget: ${BUDGET.toLocaleString("en")} simulated s/s `
    + `(${(one.simulated / one.processor).toFixed(0)} for a second of the processor)`);
  print("wasm, default scenario, cold", rounds[0]);
  print(`wasm, default scenario, best of ${ROUNDS}`, rounds.reduce((best, one) => one.processor < best.processor ? one : best));
  const megabytes = (one) => (one.memory / 1e6).toFixed(0);
  console.log(`${"wasm, memory of the whole engine".padEnd(34)} ${megabytes(rounds[0]).padStart(8)} MB after ${SIMULATED_S} simulated s, `
    + `${megabytes(rounds.at(-1))} MB after ${SIMULATED_S * ROUNDS}`);
  const part = (share) => seeks[Math.ceil(seeks.length * share) - 1].toFixed(0);
  console.log(`${`wasm, ${SEEKS} seeks in ${SIMULATED_S} s, p95`.padEnd(34)} ${part(0.95).padStart(8)} ms (median ${part(0.5)}, worst ${part(1)})  `
    + `budget: ${SEEK_BUDGET_MS} ms`);
  row("wasm, played at max and drawn", perSecond(played)(played.simulated), `at ${perSecond(played)(played.frames).toFixed(0)} frames/s`);
} finally {
  await browser.close();
  await site.close();
}

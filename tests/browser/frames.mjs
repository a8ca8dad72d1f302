// What a frame costs with many records under way, in headless Chromium, beside a bare canvas loop that draws as many rectangles:
// node tests/browser/frames.mjs dist. Also the way to the first record that is drawn. Prints, checks nothing.
import { createRequire } from "node:module";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { serve } from "../../scripts/serve.mjs";

const { chromium } = createRequire(import.meta.url)("playwright-core");   // found through NODE_PATH
const dist = process.argv[2] ?? "dist";
const COUNTS = [1000, 10_000, 50_000];
const MEASURED_MS = 4000;
const RATIO = 1.5;

// Records that take a second to the broker and another one to the group.
const scenario = (moving) => {
  const producers = Array.from({ length: 8 }, (_, n) =>
    `producer p${n} topic=t rate=${Math.ceil(moving / 2 / 8)}/s keys=uniform:500 linger.ms=100 delivery.timeout.ms=120000`);
  const consumers = Array.from({ length: 6 }, (_, n) => `consumer c${n} group=g topics=t handle=0s max.poll.records=5000`);
  return ["tidepool 1", "title Many records", "seed 5", "link latency=1s jitter=500ms", "topic t partitions=12", ...producers, ...consumers].join("\n");
};

const site = await serve(dist);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium", headless: true, args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
});
const system = await browser.newBrowserCDPSession();
const processor = async () => (await system.send("SystemInfo.getProcessInfo")).processInfo.reduce((sum, one) => sum + one.cpuTime, 0) * 1000;

// Frames for a while: how many came, how long their callbacks took (in the page), what all of the browser's processes worked.
async function frames(page, start) {
  await page.evaluate(start);
  await page.waitForTimeout(500);
  await page.evaluate(() => { globalThis.taken.length = 0; });
  const before = await processor();
  await page.waitForTimeout(MEASURED_MS);
  const worked = await processor() - before;
  const taken = (await page.evaluate(() => globalThis.taken)).sort((a, b) => a - b);
  const at = (part) => taken[Math.floor((taken.length - 1) * part)] ?? NaN;
  return { rate: taken.length / (MEASURED_MS / 1000), middle: at(0.5), late: at(0.95), worked: worked / taken.length };
}

const timed = () => {
  globalThis.taken = [];
  const ask = globalThis.requestAnimationFrame.bind(globalThis);
  globalThis.requestAnimationFrame = (call) => ask((t) => {
    const start = performance.now();
    call(t);
    globalThis.taken.push(performance.now() - start);
  });
};

let few;
try {
  for (const count of COUNTS) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.addInitScript(timed);
    await page.route("**/many.tide", (route) => route.fulfill({ contentType: "text/plain", body: scenario(count) }));
    await page.route("**/frames.html", (route) => route.fulfill({ contentType: "text/html", body:
      "<!DOCTYPE html><meta charset=utf-8><style>body{margin:0}</style><script type=module src=element.js></script>"
      + "<tide-pool scenario=./many.tide load=eager paused speed=1/100></tide-pool>" }));
    await page.goto(new URL("frames.html", site.url).href);
    await page.waitForFunction(() => document.querySelector("tide-pool")?.api?.(1));
    // The moment at which the number under way is nearest to what is wanted.
    const moving = await page.evaluate((wanted) => {
      const api = document.querySelector("tide-pool").api(1);
      const count = (at) => { api.seek(at * 1e6); return api.state().moving; };
      let best = [Infinity, 0];
      for (let at = 40; at < 60 && best[0] > wanted / 50; at += 0.2) {
        const off = Math.abs(count(at) - wanted);
        if (off < best[0]) best = [off, at];
      }
      return count(best[1]);
    }, count);
    const ours = await frames(page, () => document.querySelector("tide-pool").api(1).play());
    await page.evaluate(() => document.querySelector("tide-pool").remove());
    const size = await page.evaluate(() => ({ width: 1280, height: 800 }));
    const bare = await frames(page, `(() => {
      const canvas = Object.assign(document.createElement("canvas"), ${JSON.stringify(size)}), c = canvas.getContext("2d");
      document.body.append(canvas);
      const inks = ["#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#0072B2", "#D55E00"];
      const draw = (t) => {
        c.clearRect(0, 0, 1280, 800);
        for (let i = 0; i < ${moving}; i++) {
          if (i % ${Math.ceil(moving / 6)} === 0) c.fillStyle = inks[Math.floor(i / ${Math.ceil(moving / 6)})];
          c.fillRect((i * 7.31 + t / 20) % 1280, (i * 3.7) % 800, 8, 8);
        }
        requestAnimationFrame(draw);
      };
      requestAnimationFrame(draw);
    })()`);
    const line = (what, one) => console.log(`${what.padEnd(34)} ${one.rate.toFixed(0).padStart(4)} frames/s  ${one.middle.toFixed(1).padStart(6)} ms `
      + `in the page (p95 ${one.late.toFixed(1)})  ${one.worked.toFixed(1).padStart(6)} ms of the processor`);
    line(`${moving.toLocaleString("en")} records under way`, ours);
    line(`  as many rectangles, bare`, bare);
    if (count === COUNTS[0]) few = { ours, bare };
    const more = (what) => ((ours[what] - few.ours[what]) / (bare[what] - few.bare[what])).toFixed(2);
    console.log(`${"  ratio".padEnd(34)} ${(ours.middle / bare.middle).toFixed(2)} in the page, ${(ours.worked / bare.worked).toFixed(2)} of the processor  `
      + (count === COUNTS[0] ? "(the cluster itself is drawn too)" : `for each record more: ${more("middle")}, ${more("worked")}  budget: ${RATIO} at 10,000`));
    await page.close();
  }
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(site.url, { waitUntil: "commit" });
  await page.waitForFunction(() => {
    const api = document.querySelector("tide-pool")?.api?.(1);
    return api && Object.values(api.state().end_offsets).some((end) => end > 0);
  }, undefined, { polling: "raf" });
  console.log(`${"first record drawn after".padEnd(34)} ${(await page.evaluate(() => performance.now())).toFixed(0).padStart(4)} ms`);
  const bytes = readdirSync(dist).filter((name) => /\.(wasm|js|css)$/.test(name)).reduce((sum, name) => sum + statSync(join(dist, name)).size, 0);
  console.log(`${"bytes, before compression".padEnd(34)} ${bytes.toLocaleString("en")}`);
} finally {
  await browser.close();
  await site.close();
}

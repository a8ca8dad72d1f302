// What strangers once stumbled over, as it looks today: a picture of each by the name of the one from then, at the same size and zoom.
// With $BEFORE, a folder of those, each stands beside its own in pair-NAME.png.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const BEFORE = process.env.BEFORE;

export default (cases, { check, open, state, until, clean, shot }) => {
  const act = (page, line) => page.evaluate((line) => document.querySelector("tide-pool").api(1).act(line), line);
  const still = (page, seconds) => page.evaluate((us) => {
    const api = document.querySelector("tide-pool").api(1);
    api.pause();
    if (us >= 0) api.seek(us);
  }, seconds * 1e6);
  const tab = (page, name) => page.getByRole("tab", { name, exact: true }).click();
  const killed = async (page, broker, at, then) => {
    await still(page, at);
    await act(page, `kill ${broker}`);
    await still(page, then);
  };
  const leaders = (page) => page.locator(".tp-partition", { hasText: "no leader" }).count();

  // name: scenario, width, height, what is done before the picture; more: the element's other attributes, or the page around it.
  const FINDINGS = {
    "01-motion-4-frames": { look: async (page, picture) => {
      await page.waitForTimeout(1500);
      const frames = [];
      for (let n = 0; n < 4; n++) frames.push(await page.screenshot());
      await picture(frames);
    } },
    "03-36s-after-kill-nothing-elected": { look: async (page) => {
      await act(page, "kill broker-2");
      const began = performance.now();
      await until(page, 0, () => true, 1000, "it runs");
      for (let n = 0; n < 300 && !(await leaders(page)); n++) await page.waitForTimeout(50);
      for (let n = 0; n < 300 && await leaders(page); n++) await page.waitForTimeout(50);
      return `partitions have new leaders ${((performance.now() - began) / 1000).toFixed(1)} s after the kill`;
    } },
    "05-broker-menu-hides-ribbons": { look: (page) => page.locator(".tp-broker .tp-do").nth(1).click() },
    "06-lag-400-looks-like-12": { scenario: "slow-consumer", look: (page) => still(page, 60) },
    "07-acks1-loss-invisible": { scenario: "acks-1-loses", look: (page) => still(page, 45) },
    "10-panel-takes-73-percent": { look: async (page) => { await killed(page, "broker-2", 18, 19); await page.locator(".tp-stage .tp-ask:visible").first().click(); } },
    "11-two-brokers-dead-invariants-hold": { look: async (page) => { await killed(page, "broker-2", 18, 19); await killed(page, "broker-3", 19, 31); } },
    "12-why-excellent-but-stage-hidden": { look: async (page) => { await killed(page, "broker-2", 18, 24); await page.locator(".tp-stage .tp-ask:visible").first().click(); } },
    "13-follow-record-excellent": { look: async (page) => { await still(page, 20); await page.getByRole("button", { name: "Follow a record" }).click(); } },
    "14-compare-covers-groups": { scenario: "three-protocols", look: async (page) => { await page.getByRole("button", { name: "Compare", exact: true }).click(); await page.waitForTimeout(4000); } },
    "16-lanes-plus-panel-no-stage": { look: async (page) => { await still(page, 30); await page.locator(".tp-fold").click(); await tab(page, "Ledger"); } },
    "18-rtl-broken": { width: 1000, mode: "embed", around: '<html dir="rtl">', look: (page) => still(page, 20) },
    "20-embed-720-four-records": { scenario: "first-light", width: 720, height: 520, mode: "embed", look: (page) => still(page, 20) },
    "21-embed-320-clipped": { scenario: "first-light", width: 320, height: 900, mode: "embed", look: (page) => still(page, 20) },
    "23-mobile-killed": { width: 390, height: 844, look: async (page) => { await still(page, 18); await act(page, "kill broker-2"); } },
    "24-zoom200-overlap": { width: 640, height: 400, look: (page) => still(page, 20) },
    "25-zoom400-deck-is-everything": { width: 320, height: 200, look: (page) => still(page, 20) },
  };

  const uri = (bytes) => `data:image/png;base64,${bytes.toString("base64")}`;
  // Pictures beside each other, as one.
  const beside = async (context, pictures, path, columns = pictures.length) => {
    const page = await context.newPage();
    await page.setContent(`<style>body{margin:0;display:grid;grid-template-columns:repeat(${columns},max-content);gap:16px;background:#888;width:max-content}img{max-height:1600px}</style>
      ${pictures.map((bytes) => `<img src="${uri(bytes)}">`).join("")}`);
    await page.evaluate(() => Promise.all([...document.images].map((image) => image.decode())));
    await page.locator("body").screenshot({ path });
    await page.close();
  };

  for (const [name, { scenario = "records-under-way", width = 1280, height = 800, mode = "page", around = "", look }] of Object.entries(FINDINGS)) {
    cases[`finding ${name}`] = async ({ context, deep, pages }) => {
      pages("finding.html", `${around}${mode === "page" ? '<link rel="stylesheet" href="page.css">' : "<style>body { margin: 0 }</style>"}
        <tide-pool scenario="${scenario}" load="eager" theme="light" ${mode === "page" ? 'mode="page"' : `height="${height}"`}></tide-pool>`);
      const page = await open(context, `${deep.url}finding.html`, { width, height, folded: true });
      await until(page, 0, (now) => now.acked > 0, 20_000, "records flow");
      const path = shot(`finding-${name}`);
      const said = await look(page, (frames) => beside(context, frames, path, 2));
      await page.waitForTimeout(500);
      if (!existsSync(path) || name !== "01-motion-4-frames") await page.screenshot({ path });
      const before = BEFORE && join(BEFORE, `${name}.png`);
      if (before && existsSync(before)) await beside(context, [before, path].map((file) => readFileSync(file)), shot(`pair-${name}`));
      check((await state(page)).time_us > 0, "it still runs");
      clean(page);
      await page.close();
      return said;
    };
  }
};

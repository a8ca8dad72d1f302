// The second part of the engine: loaded when a panel or a menu is opened first, and not before; a failure is said and can be mended.
import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { serve } from "../../../scripts/serve.mjs";

export default (cases, { dist, check, open, until, flowing, clean, temporary }) => {
  const PART = "tidepool_late.wasm";
  if (!existsSync(join(dist, PART))) return;   // a debug build is in one part

  const asked = (page) => {
    const all = [];
    page.on("request", (request) => { if (request.url().endsWith(PART)) all.push(request.url()); });
    return all;
  };

  // A site on which the part is missing until `mend`. It is the server that fails: interception set on a page under way misses some requests.
  async function broken(run) {
    const folder = temporary();
    cpSync(dist, folder, { recursive: true });
    rmSync(join(folder, PART));
    const site = await serve(folder);
    try {
      await run(site, () => cpSync(join(dist, PART), join(folder, PART)));
    } finally {
      await site.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }

  cases["late: a menu opens with the second part, which the page did without before"] = async ({ context, site }) => {
    const page = await open(context, site.url);
    const parts = asked(page);
    await until(page, 0, flowing, 20_000, "records flow");
    await page.waitForTimeout(500);
    check(parts.length === 0, "a page that shows a run asks for no second part");
    for (const thing of ["broker broker-1", "broker broker-3"]) {
      await page.getByRole("group", { name: thing }).getByRole("button").first().click();
      await page.getByRole("menu", { name: thing.split(" ")[1] }).waitFor();
      await page.keyboard.press("Escape");
    }
    check(parts.length === 1, `it is loaded once: ${parts.length}`);
    clean(page);
    await page.close();
  };

  cases["late: a menu or a panel says that its part could not be loaded, asks again only by a hand, and then opens"] = ({ context }) =>
    broken(async (site, mend) => {
      const page = await open(context, site.url, { allow: [/Failed to load resource/] });
      const parts = asked(page);
      await until(page, 0, flowing, 20_000, "records flow");
      const button = page.getByRole("group", { name: "broker broker-1" }).getByRole("button").first();
      const tab = page.getByRole("tab", { name: "Ledger" });
      const told = page.getByText("A part of this page could not be loaded");
      await button.click();
      await told.waitFor();
      check(await page.getByRole("menu").count() === 0, "no empty menu");
      await tab.click();
      await page.locator(".tp-panel", { hasText: "could not be loaded" }).waitFor();
      await page.waitForTimeout(1000);
      check(parts.length === 2, `each press asks once: ${parts.length}`);
      mend();
      await tab.click();
      await tab.click();
      await page.getByRole("table").waitFor();
      check(parts.length === 3 && await told.count() === 0, `it came with the third: ${parts.length}`);
      await button.click();
      await page.getByRole("menu", { name: "broker-1" }).waitFor();
      clean(page);
      await page.close();
    });
};

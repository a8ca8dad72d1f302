// The second part of the engine: loaded when a panel or a menu is opened first, and not before; a failure is said and can be mended.
import { existsSync } from "node:fs";
import { join } from "node:path";

export default (cases, { dist, check, open, until, flowing, clean }) => {
  if (!existsSync(join(dist, "tidepool_late.wasm"))) return;   // a debug build is in one part

  const asked = (page) => {
    const all = [];
    page.on("request", (request) => { if (request.url().endsWith("tidepool_late.wasm")) all.push(request.url()); });
    return all;
  };

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

  cases["late: a panel says that its part could not be loaded, and opens when it is asked for again"] = async ({ context, site }) => {
    const page = await open(context, site.url, { allow: [/Failed to load resource/] });
    let broken = true;
    await page.route("**/tidepool_late.wasm", (route) => (broken ? route.abort() : route.continue()));
    await until(page, 0, flowing, 20_000, "records flow");
    const tab = page.getByRole("tab", { name: "Ledger" });
    await tab.click();
    await page.getByText("A part of this page could not be loaded").waitFor();
    broken = false;
    await tab.click();
    await tab.click();
    await page.getByRole("table").waitFor();
    clean(page);
    await page.close();
  };
};

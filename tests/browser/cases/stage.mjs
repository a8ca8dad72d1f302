// The stage: many partitions, two arrangements, a record's way, and one partition's records at large.
export default (cases, { check, open, state, until, flowing, clean, noSidewaysScroll, shot }) => {
  const seek = (page, us) => page.evaluate((us) => { const api = document.querySelector("tide-pool").api(1); api.pause(); api.seek(us); }, us);
  for (const [width, height, scheme] of [[1280, 800, "light"], [1280, 800, "dark"], [390, 844, "light"], [390, 844, "dark"]]) {
    cases[`stage: fifty partitions, each with its name, ${width} ${scheme}`] = async ({ context, site, pages }) => {
      pages("fifty.html", '<meta name="viewport" content="width=device-width"><tide-pool scenario="fifty-partitions" mode="page" load="eager"></tide-pool>');
      const page = await open(context, `${site.url}fifty.html`, { width, height, scheme });
      await until(page, 0, flowing, 20_000, "records flow");
      await seek(page, 24_000_000);
      await page.locator(".tp-time").filter({ hasText: "00:24.000" }).waitFor();
      const names = await page.locator(".tp-partition").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
      check(names.length === 50 && names.every((name, n) => name.startsWith(`partition orders-${n}, high watermark`)), names.join("; "));
      check(await page.locator(".tp-member").count() === 20, "twenty members");
      await noSidewaysScroll(page);
      await page.screenshot({ path: shot(`fifty-${width}-${scheme}`), fullPage: true });
      await page.getByRole("button", { name: "by broker" }).click();
      await page.waitForTimeout(900);
      await page.screenshot({ path: shot(`fifty-by-broker-${width}-${scheme}`), fullPage: true });
      clean(page);
      await page.close();
    };
    cases[`stage: by broker, and back, ${width} ${scheme}`] = async ({ context, site }) => {
      const page = await open(context, site.url, { width, height, scheme });
      await until(page, 0, flowing, 20_000, "records flow");
      await seek(page, 20_000_000);
      await page.evaluate(() => { const api = document.querySelector("tide-pool").api(1); api.act("kill broker-3"); api.seek(21_500_000); });
      await page.locator(".tp-time").filter({ hasText: "00:21.500" }).waitFor();
      const tops = () => page.locator(".tp-partition").evaluateAll((all) => all.map((one) => one.offsetTop));
      const before = await tops();
      const to = page.getByRole("button", { name: "by broker" });
      await to.focus();
      await page.keyboard.press("Enter");
      await page.waitForTimeout(150);
      const between = await tops();
      await page.waitForTimeout(900);
      const after = await tops();
      check(await to.getAttribute("aria-pressed") === "true", "the switch says which it is");
      check(String(before) !== String(after), "another arrangement");
      check(between.some((y, n) => y !== before[n] && y !== after[n]), `there is a way between: ${before} ${between} ${after}`);
      await noSidewaysScroll(page);
      await page.screenshot({ path: shot(`by-broker-${width}-${scheme}`), fullPage: true });
      await page.getByRole("button", { name: "by topic" }).click();
      await page.waitForTimeout(900);
      check(String(await tops()) === String(before), "everything is where it was");
      clean(page);
      await page.close();
    };
  }
};

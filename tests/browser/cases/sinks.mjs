// Sinks, row by row: what is there twice, what is missing, and the way to a record.
export default (cases, { check, open, until, clean, shot, noSidewaysScroll }) => {
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    for (const scheme of ["light", "dark"]) {
      cases[`sinks: rows with duplicates ${width} ${scheme}`] = async ({ context, site }) => {
        const page = await open(context, `${site.url}?scenario=commit-order`, { width, height, scheme });
        await until(page, 0, (now) => now.time_us > 0, 20_000, "it begins");
        await page.evaluate(() => {
          const api = document.querySelector("tide-pool").api(1);
          api.pause();
          api.seek(30_000_000);
        });
        await until(page, 0, (now) => now.time_us === 30_000_000, 10_000, "after both deaths");
        await page.getByRole("tab", { name: "Sinks" }).click();
        const panel = page.getByRole("tabpanel", { name: "Sinks" });
        await panel.locator("tr[data-mark=missing]").first().waitFor();
        await panel.getByRole("button", { name: "commits-last" }).click();
        const twice = panel.locator("tr[data-mark=twice]");
        await twice.first().waitFor();
        check(/table: \d+ rows, \d+ twice/.test(await panel.innerText()), await panel.innerText());
        await noSidewaysScroll(page);
        await panel.getByRole("button", { name: /^only \d+ twice$/ }).click();
        check(await panel.locator("tbody tr").count() === await twice.count(), "only those");
        await page.screenshot({ path: shot(`sinks-${width}-${scheme}`) });
        await twice.first().getByRole("button").click();
        await page.locator(".tp-trail").waitFor();
        clean(page);
        await page.close();
      };
    }
  }
};

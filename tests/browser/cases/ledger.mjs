// The ledger's table: counts that add up, filters, pages, and the way from a row to its record and its moment.
export default (cases, { check, open, until, clean, noSidewaysScroll, shot }) => {
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    for (const scheme of ["light", "dark"]) {
      cases[`ledger: filters, pages, a lost record, ${width} ${scheme}`] = async ({ context, site, pages }) => {
        pages("lost.html", '<tide-pool scenario="acks-1-loses" load="eager" controls="full"></tide-pool>');
        const page = await open(context, `${site.url}lost.html`, { width, height, scheme });
        await until(page, 0, (now) => now.time_us > 0, 20_000, "it runs");
        await page.evaluate(() => { const api = document.querySelector("tide-pool").api(1); api.pause(); api.seek(30_000_000); });
        await until(page, 0, (now) => now.time_us === 30e6, 10_000, "a record is lost");
        await page.getByRole("tab", { name: "Ledger" }).click();
        const panel = page.getByRole("tabpanel", { name: "Ledger" });
        const rows = panel.locator("tr[data-i]");
        await rows.first().waitFor();
        const status = panel.getByRole("status");
        const [, from, to, of] = /(\d+)–(\d+) of (\d+) at 30.000 s/.exec(await status.innerText()).map(Number);
        check(from === 1 && to === Math.min(of, 100) && await rows.count() === to, await status.innerText());
        const said = await page.locator(".tp-ledger").innerText();
        check(said.includes(`${of} sent`), `as many as the caption says: ${said}`);
        await panel.scrollIntoViewIfNeeded();
        await page.screenshot({ path: shot(`ledger-all-${width}-${scheme}`) });
        if (of > 100) {
          await panel.getByRole("button", { name: "older" }).click();
          await status.filter({ hasText: "101–" }).waitFor();
          await panel.getByRole("button", { name: "newer" }).click();
        }
        await panel.getByRole("searchbox").fill("orders-0@79");
        await status.filter({ hasText: /1–\d of \d at/ }).waitFor();
        await panel.getByRole("searchbox").fill("");
        await panel.getByRole("button", { name: /^lost \d+/ }).click();
        await panel.locator("[aria-pressed=true]", { hasText: "lost" }).waitFor();
        const lost = Number(/lost (\d+)/.exec(await panel.getByRole("button", { name: /^lost/ }).innerText())[1]);
        check(lost > 0 && await rows.count() === lost, `${lost} are lost`);
        const words = await rows.last().innerText();
        check(/in no log/.test(words) && /acks=1/.test(words), words);
        await noSidewaysScroll(page);
        await panel.scrollIntoViewIfNeeded();
        await page.screenshot({ path: shot(`ledger-lost-${width}-${scheme}`) });
        // To its moment, by keyboard; then the question about it.
        await rows.last().getByRole("button").first().focus();
        await page.keyboard.press("Enter");
        const { state: then } = await until(page, 0, (now) => now.time_us < 30e6, 5000, "the moment when it was appended");
        check(await rows.count() === lost, "the table stays");
        await page.evaluate(() => document.querySelector("tide-pool").api(1).seek(30_000_000));
        await until(page, 0, (now) => now.time_us === 30e6, 5000, "back");
        await rows.last().getByRole("button", { name: /^Why is offset .* gone/ }).click();
        const why = page.getByRole("tabpanel", { name: "Why?" });
        await why.getByRole("heading", { name: /gone/ }).waitFor();
        check(/With acks=1 the leader answers/.test(await why.innerText()), await why.innerText());
        await page.screenshot({ path: shot(`ledger-why-${width}-${scheme}`) });
        clean(page);
        await page.close();
        return `${of} records, ${lost} lost, one appended at ${then.time_us} µs`;
      };
    }
  }
};

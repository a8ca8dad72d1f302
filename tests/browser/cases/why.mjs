// "Why?" on the page: what is asked on a card, the chain in the panel, the way back by keyboard.
export default (cases, { check, open, until, flowing, clean, noSidewaysScroll, shot }) => {
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    for (const scheme of ["light", "dark"]) {
      cases[`why: a frozen consumer and a killed broker are explained, ${width} ${scheme}`] = async ({ context, site }) => {
        const page = await open(context, site.url, { width, height, scheme });
        await until(page, 0, flowing, 20_000, "records flow");
        const member = page.locator(".tp-member").first();
        await member.getByRole("button", { name: /^Freeze/ }).click();
        await member.getByRole("button", { name: /^Why does .* do nothing/ }).click();
        const panel = page.getByRole("dialog");
        await panel.waitFor();
        const words = await panel.innerText();
        check(/does nothing: it is frozen/.test(words) && /is frozen: no heartbeats/.test(words), words);
        const links = await panel.locator("li").evaluateAll((all) => all.map((li) => [Number(li.dataset.us), li.dataset.event]));
        check(links.length >= 2 && links.every(([us], at) => at === 0 || us <= links[at - 1][0]), `from now back: ${JSON.stringify(links)}`);
        check(Number(links.at(-1)[1]) > 0, "the last link names its event");
        await page.screenshot({ path: shot(`why-consumer-${width}-${scheme}`) });
        await page.keyboard.press("Escape");
        check(await panel.count() === 0, "Escape closes the answer");
        const label = await page.evaluate(() => document.activeElement.shadowRoot?.activeElement?.getAttribute("aria-label"));
        check(/^Why does/.test(label), `the focus is back on the question: ${label}`);
        // One broker that does not run the quorum: its partitions have no leader until its session is over.
        const broker = page.locator(".tp-broker").filter({ hasNotText: "controller" }).first();
        await broker.getByRole("button").first().click();
        await page.getByRole("menuitem", { name: "Its process dies" }).click();
        await page.locator(".tp-partition").getByRole("button", { name: /^Why has .* no leader/ }).first().click();
        await panel.waitFor();
        const chain = await panel.innerText();
        check(/has no leader/.test(chain) && /was killed/.test(chain), chain);
        await noSidewaysScroll(page);
        await page.screenshot({ path: shot(`why-leader-${width}-${scheme}`) });
        clean(page);
        await page.close();
        return chain.split("\n").at(-1);
      };
    }
  }
};

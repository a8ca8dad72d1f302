// "Why?" on the page: what is asked on a card, the chain and its picture in the panel, the way back by keyboard.
export default (cases, { check, open, state, until, flowing, clean, noSidewaysScroll, shot }) => {
  const active = (page) => page.evaluate(() => {
    const at = document.activeElement.shadowRoot?.activeElement;
    return at?.getAttribute("aria-label") ?? at?.textContent;
  });
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    for (const scheme of ["light", "dark"]) {
      cases[`why: a frozen consumer and a killed broker are explained, ${width} ${scheme}`] = async ({ context, site }) => {
        const page = await open(context, site.url, { width, height, scheme });
        await until(page, 0, flowing, 20_000, "records flow");
        const member = page.locator(".tp-member").first();
        await member.getByRole("button", { name: /^Freeze/ }).click();
        await member.getByRole("button", { name: /^Why does .* do nothing/ }).click();
        const panel = page.getByRole("tabpanel", { name: "Why?" });
        const list = panel.locator(".tp-answer li");
        await list.first().waitFor();
        const words = await panel.innerText();
        check(/does nothing: it is frozen/.test(words) && /is frozen: no heartbeats/.test(words), words);
        const links = await list.evaluateAll((all) => all.map((li) => [Number(li.dataset.us), li.dataset.event]));
        check(links.length >= 2 && links.every(([us], at) => at === 0 || us <= links[at - 1][0]), `from now back: ${JSON.stringify(links)}`);
        check(Number(links.at(-1)[1]) > 0, "the last link names its event");
        check(await active(page) === await panel.getByRole("heading").innerText(), `the question has the focus: ${await active(page)}`);
        await page.screenshot({ path: shot(`why-consumer-${width}-${scheme}`) });
        await page.keyboard.press("Escape");
        check(await panel.count() === 0, "Escape closes the answer");
        check(/^Why does/.test(await active(page)), `the focus is back on the question: ${await active(page)}`);
        // One broker that does not run the quorum: its partitions have no leader until its session is over.
        const broker = page.locator(".tp-broker").filter({ hasNotText: "controller" }).first();
        await broker.getByRole("button").first().click();
        await page.getByRole("menuitem", { name: "Its process dies" }).click();
        await page.locator(".tp-partition").getByRole("button", { name: /^Why has .* no leader/ }).first().click();
        await list.first().waitFor();
        const chain = await panel.innerText();
        check(/has no leader/.test(chain) && /was killed/.test(chain), chain);
        await noSidewaysScroll(page);
        await page.screenshot({ path: shot(`why-leader-${width}-${scheme}`) });
        // The broker's session ends, somebody else leads, and the broker is asked for.
        await page.evaluate(() => { const api = document.querySelector("tide-pool").api(1); api.pause(); api.seek(40_000_000); });
        await until(page, 0, (now) => now.time_us === 40e6, 10_000, "later");
        await page.locator(".tp-partition").getByRole("button", { name: /^Why is .* not in sync/ }).first().click();
        await panel.getByRole("heading", { name: /not in sync/ }).waitFor();
        const picture = panel.locator(".tp-figure");
        check(await picture.locator(".tp-arrow").count() > 0, "frames are arrows");
        const marks = picture.getByRole("button");
        const numbers = await marks.evaluateAll((all) => all.flatMap((g) => g.dataset.n.split(" ")).map(Number).sort((a, b) => a - b));
        check(numbers.join() === Array.from({ length: await list.count() }, (_, n) => n + 1).join(), `a mark for each sentence: ${numbers}`);
        // Pointing at a sentence lights its mark.
        await list.last().hover();
        check(await picture.locator("[data-lit]").count() === 1, "one mark is lit");
        await page.screenshot({ path: shot(`why-isr-${width}-${scheme}`) });
        await picture.scrollIntoViewIfNeeded();
        await page.screenshot({ path: shot(`why-picture-${width}-${scheme}`) });
        // A mark is a way to its moment, by keyboard too; the answer stays.
        const first = marks.first();
        const us = Number(await first.getAttribute("data-us"));
        await first.focus();
        await page.keyboard.press("Enter");
        await until(page, 0, (now) => now.time_us === us, 5000, "the moment of the first mark");
        check(await list.count() === numbers.length, "the answer is still there");
        await noSidewaysScroll(page);
        clean(page);
        await page.close();
        return chain.split("\n").at(-1);
      };
    }
  }

  cases["why: the latest sentence, and what the panel offers"] = async ({ context, site }) => {
    const page = await open(context, site.url);
    await until(page, 0, flowing, 20_000, "records flow");
    const panel = page.getByRole("tabpanel", { name: "Why?" });
    await page.getByRole("tab", { name: "Why?" }).click();
    await panel.locator(".tp-offers").waitFor();
    check(await panel.getByRole("heading").count() === 0, "nothing is asked yet");
    await page.locator(".tp-member").first().getByRole("button", { name: /^(Crash|Kill)/ }).click();
    await panel.getByRole("button", { name: /^Why does .* do nothing/ }).first().waitFor();
    await page.locator(".tp-said", { hasText: "crashed" }).waitFor();
    await page.locator(".tp-caption").getByRole("button", { name: "Why did this happen?" }).click();
    const answer = panel.locator(".tp-answer");
    await answer.getByRole("heading", { name: "Why did this happen?" }).waitFor();
    const words = await answer.innerText();
    check(/crashed/.test(words), words);
    await panel.getByRole("button", { name: /^Why does .* do nothing/ }).first().click();
    await answer.getByRole("heading", { name: /do nothing/ }).waitFor();
    clean(page);
    await page.close();
    return words.split("\n").join(" | ");
  };
};

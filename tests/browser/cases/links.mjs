// One link made slow and lossy from a node's menu, by mouse and by keyboard: its label stands on the stage, the narrator says it, and it is
// taken back: by undo, from the label's own menu, and by healing.
export default (cases, { check, open, state, until, flowing, clean, noSidewaysScroll, shot }) => {
  const act = (page, line) => page.evaluate((line) => document.querySelector("tide-pool").api(1).act(line), line);
  const start = async (context, site, options) => {
    const page = await open(context, site.url, options);
    await until(page, 0, flowing, 20_000, "records flow");
    await page.evaluate(() => document.querySelector("tide-pool").api(1).pause());
    return page;
  };
  const name = (page, card, words) => page.locator(card, { hasText: words }).first().locator(".tp-do");

  for (const [width, height] of [[1280, 800], [390, 844]]) {
    for (const scheme of ["light", "dark"]) {
      cases[`links: a link is made slow by mouse, said, drawn and taken back, ${width} ${scheme}`] = async ({ context, site }) => {
        const page = await start(context, site, { width, height, scheme });
        const before = await state(page);
        await name(page, ".tp-broker", "broker-1").click();
        await page.getByRole("menuitem", { name: "One link…" }).click();
        await page.getByRole("menuitem", { name: "broker-2" }).click();
        await page.getByRole("menuitem", { name: "Slow or lossy…" }).click();
        const form = page.getByRole("dialog", { name: "broker-1 – broker-2" });
        await form.waitFor();
        const latency = form.getByRole("textbox", { name: /^latency/ });
        check(await latency.inputValue() === "60ms", "what holds for all links is shown");
        await form.getByRole("combobox", { name: /^direction/ }).selectOption("one-way");
        await latency.fill("90s");
        await form.getByRole("button", { name: "Apply" }).click();
        check(/0 to 60 s/.test(await form.getByRole("alert").innerText()), "too much is refused beside its field");
        await latency.fill("800ms");
        await form.getByRole("textbox", { name: /^loss/ }).fill("5%");
        await noSidewaysScroll(page);
        await page.screenshot({ path: shot(`link-form-${width}-${scheme}`) });
        await form.getByRole("button", { name: "Apply" }).click();
        const label = page.locator(".tp-link");
        await label.waitFor();
        check((await label.innerText()).replace(/\s+/g, " ") === "broker-1 – broker-2 → 800ms to 830ms, 5% lost", await label.innerText());
        await page.getByRole("group", { name: "link broker-1 – broker-2" }).waitFor();
        await page.locator(".tp-said", { hasText: "A frame from broker-1 to broker-2 now takes 800ms to 830ms, 5% lost" }).waitFor();
        // A client's link, too, and a cut one.
        await act(page, "link checkout broker-1 latency=400ms");
        await act(page, "cut broker-2 broker-3");
        await label.nth(2).waitFor();
        await page.evaluate(() => { const api = document.querySelector("tide-pool").api(1); api.seek(api.state().time_us + 4e6); });
        await label.first().scrollIntoViewIfNeeded();
        await page.waitForTimeout(300);
        await noSidewaysScroll(page);
        await page.screenshot({ path: shot(`links-topic-${width}-${scheme}`) });
        await page.getByRole("button", { name: "by broker" }).click();
        await page.waitForTimeout(800);
        await label.first().scrollIntoViewIfNeeded();
        await page.screenshot({ path: shot(`links-broker-${width}-${scheme}`) });
        // The label has the link's menu: it is taken back there.
        await page.locator(".tp-link", { hasText: "checkout" }).getByRole("button").click();
        await page.getByRole("menuitem", { name: "As the others" }).click();
        await page.locator(".tp-link", { hasText: "checkout" }).waitFor({ state: "detached" });
        await page.locator(".tp-said", { hasText: "what all links take again" }).waitFor();
        await page.locator(".tp-link").first().getByRole("button").click();
        await page.getByRole("menuitem", { name: "Heal the network" }).click();
        await label.first().waitFor({ state: "detached" });
        for (const undo of ["heal", "link broker-1 checkout", "cut broker-2 broker-3", "link checkout broker-1"]) {
          await page.getByRole("button", { name: `Undo ${undo}` }).click();
        }
        await until(page, 0, (now) => now.event_hash !== before.event_hash, 5000, "back there");
        await label.nth(1).waitFor({ state: "detached" });
        await label.first().waitFor();
        check(await label.count() === 1, "the first is still there");
        await page.getByRole("button", { name: "Undo link broker-1 broker-2 one-way" }).click();
        await label.waitFor({ state: "detached" });
        await until(page, 0, (now) => now.event_hash === before.event_hash, 5000, "undone: the moment before");
        clean(page);
        await page.close();
      };
    }
  }

  cases["links: by keyboard alone"] = async ({ context, site }) => {
    const page = await start(context, site, {});
    await name(page, ".tp-producer", "checkout").focus();
    await page.keyboard.press("Enter");
    const to = async (words) => {
      await page.getByRole("menuitem", { name: words }).waitFor();
      for (let n = 0; n < 30; n++) {
        const here = await page.evaluate(() => document.activeElement.shadowRoot.activeElement?.textContent ?? "");
        if (here.startsWith(words)) return page.keyboard.press("Enter");
        await page.keyboard.press("ArrowDown");
      }
      throw new Error(`arrows do not lead to ${words}`);
    };
    for (const words of ["One link…", "broker-3", "Slow or lossy…"]) await to(words);
    await page.getByRole("dialog", { name: "checkout – broker-3" }).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("1s");
    await page.keyboard.press("Enter");
    const label = page.getByRole("group", { name: "link broker-3 – checkout" });
    await label.waitFor();
    check(/1s to 1030ms/.test(await label.innerText()), await label.innerText());
    await page.locator(".tp-said", { hasText: "A frame between checkout and broker-3 now takes 1s to 1030ms." }).waitFor();
    await label.getByRole("button").focus();
    await page.keyboard.press("Enter");
    await to("Slow or lossy…");
    const latency = page.getByRole("textbox", { name: /^latency/ });
    await latency.waitFor();
    check(await latency.inputValue() === "1s", "the form has what the link has");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+z");
    await label.waitFor({ state: "detached" });
    clean(page);
    await page.close();
  };
};

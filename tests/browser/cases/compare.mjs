// Comparisons: one run under three protocols, side by side; their figures; two branches; the frames meanwhile.
export default (cases, { check, open, until, flowing, clean, shot }) => {
  const ended = (page, ms = 60_000) => page.locator(".tp-common .tp-do-it", { hasText: "Play" }).waitFor({ timeout: ms });
  const seconds = (page) => page.locator(".tp-figures dl > div:first-child dd").allInnerTexts();

  for (const [width, height] of [[1280, 800], [390, 844]]) {
    for (const scheme of ["light", "dark"]) {
      cases[`compare: the same join under three protocols ${width} ${scheme}`] = async ({ context, site }) => {
        const page = await open(context, `${site.url}?scenario=three-protocols`, { width, height, scheme, folded: true });
        await until(page, 0, flowing, 20_000, "records flow");
        await page.getByRole("button", { name: "Compare", exact: true }).click();
        await page.locator(".tp-runs > li").nth(2).waitFor();
        // Frames stay short while three runs are played at once.
        await page.evaluate(() => {
          window.frames_ms = [];
          let last = performance.now();
          const next = (t) => { window.frames_ms.push(t - last); last = t; if (window.frames_ms.length < 120) requestAnimationFrame(next); };
          requestAnimationFrame(next);
        });
        await page.getByRole("button", { name: "4×" }).click();
        await page.waitForFunction(() => window.frames_ms.length >= 120, null, { timeout: 30_000 });
        const frames = (await page.evaluate(() => window.frames_ms)).slice(5).sort((a, b) => a - b);
        await page.getByRole("button", { name: "max" }).click();
        await ended(page);
        const said = await seconds(page);
        check(said.length === 3 && said.every((text) => /^\d+\.\d partition-seconds$/.test(text)), said.join(" | "));
        const [eager, cooperative, modern] = said.map(parseFloat);
        check(eager > cooperative && eager > modern, said.join(" | "));
        check(await page.locator(".tp-sheet").evaluate((sheet) => sheet.scrollWidth <= sheet.clientWidth), "the sheet scrolls sideways");
        await page.screenshot({ path: shot(`compare-${width}-${scheme}`) });
        // Back, into the middle of the rebalance: pictures and figures follow.
        await page.locator(".tp-common input").fill("21500");
        await page.waitForFunction(() => document.querySelector("tide-pool").shadowRoot.querySelector(".tp-common .tp-time").textContent.startsWith("00:21.5"));
        check((await seconds(page)).join() !== said.join(), "figures are of the moment that is shown");
        await page.screenshot({ path: shot(`compare-middle-${width}-${scheme}`) });
        await page.keyboard.press("Escape");
        await page.locator(".tp-compare").waitFor({ state: "detached" });
        clean(page);
        await page.close();
        return `${said.join(", ")}; frames p50 ${frames[frames.length >> 1].toFixed(0)} ms, p95 ${frames[Math.floor(frames.length * 0.95)].toFixed(0)} ms`;
      };
    }
  }
};

// Zoom in steps: cluster, topic or broker, partition, record. By keyboard, by wheel and by the crumbs; it says where one is and what is not
// in view, and seeking leaves it where it is.
export default (cases, { check, open, state, until, flowing, clean, noSidewaysScroll, shot }) => {
  const seek = (page, us) => page.evaluate((us) => { const api = document.querySelector("tide-pool").api(1); api.pause(); api.seek(us); }, us);
  const start = async (context, site, options) => {
    const page = await open(context, site.url, options);
    await until(page, 0, flowing, 20_000, "records flow");
    await seek(page, 30_000_000);
    await page.locator(".tp-time").filter({ hasText: "00:30.000" }).waitFor();
    return page;
  };
  const nav = (page) => page.getByRole("navigation", { name: "Zoom" });
  const crumbs = async (page) => (await nav(page).getByRole("button").allInnerTexts()).join(" › ");
  const away = (page) => nav(page).getAttribute("aria-description");
  const arrived = (page) => page.waitForTimeout(700);
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    for (const scheme of ["light", "dark"]) {
      cases[`zoom: from the cluster to one record and back by keyboard, ${width} ${scheme}`] = async ({ context, site }) => {
        const page = await start(context, site, { width, height, scheme });
        if (width > 640) {
          const flags = await page.evaluate(() => {
            const root = document.querySelector("tide-pool").shadowRoot;
            const last = [...root.querySelectorAll(".tp-partition")].at(-1).getBoundingClientRect();
            return [last.bottom + 40, root.querySelector(".tp-deck").getBoundingClientRect().top];
          });
          check(flags[0] < flags[1], `the last partition with its flag is seen: ${flags}`);
        }
        const card = page.locator(".tp-partition[data-n='2']");
        const before = await card.evaluate((one) => [one.offsetLeft, one.offsetTop].join());
        await card.focus();
        const seen = [];
        for (const where of ["cluster › orders", "cluster › orders › orders-2", /^cluster › orders › orders-2 › offset \d+$/]) {
          await page.keyboard.press("+");
          await arrived(page);
          const here = await crumbs(page);
          check(typeof where === "string" ? here === where : where.test(here), here);
          seen.push(here, await away(page));
          await noSidewaysScroll(page);
          await page.screenshot({ path: shot(`zoom-${seen.length / 2}-${width}-${scheme}`) });
        }
        check(/Not in view: 3 brokers, 1 topic/.test(seen[1]), seen[1]);
        check(/5 partitions/.test(seen[3]) && /5 partitions/.test(seen[5]), `${seen[3]} ${seen[5]}`);
        check(await page.locator(".tp-partition").count() === 1, "one partition is left");
        // Its neighbour, older and read.
        for (let n = 0; n < 8; n++) await page.keyboard.press("ArrowLeft");
        await arrived(page);
        const content = page.getByRole("region", { name: /^Content of orders-2 offset \d+$/ });
        const name = await content.getAttribute("aria-label");
        const lines = await content.locator("dl > div").allInnerTexts();
        for (const word of ["key", "value", "headers", "timestamp", "batch", "leader epoch", "producer", "acks", "group"]) {
          check(lines.some((line) => line.startsWith(word)), `${word} in ${lines}`);
        }
        check(/base offset \d+/.test(lines.join()) && /sequence \d+/.test(lines.join()) && /was told at/.test(lines.join()), lines.join());
        await page.getByRole("region", { name: `The way of ${name.replace("Content of ", "")}` }).waitFor();
        await page.screenshot({ path: shot(`zoom-record-${width}-${scheme}`) });
        // A moment at which it is not there yet, and back.
        await seek(page, 3_000_000);
        await content.filter({ hasText: "No record has this offset at this moment" }).waitFor();
        check((await crumbs(page)).endsWith(name.replace(/.*offset/, "offset")), "seeking leaves it where it is");
        await page.screenshot({ path: shot(`zoom-before-${width}-${scheme}`) });
        await seek(page, 30_000_000);
        await content.filter({ hasText: "base offset" }).waitFor();
        check(String(await content.locator("dl > div").allInnerTexts()) === String(lines), "and what it holds is the same");
        for (const where of ["cluster › orders › orders-2", "cluster › orders", ""]) {
          await page.keyboard.press(where === "" ? "-" : "Escape");
          await arrived(page);
          check(await crumbs(page) === where, `${await crumbs(page)} instead of ${where}`);
        }
        check(await card.evaluate((one) => [one.offsetLeft, one.offsetTop].join()) === before, "everything is where it was");
        check(await page.getByRole("region", { name: /^The way of/ }).count() === 0, "the record is let go");
        clean(page);
        await page.close();
        return `${seen.join("; ")}; ${lines.length} lines`;
      };
    }
    cases[`zoom: by broker, by crumbs, ${width}`] = async ({ context, site }) => {
      const page = await start(context, site, { width, height });
      await page.getByRole("button", { name: "by broker" }).click();
      await arrived(page);
      await page.locator(".tp-broker", { hasText: "broker-2" }).getByRole("button").first().focus();
      await page.keyboard.press("=");
      await arrived(page);
      check(await crumbs(page) === "cluster › broker-2", await crumbs(page));
      check(/Not in view: 2 brokers, .*4 partitions led elsewhere/.test(await away(page)), await away(page));
      await noSidewaysScroll(page);
      await page.screenshot({ path: shot(`zoom-broker-${width}`) });
      const card = page.locator(".tp-partition").first();
      await card.focus();
      await page.keyboard.press("+");
      await arrived(page);
      check(/^cluster › broker-2 › orders-\d$/.test(await crumbs(page)), await crumbs(page));
      await nav(page).getByRole("button", { name: "cluster" }).focus();
      await page.keyboard.press("Enter");
      await page.waitForTimeout(1200);
      check(await page.locator(".tp-broker").count() === 3, "all brokers again");
      const focused = await page.evaluate(() => document.activeElement.shadowRoot?.activeElement?.textContent);
      check(focused === "by topic", `the focus stays in the heading: ${focused}`);
      clean(page);
      await page.close();
    };
  }
  cases["zoom: the wheel with Ctrl goes one step around what is under it, at once where motion is reduced"] = async ({ context, site }) => {
    const page = await start(context, site, { motion: "reduce" });
    const over = async () => {
      const box = await page.locator(".tp-partition[data-n='3']").boundingBox();
      await page.mouse.move(box.x + 8, box.y + 6);
    };
    await page.keyboard.down("Control");
    for (const where of ["cluster › orders", "cluster › orders › orders-3"]) {
      await over();
      for (let n = 0; n < 3; n++) await page.mouse.wheel(0, -20);
      await page.waitForTimeout(400);
      check(await crumbs(page) === where, await crumbs(page));
    }
    await page.mouse.wheel(0, 20);
    await page.waitForTimeout(400);
    await page.keyboard.up("Control");
    check(await crumbs(page) === "cluster › orders", await crumbs(page));
    await page.mouse.wheel(0, -20);
    await page.waitForTimeout(300);
    check(await crumbs(page) === "cluster › orders", "without Ctrl it is the page's");
    clean(page);
    await page.close();
  };
};

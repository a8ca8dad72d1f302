// The stage: many partitions, two arrangements, a record's way, and one partition's records at large.
export default (cases, { check, open, state, until, flowing, clean, noSidewaysScroll, shot }) => {
  const seek = (page, us) => page.evaluate((us) => { const api = document.querySelector("tide-pool").api(1); api.pause(); api.seek(us); }, us);
  // The whole stage in one window, so that the caption stands below it.
  const figure = async (page, name, width) => {
    const height = await page.locator(".tp").evaluate((tp) => Math.max(844, [...tp.children].reduce((all, one) => all + one.offsetHeight, 0)));
    await page.setViewportSize({ width, height });
    await page.waitForTimeout(300);
    await page.screenshot({ path: shot(name) });
  };
  const focused = (page) => page.evaluate(() => document.activeElement.shadowRoot?.activeElement?.getAttribute("aria-label") ?? "");
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
      await figure(page, `fifty-${width}-${scheme}`, width);
      await page.getByRole("button", { name: "by broker" }).click();
      await page.waitForTimeout(900);
      await figure(page, `fifty-by-broker-${width}-${scheme}`, width);
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
      // What stands, frame by frame.
      await page.locator(".tp-partition").last().evaluate((one) => {
        window.seen = [];
        const look = () => { window.seen.push(one.offsetTop); requestAnimationFrame(look); };
        look();
      });
      await page.keyboard.press("Enter");
      await page.waitForTimeout(1500);
      const seen = await page.evaluate(() => [...new Set(window.seen)]);
      const after = await tops();
      check(await to.getAttribute("aria-pressed") === "true", "the switch says which it is");
      check(String(before) !== String(after), "another arrangement");
      check(seen.length > 3, `there is a way between: ${seen}`);
      await noSidewaysScroll(page);
      await figure(page, `by-broker-${width}-${scheme}`, width);
      // The room that rows share is the window's.
      await page.setViewportSize({ width, height });
      await page.getByRole("button", { name: "by topic" }).click();
      await page.waitForTimeout(900);
      check(String(await tops()) === String(before), "everything is where it was");
      clean(page);
      await page.close();
    };
      cases[`stage: a record is chosen by keyboard and followed, ${width} ${scheme}`] = async ({ context, site }) => {
      const page = await open(context, site.url, { width, height, scheme });
      await until(page, 0, flowing, 20_000, "records flow");
      await seek(page, 30_000_000);
      await page.locator(".tp-time").filter({ hasText: "00:30.000" }).waitFor();
      const card = page.locator(".tp-partition").nth(1);
      await card.focus();
      check((await focused(page)).startsWith("partition orders-1"), await focused(page));
      const tip = page.getByRole("status").filter({ hasText: /^orders-1 offset/ });
      for (let n = 0; n < 8; n++) await page.keyboard.press("ArrowLeft");
      await tip.waitFor();
      const name = await tip.innerText();
      check(/^orders-1 offset \d+, key \w+(-\d+)?, \d+ bytes, committed$/.test(name), name);
      await page.screenshot({ path: shot(`pointed-${width}-${scheme}`) });
      await page.keyboard.press("Enter");
      const way = page.getByRole("region", { name: `The way of ${name.split(",")[0]}` });
      await way.waitFor();
      const stations = await way.locator("li").evaluateAll((all) => all.map((li) => [Number(li.dataset.us), li.textContent]));
      check(stations.length >= 7 && stations.every(([us], at) => at === 0 || us >= stations[at - 1][0]), JSON.stringify(stations));
      for (const word of ["sends it to broker-", "the leader, appends it", "has fetched a copy", "high watermark passes it", "handled it"]) {
        check(stations.some(([, text]) => text.includes(word)), `${word} in ${JSON.stringify(stations)}`);
      }
      await page.screenshot({ path: shot(`follow-${width}-${scheme}`) });
      // Back to the moment of the append, and on again: what came later is still in the list.
      await way.getByRole("button", { name: /s$/ }).nth(1).click();
      await until(page, 0, (now) => now.time_us === stations[1][0], 5000, "at the station's moment");
      await page.waitForTimeout(300);
      check(await way.locator("li").count() === stations.length, "later stations stay known");
      check(await way.locator("li[data-later]").count() >= stations.length - 4, "and are marked");
      await page.screenshot({ path: shot(`follow-back-${width}-${scheme}`) });
      await way.getByRole("button", { name: /s$/ }).last().click();
      await until(page, 0, (now) => now.time_us === stations.at(-1)[0], 5000, "at the last station");
      await page.keyboard.press("Escape");
      await way.waitFor({ state: "detached" });
      clean(page);
      await page.close();
      return `${name}: ${stations.length} stations`;
    };
    cases[`stage: into one partition and back, ${width} ${scheme}`] = async ({ context, site }) => {
      const page = await open(context, site.url, { width, height, scheme });
      await until(page, 0, flowing, 20_000, "records flow");
      await seek(page, 30_000_000);
      // By its name: its neighbours go out of view.
      const card = page.locator(".tp-partition[data-n='3']");
      const before = await card.evaluate((one) => one.offsetTop);
      await card.focus();
      await page.keyboard.press("Enter");
      await page.waitForTimeout(1200);
      check(await card.evaluate((one) => one.offsetTop) < before, "it stands above the others");
      await noSidewaysScroll(page);
      await page.screenshot({ path: shot(`zoom-${width}-${scheme}`) });
      // One step out is its topic, the next the cluster.
      for (let step = 0; step < 2; step++) {
        await page.keyboard.press("Escape");
        await page.waitForTimeout(900);
      }
      check(await card.evaluate((one) => one.offsetTop) === before, "and back");
      for (let step = 0; step < 2; step++) {
        await page.keyboard.press("+");
        await page.waitForTimeout(900);
      }
      await card.getByRole("button", { name: "Zoom into orders-3" }).click();
      await page.waitForTimeout(1200);
      check(await card.evaluate((one) => one.offsetTop) === before, "back by its button");
      clean(page);
      await page.close();
    };
  }
  cases["stage: records are hit by pointer, the wheel is left alone without Ctrl"] = async ({ context, site }) => {
    const page = await open(context, site.url, { motion: "reduce" });
    await until(page, 0, flowing, 20_000, "records flow");
    await seek(page, 30_000_000);
    await page.waitForTimeout(300);
    // The third cell of its ribbon.
    const cell = async () => {
      const box = await page.locator(".tp-partition").nth(1).boundingBox();
      return [box.x + 120 + 50, box.y + box.height / 2];
    };
    const [x, y] = await cell();
    await page.mouse.move(x, y);
    const tip = page.locator(".tp-tip");
    await tip.filter({ hasText: /^orders-1 offset \d+, key/ }).waitFor();
    await page.screenshot({ path: shot("pointed-by-mouse") });
    await page.mouse.click(x, y);
    const way = page.getByRole("region", { name: /^The way of orders-1 offset/ });
    await way.waitFor();
    await page.keyboard.press("Escape");
    await way.waitFor({ state: "detached" });
    // On a first visit the first steps grow by a line, and the stage moves.
    await page.waitForTimeout(300);
    await page.mouse.move(...await cell());
    const top = () => page.locator(".tp-partition").nth(1).evaluate((one) => one.offsetTop);
    const before = await top();
    await page.mouse.wheel(0, -40);
    await page.waitForTimeout(200);
    check(await top() === before, "the wheel scrolls the page");
    await page.keyboard.down("Control");
    // As soon as a frame is drawn: a busy machine draws few.
    const comes = (above) => page.waitForFunction(([before, above]) => {
      const one = document.querySelector("tide-pool").shadowRoot.querySelectorAll(".tp-partition")[1];
      return above ? one.offsetTop < before : one.offsetTop === before;
    }, [before, above], { timeout: 10_000 });
    await page.mouse.wheel(0, -40);
    await comes(true);    // With Ctrl it looks into the topic.
    await page.waitForTimeout(300);    // Of turns that follow at once, one is a step.
    await page.mouse.wheel(0, 40);
    await comes(false);   // And out.
    await page.keyboard.up("Control");
    clean(page);
    await page.close();
  };
};

// A reader who knows only what stands on the page: from the opening to a killed broker, an election, a rewound run and another scenario.
export default (cases, { check, open, state, until, flowing, clean, shot }) => {
  const WITHIN_MS = 90_000;

  for (const [width, height, scheme] of [[1280, 800, "light"], [390, 844, "dark"]]) {
    cases[`stranger: the five first steps, then another scenario, ${width}`] = async ({ context, site }) => {
      const page = await open(context, site.url, { width, height, scheme, opening: true });
      await page.evaluate(() => localStorage.clear());
      await page.reload();
      await until(page, 0, flowing, 20_000, "records flow");
      const began = performance.now();
      const steps = page.getByRole("complementary", { name: "First steps" });
      const button = (name) => steps.getByRole("button", { name });
      const picture = (name) => page.screenshot({ path: shot(`stranger-${name}-${width}`) });
      await button("Follow a record").click();
      await picture("1-record");
      await button(/^nobody$/).click({ timeout: 40_000 });
      await button(/^Kill broker-\d$/).click();
      await picture("2-kill");
      await button(/^Crash /).waitFor({ timeout: 60_000 });
      const came = await steps.innerText();
      check(/broker-\d took over orders-\d/.test(came) && /0 of \d+ acknowledged records lost/.test(came), `what came of the kill, in figures: ${came}`);
      await picture("3-elected");
      await button(/^Crash /).click();
      await button(/^Rewind /).click({ timeout: 60_000 });
      const now = await state(page);
      check(!now.playing && now.time_us < 40_000_000, `back before the kill: ${now.time_us}`);
      await picture("4-rewound");
      await button(/^Isolate /).click();
      await steps.getByText("That was all").waitFor();
      check(Object.keys((await state(page)).branches).length === 2, "two branches");
      await picture("5-differently");
      await button("Close the first steps").click();
      await page.getByTitle("All scenarios").click();
      const sheet = page.getByRole("dialog", { name: "Scenarios" });
      check(await sheet.getByRole("listitem").count() >= 16, "a list of at least sixteen");
      await page.waitForTimeout(1500);
      await picture("6-gallery");
      await sheet.getByRole("searchbox").fill("retention");
      await sheet.getByRole("button", { name: /Retention deletes segments/ }).click();
      await until(page, 0, (other) => "orders-0" in flat(other) && other.time_us < 30_000_000 && other.playing, 10_000, "the other scenario runs");
      check(new URL(page.url()).searchParams.get("scenario") === "retention", "the address names it");
      const took = performance.now() - began;
      check(took < WITHIN_MS, `${Math.round(took / 1000)} s`);
      await page.reload();
      await until(page, 0, flowing, 20_000, "the address opens it");
      check(await page.getByTitle("All scenarios").innerText() === "Retention deletes segments", "the same scenario");
      check(await steps.count() === 0, "the first steps are not shown again");
      clean(page);
      await page.close();
      return `${Math.round(took / 1000)} s`;
    };
  }

  cases["stranger: keys while the focus is inside, and their sheet"] = async ({ context, site }) => {
    const page = await open(context, site.url);
    await until(page, 0, flowing, 20_000, "records flow");
    await page.locator(".tp-stage").focus();
    await page.keyboard.press("Space");
    await until(page, 0, (now) => !now.playing, 5000, "Space pauses");
    const at = (await state(page)).time_us;
    await page.keyboard.press(".");
    await until(page, 0, (now) => now.time_us > at, 5000, "a step");
    await page.keyboard.press("2");
    await page.getByRole("tabpanel", { name: "Ledger" }).waitFor();
    // The panel stands beside the stage, which has what is left.
    const [stage, panel] = await Promise.all([page.locator(".tp-stage").boundingBox(), page.locator(".tp-panel").boundingBox()]);
    check(stage.x + stage.width <= panel.x + 1 && stage.width > 700, `beside: ${JSON.stringify([stage, panel])}`);
    await page.screenshot({ path: shot("panel-beside") });
    await page.keyboard.press("?");
    await page.getByRole("dialog").getByRole("heading", { name: "What is real here", exact: true }).waitFor();
    await page.screenshot({ path: shot("help") });
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    clean(page);
    await page.close();
  };
};

const flat = (now) => Object.fromEntries(Object.entries(now.end_offsets ?? {}).flatMap(([topic, value]) =>
  value && typeof value === "object" ? Object.keys(value).map((n) => [`${topic}-${n}`, true]) : [[topic, true]]));

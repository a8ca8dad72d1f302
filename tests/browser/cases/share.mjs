// A moment handed on (a link, a tag for another page), what an author lets readers do, and an app that a menu adds.
export default (cases, { check, open, state, until, flowing, clean, shot }) => {
  const act = (page, line) => page.evaluate((line) => document.querySelector("tide-pool").api(1).act(line), line);
  const still = (page, us) => page.evaluate((us) => { const api = document.querySelector("tide-pool").api(1); api.pause(); api.seek(us); }, us);

  cases["share: a link and a tag lead to the same moment of the same run"] = async ({ context, site, deep, pages }) => {
    // A host that forbids inline styles loses the room that the tag keeps free, and nothing else.
    const inline = [/Applying inline style/];
    const page = await open(context, site.url);
    await until(page, 0, flowing, 20_000, "records flow");
    const texts = async () => {
      await page.getByRole("button", { name: "Share this moment" }).click();
      const all = await page.locator(".tp-share textarea").evaluateAll((all) => all.map((one) => one.value));
      await page.screenshot({ path: shot("share") });
      await page.keyboard.press("Escape");
      return all;
    };
    await still(page, 17_250_000);
    const [listed] = await texts();
    check(listed.endsWith("?scenario=three-brokers&at=17250ms&paused"), listed);
    await act(page, "kill broker-2");
    await still(page, 21_000_000);
    const { event_hash: hash } = await state(page);
    const [link, tag] = await texts();
    check(link.includes("#at=21s&paused&text=tidepool+1%0A"), link);
    const there = async (other, what) => {
      const { state: now } = await until(other, 0, (now) => now.time_us === 21_000_000, 20_000, `${what} opens at the moment`);
      check(now.event_hash === hash && !now.playing, `${what}: another run: ${now.event_hash}, not ${hash}`);
      clean(other);
      await other.close();
    };
    await there(await open(context, link), "the link");
    pages("tag.html", tag);
    await there(await open(context, `${site.url}tag.html`, { allow: inline }), "the tag");
    // Before the element is there, and where it never comes: its room, and words with a link.
    pages("room.html", tag.replace(/<script type="module".*/, ""));
    const room = await open(context, `${deep.url}room.html`, { width: 1000 });
    check(await room.locator("tide-pool").evaluate((element) => element.offsetHeight) === 640, "the tag keeps the element's room free");
    await room.locator("tide-pool > p > a", { hasText: "on a page of its own" }).waitFor({ state: "attached" });
    await room.close();
    const name = page.getByRole("button", { name: "Share this moment" });
    await name.click();
    await page.getByRole("button", { name: "Copy: A link to this moment" }).click();
    await page.getByText(/^(Copied|Marked: copy it with Ctrl C)$/).waitFor();
    clean(page);
    await page.close();
    return `${link.length} characters`;
  };

  cases["share: a figure has the faults that its author chose, and no others"] = async ({ context, site, pages }) => {
    pages("faults.html", '<tide-pool scenario="three-brokers" load="eager" layout="compact" at="15s" faults="kill broker-2; crash billing-1"></tide-pool>'
      + '<tide-pool scenario="three-brokers" load="eager" faults="kil broker-2">fallback</tide-pool><tide-pool load="eager" at="soon">fallback</tide-pool>');
    const page = await open(context, `${site.url}faults.html`, { width: 720, allow: [/tide-pool:/] });
    await until(page, 0, (now) => now.time_us >= 15_000_000, 20_000, "it opens at its moment");
    const figure = page.locator("tide-pool").first();
    check(await figure.locator(".tp-stage .tp-do, .tp-stage .tp-acts button").count() === 0, "nothing else can be done");
    await page.screenshot({ path: shot("faults") });
    await page.evaluate(() => addEventListener("tidepool-deed", ({ detail }) => { window.deed = detail.text; }));
    await figure.getByRole("button", { name: "Kill broker-2" }).click();
    await figure.locator('[data-broker="broker-2"][data-state="killed"]').waitFor();
    check(await page.evaluate(() => window.deed) === "kill broker-2", "the host page hears of it");
    const said = await page.locator("tide-pool [role=alert]").allInnerTexts();
    check(said.some((text) => text.includes('faults="kil broker-2"') && text.includes("kill")), `what is wrong is named: ${said}`);
    check(said.some((text) => text.includes('at="soon"') && text.includes("24s")), `and what is expected: ${said}`);
    clean(page);
    await page.close();
  };

  cases["share: a topic's menu adds an app that copies it, record by record"] = async ({ context, site }) => {
    const page = await open(context, site.url);
    await until(page, 0, flowing, 20_000, "records flow");
    await page.locator('.tp-topic[data-topic="orders"] .tp-do').click();
    await page.getByRole("menuitem", { name: "Add an app that copies it" }).click();
    await page.locator(".tp-member", { hasText: "copy-1" }).waitFor();
    await page.evaluate(() => document.querySelector("tide-pool").setAttribute("speed", "10"));
    await page.locator('.tp-topic[data-topic="orders-copy"]').waitFor();
    const copied = (now) => Object.entries(now.end_offsets).some(([name, end]) => name.startsWith("orders-copy-") && end > 0);
    await until(page, 0, copied, 20_000, "what it makes is in its topic");
    await page.screenshot({ path: shot("copies") });
    clean(page);
    await page.close();
  };
};

// Transactions and rebalances as they are drawn: what the cards, the key and the inspector say of them, and pictures worth publishing.
export default (cases, { check, open, until, clean, noSidewaysScroll, shot }) => {
  const at = async ({ context, site, pages }, scenario, seconds, options) => {
    pages(`${scenario}.html`, `<link rel="stylesheet" href="page.css"><tide-pool scenario="${scenario}" theme="${options.scheme ?? "light"}" load="eager" mode="page"></tide-pool>`);
    const page = await open(context, `${site.url}${scenario}.html`, { ...options, folded: true });
    await until(page, 0, (now) => now.time_us > 0, 20_000, "it runs");
    await page.evaluate((us) => { const api = document.querySelector("tide-pool").api(1); api.pause(); api.seek(us); }, seconds * 1e6);
    await page.waitForTimeout(600);
    return page;
  };
  const everywhere = (name, scenario, seconds, look) => {
    for (const [width, height] of [[1280, 800], [390, 844]]) {
      for (const scheme of ["light", "dark"]) {
        cases[`drawn: ${name}, ${width} ${scheme}`] = async (kit) => {
          const page = await at(kit, scenario, seconds, { width, height, scheme });
          const said = await look(page, width);
          await page.screenshot({ path: shot(`drawn-${scenario}-${width}-${scheme}`) });
          await noSidewaysScroll(page);
          clean(page);
          await page.close();
          return said;
        };
      }
    }
  };
  const card = (page, kind, name) => page.getByRole("group", { name: `${kind} ${name}`, exact: true });

  everywhere("a hanging transaction counts down on its producer, and its group asks why it cannot read on", "hanging-transaction", 20, async (page) => {
    const producer = card(page, "producer", "checkout");
    const said = await producer.innerText();
    check(/aborted in \d+\.\d s/.test(said), said);
    await card(page, "consumer group", "billing").locator(".tp-ask").waitFor();
    return said.replaceAll("\n", " ");
  });

  everywhere("aborted records stay in the log, and the key says how they look", "aborted-records", 15, async (page, width) => {
    const said = await card(page, "producer", "checkout").innerText();
    check(/txn (open|committed|aborted|committing|aborting) · epoch \d+/.test(said), said);
    if (width > 1000) await page.getByText("ABORT marker").waitFor();
  });

  everywhere("a cooperative join in its second round", "cooperative-join", 12.3, async (page) => {
    const said = await card(page, "consumer group", "billing").innerText();
    check(/classic · cooperative-sticky/.test(said) && /generation 2/.test(said) && /Rebalancing/.test(said), said);
  });

  everywhere("a reconciliation of the consumer protocol", "consumer-protocol", 10.2, async (page) => {
    const said = await card(page, "consumer group", "billing").innerText();
    check(/consumer · uniform/.test(said) && /epoch 2/.test(said), said);
  });

  cases["drawn: a group's state opens the picture of its states, and the question why it cannot read on is answered"] = async (kit) => {
    const page = await at(kit, "hanging-transaction", 20, {});
    const group = card(page, "consumer group", "billing");
    await group.getByRole("button", { name: "Stable" }).click();
    const machine = page.getByRole("img", { name: "The states of the group; it is Stable" });
    await machine.waitFor();
    check(await machine.locator("[data-now]").innerText().catch(() => machine.locator("[data-now]").textContent()) === "Stable", "Stable is lit");
    const lines = await page.locator(".tp-lines").innerText();
    check(/generation/.test(lines) && /assigned\s+orders-0, lag \d+/.test(lines), lines);
    await page.screenshot({ path: shot("drawn-group-states") });
    await group.locator(".tp-ask").click();
    const answer = page.locator(".tp-panel, .tp-drawer, [role=tabpanel]").filter({ hasText: "Why can billing not read on in orders-0?" }).first();
    await answer.waitFor();
    const words = await answer.innerText();
    for (const part of ["isolation.level=read_committed", "checkout", "crashed", "transaction.timeout.ms"]) check(words.includes(part), `${part} in ${words}`);
    await page.screenshot({ path: shot("drawn-why-read-on") });
    clean(page);
    await page.close();
  };

  cases["drawn: the menu of a group takes it to the consumer protocol"] = async (kit) => {
    const page = await at(kit, "cooperative-join", 7, {});
    const group = card(page, "consumer group", "billing");
    await group.getByRole("button", { name: "billing", exact: true }).click();
    await page.getByRole("menuitem", { name: /^Consumer protocol KIP/ }).click();
    await page.evaluate(() => document.querySelector("tide-pool").api(1).seek(12_000_000));
    await group.getByText("consumer · uniform").waitFor();
    clean(page);
    await page.close();
  };
};

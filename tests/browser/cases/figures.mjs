// The figures of a day: each has to be understood without a caption. What they show is asserted in words beside the picture.
const FIGURES = {
  "broker-killed": { deeds: [[20, "kill broker-2"]], at: 20.9, card: [".tp-broker", "broker-2", /killed/] },
  election: { deeds: [[20, "kill broker-2"]], at: 36, card: [".tp-partition", "orders-1", /leader [13], ISR 2\/3/] },
  rebalance: { deeds: [[20, "crash billing-2"]], at: 30.2, card: [".tp-group", "billing", /Rebalancing/] },
  "under-replicated": { deeds: [[20, "kill broker-3"]], at: 36, card: [".tp-partition", "orders-0", /2\/3/] },
};

export default (cases, { check, open, state, until, flowing, clean, noSidewaysScroll, shot }) => {
  for (const [name, { deeds, at, card: [kind, thing, words] }] of Object.entries(FIGURES)) {
    for (const [width, height, scheme] of [[1280, 800, "light"], [1280, 800, "dark"], [390, 844, "light"], [390, 844, "dark"]]) {
      cases[`figure: ${name}, ${width} ${scheme}`] = async ({ context, site }) => {
        const page = await open(context, site.url, { width, height, scheme });
        await until(page, 0, flowing, 20_000, "records flow");
        await page.evaluate(([deeds, at]) => {
          const api = document.querySelector("tide-pool").api(1);
          api.pause();
          for (const [when, line] of deeds) {
            api.seek(when * 1e6);
            api.act(line);
          }
          api.seek(at * 1e6);
        }, [deeds, at]);
        const said = page.locator(kind).filter({ hasText: thing }).first();
        let told = "";
        for (let n = 0; n < 40 && !words.test(told); n++) {
          await page.waitForTimeout(50);
          told = (await said.innerText()).replace(/\s+/g, " ");
        }
        check(words.test(told), `${thing} says: ${told}`);
        check((await state(page)).time_us === at * 1e6, "it is that moment");
        await noSidewaysScroll(page);
        // On a narrow page what it is about is further down.
        if (width < 640) await said.evaluate((thing) => thing.scrollIntoView({ block: "start" }));
        await page.screenshot({ path: shot(`${name}-${width}-${scheme}`) });
        clean(page);
        await page.close();
        return told;
      };
    }
  }
};

// The Inspector: a frame as fields and bytes that light each other, what a partition keeps, a topic's configs.
export default (cases, { check, open, until, flowing, clean, noSidewaysScroll, shot }) => {
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    for (const scheme of ["light", "dark"]) {
      cases[`inspector: a frame, a partition and its configs, ${width} ${scheme}`] = async ({ context, site }) => {
        const page = await open(context, site.url, { width, height, scheme });
        await until(page, 0, flowing, 20_000, "records flow");
        await page.evaluate(() => document.querySelector("tide-pool").api(1).pause());
        await page.getByRole("tab", { name: "Inspector" }).click();
        const panel = page.getByRole("tabpanel");
        const view = (name) => panel.getByRole("button", { name, exact: true });

        // A frame that has long arrived is read from the past; the run stays where it is.
        await view("Frames").click();
        await panel.getByRole("searchbox").fill("produce request");
        const now = () => page.evaluate(() => document.querySelector("tide-pool").api(1).state());
        const before = await now();
        const frame = panel.locator("li button", { hasText: /checkout → broker-\d · Produce request/ }).last();
        check(/→ broker-\d · Produce request/.test(await frame.innerText()), await frame.innerText());
        const label = await frame.innerText();
        await frame.click();
        const rows = panel.getByRole("treeitem");
        await rows.first().waitFor();
        const words = await rows.allInnerTexts();
        const has = (pattern) => check(words.some((text) => pattern.test(text)), `${pattern}: ${words.join(" | ")}`);
        [/RequestApiKey\s+0 Produce/, /ProduceRequest\s+v\d/, /Acks\s+-?\d/, /TimeoutMs\s+30000/, /RecordBatch/, /BaseSequence\s+\d/, /Key\s+"/].forEach(has);
        const after = await now();
        check(before.time_us === after.time_us && before.event_hash === after.event_hash, "looking changes nothing");

        // Hovering or focusing one lights the other, both ways.
        const lit = () => panel.locator("[data-lit]").evaluateAll((all) => all.map((one) => [one.tagName, one.textContent.trim()]));
        await rows.filter({ hasText: "RequestApiKey" }).hover();
        check(JSON.stringify(await lit()).includes('["B","00 00"]'), JSON.stringify(await lit()));
        await panel.locator("pre b").nth(1).hover();
        check((await lit()).some(([, text]) => /RequestApiVersion/.test(text)), JSON.stringify(await lit()));
        await rows.first().focus();
        await page.keyboard.press("ArrowDown");
        await page.keyboard.press("ArrowDown");
        check((await lit()).some(([, text]) => /RequestApiVersion/.test(text)), "arrows walk the fields");
        // All bytes stand there, once.
        const size = await panel.locator("pre b").evaluateAll((all) => all.map((b) => b.textContent.trim().split(/\s+/).length).reduce((a, b) => a + b));
        const total = Number(/(\d+) bytes/.exec(label)[1]);
        check(size === total, `${size} bytes of ${total}`);
        await rows.filter({ hasText: "BaseOffset" }).first().focus();
        await page.screenshot({ path: shot(`inspector-frame-${width}-${scheme}`) });

        // A partition's inner state.
        await panel.getByRole("combobox").selectOption("orders-0");
        await view("State").click();
        const state = await panel.innerText();
        for (const word of ["leader epoch", "ISR", "log end offset", "log start offset", "Replica 1", "00000000000000000000", "last sequence"]) {
          check(state.includes(word), `${word}: ${state}`);
        }
        await page.screenshot({ path: shot(`inspector-partition-${width}-${scheme}`) });

        // Its topic's configs: a bad value is refused in Kafka's words, a good one is set through the cluster.
        await view("Configs").click();
        const config = panel.locator('[data-name="retention.ms"]');
        await config.fill("soon");
        await config.press("Enter");
        check((await panel.getByRole("alert").innerText()).includes("Not a number of type LONG"), await panel.innerText());
        await page.screenshot({ path: shot(`inspector-configs-${width}-${scheme}`) });
        await config.fill("60000");
        await config.press("Enter");
        await page.evaluate(() => document.querySelector("tide-pool").api(1).play());
        await panel.locator("label", { has: page.locator('[data-name="retention.ms"][value="60000"]') }).getByText("set", { exact: true }).waitFor({ timeout: 10_000 });
        // A client's config is set by a new process of it; what the client itself refuses is said beside the field.
        await panel.getByRole("combobox").selectOption("batch");
        const linger = panel.locator('[data-name="linger.ms"]');
        await linger.fill("soon");
        await linger.press("Enter");
        check((await panel.getByRole("alert").innerText()).includes("linger.ms=soon"), await panel.innerText());
        await linger.fill("7");
        await linger.press("Enter");
        await panel.locator('[data-name="linger.ms"][value="7"]').waitFor({ timeout: 10_000 });
        await page.getByRole("button", { name: "Undo change producer batch" }).waitFor();
        for (const name of ["billing-1", "broker-1", "checkout", "group billing"]) {
          await panel.getByRole("combobox").selectOption(name);
          await view("State").click();
          check((await panel.locator("section p").count()) > 1, `${name} keeps something`);
        }
        await noSidewaysScroll(page);
        clean(page);
        await page.close();
        return `${size} bytes`;
      };
    }
  }
};

// Configs of brokers: set on one or on all from the inspector and from a menu, what is fixed says so; the quorum's votes.
export default (cases, { check, open, until, flowing, clean, noSidewaysScroll, shot }) => {
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    for (const scheme of ["light", "dark"]) {
      cases[`configs: of a broker and of all, ${width} ${scheme}`] = async ({ context, site }) => {
        const page = await open(context, site.url, { width, height, scheme });
        await until(page, 0, flowing, 20_000, "records flow");
        await page.evaluate(() => document.querySelector("tide-pool").api(1).pause());
        await page.getByRole("tab", { name: "Inspector" }).click();
        const panel = page.getByRole("tabpanel");
        const view = (name) => panel.getByRole("button", { name, exact: true });
        const look = (name) => panel.getByRole("combobox").selectOption(name);

        await look("broker-2");
        await view("Configs").click();
        const whom = panel.getByRole("group", { name: "Whom a change is for" });
        check((await whom.getByRole("button", { pressed: true }).innerText()) === "This broker", "one broker at first");
        const text = await panel.innerText();
        check(/Read-only: a change needs a restart with another file/.test(text), text);
        check(/Without effect here/.test(text), text);
        check((await panel.locator('[data-name="num.partitions"]').count()) === 0, "what is read-only is no field");
        check((await panel.locator('[data-name="num.io.threads"]').count()) === 0, "nor is what has no effect");

        // A bad value is refused in Kafka's words; what one broker cannot have for itself too.
        const field = (name) => panel.locator(`[data-name="${name}"]`);
        const set = async (name, value) => {
          await field(name).fill(value);
          await field(name).press("Enter");
        };
        await set("log.retention.ms", "soon");
        check((await panel.getByRole("alert").innerText()).includes("Not a number of type LONG"), await panel.innerText());
        await page.screenshot({ path: shot(`configs-refused-${width}-${scheme}`) });
        await set("log.retention.ms", "600000");
        await page.evaluate(() => document.querySelector("tide-pool").api(1).play());
        const holds = (name, value) => panel.locator("label", { has: page.locator(`[data-name="${name}"][value="${value}"]`) })
          .getByText("set", { exact: true }).waitFor({ timeout: 10_000 });
        await holds("log.retention.ms", "600000");
        await page.getByRole("button", { name: /^Undo config broker-2/ }).waitFor();
        const said = page.locator("tide-pool").getByText("broker-2 is given log.retention.ms=600000.");
        check((await said.count()) > 0, "the narrator tells it");

        // All brokers: what is set on one goes before it there.
        await whom.getByRole("button", { name: "All brokers" }).focus();
        await page.keyboard.press("Enter");
        await panel.locator('[data-name="log.retention.ms"][value=""]').waitFor({ timeout: 5000 });
        await set("log.retention.ms", "700000");
        await holds("log.retention.ms", "700000");
        await look("broker-1");
        await holds("log.retention.ms", "700000");
        await page.screenshot({ path: shot(`configs-all-${width}-${scheme}`) });
        await look("broker-2");
        await holds("log.retention.ms", "600000");
        // Topics inherit it.
        await look("orders-0");
        await holds("retention.ms", "700000");
        check(/set on all brokers; default 604800000/.test(await panel.innerText()), await panel.innerText());

        await page.evaluate(() => document.querySelector("tide-pool").api(1).pause());
        // The quorum's votes and ends, on the node that leads it.
        const leader = await (async () => {
          for (const name of ["broker-1", "broker-2", "broker-3"]) {
            await look(name);
            await view("State").click();
            if ((await panel.innerText()).includes("Replicas of the metadata log")) return name;
          }
        })();
        const state = await panel.innerText();
        for (const pattern of [/Votes in epoch \d/, /voter 1\s+log end offset \d+, lag \d+/, /voted for\s+\d/]) {
          check(pattern.test(state), `${leader} ${pattern}: ${state}`);
        }
        await panel.getByRole("heading", { name: /Votes in epoch/ }).scrollIntoViewIfNeeded();
        await page.screenshot({ path: shot(`configs-quorum-${width}-${scheme}`) });
        await noSidewaysScroll(page);
        clean(page);
        await page.close();
        return `${leader} leads the quorum`;
      };
    }
  }

  cases["configs: from a broker's menu"] = async ({ context, site }) => {
    const page = await open(context, site.url, { width: 1280, height: 800, scheme: "light" });
    await until(page, 0, flowing, 20_000, "records flow");
    await page.locator(".tp-broker").nth(1).locator(".tp-do").focus();
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: /^Configs…/ }).click();
    const form = page.getByRole("dialog", { name: "broker-2" });
    check((await form.getByText("min.insync.replicas", { exact: true }).count()) === 0, "it needs one value for all");
    await form.getByLabel(/^log\.retention\.ms/).fill("600000");
    await page.screenshot({ path: shot("configs-menu-1280-light") });
    await form.getByRole("button", { name: "Apply" }).click();
    await page.getByRole("button", { name: /^Undo config broker-2/ }).waitFor({ timeout: 10_000 });
    clean(page);
    await page.close();
  };
};

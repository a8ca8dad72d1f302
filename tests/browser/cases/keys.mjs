// With the keyboard alone: every control is reached, has a name and shows its focus; everything on the stage is named; menus, forms and
// undo work; text can be read in both themes. Controls are found, not listed: a new one is tested as soon as it is there.
export default (cases, { check, open, state, until, flowing, clean, noSidewaysScroll, shot }) => {
  const WIDTHS = [[1280, 800], [390, 844]];
  const SCHEMES = ["light", "dark"];

  // What the tests need inside the page: all that one can operate, and what has the focus.
  const helpers = () => {
    const root = () => document.querySelector("tide-pool").shadowRoot;
    const ROLES = ["button", "link", "tab", "slider", "menuitem", "menuitemcheckbox", "menuitemradio", "option", "switch", "checkbox",
      "radio", "textbox", "combobox", "treeitem", "gridcell", "spinbutton"];
    const OPERABLE = ["button", "a[href]", "input", "select", "textarea", "summary", "[tabindex]:not([tabindex='-1'])", "[contenteditable]",
      ...ROLES.map((role) => `[role=${role}]`)].join(",");
    const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getBoundingClientRect().width > 0;
    const words = (element) => (element.getAttribute("aria-label") ?? element.textContent).trim();
    window.keys = {
      root, words, seen,
      controls: () => [...root().querySelectorAll(OPERABLE)].filter((one) => seen(one) && !one.disabled && one.getAttribute("aria-disabled") !== "true"),
      focus: () => document.activeElement?.shadowRoot?.activeElement ?? null,
      describe: (element) => element && `${element.localName}.${element.className} "${words(element) || element.getAttribute("placeholder") || ""}"`,
    };
  };

  const start = async (context, site, options) => {
    const page = await open(context, site.url, options);
    await until(page, 0, flowing, 20_000, "records flow");
    await page.evaluate(helpers);
    check(await page.evaluate(() => document.activeElement === document.body), "nothing has stolen the focus");
    return page;
  };
  const focused = (page) => page.evaluate(() => keys.describe(keys.focus()));
  const tree = async (page) => {
    const session = await page.context().newCDPSession(page);
    const { nodes } = await session.send("Accessibility.getFullAXTree");
    await session.detach();
    return nodes.filter((node) => !node.ignored).map((node) => ({ role: node.role?.value, name: (node.name?.value ?? "").trim() }));
  };
  // Tab, until `holds` of the focused element in words.
  const tabTo = async (page, holds, what) => {
    for (let n = 0; n < 300; n++) {
      await page.keyboard.press("Tab");
      if (holds((await focused(page)) ?? "")) return;
    }
    throw new Error(`Tab does not come to ${what}`);
  };
  const menuOf = (page, card) => page.locator(card).first().locator(".tp-do");

  for (const [width, height] of WIDTHS) {
    cases[`keys: every control is reached by Tab or arrows, has a name and shows its focus, ${width}`] = async ({ context, site }) => {
      const page = await start(context, site, { width, height });
      await tabTo(page, (words) => words.includes('"Pause"'), "Pause");
      await page.keyboard.press("Enter");
      await until(page, 0, (now) => !now.playing, 5000, "Enter pauses");
      // A deed and its undo bring what only comes with branches; a scenario of one moment, so that nothing is built anew on the way.
      await page.evaluate(() => { document.querySelector("tide-pool").api(1).act("crash web"); });
      await page.keyboard.press("Control+z");
      await until(page, 0, (now) => Object.keys(now.branches).length === 2, 5000, "two branches");
      await page.waitForTimeout(400);
      const found = async (label) => {
        const count = await page.evaluate(() => {
          keys.all = keys.controls();
          keys.reached = new Set();
          keys.dim = [];
          document.activeElement?.blur?.();
          keys.root().activeElement?.blur();
          return keys.all.length;
        });
        const note = () => page.evaluate(() => {
          const here = keys.focus();
          if (!here) return false;
          const fresh = !keys.reached.has(here);
          keys.reached.add(here);
          const style = getComputedStyle(here);
          const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1.5;
          // Nothing around it cuts the outline off.
          const own = here.getBoundingClientRect();
          let cut = false;
          for (let at = here.parentElement; at && !at.matches(".tp-stage"); at = at.parentElement) {
            const { left, top, right, bottom } = at.getBoundingClientRect();
            const hides = getComputedStyle(at).overflowX === "hidden";
            cut ||= hides && (own.left - left < 1.5 || own.top - top < 1.5 || right - own.right < 1.5 || bottom - own.bottom < 1.5);
          }
          if (fresh && (cut || !outline && style.boxShadow === "none")) keys.dim.push(keys.describe(here));
          return fresh;
        });
        for (let n = 0, left = 0; n < count * 2 + 20 && left < 2; n++) {
          await page.keyboard.press("Tab");
          const fresh = await note();
          if (!(await page.evaluate(() => keys.focus() !== null))) left++;
          // Inside of one widget arrows lead on.
          const arrows = fresh && await page.evaluate(() => keys.focus().closest("[role=tablist],[role=menu],[role=toolbar],[role=listbox],[role=radiogroup],[role=grid],[role=tree]") !== null);
          for (const key of arrows ? ["ArrowRight", "ArrowDown"] : []) {
            for (let m = 0; m < count; m++) {
              await page.keyboard.press(key);
              if (!(await note())) break;
            }
          }
        }
        const missed = await page.evaluate(() => keys.all.filter((one) => one.isConnected && keys.seen(one) && !keys.reached.has(one)).map(keys.describe));
        check(!missed.length, `${label}: not reached by keyboard: ${missed.join(", ")}`);
        const dim = await page.evaluate(() => keys.dim);
        check(!dim.length, `${label}: no visible focus: ${dim.join(", ")}`);
        const roles = ["button", "slider", "textbox", "combobox", "tab", "menuitem", "link", "checkbox", "switch", "option", "spinbutton"];
        const nameless = (await tree(page)).filter(({ role, name }) => roles.includes(role) && !name);
        check(!nameless.length, `${label}: without a name: ${JSON.stringify(nameless)}`);
        return count;
      };
      const counts = [await found("the page")];
      // Each panel that there is, opened by its tab.
      const tabs = await page.locator("tide-pool [role=tab]").count();
      for (let n = 0; n < tabs; n++) {
        const tab = page.locator("tide-pool [role=tab]").nth(n);
        await tab.focus();
        await page.keyboard.press("Enter");
        await page.waitForTimeout(300);
        counts.push(await found(`panel ${await tab.innerText()}`));
      }
      clean(page);
      await page.close();
      return `${counts.join(", ")} controls`;
    };
  }

  cases["keys: the accessibility tree names everything on the stage, no thing has two buttons of one name"] = async ({ context, site }) => {
    const page = await start(context, site, {});
    const nodes = await tree(page);
    const wanted = [...["checkout", "web", "batch"].map((name) => `producer ${name}`), ...[1, 2, 3].map((n) => `broker broker-${n}`),
      "topic orders", ...[0, 1, 2, 3, 4, 5].map((n) => `partition orders-${n}`), "internal topic __consumer_offsets", "consumer group billing",
      ...[1, 2, 3].map((n) => `consumer billing-${n}`)];
    const missing = wanted.filter((name) => !nodes.some((node) => node.role === "group" && (node.name === name || node.name.startsWith(`${name},`))));
    check(!missing.length, `not in the accessibility tree: ${missing.join(", ")}`);
    check(nodes.some((node) => node.role === "status"), "the narrator is a live region");
    const twice = await page.evaluate(() => [...keys.root().querySelectorAll(".tp-at,.tp-bar,.tp-caption,.tp-chips")].flatMap((thing) => {
      const names = [...thing.querySelectorAll("button")].filter(keys.seen).map(keys.words);
      return names.filter((name, at) => names.indexOf(name) !== at).map((name) => `${name} in ${keys.describe(thing)}`);
    }));
    check(!twice.length, `two buttons of one name: ${twice.join("; ")}`);
    clean(page);
    await page.close();
    return `${nodes.length} nodes`;
  };

  cases["keys: each thing's menu opens with Enter, goes round by arrows, and Escape leads back"] = async ({ context, site }) => {
    const page = await start(context, site, {});
    await page.evaluate(() => document.querySelector("tide-pool").api(1).pause());
    const openers = page.locator("tide-pool .tp-do");
    const count = await openers.count();
    let items = 0;
    for (let n = 0; n < count; n++) {
      const opener = openers.nth(n);
      const name = await opener.innerText();
      await opener.focus();
      await page.keyboard.press("Enter");
      const menu = page.locator("tide-pool [role=menu]");
      await menu.waitFor();
      check(await opener.getAttribute("aria-expanded") === "true", `${name} is expanded`);
      const all = await menu.getByRole("menuitem").evaluateAll((all) => all.map(keys.words));
      check(all.length > 0 && new Set(all).size === all.length, `${name}: each item once: ${all}`);
      for (const words of [...all.slice(1), all[0]]) {
        await page.keyboard.press("ArrowDown");
        check(await page.evaluate(() => keys.words(keys.focus())) === words, `${name}: the arrow leads to ${words}`);
      }
      await page.keyboard.press("End");
      check(await page.evaluate(() => keys.words(keys.focus())) === all.at(-1), `${name}: End leads to the last`);
      await page.keyboard.press("Escape");
      await menu.waitFor({ state: "detached" });
      check(await opener.evaluate((one) => keys.focus() === one), `${name}: the focus is back`);
      check(await opener.getAttribute("aria-expanded") === "false", `${name} is no longer expanded`);
      items += all.length;
    }
    // By the other mouse button on the thing itself; a click elsewhere closes it.
    await page.locator(".tp-partition").nth(1).click({ button: "right", position: { x: 5, y: 5 } });
    await page.getByRole("menu", { name: "orders-1" }).waitFor();
    await page.locator(".tp-said").click();
    await page.getByRole("menu").waitFor({ state: "detached" });
    // By the menu key.
    await menuOf(page, ".tp-member").focus();
    await page.keyboard.press("ContextMenu");
    await page.getByRole("menu", { name: "billing-1" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("menu").waitFor({ state: "detached" });
    // A menu in a menu, and what it does.
    await menuOf(page, ".tp-broker").focus();
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: "One link…" }).press("Enter");
    await page.getByRole("menuitem", { name: "broker-3" }).press("Enter");
    await page.getByRole("menuitem", { name: "Cut one way" }).press("Enter");
    check(await menuOf(page, ".tp-broker").evaluate((one) => keys.focus() === one), "the focus is back after a deed");
    await page.getByRole("button", { name: "Undo cut broker-1 broker-3 one-way" }).waitFor();
    clean(page);
    await page.close();
    return `${count} menus, ${items} deeds`;
  };

  for (const [width, height] of WIDTHS) {
    for (const scheme of SCHEMES) {
      cases[`keys: a fault, its undo and redo, a client's settings, ${width} ${scheme}`] = async ({ context, site }) => {
        const page = await start(context, site, { width, height, scheme });
        await page.evaluate(() => document.querySelector("tide-pool").api(1).pause());
        const before = await state(page);
        await tabTo(page, (words) => words.includes('tp-do "broker-2"'), "broker-2");
        await page.keyboard.press("Enter");
        await page.getByRole("menu", { name: "broker-2" }).waitFor();
        await page.screenshot({ path: shot(`menu-broker-${width}-${scheme}`) });
        await noSidewaysScroll(page);
        await page.keyboard.press("Enter");
        const { state: killed } = await until(page, 0, (now) => now.event_hash !== before.event_hash, 5000, "the first deed is done");
        await page.locator(".tp-broker[data-state=killed]").waitFor();
        await page.getByRole("button", { name: "Undo kill broker-2" }).waitFor();
        await page.screenshot({ path: shot(`undo-${width}-${scheme}`) });
        await page.keyboard.press("Control+z");
        const { state: back } = await until(page, 0, (now) => now.event_hash === before.event_hash, 5000, "undone: the moment before");
        check(Object.keys(back.branches).length === 2 && back.time_us === before.time_us, "both branches stay");
        await page.locator(".tp-broker[data-state=killed]").waitFor({ state: "detached" });
        await page.keyboard.press("Control+Shift+z");
        await until(page, 0, (now) => now.event_hash === killed.event_hash, 5000, "done again: the other branch");
        await tabTo(page, (words) => words.includes('"Undo kill broker-2"'), "Undo");
        await page.keyboard.press("Enter");
        await until(page, 0, (now) => now.event_hash === before.event_hash, 5000, "undone by its button");

        await menuOf(page, ".tp-producer").focus();
        await page.keyboard.press("Enter");
        await page.getByRole("menuitem", { name: "Settings…" }).press("Enter");
        const form = page.getByRole("dialog", { name: "checkout" });
        await form.waitFor();
        // What nobody has set is folded, and unfolds by a key.
        await form.locator("summary").press("Enter");
        const linger = form.getByRole("textbox", { name: /^linger\.ms/ });
        const rate = form.getByRole("textbox", { name: /^rate/ });
        check(await rate.inputValue() === "4/s", "it is filled in with what holds");
        await rate.fill("9/s");
        check(await form.getByRole("button", { name: "Apply" }).isVisible(), "a rate needs no new process");
        await linger.fill("soon");
        check(await form.getByRole("button", { name: "Restart with these" }).isVisible(), "linger.ms does");
        await linger.press("Enter");
        const alert = form.getByRole("alert");
        await alert.waitFor();
        check(/^linger\.ms=soon: a whole number/.test(await alert.innerText()), await alert.innerText());
        check(await rate.inputValue() === "9/s" && await linger.inputValue() === "soon", "nothing of what was filled in is lost");
        check(await linger.evaluate((one) => keys.focus() === one && one.getAttribute("aria-invalid") === "true"), "the field is shown");
        await noSidewaysScroll(page);
        await page.screenshot({ path: shot(`menu-producer-${width}-${scheme}`) });
        check((await state(page)).event_hash === before.event_hash, "and nothing was done");
        await linger.fill("50");
        await linger.press("Enter");
        await form.waitFor({ state: "detached" });
        await page.evaluate(() => { const api = document.querySelector("tide-pool").api(1); api.seek(api.state().time_us + 3e6); });
        await page.locator(".tp-producer", { hasText: "9/s" }).waitFor();
        check(await page.locator(".tp-producer").first().getAttribute("data-state") === "running", "it runs with them");
        clean(page);
        await page.close();
      };
    }
  }

  cases["keys: play, step, speed, theme, timeline, branches and reset by keyboard"] = async ({ context, site }) => {
    const page = await start(context, site, {});
    await tabTo(page, (words) => words.includes('"Pause"'), "Pause");
    await page.keyboard.press("Space");
    const { state: paused } = await until(page, 0, (now) => !now.playing, 5000, "paused");
    await tabTo(page, (words) => words.includes('"Step back"'), "Step back");
    await page.keyboard.press("Enter");
    const { state: stepped } = await until(page, 0, (now) => now.time_us < paused.time_us, 5000, "the event before");
    await tabTo(page, (words) => words.includes('"Step to the next event"'), "Step");
    await page.keyboard.press("Enter");
    await until(page, 0, (now) => now.events > stepped.events, 5000, "and the next");
    const slider = page.getByRole("slider", { name: "Speed" });
    await slider.focus();
    const speed = await slider.inputValue();
    await page.keyboard.press("ArrowRight");
    check(await slider.inputValue() !== speed, "an arrow changes the speed");
    const track = page.getByRole("slider", { name: "Moment of the run" });
    await track.focus();
    await page.keyboard.press("ArrowLeft");
    await until(page, 0, (now) => now.past, 5000, "a moment of the past");
    await menuOf(page, ".tp-member").focus();
    await page.keyboard.press("Enter");
    await page.getByRole("menuitem", { name: "Crash" }).press("Enter");
    await until(page, 0, (now) => Object.keys(now.branches).length === 2 && now.branch === 2, 5000, "a deed in the past forks");
    const theme = page.getByRole("button", { name: "Light or dark" });
    const ground = () => page.evaluate(() => getComputedStyle(keys.root().querySelector(".tp")).backgroundColor);
    const colour = await ground();
    await theme.press("Enter");
    await page.waitForTimeout(100);
    check(await ground() !== colour, "the other theme");
    await page.getByRole("button", { name: "Reset" }).press("Enter");
    await until(page, 0, (now) => now.time_us < paused.time_us / 2, 5000, "from the beginning");
    clean(page);
    await page.close();
  };

  cases["keys: a saved cluster goes only forward, and says so"] = async ({ context, site, pages }) => {
    pages("forward.html", '<tide-pool scenario="first-light" store="keys" load="eager"></tide-pool>');
    const page = await open(context, `${site.url}forward.html`);
    await until(page, 0, flowing, 20_000, "records flow");
    await page.locator(".tp-producer .tp-do").first().press("Enter");
    await page.getByRole("menuitem", { name: "Half as many" }).press("Enter");
    await page.locator(".tp-said", { hasText: "now sends" }).waitFor();
    await page.keyboard.press("Control+z");
    await page.locator(".tp-said", { hasText: "goes only forward" }).waitFor();
    clean(page);
    await page.close();
  };

  for (const scheme of SCHEMES) {
    cases[`keys: all text has a contrast of 4.5, ${scheme}`] = async ({ context, site }) => {
      const page = await start(context, site, { scheme });
      const worst = async (where) => {
        const bad = await page.evaluate(() => {
          const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
          const rgba = (colour) => {
            pen.clearRect(0, 0, 1, 1);
            pen.fillStyle = colour;
            pen.fillRect(0, 0, 1, 1);
            const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
            return [r, g, b, a / 255];
          };
          const over = ([r, g, b, a], under) => [r, g, b].map((one, at) => one * a + under[at] * (1 - a)).concat(1);
          const light = (colour) => colour.slice(0, 3).map((one) => one / 255).map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
            .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
          const under = (element) => {
            const layers = [];
            for (let at = element; at; at = at.parentElement ?? at.getRootNode().host) layers.push(rgba(getComputedStyle(at).backgroundColor));
            return layers.reverse().reduce((ground, layer) => over(layer, ground), [255, 255, 255, 1]);
          };
          const out = [];
          for (const element of keys.root().querySelectorAll("*")) {
            const own = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent.trim()).join("");
            if (!own || !keys.seen(element) || ["STYLE", "SCRIPT", "OPTION"].includes(element.tagName)) continue;
            const style = getComputedStyle(element);
            const ground = under(element);
            let alpha = 1;
            for (let at = element; at; at = at.parentElement) alpha *= Number(getComputedStyle(at).opacity);
            // What comes only to a pointer or the focus is looked at when it is there.
            if (alpha === 0) continue;
            const ink = rgba(style.color);
            const [a, b] = [light(over([...ink.slice(0, 3), ink[3] * alpha], ground)), light(ground)];
            const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            if (ratio < 4.5) out.push(`${ratio.toFixed(2)} ${keys.describe(element).slice(0, 80)}`);
          }
          return out;
        });
        check(!bad.length, `${where}: ${bad.join("; ")}`);
      };
      await worst("flowing");
      await page.locator(".tp-partition").first().hover();
      await worst("a partition pointed at");
      await page.evaluate(() => { const api = document.querySelector("tide-pool").api(1); api.act("kill broker-2"); api.act("crash billing-1"); api.act("stop web"); });
      await page.waitForTimeout(500);
      await worst("broken");
      await menuOf(page, ".tp-broker").click();
      await worst("a menu");
      await page.keyboard.press("Escape");
      await menuOf(page, ".tp-producer").click();
      await page.getByRole("menuitem", { name: "Settings…" }).click();
      await worst("a form");
      clean(page);
      await page.close();
    };
  }
};

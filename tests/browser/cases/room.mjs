// Room: whatever width there is for the stage, no text of it is cut and no two of its labels stand on each other.
export default (cases, { check, open, until, clean, noSidewaysScroll, shot }) => {
  // Texts on the stage's cards that are wider than their boxes, and texts of different cards that overlap. What is cut by design has its
  // whole words as a title, on itself or on what it stands in.
  const cut = (page) => page.evaluate(() => {
    const root = document.querySelector("tide-pool").shadowRoot, out = [], boxes = [];
    for (const one of root.querySelectorAll(".tp-stage .tp-at, .tp-stage .tp-at *")) {
      const own = [...one.childNodes].filter((node) => node.nodeType === 3 && node.textContent.trim());
      if (!own.length || !one.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
      const range = document.createRange();
      range.setStart(own[0], 0);
      range.setEndAfter(own.at(-1));
      const text = range.getBoundingClientRect(), card = one.closest(".tp-at"), box = card.getBoundingClientRect();
      if (!text.width) continue;
      const name = `${card.getAttribute("aria-label") ?? card.className}: "${range.toString().trim()}"`;
      const told = one.closest("[title]");
      // What hides what is too long for it.
      let clip = one;
      while (clip !== card && getComputedStyle(clip).overflowX === "visible") clip = clip.parentElement;
      if (clip !== card && clip.scrollWidth > clip.clientWidth + 1 && !(told && card.contains(told))) out.push(`${name} is cut`);
      // Buttons at a card's end stand a little over its edge.
      if (text.right > box.right + 6 || text.left < box.left - 6) out.push(`${name} leaves its card`);
      const isLabel = card.classList.contains("tp-partition");
      if (!isLabel && (text.bottom > box.bottom + 2 || text.top < box.top - 2)) out.push(`${name} is below its card`);
      for (const line of range.getClientRects()) boxes.push([name, one, line]);
    }
    for (const [i, [name, one, a]] of boxes.entries()) {
      for (const [other, two, b] of boxes.slice(i + 1)) {
        const over = Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 5;
        if (over && one !== two) out.push(`${name} stands on ${other}`);
      }
    }
    return out;
  });

  const SCENES = [["records-under-way", 20], ["cooperative-join", 12.3], ["hanging-transaction", 20], ["unique-table", 22], ["exactly-once-copy", 21]];
  // The docked panel leaves a stage of 880 px; embeds of 720 and 390 px.
  for (const [name, width, height, mode, tab] of [["beside a panel", 1280, 800, "page", "Ledger"], ["in a page", 1280, 800, "page"],
    ["in an embed of 720 px", 720, 520, "embed"], ["at 200 %", 640, 400, "page"], ["on a phone", 390, 844, "page"]]) {
    cases[`room: nothing is cut or overprinted ${name}`] = async ({ context, site, pages }) => {
      for (const [scenario, seconds] of SCENES) {
        const look = mode === "page" ? '<link rel="stylesheet" href="page.css">' : "";
        pages("room.html", `${look}<tide-pool scenario="${scenario}" load="eager" ${mode === "page" ? 'mode="page"' : `height="${height}"`}></tide-pool>`);
        const page = await open(context, `${site.url}room.html`, { width, height, folded: true });
        await until(page, 0, (now) => now.time_us > 0, 20_000, "it runs");
        await page.evaluate((us) => { const api = document.querySelector("tide-pool").api(1); api.pause(); api.seek(us); }, seconds * 1e6);
        if (tab) await page.getByRole("tab", { name: tab }).click();
        await page.waitForTimeout(500);
        await page.screenshot({ path: shot(`room-${scenario}-${mode}-${width}${tab ? "-panel" : ""}`) });
        const wrong = await cut(page);
        check(wrong.length === 0, `${scenario}: ${wrong.join("\n")}`);
        await noSidewaysScroll(page);
        clean(page);
        await page.close();
      }
    };
  }

  cases["room: beside a panel, and below the first steps, all six partitions are seen"] = async ({ context, site }) => {
    // A first visit: what other cases have done, and what they rely on, is not touched.
    const visit = await context.browser().newContext();
    const page = await open(visit, site.url, { opening: true });
    await page.locator(".tp-guide").waitFor();
    await until(page, 0, (now) => now.acked > 0, 20_000, "records flow");
    for (const tab of ["Why?", "Scenario"]) {
      await page.getByRole("tab", { name: tab, exact: true }).click();
      await page.waitForTimeout(400);
      const [last, deck] = [await page.locator(".tp-partition").last().boundingBox(), await page.locator(".tp-deck").boundingBox()];
      check(last.y + last.height < deck.y, `${tab}: the last partition ends at ${last.y + last.height}, the deck begins at ${deck.y}`);
    }
    clean(page);
    await visit.close();
  };

  // Whatever is folded in the deck, the picture is fitted to what is left above it.
  for (const [width, height] of [[1280, 800], [1920, 1080]]) {
    cases[`room: the deck covers no partition, with the lanes and without, ${width}`] = async ({ context, site }) => {
      const page = await open(context, site.url, { width, height });
      await until(page, 0, (now) => now.time_us > 0, 20_000, "it runs");
      const lanes = page.locator(".tp-times button[aria-expanded]").first();
      const seen = [];
      for (let turn = 0; turn < 2; turn += 1) {
        await page.waitForTimeout(500);
        const [last, deck] = [await page.locator(".tp-partition").last().boundingBox(), await page.locator(".tp-deck").boundingBox()];
        const fits = last.y + last.height <= deck.y + 1;
        // Six partitions have a least height: a low window with all lanes scrolls.
        check(fits || height < 1000 && deck.height > 200, `the last partition ends at ${last.y + last.height}, the deck begins at ${deck.y}`);
        seen.push(`${Math.round(deck.y - last.y - last.height)} px above a deck of ${Math.round(deck.height)}`);
        await page.screenshot({ path: shot(`room-deck-${width}-${turn}`) });
        await lanes.click();
      }
      await lanes.click();
      clean(page);
      await page.close();
      return seen.join(", ");
    };
  }

  // What one does shows on the ribbons: a menu leaves them in sight, tells what the item under the hand does, and marks what it is about.
  cases["room: no menu covers a ribbon"] = async ({ context, site }) => {
    const page = await open(context, site.url, { folded: true });
    await until(page, 0, (now) => now.time_us > 0, 20_000, "it runs");
    await page.evaluate(() => document.querySelector("tide-pool").api(1).pause());
    const brokers = page.locator(".tp-broker");
    const [first, last] = [await brokers.first().boundingBox(), await brokers.last().boundingBox()];
    const seen = [];
    for (const card of [".tp-broker", ".tp-topic", ".tp-partition", ".tp-producer", ".tp-member", ".tp-group"]) {
      await page.locator(card).last().hover({ position: { x: 12, y: 8 } });
      await page.locator(card).last().locator(".tp-do").click();
      const menu = page.getByRole("menu");
      const item = menu.getByRole("menuitem").last();
      await item.hover();
      const box = await menu.boundingBox();
      check(box.x + box.width <= first.x || box.x >= last.x + last.width, `${card}: ${JSON.stringify(box)}`);
      check(box.x >= 0 && box.y >= 0 && box.x + box.width <= 1280 && box.y + box.height <= 800, `${card} is in the window: ${JSON.stringify(box)}`);
      const told = await item.locator(".tp-quiet").boundingBox();
      check(await item.locator(".tp-quiet").evaluate((words) => getComputedStyle(words).opacity) === "1", `${card}: what it does is told`);
      check(told.y >= (await item.boundingBox()).y + 20 && told.y + told.height <= box.y + box.height, `${card}: below the items`);
      if (card === ".tp-broker") await page.screenshot({ path: shot("room-menu-1280") });
      seen.push(`${card} at ${Math.round(box.x)}`);
      await page.keyboard.press("Escape");
      await menu.waitFor({ state: "detached" });
    }
    clean(page);
    await page.close();
    return seen.join(", ");
  };

  cases["room: in an embed of 720 × 520 px the stage has most of it"] = async ({ context, deep, pages }) => {
    pages("room.html", '<style>body { margin: 0 }</style><tide-pool scenario="first-light" load="eager" height="520"></tide-pool>');
    const page = await open(context, `${deep.url}room.html`, { width: 720, height: 520, folded: true });
    await until(page, 0, (now) => now.time_us > 0, 20_000, "it runs");
    const high = async (selector) => (await page.locator(selector).first().boundingBox()).height;
    const [bar, room, deck] = [await high(".tp-bar"), await high(".tp-room"), await high(".tp-deck")];
    check(room >= 380, `bar ${bar}, stage ${room}, deck ${deck}`);
    check((await page.locator(".tp-name").innerText()).includes("One record's whole way"), "the scenario's title stands in the bar");
    await page.getByRole("button", { name: "Time, ledger and panels" }).click();
    await page.locator(".tp-track").waitFor();
    clean(page);
    await page.close();
    return `bar ${bar}, stage ${room}, deck ${deck} px`;
  };
};

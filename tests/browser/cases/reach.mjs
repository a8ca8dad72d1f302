// Reach: what axe-core finds, fingers, zoom, the folded deck of a phone, and one line for everything on the stage.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

export default (cases, { check, open, state, until, flowing, clean, noSidewaysScroll, shot }) => {
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

  // What is wrong on the page, as axe-core sees it: rules of weight, with the elements.
  const found = async (page) => {
    await page.evaluate(axe);
    return page.evaluate(async () => {
      const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
      const serious = violations.filter((rule) => ["serious", "critical"].includes(rule.impact));
      return serious.map((rule) => `${rule.id}: ${rule.nodes.slice(0, 4).map((node) => `${node.target.flat().join(" ")} ${node.failureSummary}`).join("; ")}`);
    });
  };

  for (const scheme of ["light", "dark"]) {
    cases[`reach: axe-core finds nothing serious on the page, ${scheme}`] = async ({ context, site }) => {
      const page = await open(context, site.url, { scheme });
      await until(page, 0, flowing, 20_000, "records flow");
      await page.evaluate(() => document.querySelector("tide-pool").api(1).pause());
      check((await found(page)).length === 0, (await found(page)).join("\n"));
      // With each panel and sheet, and with a broker down.
      await page.evaluate(() => document.querySelector("tide-pool").api(1).act("kill broker-2"));
      for (const tab of await page.getByRole("tab").all()) {
        await tab.click();
        await page.waitForTimeout(150);
        const wrong = await found(page);
        check(wrong.length === 0, `${await tab.innerText()}: ${wrong.join("\n")}`);
      }
      for (const name of ["Help", "All scenarios", "Compare", "Share this moment"]) {
        await (name === "All scenarios" ? page.getByTitle(name) : page.getByRole("button", { name, exact: true })).click();
        await page.waitForTimeout(150);
        const wrong = await found(page);
        check(wrong.length === 0, `${name}: ${wrong.join("\n")}`);
        await page.keyboard.press("Escape");
      }
      // A menu, and a form in it.
      await page.locator(".tp-stage button[aria-haspopup=menu]").first().click();
      check((await found(page)).length === 0, `a menu: ${(await found(page)).join("\n")}`);
      await page.keyboard.press("Escape");
      clean(page);
      await page.close();
    };

    cases[`reach: axe-core finds nothing serious on a phone, ${scheme}`] = async ({ context, site }) => {
      const page = await open(context, site.url, { width: 390, height: 844, scheme, folded: true });
      await until(page, 0, flowing, 20_000, "records flow");
      await page.evaluate(() => document.querySelector("tide-pool").api(1).pause());
      check((await found(page)).length === 0, (await found(page)).join("\n"));
      clean(page);
      await page.close();
    };

    cases[`reach: axe-core finds nothing serious on an embed, ${scheme}`] = async ({ context, deep, pages }) => {
      pages("axe.html", `<main><h1>A figure</h1><tide-pool scenario="first-light" theme="${scheme}" load="eager"></tide-pool></main>`);
      const page = await open(context, `${deep.url}axe.html`, { width: 760 });
      await until(page, 0, flowing, 20_000, "records flow");
      check((await found(page)).length === 0, (await found(page)).join("\n"));
      clean(page);
      await page.close();
    };
  }

  // Names and sizes of what can be pressed and is too small.
  const small = (page, least) => page.evaluate((least) => {
    const root = document.querySelector("tide-pool").shadowRoot;
    const all = [...root.querySelectorAll("button, input, select, [role=slider]")];
    const seen = all.filter((one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && one.getBoundingClientRect().width > 0);
    return seen.map((one) => [one, one.getBoundingClientRect()]).filter(([, box]) => box.height < least - 0.5 || box.width < Math.min(least, 24) - 0.5)
      .map(([one, box]) => `${one.className} "${(one.getAttribute("aria-label") ?? one.textContent).trim()}" ${Math.round(box.width)}×${Math.round(box.height)}`);
  }, least);

  cases["reach: what is pressed is at least 24 px, and all text at least 12"] = async ({ context, site }) => {
    const page = await open(context, site.url);
    await until(page, 0, flowing, 20_000, "records flow");
    const few = await small(page, 24);
    check(few.length === 0, few.join("\n"));
    const tiny = await page.evaluate(() => {
      const out = new Set();
      for (const one of document.querySelector("tide-pool").shadowRoot.querySelectorAll(".tidepool *")) {
        const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (own && one.checkVisibility() && parseFloat(getComputedStyle(one).fontSize) < 12) out.add(`${one.className} ${one.textContent.trim().slice(0, 20)}`);
      }
      return [...out];
    });
    check(tiny.length === 0, tiny.join("\n"));
    clean(page);
    await page.close();
  };

  cases["reach: under a finger it is at least 44 px high"] = async ({ context, site }) => {
    const touch = await context.browser().newContext({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    try {
      const page = await open(touch, site.url, { width: 390, height: 844 });
      await until(page, 0, flowing, 20_000, "records flow");
      const few = await small(page, 44);
      await page.screenshot({ path: shot("touch-390") });
      check(few.length === 0, few.join("\n"));
      clean(page);
    } finally {
      await touch.close();
    }
  };

  cases["reach: on a phone the deck is one line, and a tap opens it"] = async ({ context, site }) => {
    const page = await open(context, site.url, { width: 390, height: 844, folded: true });
    await until(page, 0, flowing, 20_000, "records flow");
    const deck = page.locator(".tp-deck"), high = async () => (await deck.boundingBox()).height;
    check(await high() <= 96, `the folded deck has ${await high()} px`);
    check(!await page.locator(".tp-track").isVisible(), "the timeline is folded");
    await page.screenshot({ path: shot("deck-folded-390") });
    await page.getByRole("button", { name: "Time, ledger and panels" }).click();
    await page.locator(".tp-track").waitFor();
    await page.getByRole("tab", { name: "Ledger" }).click();
    await page.getByRole("tabpanel", { name: "Ledger" }).waitFor();
    await page.getByRole("button", { name: "Time, ledger and panels" }).click();
    await page.locator(".tp-track").waitFor({ state: "hidden" });
    check(await high() <= 96, "and the same button folds it with its panel");
    // "Why?" opens it by itself.
    await page.evaluate(() => document.querySelector("tide-pool").api(1).act("kill broker-2"));
    await page.locator(".tp-stage .tp-ask:visible").first().click();
    await page.getByRole("tabpanel", { name: "Why?" }).waitFor();
    await noSidewaysScroll(page);
    clean(page);
    await page.close();
  };

  // A window of 1280×800 at 200 % and at 400 %.
  for (const [percent, width, height] of [[200, 640, 400], [400, 320, 200]]) {
    cases[`reach: at ${percent} % nothing covers the stage, and nothing is overprinted`] = async ({ context, site }) => {
      const page = await open(context, site.url, { width, height, folded: true });
      await until(page, 0, flowing, 20_000, "records flow");
      await noSidewaysScroll(page);
      const box = (selector) => page.locator(selector).first().boundingBox();
      await page.locator(".tp-stage").evaluate((stage) => stage.scrollIntoView());
      await page.screenshot({ path: shot(`zoom-${percent}`) });
      const seen = await page.evaluate(() => {
        const root = document.querySelector("tide-pool").shadowRoot, stage = root.querySelector(".tp-stage").getBoundingClientRect();
        let covered = 0;
        for (const one of root.querySelectorAll(".tp-deck, .tp-bar, .tp-guide")) {
          const { top, bottom } = one.getBoundingClientRect();
          if (["sticky", "fixed"].includes(getComputedStyle(one).position)) covered += Math.max(0, Math.min(bottom, innerHeight) - Math.max(top, 0));
        }
        return { covered, stage: stage.height };
      });
      check(seen.covered <= height / 3, `${seen.covered} px of ${height} are covered`);
      const over = await page.evaluate(() => {
        const cards = [...document.querySelector("tide-pool").shadowRoot.querySelectorAll(".tp-stage .tp-at:not(.tp-group)")];
        const boxes = cards.map((card) => [card.getAttribute("aria-label") ?? card.textContent, card.getBoundingClientRect()]);
        const out = [];
        for (const [i, [name, a]] of boxes.entries()) {
          for (const [other, b] of boxes.slice(i + 1)) {
            if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1) out.push(`${name} and ${other}`);
          }
        }
        return out;
      });
      check(over.length === 0, over.join("\n"));
      check((await box(".tp-bar")).width <= width, "the bar is no wider than the window");
      clean(page);
      await page.close();
    };
  }

  cases["reach: two links lead past the stage's many stops"] = async ({ context, site }) => {
    const page = await open(context, site.url);
    await until(page, 0, flowing, 20_000, "records flow");
    const focus = () => page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.className ?? "");
    await page.keyboard.press("Tab");
    check((await page.evaluate(() => document.activeElement.shadowRoot.activeElement.textContent)) === "To the stage", "the first stop");
    await page.keyboard.press("Enter");
    check((await focus()).includes("tp-stage"), `the stage has the focus, not ${await focus()}`);
    await page.keyboard.press("Shift+Tab");
    await page.locator(".tp-skip-links button").nth(1).focus();
    await page.screenshot({ path: shot("skip-links") });
    await page.keyboard.press("Enter");
    check((await focus()).includes("tp-deck"), `the deck has the focus, not ${await focus()}`);
    await page.keyboard.press("Tab");
    check(await page.evaluate(() => !!document.activeElement.shadowRoot.activeElement.closest(".tp-deck")), "and the next stop is in it");
    clean(page);
    await page.close();
  };

  cases["reach: everything on the stage says in one line what it is"] = async ({ context, site }) => {
    const page = await open(context, site.url);
    await until(page, 0, flowing, 20_000, "records flow");
    await page.evaluate(() => document.querySelector("tide-pool").api(1).pause());
    const tip = page.locator(".tp-tip");
    const seen = {};
    for (const card of await page.locator(".tp-stage > .tp-at").all()) {
      const box = await card.boundingBox();
      if (!box || box.y + box.height > 640) continue;
      // The left edge is the card's own: its buttons are elsewhere.
      await page.mouse.move(box.x + 4, box.y + box.height / 2);
      await page.waitForTimeout(30);
      const words = await tip.isVisible() ? await tip.innerText() : "";
      const name = await card.evaluate((one) => one.getAttribute("aria-label") ?? one.textContent.trim().slice(0, 20));
      seen[name] = words;
      check(words.length > 10 && !words.includes("\n"), `${name} says ${JSON.stringify(words)}`);
    }
    check(Object.keys(seen).length > 12, JSON.stringify(seen));
    check(/leads \d partitions?, follows \d/.test(seen["broker broker-1"]), seen["broker broker-1"]);
    await page.screenshot({ path: shot("tip") });
    clean(page);
    await page.close();
  };
};

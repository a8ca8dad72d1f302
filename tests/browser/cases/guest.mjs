// The playground as a guest: what a host page sets, refuses or damages never changes, hides or breaks the picture.
import { serve } from "../../../scripts/serve.mjs";

export default (cases, { dist, check, open, until, flowing, clean, noSidewaysScroll, shot }) => {
  const there = (now) => now.events > 0;
  // The texts of the playground, and where each stands in it.
  const texts = (page) => page.evaluate(() => {
    const element = document.querySelector("tide-pool"), { left } = element.getBoundingClientRect(), out = {};
    for (const one of element.shadowRoot.querySelectorAll(".tidepool *")) {
      if (one.children.length || !one.textContent.trim()) continue;
      const range = document.createRange();
      range.selectNodeContents(one);
      const box = range.getBoundingClientRect();
      if (box.width) out[`${one.textContent.trim()}@${Math.round(box.top / 20)}`] ??= [Math.round(box.left - left), Math.round(box.width)];
    }
    return out;
  });
  cases["guest: ten playgrounds on a page, each its own"] = async ({ context, deep, pages }) => {
    const ten = Array.from({ length: 10 }, (_, n) => `<tide-pool scenario="first-light" seed="${n + 1}" load="eager" height="300"></tide-pool>`);
    pages("ten.html", `<main><h1>Ten figures</h1>${ten.join("<p>And the next.</p>")}</main>`);
    const page = await open(context, `${deep.url}ten.html`, { width: 900 });
    for (let n = 0; n < 10; n += 1) await until(page, n, (now) => now.events > 0, 40_000, `the ${n + 1}th runs`);
    // Those that nobody sees stand still, and go on once they are seen.
    const at = (n) => page.evaluate((n) => document.querySelectorAll("tide-pool")[n].api(1).state().time_us, n);
    const [first, last] = [await at(0), await at(9)];
    await page.waitForTimeout(1500);
    check(await at(0) > first && await at(9) === last, "the first plays and the last, which is not seen, rests");
    await page.locator("tide-pool").last().scrollIntoViewIfNeeded();
    await page.waitForTimeout(1500);
    check(await at(9) > last, "the last plays once it is seen");
    clean(page);
    await page.close();
  };

  const moved = (before, now) => Object.keys(before).filter((key) =>
    !now[key] || Math.abs(now[key][0] - before[key][0]) > 2 || Math.abs(now[key][1] - before[key][1]) > 2);

  const POLICY = "script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; style-src 'self'; require-trusted-types-for 'script'";
  cases["guest: on a page that requires Trusted Types"] = async ({ context }) => {
    const strict = await serve(dist, { headers: { "content-security-policy": POLICY } });
    try {
      const page = await open(context, strict.url);
      await until(page, 0, flowing, 20_000, "records flow");
      clean(page);
      await page.close();
    } finally {
      await strict.close();
    }
  };

  cases["guest: in a sandboxed frame whose storage is refused"] = async ({ context }) => {
    const site = await serve(dist, { headers: { "access-control-allow-origin": "*" } });
    try {
      const html = (name, body) => context.route(`**/${name}`, (route) => route.fulfill({ contentType: "text/html", body: `<!DOCTYPE html>${body}` }));
      await html("inner.html", '<script type="module" src="element.js"></script><tide-pool load="eager" store="notes"></tide-pool>');
      await html("sandbox.html", '<iframe sandbox="allow-scripts" src="inner.html" width="900" height="700"></iframe>');
      const page = await open(context, `${site.url}sandbox.html`);
      const frame = page.frameLocator("iframe");
      await frame.locator(".tp-stage canvas").first().waitFor();
      await frame.getByText("so the cluster lives in memory only").waitFor();
      await page.close();
    } finally {
      await site.close();
    }
  };

  cases["guest: text styles of the host stay outside"] = async ({ context, deep, pages }) => {
    const styles = ["direction:rtl", "text-align:center", "text-align:right", "text-indent:2em", "letter-spacing:.1em", "word-spacing:.5em",
      "text-transform:uppercase", "font-variant:small-caps", "font-style:italic", "line-height:3", "white-space:pre", "text-shadow:1px 1px red"];
    pages("styles.html", '<div id="host"><tide-pool load="eager" paused seed="1"></tide-pool></div>');
    const page = await open(context, `${deep.url}styles.html`, { width: 1000, height: 700 });
    await until(page, 0, there, 20_000, "it is there");
    await page.waitForTimeout(600);
    const plain = await texts(page);
    check(Object.keys(plain).length > 20, `texts: ${Object.keys(plain)}`);
    for (const style of styles) {
      await page.evaluate((style) => document.getElementById("host").setAttribute("style", style), style);
      await page.waitForTimeout(150);
      const off = moved(plain, await texts(page));
      check(off.length === 0, `${style}: ${off.length} texts stand elsewhere, such as ${off.slice(0, 3)}`);
    }
    clean(page);
    await page.close();
  };

  cases["guest: the height is the host's, and nothing moves when the playground comes"] = async ({ context, deep, pages }) => {
    pages("height.html", `<style>tide-pool:not(:defined){display:block;height:40rem}tide-pool[height="420"]:not(:defined){height:420px}#css{height:360px!important}</style><tide-pool id="css" load="eager"></tide-pool><p id="after">The next paragraph.</p>
      <tide-pool height="420" load="eager"></tide-pool><tide-pool load="eager"></tide-pool><p id="end">The end.</p>`);
    const page = await open(context, `${deep.url}height.html`, { width: 1000, height: 1700 });
    await page.evaluate(() => {
      // What moves within a playground has no node here; cards on the stage move by nature.
      window.shifted = [];
      new PerformanceObserver((list) => list.getEntries().forEach(({ sources }) => {
        window.shifted.push(...sources.map(({ node }) => node?.id || node?.localName).filter(Boolean));
      })).observe({ type: "layout-shift", buffered: true });
    });
    for (const index of [0, 1, 2]) await until(page, index, flowing, 20_000, `records flow in ${index}`);
    await page.waitForTimeout(3000);
    const seen = await page.evaluate(() => {
      const after = document.getElementById("after").getBoundingClientRect();
      return { over: document.elementFromPoint(after.left + 40, after.top + after.height / 2)?.id, shifted: window.shifted,
        heights: [...document.querySelectorAll("tide-pool")].map((one) => one.offsetHeight) };
    });
    check(seen.over === "after", `the paragraph can be read and clicked: ${JSON.stringify(seen)}`);
    check(seen.heights[0] === 360 && seen.heights[1] === 420 && seen.heights[2] === 640, JSON.stringify(seen));
    check(seen.shifted.length === 0, `moved on the host page: ${seen.shifted}`);
    await page.screenshot({ path: shot("guest-heights") });
    clean(page);
    await page.close();
  };

  cases["guest: a canvas has exactly the pixels of its box"] = async ({ context, site, pages }) => {
    pages("canvas.html", '<tide-pool load="eager"></tide-pool>');
    const page = await open(context, `${site.url}canvas.html`, { width: 1000, height: 700 });
    await until(page, 0, there, 20_000, "it is there");
    const session = await context.newCDPSession(page);
    for (const deviceScaleFactor of [1, 2, 1.25, 1.5, 1]) {
      await session.send("Emulation.setDeviceMetricsOverride", { width: 1000, height: 700, deviceScaleFactor, mobile: false });
      await page.waitForTimeout(500);
      const all = await page.locator("tide-pool canvas").evaluateAll((all) => all.map((one) => {
        const box = one.getBoundingClientRect();
        return [one.width, one.height, box.width * devicePixelRatio, box.height * devicePixelRatio];
      }));
      for (const [width, height, wide, high] of all) {
        check(Math.abs(width - wide) < 0.1 && Math.abs(height - high) < 0.1, `at ${deviceScaleFactor}: ${width}x${height} pixels for ${wide}x${high}`);
      }
    }
    clean(page);
    await page.close();
  };

  cases["guest: a damaged store can be exported, left alone, or started anew"] = async ({ context, site, pages }) => {
    pages("stored.html", '<tide-pool load="eager" store="damaged"></tide-pool>');
    pages("blank.html", "");
    const page = await open(context, `${site.url}stored.html`, { allow: [/tide-pool:/] });
    await until(page, 0, (now) => flowing(now) && now.stored, 20_000, "records are stored");
    await page.goto(`${site.url}blank.html`);
    await page.evaluate(() => new Promise((done) => {
      indexedDB.open("tidepool/damaged").onsuccess = ({ target: { result: base } }) => {
        const work = base.transaction("files", "readwrite");
        work.objectStore("files").openCursor().onsuccess = ({ target: { result: at } }) => {
          if (!at) return;
          if (JSON.stringify(at.key).includes("quorum-state")) at.update(new Uint8Array([123]));
          at.continue();
        };
        work.oncomplete = () => (base.close(), done());
      };
    }));
    await page.goto(`${site.url}stored.html`);
    const card = page.locator("tide-pool [role=alert]");
    await card.waitFor({ timeout: 20_000 });
    await page.screenshot({ path: shot("damaged-store") });
    const download = page.waitForEvent("download");
    await card.getByRole("button", { name: "Export what is stored" }).click();
    const file = await download;
    check(file.suggestedFilename() === "damaged.tar", file.suggestedFilename());
    await card.getByRole("button", { name: "Go on in memory" }).click();
    const { state: memory } = await until(page, 0, flowing, 20_000, "it goes on in memory");
    check(memory.stored === null, `in memory: ${memory.stored}`);
    await page.reload();
    await card.getByRole("button", { name: /start anew/ }).click();
    await until(page, 0, (now) => flowing(now) && now.stored, 20_000, "another cluster is stored");
    clean(page);
    await page.close();
  };

  cases["guest: the theme follows the host's color-scheme"] = async ({ context, site, pages }) => {
    pages("scheme.html", '<tide-pool load="eager"></tide-pool>');
    const page = await open(context, `${site.url}scheme.html`, { scheme: "dark", allow: [/willReadFrequently/] });
    await until(page, 0, there, 20_000, "it is there");
    const seen = () => page.locator("tide-pool .tp").evaluate((one) => getComputedStyle(one).backgroundColor);
    // What stands on the lower canvas is text in the theme's ink.
    const ink = () => page.locator("tide-pool canvas").first().evaluate((canvas) => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let sum = 0, count = 0;
      for (let at = 0; at < data.length; at += 4) if (data[at + 3] > 200) { sum += data[at] + data[at + 1] + data[at + 2]; count++; }
      return count ? sum / count / 3 : -1;
    });
    check(await seen() === "rgb(250, 250, 248)", `a page without color-scheme is light: ${await seen()}`);
    await page.waitForTimeout(300);
    const light = await ink();
    await page.evaluate(() => { document.documentElement.style.colorScheme = "dark"; });
    await page.waitForTimeout(500);
    check(await seen() === "rgb(16, 19, 21)", `dark as the host: ${await seen()}`);
    check(await ink() !== light, "the canvas follows");
    clean(page);
    await page.close();
  };

  cases["guest: on paper it is as high as it is, in dark ink"] = async ({ context, deep, pages }) => {
    pages("paper.html", '<style>:root{color-scheme:dark}</style><tide-pool load="eager" scenario="three-brokers" paused style="height:200px"></tide-pool>');
    const page = await open(context, `${deep.url}paper.html`, { scheme: "dark" });
    await until(page, 0, flowing, 20_000, "it opens at the scenario's moment, though time stands still");
    await page.waitForTimeout(300);
    const seen = () => page.evaluate(() => {
      const element = document.querySelector("tide-pool"), root = element.shadowRoot.querySelector(".tidepool");
      return [element.offsetHeight, getComputedStyle(root.querySelector(".tp")).color, root.dataset.ink ?? ""];
    });
    const printing = (name) => page.evaluate((name) => { window.dispatchEvent(new Event(name)); }, name);
    check(`${await seen()}` === "200,rgb(233, 235, 237),", `on the screen: ${await seen()}`);
    await printing("beforeprint");
    await page.emulateMedia({ media: "print" });
    const [high, ink, turned] = await seen();
    check(high > 200 && ink === "rgb(28, 32, 36)" && turned === "light", `on paper: ${await seen()}`);
    await page.emulateMedia({ media: "screen" });
    await printing("afterprint");
    check(`${await seen()}` === "200,rgb(233, 235, 237),", `on the screen again: ${await seen()}`);
    clean(page);
    await page.close();
  };

  for (const width of [320, 720]) {
    for (const scheme of ["light", "dark"]) {
      cases[`guest: whole at ${width} px, ${scheme}`] = async ({ context, deep, pages }) => {
        pages("narrow.html", '<meta name="viewport" content="width=device-width"><style>:root{color-scheme:light dark}body{margin:0}</style><tide-pool load="eager" scenario="three-brokers"></tide-pool>');
        const page = await open(context, `${deep.url}narrow.html`, { width, height: 900, scheme });
        await until(page, 0, flowing, 30_000, "records flow");
        await noSidewaysScroll(page);
        await page.screenshot({ path: shot(`guest-${width}-${scheme}`) });
        const wide = await page.evaluate(() => [".tp", ".tp-bar", ".tp-deck", ".tp-room", ".tp-caption"].map((name) => {
          const one = document.querySelector("tide-pool").shadowRoot.querySelector(name);
          return [name, one.scrollWidth - one.clientWidth];
        }).filter(([, over]) => over > 0));
        check(wide.length === 0, `wider than its box: ${wide}`);
        clean(page);
        await page.close();
      };
    }
  }

  cases["guest: layouts, and no controls at all"] = async ({ context, site, pages }) => {
    pages("layouts.html", ['layout="stage"', 'layout="compact"', 'controls="none"'].map((what) => `<tide-pool load="eager" ${what}></tide-pool>`).join(""));
    const page = await open(context, `${site.url}layouts.html`, { width: 800, height: 1600 });
    for (const index of [0, 1, 2]) await until(page, index, flowing, 20_000, `records flow in ${index}`);
    const parts = (index, name) => page.locator("tide-pool").nth(index).locator(name).count();
    check(await parts(0, ".tp-bar") + await parts(0, ".tp-deck") === 0, "the stage is alone");
    check(await parts(1, ".tp-transport") === 1 && await parts(1, ".tp-tabs") + await parts(1, ".tp-times") === 0, "compact has play and step");
    check(await parts(2, ".tp-transport") + await parts(2, ".tp-side") + await parts(2, "[role=tab]") === 0, "no controls");
    await page.screenshot({ path: shot("guest-layouts") });
    clean(page);
    await page.close();
  };

  cases["guest: events for time, narration, breakpoints and deeds"] = async ({ context, site, pages }) => {
    pages("events.html", '<tide-pool load="eager" speed="10"></tide-pool>');
    const page = await open(context, `${site.url}events.html`);
    await page.evaluate(() => {
      window.told = {};
      for (const name of ["time", "narration", "breakpoint", "deed"]) {
        addEventListener(`tidepool-${name}`, ({ detail }) => { window.told[name] = detail; });
      }
    });
    await until(page, 0, flowing, 20_000, "records flow");
    await page.evaluate(() => { const api = document.querySelector("tide-pool").api(1); api.breakpoints("rebalance"); api.act("crash billing-1"); });
    await until(page, 0, (now) => !now.playing, 20_000, "the breakpoint is met");
    const told = await page.evaluate(() => window.told);
    check(told.deed?.text === "crash billing-1", JSON.stringify(told));
    for (const name of ["time", "narration", "breakpoint"]) check(Number.isInteger(told[name]?.time_us), `${name}: ${JSON.stringify(told)}`);
    const wrong = await page.evaluate(() => {
      const api = document.querySelector("tide-pool").api(1);
      const said = (work) => { try { work(); return "nothing"; } catch (error) { return error.message; } };
      return [() => api.seek(NaN), () => api.seek(-1), () => api.select(9), () => api.compare(1, 9), () => api.branch(9, "n")].map(said)
        .concat(Object.keys(api).filter((name) => /free|destroy|ptr/.test(name)));
    });
    check(wrong.length === 5 && wrong.every((words) => words !== "nothing"), wrong.join("; "));
    clean(page);
    await page.close();
    return wrong.join("; ");
  };
};

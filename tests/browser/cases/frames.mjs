// Frames: a canvas keeps what was painted on it, and that is what a fresh one would have; what has not changed is not painted.
export default (cases, { check, open, until, flowing, clean, shot }) => {
  // Two frames, and what they had to say.
  const settle = (page) => page.waitForTimeout(700);
  const pictures = (page) => page.evaluate(() => [...document.querySelector("tide-pool").shadowRoot.querySelectorAll(".tp-stage > canvas")]
    .map((canvas) => canvas.toDataURL()));
  // Painted anew, as after a browser has taken the canvas's memory.
  const fresh = async (page) => {
    await page.evaluate(() => {
      const canvases = document.querySelector("tide-pool").shadowRoot.querySelectorAll(".tp-stage > canvas");
      for (const canvas of canvases) {
        const c = canvas.getContext("2d");
        c.save();
        c.resetTransform();
        c.clearRect(0, 0, canvas.width, canvas.height);
        c.restore();
      }
      canvases[0].dispatchEvent(new Event("contextrestored"));
    });
    await settle(page);
    return pictures(page);
  };
  const same = async (page, what, seen) => {
    await settle(page);
    const kept = await pictures(page), anew = await fresh(page);
    check(kept.length === 2, "two canvases");
    ["what stands", "what moves"].forEach((which, n) => {
      check(anew[n].length > 2000 || n, `${which} is not empty after ${what}`);
      check(kept[n] === anew[n], `${which} is painted as it is after ${what}`);
    });
    check(!seen.has(anew[0]), `${what} changes what stands`);
    seen.add(anew[0]);
  };
  // How often each canvas is cleared, which is how often it is painted.
  const counting = () => {
    globalThis.cleared = new Map();
    const clear = CanvasRenderingContext2D.prototype.clearRect;
    CanvasRenderingContext2D.prototype.clearRect = function (...where) {
      globalThis.cleared.set(this.canvas, (globalThis.cleared.get(this.canvas) ?? 0) + 1);
      clear.apply(this, where);
    };
  };
  const cleared = (page) => page.evaluate(() => {
    const all = [...document.querySelector("tide-pool").shadowRoot.querySelectorAll(".tp-stage > canvas")].map((one) => globalThis.cleared.get(one) ?? 0);
    globalThis.cleared.clear();
    return all;
  });

  for (const [width, height] of [[1280, 800], [390, 844]]) {
    cases[`frames: what is kept is what a fresh canvas would have, ${width}`] = async ({ context, site }) => {
      const page = await open(context, site.url, { width, height });
      await until(page, 0, flowing, 20_000, "records flow");
      const api = (call, ...args) => page.evaluate(([call, args]) => document.querySelector("tide-pool").api(1)[call](...args), [call, args]);
      const seen = new Set();
      await page.waitForTimeout(600);
      await api("pause");
      await same(page, "a run", seen);
      await api("seek", 20_000_000);
      await same(page, "a seek", seen);
      await api("act", "kill broker-2");
      await api("seek", 21_000_000);
      await same(page, "a kill", seen);
      await api("step");
      await api("seek", 30_000_000);
      await same(page, "an election", seen);
      await page.evaluate(() => document.querySelector("tide-pool").setAttribute("theme", "dark"));
      await same(page, "another theme", seen);
      await page.evaluate(() => document.querySelector("tide-pool").setAttribute("theme", "light"));
      await settle(page);
      const topics = await pictures(page);
      check(seen.has(topics[0]), "back in the light it is what it was");
      await page.getByRole("button", { name: "by broker" }).click();
      await page.waitForTimeout(900);
      await same(page, "the switch to brokers", seen);
      await page.getByRole("button", { name: "by topic" }).click();
      // The picture is between the two arrangements for a while.
      let back = "";
      for (let looks = 0; looks < 25 && back !== String(topics); looks++) {
        await page.waitForTimeout(200);
        back = String(await pictures(page));
      }
      check(back === String(topics), "and back: the same picture");
      await page.setViewportSize({ width: width + 40, height });
      await same(page, "another width", seen);
      await page.screenshot({ path: shot(`frames-${width}`) });
      clean(page);
      await page.close();
    };
  }

  cases["frames: what stands is painted when it changes, and nothing while time stands"] = async ({ context, site }) => {
    const page = await context.newPage();
    await page.addInitScript(counting);
    page.wrong = [];
    page.on("pageerror", (error) => page.wrong.push(error.message));
    await page.goto(site.url);
    await until(page, 0, flowing, 20_000, "records flow");
    const speed = (step) => page.locator("input[type=range]").evaluate((input, step) => {
      input.value = step;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }, String(step));
    await speed(await page.locator("input[type=range]").evaluate((input) => input.min));
    await page.waitForTimeout(500);
    await cleared(page);
    await page.waitForTimeout(1500);
    const [standing, moving] = await cleared(page);
    check(moving > 10, `records move: ${moving} pictures of them`);
    check(standing * 4 < moving, `what stands was painted ${standing} times, what moves ${moving} times`);
    await page.evaluate(() => document.querySelector("tide-pool").api(1).pause());
    // What has happened is said for a while.
    await page.waitForTimeout(1000);
    await cleared(page);
    await page.waitForTimeout(3000);
    check(String(await cleared(page)) === "0,0", "while time stands nothing is painted");
    clean(page);
    await page.close();
    return `${standing} and ${moving} pictures`;
  };
};

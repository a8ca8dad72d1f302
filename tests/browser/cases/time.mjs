// Time on the page: scrub, fork, compare; lanes, zoom; what pauses a run; the next event; the transcript; frames that stay short.
export default (cases, { check, open, state, until, sum, flowing, clean, noSidewaysScroll, shot }) => {
  const api = (page, call, ...args) => page.evaluate(([call, args]) => document.querySelector("tide-pool").api(1)[call](...args), [call, args]);
  const paused = async (page, seconds) => {
    await until(page, 0, flowing, 20_000, "records flow");
    await api(page, "pause");
    await api(page, "seek", seconds * 1e6);
    await page.locator(".tp-time", { hasText: `00:${seconds}.000` }).waitFor();
  };
  const lanes = async (page, on) => {
    const fold = page.getByRole("button", { name: "Lanes" });
    if ((await fold.getAttribute("aria-expanded") === "true") !== on) await fold.click();
  };
  const kill = async (page, broker) => {
    await page.locator(".tp-broker", { hasText: broker }).getByRole("button").first().click();
    await page.getByRole("menuitem", { name: "Its process dies" }).click();
  };

  for (const [width, height, scheme] of [[1280, 800, "light"], [1280, 800, "dark"], [390, 844, "light"], [390, 844, "dark"]]) {
    cases[`time: scrub back, act, two branches, return, ${width} ${scheme}`] = async ({ context, site }) => {
      const page = await open(context, site.url, { width, height, scheme });
      await paused(page, 40);
      const before = await state(page);
      const track = page.getByRole("slider", { name: "Moment of the run" });
      // By pointer: half of the way on a track of 60 s; then by keyboard.
      const box = await track.boundingBox();
      await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 8 });
      await page.mouse.up();
      await until(page, 0, (now) => Math.abs(now.time_us - 30e6) < 1e6, 5000, "dragged to the middle");
      const there = (await state(page)).time_us;
      await track.press("ArrowLeft");
      await until(page, 0, (now) => now.time_us === there - 1e6, 5000, "a second earlier");
      await track.press("Shift+ArrowRight");
      await until(page, 0, (now) => now.time_us === Math.min(there + 9e6, 40e6), 5000, "ten seconds later");
      await track.press("End");
      await until(page, 0, (now) => now.event_hash === before.event_hash, 5000, "the end is what it was");
      await track.press("Home");
      await until(page, 0, (now) => now.time_us < 8e6, 5000, "the beginning");
      for (let n = 0; n < 2; n++) await track.press("Shift+ArrowRight");
      const { state: past } = await until(page, 0, (now) => now.time_us > 19e6 && now.past, 5000, "the past");
      check(sum(past.handled) < sum(before.handled), "fewer records had been handled");
      const handled = await page.locator(".tp-group .tp-foot b").first().innerText();
      check(Number(handled) === sum(past.handled), `the page shows ${handled} handled, it were ${sum(past.handled)}`);
      check(await page.getByText("You are in the past").isVisible(), "the page says so");
      await page.getByRole("button", { name: "Step back" }).click();
      const { state: stepped } = await until(page, 0, (now) => now.events < past.events, 5000, "the event before");
      check(stepped.time_us <= past.time_us, "not later");
      await kill(page, "broker-2");
      const { state: forked } = await until(page, 0, (now) => Object.keys(now.branches).length === 2, 5000, "two branches");
      check(forked.branch === 2 && !forked.past, "the new one is shown, at its end");
      await api(page, "act", "crash billing-2");
      await api(page, "seek", 38e6);
      const { state: other } = await until(page, 0, (now) => now.time_us === 38e6, 5000, "it goes on");
      const name = page.getByRole("textbox", { name: "Name of this branch" });
      await name.fill("without broker-2");
      await name.press("Enter");
      await until(page, 0, (now) => now.branches[2] === "without broker-2", 5000, "its new name");
      // The lanes of both, and where they part.
      await lanes(page, true);
      check(await page.locator(".tp-plot .tp-fork").count() === 1 && await page.locator(".tp-tree").first().getAttribute("d"), "the fork is drawn");
      check(await page.locator(".tp-plot .tp-ghost").count() > 0, "and the other one's future, faint");
      await page.mouse.move(2, 2);
      await page.screenshot({ path: shot(`timeline-fork-${width}-${scheme}`) });
      await noSidewaysScroll(page);
      await page.getByRole("button", { name: "compare", exact: true }).click();
      const sheet = page.getByRole("dialog", { name: "Compare" });
      await sheet.getByRole("button", { name: "max" }).click();
      await sheet.locator(".tp-do-it", { hasText: "Play" }).waitFor();
      const words = await sheet.innerText();
      check(/part at 00:2\d\.\d{3}\./.test(words) && words.includes("without broker-2"), words);
      await sheet.getByText("All figures").click();
      const acked = await sheet.locator("tr", { has: page.getByRole("rowheader", { name: "acknowledged", exact: true }) }).locator("td").allInnerTexts();
      check(Number(acked[0]) > 0 && Number(acked[1]) > 0, `acknowledged: ${acked}`);
      const rows = await sheet.locator("tr", { has: page.getByRole("rowheader") }).all();
      const figures = await Promise.all(rows.map((row) => row.locator("td").allInnerTexts()));
      check(figures.some(([first, second]) => first !== second), `nothing differs: ${figures.join("; ")}`);
      await page.screenshot({ path: shot(`timeline-compare-${width}-${scheme}`) });
      await page.keyboard.press("Escape");
      await page.locator(".tp-compare").waitFor({ state: "detached" });
      await lanes(page, false);
      await page.getByRole("button", { name: "first run", exact: true }).click();
      await until(page, 0, (now) => now.branch === 1 && now.event_hash === before.event_hash, 5000, "the first is what it was");
      await page.getByRole("button", { name: "without broker-2", exact: true }).click();
      await until(page, 0, (now) => now.branch === 2 && now.event_hash === other.event_hash, 5000, "and so is the second");
      await page.getByRole("button", { name: "Drop first run" }).click();
      await until(page, 0, (now) => Object.keys(now.branches).length === 1, 5000, "one branch is left");
      clean(page);
      await page.close();
      return words.split("\n").find((line) => line.includes("part at"));
    };
  }

  for (const width of [1280, 390]) {
    cases[`time: lanes by pointer and keyboard, zoom and pan, ${width}`] = async ({ context, site }) => {
      const page = await open(context, site.url, { width, height: 844 });
      await paused(page, 40);
      await api(page, "act", "crash billing-2");
      await api(page, "seek", 58e6);
      check(await page.getByRole("button", { name: "Lanes" }).getAttribute("aria-expanded") === "false", "folded where there is little room");
      await lanes(page, true);
      const row = page.getByRole("slider", { name: "orders-2" });
      await row.waitFor();
      const [rowBox, plot] = [await row.boundingBox(), await page.locator(".tp-plot").boundingBox()];
      const hint = page.locator(".tp-hint");
      const point = (second) => page.mouse.move(plot.x + plot.width * second / 60, rowBox.y + rowBox.height / 2);
      await point(30);
      check(/billing-2 has orders-2/.test(await hint.innerText()), await hint.innerText());
      await point(44);
      check(/nobody has orders-2/.test(await hint.innerText()), await hint.innerText());
      // By keyboard: from the owner to the time without one, to the next owner, and there.
      await row.focus();
      for (let n = 0; n < 2; n++) await row.press("ArrowRight");
      const gap = await row.getAttribute("aria-valuetext");
      check(/nobody has orders-2 for \d+\.\d s/.test(gap), gap);
      await row.press("ArrowRight");
      const said = await row.getAttribute("aria-valuetext");
      check(/billing-[13] has orders-2 \(generation 2\)/.test(said), said);
      await row.press("Enter");
      const { state: there } = await until(page, 0, (now) => now.time_us > 45e6 && now.time_us < 57e6, 5000, "at the new owner");
      // Zoom by keys, wheel and buttons; the playhead keeps its place.
      const track = page.getByRole("slider", { name: "Moment of the run" });
      const size = () => page.locator(".tp-size").textContent();
      await track.press("+");
      check(await size() === "30.0 s", `half of it: ${await size()}`);
      await page.getByRole("button", { name: "Zoom in", exact: true }).click();
      check(await size() === "15.0 s", await size());
      await track.hover();
      await page.keyboard.down("Control");
      await page.mouse.wheel(0, -100);
      await page.keyboard.up("Control");
      await page.waitForFunction(() => document.querySelector("tide-pool").shadowRoot.querySelector(".tp-size").textContent === "7.5 s");
      await page.mouse.wheel(0, -100);
      check(await size() === "7.5 s", "the wheel alone is the page's");
      check((await state(page)).time_us === there.time_us, "zooming moves no time");
      const over = await page.locator(".tp-over").boundingBox();
      const from = async () => page.locator(".tp-over b").evaluate((b) => b.offsetLeft);
      const was = await from();
      await page.mouse.move(over.x + was + 4, over.y + 8);
      await page.mouse.down();
      await page.mouse.move(over.x + was / 2, over.y + 8, { steps: 4 });
      await page.mouse.up();
      check(await from() < was - 10, "the window is dragged");
      check((await state(page)).time_us === there.time_us, "and no time moves");
      await page.screenshot({ path: shot(`timeline-zoom-${width}`) });
      for (let n = 0; n < 3; n++) await track.press("-");
      check(await size() === "1 min", await size());
      clean(page);
      await page.close();
      return said;
    };

    cases[`time: a breakpoint pauses the run at its event, ${width}`] = async ({ context, site }) => {
      const page = await open(context, site.url, { width, height: 844 });
      await until(page, 0, flowing, 20_000, "records flow");
      await page.getByRole("button", { name: /^pause when/ }).click();
      await page.getByRole("button", { name: "rebalance", exact: true }).click();
      await page.getByRole("textbox", { name: "Pause when" }).fill("rebalance, isr < 3");
      await page.getByRole("textbox", { name: "Pause when" }).press("Enter");
      await page.getByRole("button", { name: "pause when rebalance, isr < 3" }).waitFor();
      await page.screenshot({ path: shot(`pause-when-${width}`) });
      await noSidewaysScroll(page);
      await api(page, "act", "kill broker-2");
      await page.evaluate(() => { document.querySelector("tide-pool").setAttribute("speed", "max"); });
      await until(page, 0, (now) => !now.playing, 20_000, "it pauses");
      await page.locator(".tp-said", { hasText: "Paused at isr < 3" }).waitFor();
      clean(page);
      await page.close();
    };

    cases[`time: the transcript at three levels, filtered, as a way back, copied, ${width}`] = async ({ context, site }) => {
      const page = await open(context, site.url, { width, height: 844 });
      await paused(page, 40);
      await api(page, "act", "crash billing-2");
      await api(page, "seek", 58e6);
      await page.getByRole("tab", { name: "Transcript" }).click();
      const list = page.locator(".tp-told li");
      await list.filter({ hasText: "billing-2 crashed" }).waitFor();
      const counts = [];
      for (const level of ["Main events", "How it came about", "Everything"]) {
        await page.getByRole("button", { name: level }).click();
        await page.waitForFunction((before) => document.querySelector("tide-pool").shadowRoot.querySelectorAll(".tp-told li").length > before, counts.at(-1) ?? 0);
        counts.push(await list.count());
      }
      const sight = await page.locator(".tp-told ol").evaluate((ol) => ol.scrollHeight - ol.clientHeight - ol.scrollTop);
      check(sight < 4, `the newest is in sight: ${sight} px below`);
      await page.screenshot({ path: shot(`transcript-${width}`) });
      await page.getByRole("button", { name: "How it came about" }).click();
      await page.getByRole("searchbox", { name: "Filter the transcript" }).fill("Session Timeout");
      await page.waitForFunction(() => [...document.querySelector("tide-pool").shadowRoot.querySelectorAll(".tp-told li")].every((li) => /session timeout/i.test(li.textContent)));
      const texts = await list.allInnerTexts();
      check(texts.length >= 2 && texts.every((text) => /session timeout/i.test(text)), texts.join("\n"));
      await context.grantPermissions(["clipboard-read", "clipboard-write"]);
      await page.getByRole("button", { name: "Copy" }).click();
      await page.getByText(/^(Copied|Press Ctrl\+C)$/).waitFor();
      const field = page.getByRole("textbox", { name: "The transcript, to copy" });
      const text = await field.count() ? await field.inputValue() : await page.evaluate(() => navigator.clipboard.readText());
      check(/00:40\.000 {2}billing-2 crashed/.test(text) && text.split("\n").length > counts[0], text.slice(0, 400));
      await page.locator(".tp-told li", { hasText: "billing-2 crashed" }).getByRole("button").click();
      await until(page, 0, (now) => now.time_us === 40e6, 5000, "back where it was said");
      await page.locator(".tp-told [aria-current]").waitFor();
      check(await list.filter({ hasText: "gave up billing-2" }).count() === 1, "what is to come stays in the list");
      await noSidewaysScroll(page);
      clean(page);
      await page.close();
      return `${counts.join(", ")} sentences`;
    };
  }

  cases["time: fifty partitions and twenty consumers are counted, not dropped"] = async ({ context, site, pages }) => {
    const consumer = (n) => `consumer c-${n} group=billing topics=orders handle=5ms auto.offset.reset=earliest session.timeout.ms=10000`;
    const text = ["tidepool 1", "title Fifty partitions", "seed 5", "broker 1", "config offsets.topic.num.partitions=1",
      "config group.initial.rebalance.delay.ms=1000", "topic orders partitions=50", "producer checkout topic=orders rate=20/s acks=all",
      ...Array.from({ length: 20 }, (_, n) => consumer(n + 1)), "at 12s crash c-1", "run 40s"].join("\n");
    pages("fifty.html", `<tide-pool load="eager" mode="page"><script type="text/tidepool">${text}</script></tide-pool>`);
    const page = await open(context, `${site.url}fifty.html`);
    await paused(page, 40);
    await lanes(page, true);
    const row = page.getByRole("slider", { name: "billing, 50 partitions" });
    await row.waitFor();
    const [box, plot] = [await row.boundingBox(), await page.locator(".tp-plot").boundingBox()];
    const said = [];
    for (const second of [11, 20, 38]) {
      await page.mouse.move(plot.x + plot.width * second / 60, box.y + box.height / 2);
      said.push(await page.locator(".tp-hint").innerText());
    }
    check(/50 of 50/.test(said[0]) && /47 of 50/.test(said[1]) && /50 of 50/.test(said[2]), said.join("\n"));
    await page.screenshot({ path: shot("timeline-fifty-1280") });
    clean(page);
    await page.close();
    return said.join(" | ");
  };

  cases["time: the next event of a healthy cluster is looked for a simulated minute at most, and the ledger is of that moment"] = async ({ context, site }) => {
    const page = await open(context, site.url);
    await paused(page, 20);
    const from = (await state(page)).time_us;
    await page.getByRole("button", { name: "Next event worth seeing" }).click();
    const { ms } = await until(page, 0, (now) => !now.playing && now.time_us > from, 5000, "it stands still again");
    const { time_us: at, acked } = await state(page);
    check(at - from <= 60e6, `it went ${(at - from) / 1e6} s`);
    check(ms <= 4000, `it took ${Math.round(ms)} ms, on whatever machine this is`);
    await page.locator(".tp-said", { hasText: "nothing" }).or(page.locator(".tp-said", { hasText: "Nothing" })).first().waitFor();
    const told = sum(acked);
    await page.locator(".tp-ledger", { hasText: `${told} acknowledged` }).waitFor({ timeout: 1000 });
    clean(page);
    await page.close();
    return `${(at - from) / 1e6} simulated seconds in ${Math.round(ms)} ms`;
  };

  cases["time: a step says what it was, the next event worth seeing is found, and idle time passes"] = async ({ context, site }) => {
    const page = await open(context, site.url);
    await paused(page, 40);
    const before = await state(page);
    await page.getByRole("button", { name: "Step to the next event" }).click();
    await until(page, 0, (now) => now.events === before.events + 1 || now.events > before.events, 5000, "an event more");
    const step = await page.locator(".tp-said").innerText();
    check(/\w+.*\.$/.test(step), step);
    await api(page, "act", "crash billing-2");
    await page.getByRole("button", { name: "Next event worth seeing" }).click();
    await until(page, 0, (now) => !now.playing && now.time_us > 45e6, 20_000, "it pauses there");
    const said = page.locator(".tp-said", { hasText: "billing gave up billing-2" });
    await said.waitFor();
    // Nothing to see for ten seconds: all producers are stopped, all is read, and the group waits for a session to time out.
    for (const name of ["checkout", "web", "batch"]) await api(page, "act", `stop ${name}`);
    const { time_us: now } = await state(page);
    await api(page, "seek", now + 8e6);
    await api(page, "act", "crash billing-1");
    const from = (await state(page)).time_us;
    const skip = page.getByRole("button", { name: "skip idle" });
    await page.evaluate(() => document.querySelector("tide-pool").setAttribute("speed", "1"));
    await skip.click();
    check(await skip.getAttribute("aria-pressed") === "true", "it is on");
    const began = await page.evaluate(() => performance.now());
    await api(page, "play");
    await page.locator(".tp-said", { hasText: "billing gave up billing-1" }).waitFor();
    const took = await page.evaluate(() => performance.now()) - began;
    check((await state(page)).time_us - from > 7e6 && took < 5000, `ten seconds of waiting took ${took} ms`);
    clean(page);
    await page.close();
    return `${step} | ten idle seconds in ${Math.round(took)} ms`;
  };

  cases["time: speeds hold their word, and no frame of them is long"] = async ({ context, site }) => {
    const page = await open(context, site.url);
    await until(page, 0, flowing, 20_000, "records flow");
    const told = [];
    for (const speed of ["1/1000", "1", "1000", "max"]) {
      await page.evaluate((speed) => document.querySelector("tide-pool").setAttribute("speed", speed), speed);
      await page.waitForTimeout(500);
      const a = await state(page);
      const seen = await page.evaluate(() => new Promise((done) => {
        const [times, long] = [[], []];
        const watch = new PerformanceObserver((list) => list.getEntries().forEach((entry) => long.push(entry.duration)));
        watch.observe({ type: "longtask" });
        // What runs in a frame before this callback and after it: the time until the next message that the page can handle.
        const start = performance.now();
        const frame = () => {
          const began = performance.now();
          const { port1, port2 } = new MessageChannel();
          port2.onmessage = () => { times.push(performance.now() - began); };
          port1.postMessage(0);
          if (began - start < 2500) requestAnimationFrame(frame);
          else setTimeout(() => { watch.disconnect(); done({ times, long, ms: performance.now() - start }); }, 100);
        };
        requestAnimationFrame(frame);
      }));
      const b = await state(page);
      const sorted = seen.times.sort((x, y) => x - y);
      const p95 = sorted[Math.floor(sorted.length * 0.95)];
      const pace = (b.time_us - a.time_us) / 1000 / seen.ms;
      told.push(`${speed}: ${pace.toPrecision(3)}x, ${sorted.length} frames, half below ${sorted[sorted.length >> 1].toFixed(1)}, p95 ${p95.toFixed(1)} ms, ${seen.long.length} long tasks`);
      if (speed === "1/1000" || speed === "1") check(Math.abs(pace * (speed === "1" ? 1 : 1000) - 1) < 0.25, told.at(-1));
    }
    clean(page);
    await page.close();
    return told.join("; ");
  };
};

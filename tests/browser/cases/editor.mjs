// The scenario's text beside the picture: typed, mended, saved, opened again; and a new cluster from a form.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export default (cases, { check, open, state, until, flowing, clean, noSidewaysScroll, temporary, shot }) => {
  const partitions = (now) => Object.keys(now.end_offsets).filter((name) => !name.startsWith("__")).length;
  // Drops a file on the playground, as from a folder.
  const drop = (page, name, text) => page.evaluate(([name, text]) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([text], name));
    const target = document.querySelector("tide-pool").shadowRoot.querySelector(".tp-stage");
    const over = new DragEvent("dragover", { dataTransfer, bubbles: true, composed: true, cancelable: true });
    target.dispatchEvent(over);
    if (over.defaultPrevented) target.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, composed: true, cancelable: true }));
    return over.defaultPrevented;
  }, [name, text]);

  for (const [width, height, scheme] of [[1280, 800, "light"], [390, 844, "dark"]]) {
    cases[`editor: what is typed is applied, a mistake is shown at its line and the run goes on, ${width}`] = async ({ context, site }) => {
      const page = await open(context, site.url, { width, height, scheme });
      await until(page, 0, flowing, 20_000, "records flow");
      await page.getByRole("tab", { name: "Scenario" }).click();
      const area = page.getByRole("textbox", { name: "The scenario's text" });
      const text = await area.inputValue();
      check(text.startsWith("tidepool 1\ntitle    Three brokers"), text.slice(0, 40));
      const before = await state(page);
      await area.fill(text.replace("partitions=6", "partitions=4"));
      await until(page, 0, (now) => partitions(now) === 4 && now.time_us >= before.time_us, 10_000, "four partitions, at the moment at which one was");
      check(await page.getByText("this is what runs").isVisible(), "it says that it runs");
      const wrong = text.replace("partitions=6", "partitions=5").replace("acks=all", "ack=all");
      await area.fill(wrong);
      const problem = page.locator(".tp-editor [role=alert]");
      await problem.filter({ hasText: /^line 13: ack is not known here.*did you mean acks/ }).waitFor();
      const mark = await page.locator(".tp-wrong-line").evaluate((line) => line.offsetTop + line.parentNode.querySelector("textarea").scrollTop);
      check(mark === 12 * 18, `the thirteenth line is marked, not ${mark / 18 + 1}`);
      await page.screenshot({ path: shot(`editor-wrong-${width}`) });
      const { state: now } = await until(page, 0, (now) => partitions(now) === 4, 1000, "the last good run");
      await until(page, 0, (later) => later.time_us > now.time_us, 5000, "goes on");
      check(await area.inputValue() === wrong, "what was typed stays");
      // Closed and opened, and after another visit, it is still there.
      await page.getByRole("tab", { name: "Scenario" }).click();
      await page.getByRole("tab", { name: "Scenario" }).click();
      check(await area.inputValue() === wrong && await problem.innerText() !== "", "closed and opened it is the same");
      await page.getByTitle("All scenarios").click();
      await page.getByRole("searchbox").fill("retention");
      await page.getByRole("button", { name: /Retention deletes segments/ }).click();
      await page.waitForFunction(() => document.querySelector("tide-pool").shadowRoot.querySelector("textarea")?.value.includes("Retention"));
      await page.getByRole("button", { name: "Back to my text" }).click();
      check(await area.inputValue() === wrong, "and after another scenario one comes back to it");
      await area.fill(wrong.replace("ack=all", "acks=all"));
      await until(page, 0, (now) => partitions(now) === 5, 10_000, "mended, it runs");
      check(await problem.innerText() === "", "without a word");
      await noSidewaysScroll(page);
      await page.screenshot({ path: shot(`editor-${width}`) });
      clean(page);
      await page.close();
    };
  }

  cases["editor: saved as a file, which is opened by dropping it; what is no scenario is refused"] = async ({ context, site }) => {
    const page = await open(context, site.url);
    await until(page, 0, flowing, 20_000, "records flow");
    await page.getByRole("tab", { name: "Scenario" }).click();
    const loading = page.waitForEvent("download");
    await page.getByRole("button", { name: "Save as a file" }).click();
    const file = await loading;
    check(file.suggestedFilename() === "three-brokers.tide", file.suggestedFilename());
    const text = readFileSync(await file.path(), "utf8");
    check(text === await page.getByRole("textbox", { name: "The scenario's text" }).inputValue(), "the file is the text");
    check(await drop(page, "mine.tide", text.replace("Three brokers", "My own").replace("brokers  3", "brokers  4")), "files may be dropped");
    await page.getByTitle("All scenarios").filter({ hasText: "My own" }).waitFor();
    check(await page.locator(".tp-broker").count() === 4, "four brokers");
    await drop(page, "photo.png", "\u0089PNG");
    await page.locator(".tp-said", { hasText: "photo.png is no scenario: its first line is expected to be: tidepool 1." }).waitFor();
    check(await page.getByTitle("All scenarios").innerText() === "My own", "and the run stays");
    await drop(page, "half.tide", "tidepool 1\nbrokers three\n");
    await page.locator(".tp-editor [role=alert]", { hasText: /^line 2: / }).waitFor();
    check(await page.locator(".tp-broker").count() === 4, "one with a mistake is shown with it, and the run stays");
    const path = join(temporary(), "chosen.tide");
    writeFileSync(path, text.replace("Three brokers", "Chosen"));
    await page.locator(".tp-editor input[type=file]").setInputFiles(path);
    await page.getByTitle("All scenarios").filter({ hasText: "Chosen" }).waitFor();
    clean(page);
    await page.close();
  };

  cases["editor: a new cluster from a form"] = async ({ context, site }) => {
    const page = await open(context, site.url);
    await until(page, 0, flowing, 20_000, "records flow");
    await page.getByTitle("All scenarios").click();
    await page.getByRole("button", { name: "New cluster…" }).click();
    const sheet = page.getByRole("dialog", { name: "A new cluster" });
    await page.screenshot({ path: shot("new-cluster") });
    await sheet.getByLabel("brokers", { exact: false }).first().fill("2");
    await sheet.getByRole("button", { name: "Begin" }).click();
    await sheet.getByRole("alert").filter({ hasText: "3 replicas need 3 brokers, and there are 2" }).waitFor();
    await sheet.getByLabel("replication factor").fill("2");
    await sheet.getByLabel("partitions", { exact: false }).first().fill("2");
    await sheet.getByRole("button", { name: "Begin" }).click();
    await until(page, 0, (now) => partitions(now) === 2 && now.time_us < 30_000_000, 10_000, "a new cluster");
    check(await page.locator(".tp-broker").count() === 2, "of two brokers");
    const area = page.getByRole("textbox", { name: "The scenario's text" });
    check((await area.inputValue()).includes("brokers  2"), "its text stands beside it");
    await until(page, 0, flowing, 30_000, "records flow");
    await page.screenshot({ path: shot("new-cluster-runs") });
    clean(page);
    await page.close();
  };
};

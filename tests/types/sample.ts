/// <reference path="../../www/element.d.ts" />
// A page's own script, as its author writes it: `tsc --noEmit` proves that the types fit the use.

const element = document.createElement("tide-pool");
const attributes: TidePoolAttributes = { scenario: "rebalance", load: "visible", speed: "1/4", controls: "none", layout: "compact", height: "480" };
for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
document.body.append(element);

element.addEventListener("tidepool-ready", ({ detail: api }) => {
  api.breakpoints("isr < 2, election");
  api.seek(16_000_000);
  api.act("kill broker-2");
  api.play();
  const { event_hash, end_offsets, stored } = api.state();
  const ends: number = Object.values(end_offsets).reduce((all, end) => all + end, 0);
  console.log(event_hash.toUpperCase(), ends, stored === null ? "in memory" : stored);
});
element.addEventListener("tidepool-error", ({ detail }) => console.warn(detail.message, detail.option ?? "", detail.expected ?? ""));

element.addEventListener("tidepool-time", ({ detail }) => console.log(detail.time_us.toFixed(), detail.playing));
element.addEventListener("tidepool-deed", ({ detail }) => console.log(detail.text.toUpperCase()));

const sentence: string | undefined = element.api(1)?.compare(0, 1);
console.log(sentence);

// @ts-expect-error: there is no such version.
element.api(2);
// @ts-expect-error: a moment is a number.
element.api(1)?.seek("16 s");
// @ts-expect-error: no such theme.
const wrong: TidePoolAttributes = { theme: "blue" };
console.log(wrong);

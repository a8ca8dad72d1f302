// <tide-pool>: a Kafka cluster in a page. This file is all that loads until a playground is needed.
//
//   <script type="module" src="…/element.js"></script>
//   <tide-pool scenario="rebalance" load="click">Text for readers without JavaScript.</tide-pool>
//
// scenario  the name of a file beside this one in scenarios/, or a URL; or a child <script type="text/tidepool">
// load      visible (default) | eager | click
// height    CSS pixels, a CSS length, or auto: as high as its content. The style sheet of the page may set it as well.
// store, theme, controls, layout, speed, paused, seed, mode, at, faults: handed to the playground
//
// Of these, controls, layout, mode, and whether the height is auto are read once, at the start.
// An element that is removed forgets its run, and starts anew when it comes back; one that is moved at once keeps it.

const at = (path) => new URL(path, import.meta.url).href;
const HANDED = ["store", "theme", "controls", "layout", "height", "speed", "seed", "mode", "at", "faults"];
// Adopted, so that the page's policy needs no 'unsafe-inline'.
const sheet = (text) => { const made = new CSSStyleSheet(); made.replaceSync(text); return made; };
// What the page keeps free before the playground is there, so that nothing moves when it comes.
const BASE = sheet(`:host{display:block;position:relative;height:40rem}@media(max-width:639px){:host{height:56rem}}
:host([hidden]){display:none}
.card,.poster{all:initial;direction:ltr;display:block;color-scheme:inherit;font:14px/1.5 system-ui,sans-serif;color:light-dark(#1C2024,#E9EBED);
background:light-dark(#FAFAF8,#101315);border:1px solid light-dark(#DCDCD7,#2F363B);border-radius:10px}
.card{margin:1rem;padding:1rem;overflow-wrap:anywhere}.card p{margin:0 0 .75em}
.poster{position:absolute;inset:0;display:grid;place-content:center;justify-items:center;gap:12px}
:is(.card,.poster) button{font:inherit;color:inherit;min-height:32px;margin:0 .5em .5em 0;padding:.3em 1em;border:1px solid light-dark(#8A9097,#6A7178);border-radius:8px;background:none;cursor:pointer}
.poster button{margin:0;min-height:44px;padding:0 22px;border:0;background:light-dark(#1F5FBF,#7FB2FF);color:light-dark(#fff,#101315);font-weight:600}
:is(.card,.poster) button:focus-visible{outline:2px solid light-dark(#1F5FBF,#7FB2FF);outline-offset:2px}`);
// The playground's sheets, in the order in which they are adopted: one for each room of it.
const SHEETS = ["base", "bar", "guide", "stage", "cards", "deck", "timeline", "panels", "inspector", "sheets", "compare", "menu", "reach"];
let look;
const styles = () => (look ??= Promise.all(SHEETS.map((name) => text(at(`styles/${name}.css`)).then(sheet)))
  .catch((error) => { look = undefined; throw error; }));

// One instance serves all playgrounds of a page. After a crash a new one is made from the same compiled module.
let code, shared, instances = 0;

// What ends the engine (a panic, no memory left) comes out of one of its own callbacks or of a call of the API, and nothing of that
// instance goes on.
const running = new Set(), starting = new Set();
const ended = (error) => {
  if (!(error instanceof WebAssembly.RuntimeError && error.stack?.includes(at("tidepool")))) return;
  shared = undefined;
  for (const crashed of [...running]) crashed(error);
};
addEventListener("error", ({ error }) => ended(error));
// What the browser refuses in the middle of a start (Trusted Types, say) leaves the engine half way, and its promise without an answer.
const refused = ({ error, reason = error }) => {
  if (reason?.stack?.includes(at("tidepool"))) for (const start of [...starting]) start(reason);
};
addEventListener("error", refused);
addEventListener("unhandledrejection", refused);

// The JavaScript API, version 1, as element.d.ts describes it: a plain frozen object, through which nothing else of the engine is reached.
const METHODS = ["play", "pause", "step", "stepBack", "seek", "act", "select", "branch", "compare", "breakpoints", "state"];
const VERSION = 1;
const api = (handle) => Object.freeze(Object.fromEntries(METHODS.map((name) => [name, (...args) => {
  try { return handle[name](...args); } catch (error) { ended(error); throw error; }
}])));

// An error as events tell it.
const told = (error) => {
  const detail = { message: String(error?.message ?? error) };
  for (const field of ["option", "value", "expected"]) if (typeof error?.[field] === "string") detail[field] = error[field];
  return detail;
};
// What is wrong with an attribute, as the playground says it of the others.
const wrong = (option, given, expected) => {
  const value = JSON.stringify(given);
  return Object.assign(new Error(`${option}=${value}: ${expected} is expected`), { option, value, expected });
};
const LOADS = ["visible", "eager", "click"];
// What the element's own height hangs on.
const FRAME = ["layout", "mode", "height"], HEIGHTS = { compact: "30rem", stage: "26rem" };

// Compiled while it loads, where the server calls it WebAssembly; a server that does not is served as well, only later.
const compile = async (file) => {
  const answer = await fetch(at(file));
  if (!answer.ok) throw new Error(`${file}: HTTP ${answer.status}`);
  const streams = answer.headers.get("content-type")?.startsWith("application/wasm");
  return streams ? WebAssembly.compileStreaming(answer) : WebAssembly.compile(await answer.arrayBuffer());
};

const instance = () => (shared ??= (async () => {
  const tag = instances++ ? `?i=${instances}` : "";
  code ??= compile("tidepool_bg.wasm").catch((error) => { code = undefined; throw error; });
  const [glue, module_or_path] = await Promise.all([import(at("tidepool.js") + tag), code]);
  await glue.default({ module_or_path });
  return glue;
})().catch((error) => { shared = undefined; throw error; }));

const text = async (url) => {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: HTTP ${answer.status}`);
  return answer.text();
};

const make = (tag, props, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
};

function cause(error) {
  const said = String(error?.message ?? error);
  if (error?.option) return "";
  if (location.protocol === "file:") return "Browsers load no WebAssembly from file://. Serve the folder over HTTP.";
  if (/Trusted/.test(said)) return "The page's policy (require-trusted-types-for) refuses what this playground does.";
  if (/unsafe-eval|Content Security|CSP/i.test(said)) return "The page's Content-Security-Policy needs script-src 'wasm-unsafe-eval'.";
  if (/HTTP 404/.test(said)) return "A file is missing beside element.js, or the scenario's name is wrong.";
  if (/MIME|magic/i.test(said)) return "The server sends something else: .wasm must be application/wasm, .js text/javascript.";
  if (/fetch|import/i.test(said)) return "A file could not be loaded: blocked, offline, or missing beside element.js.";
  return "";
}

// A start that another start or a stop has overtaken must not touch the element any more: each has its turn.
class TidePool extends HTMLElement {
  static observedAttributes = ["scenario", "store", "seed", "at", "faults", "theme", "paused", "speed", "controls", ...FRAME];
  #root = this.attachShadow({ mode: "open" });
  #handle; #api; #glue; #frame = {}; #look = []; #watch; #turn = 0; #running = false;
  #crashed = (error) => {
    let words;
    try { words = this.#glue?.panicMessage(); } catch { /* it says no more */ }
    this.#fail(words ? new Error(words, { cause: error }) : error, ++this.#turn, "crash", "This playground has stopped: its engine failed. ");
  };

  constructor() {
    super();
    this.#dress();
    this.#fallback();
  }

  // The sheets of the shadow root; `look`: the playground's own, once it is there.
  #dress(look = this.#look) {
    const own = sheet(":host{}"), { style } = own.cssRules[0], { layout, mode } = this.#frame, height = `${this.#frame.height}`.trim();
    if (mode === "page" || height === "auto") style.cssText = "height:auto;min-height:12rem";
    // The last of these that is one; the playground says what is wrong with others.
    else for (const css of [HEIGHTS[layout], `${height}px`, height]) style.height = css;
    this.#root.adoptedStyleSheets = [BASE, ...look, own];
    this.#look = look;
  }

  // The JavaScript API, at the version that the page was written for; null until `tidepool-ready`.
  api(version) {
    if (version !== VERSION) throw new RangeError(`api(${version}): this build has version ${VERSION} of the JavaScript API`);
    return this.#api ?? null;
  }

  connectedCallback() {
    if (this.#running) return;
    this.#running = true;
    this.#readFrame();
    this.#dress([]);
    const load = this.getAttribute("load") ?? "visible";
    if (!LOADS.includes(load)) this.#fail(wrong("load", load, LOADS.join(" or ")), this.#turn);
    else if (load === "eager") this.#start();
    else if (load === "click") {
      this.#fallback(make("div", { className: "poster" }, make("button", { textContent: "Start the cluster", onclick: () => this.#start() }),
        make("span", { textContent: "Kafka, running in this page: about 1.3 MB" })));
    } else {
      this.#watch = new IntersectionObserver((seen) => seen.some((entry) => entry.isIntersecting) && this.#start(), { rootMargin: "200px" });
      this.#watch.observe(this);
    }
  }

  // A page may move the element: whoever is back after a microtask never left.
  disconnectedCallback() { queueMicrotask(() => this.isConnected || this.#stop()); }

  attributeChangedCallback(name, before, after) {
    if (before === after) return;
    if (["scenario", "store", "seed", "at", "faults"].includes(name)) {
      if (this.#handle) this.#stop(), this.isConnected && this.connectedCallback();
      return;
    }
    // A value that is wrong changes nothing, and is told.
    try { this.#handle?.set(name, after ?? undefined); } catch (error) { return ended(error), this.#tell("error", told(error)); }
    if (FRAME.includes(name)) this.#frame[name] = after, this.#dress();
  }

  #readFrame() { for (const name of FRAME) this.#frame[name] = this.getAttribute(name); }

  #fallback(...more) { this.#root.replaceChildren(make("slot"), ...more); }

  #stop() {
    this.#turn++;
    this.#running = false;
    this.#watch?.disconnect();
    const handle = this.#handle;
    this.#handle = this.#api = undefined;
    running.delete(this.#crashed);
    try { handle?.destroy(); } catch (error) { console.warn("tide-pool:", error); }
    this.#fallback();
  }

  // `without`: names of options that are left out.
  async #start(...without) {
    this.#watch?.disconnect();
    const turn = ++this.#turn;
    const refused = (error) => (this.#fail(error, turn), starting.delete(refused));
    starting.add(refused);
    try {
      const [glue, source, look] = await Promise.all([instance(), this.#source(), styles()]);
      if (turn !== this.#turn || !this.isConnected) return;
      this.#readFrame();
      const options = this.#options(source);
      for (const name of without) delete options[name];
      this.#glue = glue;
      const stage = make("div", { className: "tidepool" });
      this.#dress(look);
      this.#root.replaceChildren(stage);
      const handle = await glue.mount(stage, options);
      if (turn !== this.#turn) return handle.destroy();
      [this.#handle, this.#api] = [handle, api(handle)];
      running.add(this.#crashed);
      this.#tell("ready", this.#api);
    } catch (error) { this.#fail(error, turn); } finally { starting.delete(refused); }
  }

  // The address of a page of its own may name another scenario of the list, or bring one, and a moment of it.
  #link() { return new URLSearchParams(this.getAttribute("mode") === "page" ? `${location.search}&${location.hash.slice(1)}` : ""); }

  async #source() {
    if (document.readyState === "loading") await new Promise((done) => addEventListener("DOMContentLoaded", done, { once: true }));
    const link = this.#link(), asked = link.get("scenario");
    const inline = link.get("text") ?? this.querySelector('script[type="text/tidepool"]')?.textContent;
    if (inline) return { scenarioName: "inline", scenarioText: inline };
    // An address brings no file from elsewhere.
    if (asked !== null && !/^[a-z0-9-]+$/.test(asked)) throw wrong("scenario", asked, "a name from the list of scenarios");
    const name = asked ?? this.getAttribute("scenario") ?? "first-light";
    const url = /[./]/.test(name) ? new URL(name, document.baseURI).href : at(`scenarios/${name}.tide`);
    return { scenarioName: name, scenarioText: await text(url) };
  }

  #options(source) {
    // An event's listener may call the API: it does so once the engine has returned.
    const tell = (what, detail) => queueMicrotask(() => this.isConnected && this.#tell(what, detail));
    const link = this.#link(), options = { ...source, paused: this.hasAttribute("paused") || link.has("paused"), tell };
    for (const name of HANDED) if (this.hasAttribute(name)) options[name] = this.getAttribute(name);
    if (link.has("at")) options.at = link.get("at");
    return options;
  }

  #fail(error, turn, event = "error", what = "This playground did not start. ") {
    if (turn !== this.#turn) return;
    running.delete(this.#crashed);
    console.error("tide-pool:", error);
    this.#fallback(make("div", { className: "card", role: "alert" },
      make("p", {}, make("b", { textContent: what }), cause(error)),
      make("p", {}, make("code", { textContent: String(error?.message ?? error) })), ...this.#ways()));
    this.#handle = this.#api = undefined;
    this.#tell(event, told(error));
  }

  // What a reader can do about a playground that does not run.
  #ways() {
    const way = (textContent, onclick) => make("button", { type: "button", textContent, onclick });
    const again = (...without) => (this.#fallback(), this.#start(...without));
    const ways = [way("Try again", () => again())];
    const store = this.getAttribute("store");
    if (!store || !this.#glue) return ways;
    // What went wrong with the store itself is told in the same place.
    const tried = async (work) => { const turn = this.#turn; try { await work(await instance()); } catch (error) { this.#fail(error, turn); } };
    return [...ways,
      way("Go on in memory", () => again("store")),
      way("Export what is stored", () => tried(async (glue) => {
        const href = URL.createObjectURL(new Blob([await glue.exportStore(store)], { type: "application/x-tar" }));
        make("a", { href, download: `${store}.tar` }).click();
        setTimeout(() => URL.revokeObjectURL(href), 1000);
      })),
      way("Delete what is stored and start anew", () => tried(async (glue) => (await glue.dropStore(store), again())))];
  }

  #tell(what, detail) { this.dispatchEvent(new CustomEvent(`tidepool-${what}`, { detail, bubbles: true, composed: true })); }
}

if (!customElements.get("tide-pool")) customElements.define("tide-pool", TidePool);
else console.info("tide-pool: the name is taken; element.js was loaded twice?");

// <tide-pool>: a Kafka cluster in a page. This file is all that loads until a playground is needed.
//
//   <script type="module" src="…/element.js"></script>
//   <tide-pool scenario="rebalance" load="click">Text for readers without JavaScript.</tide-pool>
//
// scenario  the name of a file beside this one in scenarios/, or a URL; or a child <script type="text/tidepool">
// load      visible (default) | eager | click
// store, theme, controls, speed, paused, seed, mode: handed to the playground

const at = (path) => new URL(path, import.meta.url).href;
const HANDED = ["store", "theme", "controls", "speed", "seed", "mode"];
const CSS = `:host{display:block;position:relative;min-height:12rem}:host([hidden]){display:none}
.card{margin:1rem;padding:1rem;border:1px solid;border-radius:6px;font:14px/1.5 system-ui,sans-serif}
button{font:inherit;padding:.4em 1em;cursor:pointer}`;

// One instance serves all playgrounds of a page. After a crash a new one is made from the same compiled module.
let code, shared, instances = 0;

// What ends the engine (a panic, no memory left) comes out of one of its own callbacks or of a call of the API, and nothing of that
// instance goes on.
const running = new Set();
const ended = (error) => {
  if (!(error instanceof WebAssembly.RuntimeError && error.stack?.includes(at("tidepool")))) return;
  shared = undefined;
  for (const crashed of [...running]) crashed(error);
};
addEventListener("error", ({ error }) => ended(error));

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
const LOADS = ["visible", "eager", "click"];
const wrongLoad = (value) => Object.assign(new Error(`load="${value}": ${LOADS.join(" or ")} is expected`),
  { option: "load", value, expected: LOADS.join(" or ") });

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

// Puts a sheet into a shadow root by `put`, and waits for it.
const styles = (file, put) => new Promise((done, failed) => {
  const sheet = make("link", { rel: "stylesheet", href: at(file) });
  sheet.onload = () => done(sheet);
  sheet.onerror = () => (sheet.remove(), failed(new Error(`${file}: could not be loaded`)));
  put(sheet);
});

const make = (tag, props, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
};

function cause(error) {
  const said = String(error?.message ?? error);
  if (error?.option) return "";
  if (location.protocol === "file:") return "Browsers load no WebAssembly from file://. Serve the folder over HTTP.";
  if (/unsafe-eval|Content Security|CSP/i.test(said)) return "The page's Content-Security-Policy needs script-src 'wasm-unsafe-eval'.";
  if (/HTTP 404/.test(said)) return "A file is missing beside element.js, or the scenario's name is wrong.";
  if (/MIME|magic/i.test(said)) return "The server sends something else: .wasm must be application/wasm, .js text/javascript.";
  if (/fetch|import/i.test(said)) return "A file could not be loaded: blocked, offline, or missing beside element.js.";
  return "";
}

// A start that another start or a stop has overtaken must not touch the element any more: each has its turn.
class TidePool extends HTMLElement {
  static observedAttributes = ["scenario", "store", "seed", "theme", "paused", "speed"];
  #root = this.attachShadow({ mode: "open" });
  #handle; #api; #glue; #watch; #turn = 0; #running = false;
  #crashed = (error) => {
    let words;
    try { words = this.#glue?.panicMessage(); } catch { /* it says no more */ }
    this.#fail(words ? new Error(words, { cause: error }) : error, ++this.#turn, "crash", "This playground has stopped: its engine failed. ");
  };

  constructor() {
    super();
    this.#fallback();
  }

  // The JavaScript API, at the version that the page was written for; null until `tidepool-ready`.
  api(version) {
    if (version !== VERSION) throw new RangeError(`api(${version}): this build has version ${VERSION} of the JavaScript API`);
    return this.#api ?? null;
  }

  connectedCallback() {
    if (this.#running) return;
    this.#running = true;
    const load = this.getAttribute("load") ?? "visible";
    if (!LOADS.includes(load)) this.#fail(wrongLoad(load), this.#turn);
    else if (load === "eager") this.#start();
    else if (load === "click") {
      this.#fallback(make("p", { className: "card" }, make("button", { textContent: "Start the cluster", onclick: () => this.#start() })));
    } else {
      this.#watch = new IntersectionObserver((seen) => seen.some((entry) => entry.isIntersecting) && this.#start(), { rootMargin: "200px" });
      this.#watch.observe(this);
    }
  }

  // A page may move the element: whoever is back after a microtask never left.
  disconnectedCallback() { queueMicrotask(() => this.isConnected || this.#stop()); }

  attributeChangedCallback(name, before, after) {
    if (before === after || !this.#handle) return;
    if (["scenario", "store", "seed"].includes(name)) this.#stop(), this.isConnected && this.connectedCallback();
    else {
      // A value that is wrong changes nothing, and is told.
      try { this.#handle.set(name, after ?? undefined); } catch (error) { ended(error), this.#tell("error", told(error)); }
    }
  }

  #fallback(...more) { this.#root.replaceChildren(make("style", { textContent: CSS }), make("slot"), ...more); }

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

  async #start() {
    this.#watch?.disconnect();
    const turn = ++this.#turn;
    try {
      const [glue, options, sheet] =
        await Promise.all([instance(), this.#options(), styles("style.css", (sheet) => this.#root.append(sheet))]);
      if (turn !== this.#turn || !this.isConnected) return;
      const stage = make("div", { className: "tidepool" });
      // The sheet stays where it is: one that is moved loads anew, and the stage would read its colours too early.
      for (const child of [...this.#root.childNodes]) if (child !== sheet) child.remove();
      sheet.before(make("style", { textContent: CSS }));
      sheet.after(stage);
      const handle = await glue.mount(stage, options);
      if (turn !== this.#turn) return handle.destroy();
      [this.#handle, this.#glue, this.#api] = [handle, glue, api(handle)];
      running.add(this.#crashed);
      this.#tell("ready", this.#api);
    } catch (error) { this.#fail(error, turn); }
  }

  async #options() {
    if (document.readyState === "loading") await new Promise((done) => addEventListener("DOMContentLoaded", done, { once: true }));
    const options = { paused: this.hasAttribute("paused") };
    for (const name of HANDED) if (this.hasAttribute(name)) options[name] = this.getAttribute(name);
    const inline = this.querySelector('script[type="text/tidepool"]');
    const name = this.getAttribute("scenario") ?? "first-light";
    const url = /[./]/.test(name) ? new URL(name, document.baseURI).href : at(`scenarios/${name}.tide`);
    options.scenarioName = inline ? "inline" : name;
    options.scenarioText = inline ? inline.textContent : await text(url);
    return options;
  }

  #fail(error, turn, event = "error", what = "This playground did not start. ") {
    if (turn !== this.#turn) return;
    running.delete(this.#crashed);
    console.error("tide-pool:", error);
    const again = make("button", { textContent: "Try again", onclick: () => (this.#fallback(), this.#start()) });
    this.#fallback(make("div", { className: "card", role: "alert" },
      make("p", {}, make("b", { textContent: what }), cause(error)),
      make("p", {}, make("code", { textContent: String(error?.message ?? error) })), again));
    this.#handle = this.#api = undefined;
    this.#tell(event, told(error));
  }

  #tell(what, detail) { this.dispatchEvent(new CustomEvent(`tidepool-${what}`, { detail, bubbles: true, composed: true })); }
}

if (!customElements.get("tide-pool")) customElements.define("tide-pool", TidePool);
else console.info("tide-pool: the name is taken; element.js was loaded twice?");

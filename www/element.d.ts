// Types of <tide-pool>, for pages that are written in TypeScript:
//
//   /// <reference path="…/element.d.ts" />
//   document.querySelector("tide-pool")?.api(1)?.act("kill broker-2");

/**
 * The attributes of the element. All are text; what is missing has the first of the named meanings. `controls`, `layout`, `mode`, and
 * whether `height` is `auto`, are read once, when the playground starts: another value ends in `tidepool-error` and changes nothing,
 * until the element is taken out of the page and put back. The others hold when they are set; with another `scenario`, `store`, `seed`,
 * `at` or `faults` the run starts anew.
 */
interface TidePoolAttributes {
  /** The name of a file in `scenarios/` beside `element.js`, or a URL. A child `<script type="text/tidepool">` comes before it. */
  scenario?: string;
  load?: "visible" | "eager" | "click";
  /** The brokers' files are kept in IndexedDB under this name. */
  store?: string;
  theme?: "auto" | "light" | "dark";
  controls?: "full" | "none";
  /** What stands around the stage: everything; one sentence, play and step; nothing. */
  layout?: "full" | "compact" | "stage";
  /**
   * CSS pixels (`480`) or a CSS length (`50vmin`, `calc(100vh - 4rem)`), reserved before the playground loads; `auto`: as high as its
   * content. The page's style sheet comes before it.
   */
  height?: string;
  /** `auto`: the director's pace. Simulated seconds a second: `1`, `1/4`, `10x`; or `max`. */
  speed?: string;
  /** Present: time stands still at first, at the moment at which it opens. */
  paused?: "";
  /** A whole number from 0 to 18446744073709551615. */
  seed?: string;
  mode?: "embed" | "page";
  /** The moment at which it opens, from `0s` to `1h`: `24s`, `1500ms`. Without it, the one that the scenario's `opens` names. */
  at?: string;
  /** What readers may do, instead of what the menus have: lines of the scenario language, with semicolons between them. */
  faults?: string;
}

/** The run's state. Times are microseconds since the run began. */
interface TidePoolState {
  time_us: number;
  /** Events so far. */
  events: number;
  /** 16 hexadecimal digits: equal for equal runs, in every browser and natively. */
  event_hash: string;
  /** Records handled by all consumers. */
  handled: number;
  /** Records acknowledged to all producers. */
  acked: number;
  /** Records under way on the network. */
  moving: number;
  /** Log end offsets by partition: `orders-0`. */
  end_offsets: Record<string, number>;
  /** Names of the branches by id. */
  branches: Record<string, string>;
  /** The id of the branch that is shown. */
  branch: number;
  /** Whether the moment lies before the branch's end. */
  past: boolean;
  /** The branch's end. */
  end_us: number;
  playing: boolean;
  /** true: all of it is written; false: some waits; null: the cluster lives in memory. */
  stored: boolean | null;
  /** What the store has to say; empty while all is well. */
  store: string;
}

/** What is wrong. The fields beside the message are there when it is an option or an argument that is. */
interface TidePoolError {
  message: string;
  option?: string;
  value?: string;
  expected?: string;
}

/**
 * The JavaScript API, version 1. Every method throws an `Error` (with the fields of `TidePoolError` where an argument is wrong), and
 * throws once the playground is gone.
 */
interface TidePoolApi {
  play(): void;
  pause(): void;
  /** Runs the next event; pauses. */
  step(): void;
  /** Goes back to the event before; pauses. */
  stepBack(): void;
  /** Goes to a moment, in microseconds since the run began. An earlier one is replayed. */
  seek(time_us: number): void;
  /** One line of the scenario language, done now: `crash billing-2`. */
  act(line: string): void;
  /** Shows a branch by its id, where one left it. */
  select(branch: number): void;
  /** Gives a branch a name; without one, drops it. */
  branch(branch: number, name?: string): void;
  /** Two branches in a sentence: where they part and what each has come to. */
  compare(left: number, right: number): string;
  /** Running stops at these, with commas between them: `isr < 2, election`. */
  breakpoints(words: string): void;
  state(): TidePoolState;
}

/** The picture's moment: microseconds since the run began. */
interface TidePoolTime {
  time_us: number;
  playing: boolean;
}

/** Something that was said, met or done at a moment. */
interface TidePoolTold {
  time_us: number;
  text: string;
}

interface TidePoolEventMap {
  /** The playground runs. */
  "tidepool-ready": CustomEvent<TidePoolApi>;
  /** It could not start; or an attribute was set to what it cannot be, or cannot be any more, which then changed nothing. */
  "tidepool-error": CustomEvent<TidePoolError>;
  /** Its engine has failed; the message is the panic's. */
  "tidepool-crash": CustomEvent<TidePoolError>;
  /** The picture shows another moment: at most ten times a second. */
  "tidepool-time": CustomEvent<TidePoolTime>;
  /** The narrator has said a sentence. */
  "tidepool-narration": CustomEvent<TidePoolTold>;
  /** Running has stopped at a breakpoint: `text` is its words. */
  "tidepool-breakpoint": CustomEvent<TidePoolTold>;
  /** A reader or the page has done a line of the scenario language; or `undo …` or `redo …` with what it did, or `reset`. */
  "tidepool-deed": CustomEvent<TidePoolTold>;
}

interface TidePoolElement extends HTMLElement {
  /** `null` until `tidepool-ready`. Throws a `RangeError` for a version that this build does not have. */
  api(version: 1): TidePoolApi | null;
  addEventListener<K extends keyof TidePoolEventMap>(
    type: K, listener: (this: TidePoolElement, event: TidePoolEventMap[K]) => unknown, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
}

interface HTMLElementTagNameMap {
  "tide-pool": TidePoolElement;
}

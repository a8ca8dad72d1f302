//! The options that a playground is mounted with: the element's attributes as text, and the scenario.

use super::clock;
use super::error::OptionError;
use super::stage::ScenarioSource;
use super::words::api as say;
use crate::playground::scenario::Scenario;
use crate::world::operations::duration;
use serde::Deserialize;
use wasm_bindgen::JsValue;

/// What the host page gives. Attributes are text; a value of another type is kept, so that the error can name it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Given {
    scenario_name: Value,
    scenario_text: Value,
    store: Value,
    theme: Value,
    controls: Value,
    speed: Value,
    seed: Value,
    mode: Value,
    layout: Value,
    height: Value,
    at: Value,
    faults: Value,
    paused: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
enum Value {
    Text(String),
    Flag(bool),
    Number(f64),
    #[default]
    Missing,
    Other(serde::de::IgnoredAny),
}

impl Value {
    fn text(self, option: &str) -> Result<Option<String>, OptionError> {
        match self {
            Self::Text(text) => Ok(Some(text)),
            Self::Missing => Ok(None),
            Self::Flag(value) => Err(OptionError::new(option, value, say::TEXT)),
            Self::Number(value) => Err(OptionError::new(option, value, say::TEXT)),
            Self::Other(_) => Err(OptionError::new(option, say::OBJECT, say::TEXT)),
        }
    }

    /// A word of a table; a missing one has the meaning of the table's first.
    fn word<T: Copy>(self, option: &str, words: &[(&str, T)]) -> Result<T, OptionError> {
        let text = self.text(option)?;
        word(option, text.as_deref(), words)
    }
}

/// What a word of a table means; a missing one has the meaning of the table's first.
pub fn word<T: Copy>(option: &str, text: Option<&str>, words: &[(&str, T)]) -> Result<T, OptionError> {
    let text = text.unwrap_or(words[0].0);
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
    found.ok_or_else(|| {
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        OptionError::new(option, format!("{text:?}"), say::one_of(&all))
    })
}

/// The themes that can be chosen, and the value of `data-theme`.
pub const THEMES: [(&str, &str); 3] = [("auto", ""), ("light", "light"), ("dark", "dark")];
/// A height that is of the content.
const AUTO: &str = "auto";
const CONTROLS: [(&str, bool); 2] = [("full", true), ("none", false)];
const MODES: [(&str, bool); 2] = [("embed", false), ("page", true)];
const LAYOUTS: [(&str, Layout); 3] = [("full", Layout::Full), ("compact", Layout::Compact), ("stage", Layout::Stage)];
/// The latest moment at which a playground opens: the run comes to it while the reader waits.
const LATEST_US: i64 = 3_600_000_000;
/// Lines that an author lets readers do.
const MAX_FAULTS: usize = 12;

/// The slider's step of a speed in words.
///
/// # Errors
/// When the words are no positive factor and not `max`.
pub fn speed(text: &str) -> Result<i32, OptionError> {
    clock::step_of(text).ok_or_else(|| OptionError::new("speed", format!("{text:?}"), say::SPEED))
}

/// Whether a height is of the content. The element itself takes a length, by the same rule.
///
/// # Errors
/// When the words are neither `auto` nor what CSS takes as a length.
fn is_auto(height: Option<&str>) -> Result<bool, OptionError> {
    let Some(text) = height else { return Ok(false) };
    let given = text.trim();
    // A padding may be what a height may be, but for words such as fit-content, which would ask the playground in turn.
    let is_of = |property: &str, css: &str| web_sys::css::supports_with_value(property, css).unwrap_or(false);
    let is_length = |css: &str| css.contains(|c: char| c.is_ascii_digit() || c == '(') && is_of("height", css) && is_of("padding-top", css);
    if given == AUTO || is_length(given) || is_length(&format!("{given}px")) {
        return Ok(given == AUTO);
    }
    Err(OptionError::new("height", format!("{text:?}"), say::HEIGHT))
}

/// A moment in words, in microseconds since the run began.
///
/// # Errors
/// When the words are no time, or one later than an hour.
fn moment(text: &str) -> Result<i64, OptionError> {
    let at = duration(text.trim()).ok().filter(|at| (0..=LATEST_US).contains(at));
    at.ok_or_else(|| OptionError::new("at", format!("{text:?}"), say::MOMENT))
}

/// Lines of the scenario language with semicolons between them.
///
/// # Errors
/// The first that is none, with what is wrong in it; or that there are too many.
fn faults(text: &str) -> Result<Vec<String>, OptionError> {
    let lines: Vec<String> = text.split(';').map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if lines.len() > MAX_FAULTS {
        return Err(OptionError::new("faults", lines.len(), say::at_most(MAX_FAULTS)));
    }
    for line in &lines {
        let expected = |why: String| say::line(&why);
        Scenario::timed_line(line).map_err(|why| OptionError::new("faults", format!("{line:?}"), expected(why)))?;
    }
    Ok(lines)
}

/// How much stands around the stage.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Layout {
    #[default]
    Full,
    /// The stage, one sentence, play and step.
    Compact,
    /// The stage alone.
    Stage,
}

impl Layout {
    pub fn name(self) -> &'static str {
        LAYOUTS.iter().find(|(_, layout)| *layout == self).map_or("full", |(name, _)| name)
    }
}

/// What a playground is built with, once: how it stands in its page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Frame {
    pub controls: bool,
    /// Whether it is the page.
    pub page: bool,
    pub layout: Layout,
    /// Whether the element is as high as its content, not as its host says.
    pub auto_height: bool,
}

impl Frame {
    /// An attribute has changed after the start.
    ///
    /// # Errors
    /// When it is another one than at the start, or no such option. A height may be another length.
    pub fn keep(self, option: &str, value: Option<&str>) -> Result<(), OptionError> {
        match option {
            "controls" => same(option, value, &CONTROLS, self.controls),
            "mode" => same(option, value, &MODES, self.page),
            "layout" => same(option, value, &LAYOUTS, self.layout),
            "height" if is_auto(value)? != self.auto_height => {
                let now = if self.auto_height { AUTO } else { say::LENGTH };
                Err(OptionError::new(option, format!("{:?}", value.unwrap_or_default()), say::height_once(now)))
            }
            _ => Ok(()),
        }
    }
}

/// A word that means what it meant at the start.
fn same<T: Copy + PartialEq>(option: &str, value: Option<&str>, words: &[(&str, T)], now: T) -> Result<(), OptionError> {
    if word(option, value, words)? == now {
        return Ok(());
    }
    let now = words.iter().find(|(_, meaning)| *meaning == now).map_or("", |(word, _)| word);
    Err(OptionError::new(option, format!("{:?}", value.unwrap_or(words[0].0)), say::once(now)))
}

/// Options that have been checked.
pub struct Options {
    pub source: ScenarioSource,
    /// The name under which the brokers' files are kept; none: in memory only.
    pub store: Option<String>,
    pub theme: &'static str,
    pub frame: Frame,
    /// The slider's step.
    pub speed: Option<i32>,
    pub paused: bool,
    /// The moment at which it opens, in microseconds since the run began.
    pub at: Option<i64>,
    /// What readers may do; empty: everything.
    pub faults: Vec<String>,
}

impl Options {
    /// # Errors
    /// The first option that is not what it must be, with its value and what is expected.
    pub fn read(options: JsValue) -> Result<Self, OptionError> {
        let shown = OptionError::of("options", &options, say::OPTIONS);
        let given: Given = serde_wasm_bindgen::from_value(options).map_err(|_| shown)?;
        let seed = given.seed.text("seed")?.map(|text| {
            let expected = || OptionError::new("seed", format!("{text:?}"), say::whole_number(u64::MAX));
            text.trim().parse::<u64>().map_err(|_| expected())
        });
        let source = ScenarioSource {
            name: given.scenario_name.text("scenarioName")?.unwrap_or_default(),
            text: given.scenario_text.text("scenarioText")?.unwrap_or_default(),
            seed: seed.transpose()?,
        };
        let paused = match given.paused {
            Value::Flag(paused) => paused,
            Value::Missing => false,
            other => other
                .text("paused")
                .and_then(|text| Err(OptionError::new("paused", format!("{:?}", text.unwrap_or_default()), say::BOOLEAN)))?,
        };
        Ok(Self {
            source,
            store: given.store.text("store")?.filter(|name| !name.is_empty()),
            theme: given.theme.word("theme", &THEMES)?,
            frame: Frame {
                controls: given.controls.word("controls", &CONTROLS)?,
                page: given.mode.word("mode", &MODES)?,
                layout: given.layout.word("layout", &LAYOUTS)?,
                auto_height: is_auto(given.height.text("height")?.as_deref())?,
            },
            speed: given.speed.text("speed")?.map(|text| speed(&text)).transpose()?,
            paused,
            at: given.at.text("at")?.map(|text| moment(&text)).transpose()?,
            faults: given.faults.text("faults")?.map(|text| faults(&text)).transpose()?.unwrap_or_default(),
        })
    }
}

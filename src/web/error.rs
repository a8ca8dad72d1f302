//! Errors at the border to JavaScript: `Error` objects whose fields say what was wrong with which option or argument.

use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::{JsCast as _, JsValue};

/// An option of the element or an argument of the JavaScript API that is not what it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{option}={value}: {expected} is expected")]
pub struct OptionError {
    /// The option's or the argument's name.
    pub option: String,
    /// What was given, as text.
    pub value: String,
    /// What is expected there, without an article or with its own: "a whole number from 0 to 10".
    pub expected: String,
}

impl OptionError {
    pub fn new(option: &str, value: impl ToString, expected: impl Into<String>) -> Self {
        Self { option: option.to_owned(), value: value.to_string(), expected: expected.into() }
    }

    /// Of a JavaScript value, which may be of any type.
    pub fn of(option: &str, value: &JsValue, expected: impl Into<String>) -> Self {
        Self::new(option, shown(value), expected)
    }
}

impl From<OptionError> for JsValue {
    /// An `Error` with the fields `option`, `value` and `expected`.
    fn from(error: OptionError) -> Self {
        let thrown = js_sys::Error::new(&error.to_string());
        if let Ok(fields) = serde_wasm_bindgen::to_value(&error) {
            js_sys::Object::assign(&thrown, fields.unchecked_ref());
        }
        thrown.into()
    }
}

/// An `Error` that only says something.
pub fn error(message: impl AsRef<str>) -> JsValue {
    js_sys::Error::new(message.as_ref()).into()
}

/// An argument of the JavaScript API.
///
/// # Errors
/// When the value is not of the type, or `holds` refuses it.
pub fn argument<T: DeserializeOwned>(name: &str, value: &JsValue, expected: &str, holds: impl Fn(&T) -> bool) -> Result<T, OptionError> {
    serde_wasm_bindgen::from_value(value.clone()).ok().filter(holds).ok_or_else(|| OptionError::of(name, value, expected))
}

fn shown(value: &JsValue) -> String {
    match (value.as_string(), value.as_f64()) {
        (Some(text), _) => format!("{text:?}"),
        (None, Some(number)) => number.to_string(),
        _ => js_sys::JSON::stringify(value).ok().and_then(|json| json.as_string()).unwrap_or_else(|| format!("{value:?}")),
    }
}

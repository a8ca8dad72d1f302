//! Recorded answers against ours: generated ids are bound, all else is equal.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Recorded id → ours.
#[derive(Default)]
pub struct Bindings {
    ids: BTreeMap<String, String>,
    /// Texts for people are compared, too.
    pub texts: bool,
}

/// Fields whose values the cluster makes up.
const GENERATED: &[&str] = &["MemberId", "Leader", "TopicId"];
/// Fields that depend on the wall clock or on what else the recorded cluster did. As the controller's id, Kafka gives that of any broker.
const NOT_COMPARED: &[&str] = &["ProducerId", "ThrottleTimeMs", "AuthorizedOperations", "ControllerId"];
const TEXTS: &[&str] = &["ErrorMessage", "BatchIndexErrorMessage"];

impl Bindings {
    pub fn bind(&mut self, recorded: &str, ours: &str) {
        self.ids.insert(recorded.to_owned(), ours.to_owned());
    }

    /// The recorded value with our ids in it.
    pub fn apply(&self, recorded: &Value) -> Value {
        match recorded {
            Value::String(text) => self.ids.get(text).unwrap_or(text).clone().into(),
            Value::Array(items) => items.iter().map(|item| self.apply(item)).collect(),
            Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), self.apply(value))).collect::<Map<_, _>>().into(),
            Value::Null | Value::Bool(_) | Value::Number(_) => recorded.clone(),
        }
    }

    /// Every field that ours has must be in the recording with the same value.
    pub fn compare(&mut self, recorded: &Value, ours: &Value) -> Result<(), String> {
        self.compare_at("", recorded, ours)
    }

    fn compare_at(&mut self, path: &str, recorded: &Value, ours: &Value) -> Result<(), String> {
        match (recorded, ours) {
            (Value::Object(recorded), Value::Object(ours)) => {
                for (name, value) in ours {
                    if !NOT_COMPARED.contains(&name.as_str()) && (self.texts || !TEXTS.contains(&name.as_str())) {
                        let missing = || format!("{path}.{name} is not in the recording");
                        self.compare_field(path, name, recorded.get(name).ok_or_else(missing)?, value)?;
                    }
                }
                Ok(())
            }
            (Value::Array(recorded), Value::Array(ours)) if recorded.len() == ours.len() => {
                let mut pairs = recorded.iter().zip(ours).enumerate();
                pairs.try_for_each(|(index, (recorded, ours))| self.compare_at(&format!("{path}[{index}]"), recorded, ours))
            }
            _ if recorded == ours => Ok(()),
            _ => Err(format!("{path}: recorded {recorded}, ours {ours}")),
        }
    }

    fn compare_field(&mut self, path: &str, name: &str, recorded: &Value, ours: &Value) -> Result<(), String> {
        let path = format!("{path}.{name}");
        if name == "LogAppendTimeMs" && recorded.as_i64() > Some(0) {
            return if ours.as_i64() > Some(0) { Ok(()) } else { Err(format!("{path}: recorded a time, ours {ours}")) };
        }
        if let (true, Some(recorded), Some(ours)) = (GENERATED.contains(&name), recorded.as_str(), ours.as_str())
            && recorded.len() > 20
        {
            let bound = self.ids.entry(recorded.to_owned()).or_insert_with(|| ours.to_owned());
            return if bound == ours { Ok(()) } else { Err(format!("{path}: {recorded} was {bound} before, is {ours} now")) };
        }
        self.compare_at(&path, recorded, ours)
    }
}

pub fn unhex(text: &str) -> Vec<u8> {
    let digits = text.strip_prefix("hex:").unwrap_or(text).as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("a hexadecimal digit") as u8;
    digits.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)]));
    "hex:".chars().chain(digits).collect()
}

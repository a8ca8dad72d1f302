//! Forms: the fields of a line that takes values, with what holds now.

use super::units::quoted;
use crate::kafka::config::{ConfigDef, ConfigType, Valid};

const BOOL: &[&str] = &["true", "false"];

/// Checks one value by itself: its key and the value.
pub type Check = fn(&str, &str) -> Result<(), String>;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    /// As the line has it.
    pub key: String,
    pub value: String,
    /// What holds when nothing is given.
    pub default: String,
    pub means: &'static str,
    /// Nothing but these; empty: anything.
    pub choices: &'static [&'static str],
    /// It stands alone in the line, without its key.
    pub bare: bool,
    /// Another process is needed for it.
    pub restarts: bool,
    /// Seldom asked for: a long form folds it as long as nobody has set it.
    pub folded: bool,
}

/// Key, what holds without it, what it means, and the words it may have.
pub type Row = (&'static str, &'static str, &'static str, &'static [&'static str]);

impl Field {
    pub fn new((key, default, means, choices): Row) -> Self {
        let (key, default) = (key.to_owned(), default.to_owned());
        Self { key, value: String::new(), default, means, choices, bare: false, restarts: false, folded: false }
    }

    /// A config's field, with the words that it takes.
    pub fn config(def: &ConfigDef) -> Self {
        let choices = match (def.kind, def.valid) {
            (ConfigType::Boolean, _) => BOOL,
            (ConfigType::String, Valid::OneOf(words)) => words,
            _ => &[],
        };
        Self::new((def.name, def.default.unwrap_or_default(), def.doc, choices))
    }

    /// A config's field without a list of words: it may be taken back by an empty text.
    pub fn changing(def: &ConfigDef, value: String) -> Self {
        Self { value, ..Self::new((def.name, def.default.unwrap_or_default(), def.doc, &[])) }
    }

    /// A value without its key in the line.
    pub fn bare(key: &'static str, value: &str, means: &'static str) -> Self {
        Self { value: value.to_owned(), bare: true, ..Self::new((key, "", means, &[])) }
    }
}

#[derive(Clone, Debug)]
pub struct Form {
    pub title: String,
    /// What it means to do it.
    pub means: &'static str,
    /// What the line begins with.
    start: String,
    /// Only what has been changed is said, an empty value takes a config back; a value that is said is checked by this first.
    changes: Option<Check>,
    pub fields: Vec<Field>,
}

impl Form {
    pub fn new(title: &str, means: &'static str, start: String, rows: &[Row]) -> Self {
        let fields = rows.iter().map(|row| Field::new(*row)).collect();
        Self { title: title.to_owned(), means, start, changes: None, fields }
    }

    /// A form of configs: only what is changed is said.
    pub fn of_changes(title: &str, means: &'static str, start: String, check: Check) -> Self {
        Self { changes: Some(check), ..Self::new(title, means, start, &[]) }
    }

    /// Gives the fields of these keys these values; a key without a field gets one if `adds`.
    pub fn fill(&mut self, pairs: Vec<(String, String)>, adds: bool) {
        for (key, value) in pairs {
            match self.fields.iter_mut().find(|field| field.key == key) {
                Some(field) => field.value = value,
                None if adds => self.fields.push(Field { key, value, ..Field::new(("", "", "", &[])) }),
                None => {}
            }
        }
    }

    /// Puts what is set first, then those that are asked for `first`, in that order; the others are folded.
    pub fn fold(&mut self, first: &[&str]) {
        let place = |field: &Field| first.iter().position(|key| *key == field.key).unwrap_or(first.len());
        self.fields.sort_by_key(|field| (field.value.is_empty(), place(field)));
        for field in &mut self.fields {
            field.folded = place(field) == first.len();
        }
    }

    /// The line that says these values, one for each field.
    pub fn line(&self, values: &[String]) -> String {
        let mut line = self.start.clone();
        for (field, value) in self.fields.iter().zip(values) {
            let said = if self.changes.is_some() { *value != field.value } else { !value.is_empty() };
            if field.bare && (said || field.choices.is_empty()) {
                line += &format!(" {}", quoted(value));
            } else if said && !field.bare {
                line += &format!(" {}={}", field.key, quoted(value));
            }
        }
        line
    }

    /// What stands against a value by itself; empty: nothing.
    pub fn wrong(&self, values: &[String]) -> String {
        let Some(check) = self.changes else { return String::new() };
        let changed = self.fields.iter().zip(values).filter(|(field, value)| **value != field.value && !value.is_empty());
        changed.filter_map(|(field, value)| check(&field.key, value).err()).next().unwrap_or_default()
    }

    /// Whether another process is needed for these values.
    pub fn restarts(&self, values: &[String]) -> bool {
        self.fields.iter().zip(values).any(|(field, value)| field.restarts && *value != field.value)
    }

    /// The field that an error is about: the one that it names first.
    pub fn about(&self, error: &str) -> Option<usize> {
        let named = |field: &Field| error.find(&field.key).filter(|_| !field.key.is_empty());
        let exact = self.fields.iter().position(|field| error.starts_with(&format!("{}=", field.key)));
        let configs = (0..).zip(&self.fields).filter(|(_, field)| field.key.contains('.') && named(field).is_some());
        let any = (0..).zip(&self.fields).filter_map(|(at, field)| Some((named(field)?, at))).min();
        exact.or_else(|| configs.map(|(at, _)| at).next()).or(any.map(|(_, at)| at))
    }
}

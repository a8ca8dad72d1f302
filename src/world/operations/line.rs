//! A line of the scenario language: its words on the way in, each checked where it stands, and its text on the way out.

use super::units::{duration, duration_text, hint, number, quoted};
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::world::action::LinkSpec;
use std::sync::Arc;

/// Longest duration in a line, in microseconds: 30 days, as long as a run lasts at most.
pub const MAX_DURATION_US: i64 = 30 * 24 * 3_600_000_000;

/// What is wrong with a line, and where: columns count from 1, in characters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LineError {
    pub column: u32,
    pub message: String,
}

pub type Parsed<T> = Result<T, LineError>;

/// A word of a line: `key=value`, or a plain word. Quotes are gone, escapes resolved.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Token {
    pub column: u32,
    pub text: String,
    /// Where `=`, `>=` or `<=` stands outside quotes: (length of the key, length of the sign), in bytes.
    split: Option<(usize, usize)>,
}

impl Token {
    /// Key, sign and value, when it is `key=value`.
    pub fn pair(&self) -> Option<(&str, &str, &str)> {
        let (key, sign) = self.split?;
        Some((self.text.get(..key)?, self.text.get(key..key + sign)?, self.text.get(key + sign..)?))
    }
}

/// The words of a line; `#` outside quotes begins a comment.
///
/// # Errors
/// A quote that is never closed, or an unknown escape.
pub fn tokens(line: &str) -> Parsed<Vec<Token>> {
    let mut out = Vec::new();
    let mut chars = line.chars().zip(1_u32..).peekable();
    loop {
        while chars.next_if(|(c, _)| c.is_whitespace()).is_some() {}
        let Some(&(first, column)) = chars.peek() else { break };
        if first == '#' {
            break;
        }
        let mut token = Token { column, text: String::new(), split: None };
        while let Some((c, at)) = chars.next_if(|(c, _)| !c.is_whitespace()) {
            match c {
                '"' => quote(&mut chars, at, &mut token.text)?,
                '=' if token.split.is_none() => {
                    let length = token.text.len();
                    let sign = if token.text.ends_with(['<', '>']) { 2 } else { 1 };
                    token.split = Some((length + 1 - sign, sign));
                    token.text.push('=');
                }
                _ => token.text.push(c),
            }
        }
        out.push(token);
    }
    Ok(out)
}

/// The rest of a quoted text, behind the quote that opens it at column `at`.
fn quote(chars: &mut impl Iterator<Item = (char, u32)>, at: u32, text: &mut String) -> Parsed<()> {
    let fail = |column: u32, message: &str| Err(LineError { column, message: message.into() });
    loop {
        match chars.next() {
            None => return fail(at, "this quote is never closed"),
            Some(('"', _)) => return Ok(()),
            Some(('\\', escape)) => match chars.next() {
                Some(('n', _)) => text.push('\n'),
                Some(('t', _)) => text.push('\t'),
                Some(('r', _)) => text.push('\r'),
                Some((c @ ('"' | '\\'), _)) => text.push(c),
                _ => return fail(escape, "after a backslash, one of \" \\ n t r is expected"),
            },
            Some((c, _)) => text.push(c),
        }
    }
}

/// The `key=value`s of a line; none of a line that cannot be read.
pub fn line_pairs(line: &str) -> Vec<(String, String)> {
    let tokens = tokens(line).unwrap_or_default();
    tokens.iter().filter_map(Token::pair).map(|(key, _, value)| (key.to_owned(), value.to_owned())).collect()
}

/// A line's words, taken one after the other.
#[derive(Clone, Debug)]
pub struct Words {
    /// The column behind the last word.
    end: u32,
    words: std::vec::IntoIter<Token>,
    /// How links are in a fresh run: what a line leaves out is as there.
    pub first_link: LinkSpec,
}

impl Words {
    /// # Errors
    /// See `tokens`.
    pub fn new(line: &str, first_link: LinkSpec) -> Parsed<Self> {
        let end = u32::try_from(line.trim_end().chars().count()).unwrap_or(0) + 1;
        Ok(Self { end, words: tokens(line)?.into_iter(), first_link })
    }

    /// # Errors
    /// Always: the message, at this column.
    pub fn fail<T>(&self, column: u32, message: impl Into<String>) -> Parsed<T> {
        Err(LineError { column, message: message.into() })
    }

    /// An error behind the last word.
    ///
    /// # Errors
    /// Always.
    pub fn fail_at_end<T>(&self, message: impl Into<String>) -> Parsed<T> {
        self.fail(self.end, message)
    }

    /// The next word, if there is one.
    pub fn next_word(&mut self) -> Option<Token> {
        self.words.next()
    }

    /// # Errors
    /// `expected` is missing.
    pub fn word(&mut self, expected: &str) -> Parsed<Token> {
        match self.words.next() {
            Some(token) => Ok(token),
            None => self.fail_at_end(format!("{expected} is expected here")),
        }
    }

    /// # Errors
    /// `expected` is missing.
    pub fn name(&mut self, expected: &str) -> Parsed<Arc<str>> {
        Ok(self.word(expected)?.text.into())
    }

    /// The value, or its error at the token's place.
    ///
    /// # Errors
    /// What `result` says.
    pub fn checked<T>(&self, token: &Token, result: Result<T, String>) -> Parsed<T> {
        result.or_else(|message| self.fail(token.column, message))
    }

    /// A word read as a value.
    ///
    /// # Errors
    /// `expected` is missing, or what `read` says.
    pub fn value<T>(&mut self, expected: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Parsed<T> {
        let token = self.word(expected)?;
        self.checked(&token, read(&token.text))
    }

    /// Microseconds, at most 30 days.
    ///
    /// # Errors
    /// There is no word, or it is no such duration.
    pub fn duration(&mut self) -> Parsed<i64> {
        let token = self.word("a duration, as in 8s or 250ms,")?;
        let micros = self.checked(&token, duration(&token.text))?;
        if micros > MAX_DURATION_US {
            return self.fail(token.column, "a run lasts at most 30 days");
        }
        Ok(micros)
    }

    /// Microseconds with a sign: `2s` or `-2s`.
    ///
    /// # Errors
    /// `expected` is missing, or the word is no duration.
    pub fn signed_duration(&mut self, expected: &str) -> Parsed<i64> {
        let token = self.word(expected)?;
        let (sign, text) = token.text.strip_prefix('-').map_or((1, token.text.as_str()), |text| (-1, text));
        Ok(sign * self.checked(&token, duration(text))?)
    }

    /// # Errors
    /// `expected` is missing, or the word is no number that fits.
    pub fn number<T: std::str::FromStr>(&mut self, expected: &str) -> Parsed<T> {
        self.value(expected, number)
    }

    /// The line may end here, or with this word.
    ///
    /// # Errors
    /// There is another word.
    pub fn flag(&mut self, word: &str) -> Parsed<bool> {
        match self.words.next() {
            None => Ok(false),
            Some(token) if token.text == word => Ok(true),
            Some(token) => self.fail(token.column, format!("{word} or nothing is expected, but there is {:?}", token.text)),
        }
    }

    /// Takes this word, if it comes next.
    pub fn has(&mut self, word: &str) -> bool {
        let is = self.words.as_slice().first().is_some_and(|token| token.text == word);
        if is {
            self.words.next();
        }
        is
    }

    /// # Errors
    /// There is one more word.
    pub fn end(&mut self) -> Parsed<()> {
        match self.words.next() {
            None => Ok(()),
            Some(token) => self.fail(token.column, format!("nothing more is expected here, but there is {:?}", token.text)),
        }
    }

    /// The rest as `key=value`, each at most once, each one of `known` or, with `configs`, a config's name (with a dot).
    ///
    /// # Errors
    /// The first word that is none of these.
    pub fn pairs(&mut self, known: &[&str], configs: bool) -> Parsed<Pairs> {
        let mut pairs = Pairs { known: SortedVecMap::new(), configs: SortedVecMap::new(), end: self.end };
        let mut seen = SortedVecSet::new();
        while let Some(token) = self.words.next() {
            let Some((key, sign, value)) = token.pair() else {
                return self.fail(token.column, format!("key=value is expected, but there is {:?}", token.text));
            };
            let (key, value) = (key.to_owned(), value.to_owned());
            if sign != "=" {
                return self.fail(token.column, format!("{key}= is expected, {sign} is for expectations"));
            }
            if !seen.insert(key.clone()) {
                return self.fail(token.column, format!("{key} is given twice"));
            }
            if known.contains(&key.as_str()) {
                let column = token.column + u32::try_from(key.chars().count()).unwrap_or(0) + 1;
                pairs.known.insert(key, Token { column, text: value, split: None });
            } else if configs && (key.contains('.') || matches!(key.as_str(), "acks" | "retries")) {
                pairs.configs.insert(key, value);
            } else {
                let what = if configs { " or a config's name in full" } else { "" };
                let near: Vec<&str> = known.iter().copied().chain(["acks", "retries"].into_iter().filter(|_| configs)).collect();
                let hint = hint(&key, &near);
                return self.fail(token.column, format!("{key} is not known here: one of {}{what} is expected{hint}", known.join(", ")));
            }
        }
        Ok(pairs)
    }
}

/// The `key=value`s at the end of a line.
#[derive(Clone, Debug)]
pub struct Pairs {
    known: SortedVecMap<String, Token>,
    /// Configs by Kafka's names.
    pub configs: SortedVecMap<String, String>,
    end: u32,
}

impl Pairs {
    /// # Errors
    /// What `read` says of the value.
    pub fn get<T>(&self, key: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Parsed<Option<T>> {
        let fail = |column: u32, message: String| LineError { column, message };
        self.known.get(key).map(|token| read(&token.text).map_err(|message| fail(token.column, message))).transpose()
    }

    /// Whether any but configs are given.
    pub fn given(&self) -> bool {
        !self.known.is_empty()
    }

    /// # Errors
    /// It is missing, or what `read` says of the value.
    pub fn must<T>(&self, key: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Parsed<T> {
        match self.get(key, read)? {
            Some(value) => Ok(value),
            None => Err(LineError { column: self.end, message: format!("{key}= is missing") }),
        }
    }
}

/// A line on its way out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line(String);

impl Line {
    /// A line that begins with `keyword`, as it is.
    pub fn new(keyword: &str) -> Self {
        Self(keyword.to_owned())
    }

    /// A word, quoted where it has to be.
    pub fn word(&mut self, word: &str) {
        self.raw(&quoted(word));
    }

    /// A word of which it is known that it needs no quotes.
    pub fn raw(&mut self, word: &str) {
        self.0.push(' ');
        self.0.push_str(word);
    }

    /// Microseconds with a sign.
    pub fn signed_duration(&mut self, micros: i64) {
        let sign = if micros < 0 { "-" } else { "" };
        self.raw(&format!("{sign}{}", duration_text(micros.saturating_abs())));
    }

    /// A word that stands there or not.
    pub fn flag(&mut self, is: bool, word: &str) {
        if is {
            self.raw(word);
        }
    }

    pub fn pair(&mut self, key: &str, value: &str) {
        self.raw(&format!("{key}={}", quoted(value)));
    }

    pub fn configs(&mut self, configs: &SortedVecMap<String, String>) {
        configs.iter().for_each(|(name, value)| self.pair(name, value));
    }

    pub fn into_text(self) -> String {
        self.0
    }
}

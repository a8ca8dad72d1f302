//! Regular expressions of requests, which are RE2's in Kafka: subscriptions, and patterns of transactional ids.

mod properties;

use regex_lite::Regex;
use std::fmt::Write;

/// The most that a repetition may ask for.
const MAX_REPEAT: u32 = 1_000;

const BAD_ESCAPE: &str = "invalid escape sequence";
const BAD_RANGE: &str = "invalid character class range";
const BAD_REPEAT: &str = "invalid repeat count";
const NESTED_REPEAT: &str = "invalid nested repetition operator";
const NOTHING_TO_REPEAT: &str = "missing argument to repetition operator";
const NO_BRACKET: &str = "missing closing ]";
const BAD_PERL: &str = "invalid or unsupported Perl syntax";
const TRAILING: &str = "trailing backslash at end of expression";

/// The expression, which has to match a whole name.
///
/// # Errors
/// What RE2 says of an expression that is none.
pub fn compile(regex: &str) -> Result<Regex, String> {
    let ours = translated(regex)?;
    // Alone first, or a stray parenthesis would close the group.
    Regex::new(&ours).and_then(|_| Regex::new(&format!("^(?:{ours})$"))).map_err(|error| in_words_of_re2(&error.to_string()))
}

/// RE2's words for the mistakes that are left.
fn in_words_of_re2(error: &str) -> String {
    let known = [
        ("found open group without closing", "missing closing )"),
        ("expected closing ')'", "missing closing )"),
        ("found closing ')' without", "regexp/syntax: internal error"),
        ("duplicate capture group name", "duplicate capture group name"),
        ("capture group name", "invalid named capture"),
        ("invalid group name", "invalid named capture"),
    ];
    let error = error.to_ascii_lowercase();
    known.into_iter().find(|(ours, _)| error.contains(ours)).map_or(error.clone(), |(_, theirs)| theirs.to_owned())
}

/// What stands before a repetition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Something,
    Repetition,
}

struct Translator<'a> {
    rest: &'a str,
    out: String,
    before: Before,
}

/// An expression in RE2's syntax (as RE2J has it for Java) in that of `regex_lite`. What both have alike is left to the latter's eyes.
fn translated(regex: &str) -> Result<String, &'static str> {
    let mut it = Translator { rest: regex, out: String::new(), before: Before::Nothing };
    while let Some(c) = it.next() {
        match c {
            '\\' => it.escape()?,
            '[' => it.class()?,
            '(' => it.group()?,
            '|' => it.push(c, Before::Nothing),
            '*' | '+' | '?' => it.repetition(c.encode_utf8(&mut [0; 4]))?,
            '{' => match it.count()? {
                Some(count) => it.repetition(&count)?,
                None => it.literal(c),
            },
            '.' | '^' | '$' | ')' => it.push(c, Before::Something),
            c => it.literal(c),
        }
    }
    Ok(it.out)
}

impl<'a> Translator<'a> {
    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn takes(&mut self, prefix: &str) -> bool {
        self.rest.strip_prefix(prefix).map(|rest| self.rest = rest).is_some()
    }

    fn push(&mut self, c: char, before: Before) {
        self.out.push(c);
        self.before = before;
    }

    fn literal(&mut self, c: char) {
        self.range(c, c);
        self.before = Before::Something;
    }

    /// In the form that means the same everywhere.
    fn range(&mut self, first: char, last: char) {
        // A string takes all that is written to it.
        let _ = write!(self.out, "\\x{{{:X}}}", u32::from(first));
        if first != last {
            let _ = write!(self.out, "-\\x{{{:X}}}", u32::from(last));
        }
    }

    /// One of `*`, `+`, `?`, `{n}`, `{n,}`, `{n,m}`.
    fn repetition(&mut self, operator: &str) -> Result<(), &'static str> {
        match self.before {
            Before::Nothing => return Err(NOTHING_TO_REPEAT),
            Before::Repetition => return Err(NESTED_REPEAT),
            Before::Something => self.out.push_str(operator),
        }
        if self.takes("?") {
            self.out.push('?');
        }
        self.before = Before::Repetition;
        Ok(())
    }

    /// A counted repetition, whose brace is read; without one, the brace is a character like others.
    fn count(&mut self) -> Result<Option<String>, &'static str> {
        let Some((inside, rest)) = self.rest.split_once('}') else { return Ok(None) };
        let (least, most) = inside.split_once(',').map_or((inside, None), |(least, most)| (least, Some(most)));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        let padded = |digits: &str| digits.len() > 1 && digits.starts_with('0');
        let open = most.filter(|most| !most.is_empty());
        if !is_number(least) || padded(least) || open.is_some_and(|most| !is_number(most) || padded(most)) {
            return Ok(None);
        }
        let number = |digits: &str| digits.parse().ok().filter(|number| *number <= MAX_REPEAT).ok_or(BAD_REPEAT);
        let least: u32 = number(least)?;
        if open.map(number).transpose()?.is_some_and(|most: u32| most < least) {
            return Err(BAD_REPEAT);
        }
        self.rest = rest;
        Ok(Some(format!("{{{inside}}}")))
    }

    /// A group's beginning, or flags.
    fn group(&mut self) -> Result<(), &'static str> {
        if !self.takes("?") {
            self.push('(', Before::Nothing);
            return Ok(());
        }
        if self.rest.starts_with("P<") || self.rest.starts_with('<') {
            let (name, rest) = self.rest.split_once('>').ok_or("invalid named capture")?;
            self.out.push_str("(?");
            self.out.push_str(name);
            self.push('>', Before::Nothing);
            self.rest = rest;
            return Ok(());
        }
        let (flags, rest) = self.rest.split_at(self.rest.find([':', ')']).ok_or(BAD_PERL)?);
        if !flags.chars().all(|flag| matches!(flag, 'i' | 'm' | 's' | 'U' | '-')) || flags.ends_with('-') {
            return Err(BAD_PERL);
        }
        self.rest = rest;
        // Flags alone are nothing to repeat, and in no one's way.
        let before = if self.takes(")") {
            if !flags.is_empty() {
                let _ = write!(self.out, "(?{flags})");
            }
            self.before
        } else {
            let _ = write!(self.out, "(?{flags}:");
            self.rest = self.rest.strip_prefix(':').unwrap_or(self.rest);
            Before::Nothing
        };
        self.before = before;
        Ok(())
    }

    /// Outside of a class.
    fn escape(&mut self) -> Result<(), &'static str> {
        if self.takes("Q") {
            let (literal, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
            literal.chars().for_each(|c| self.literal(c));
            self.rest = rest;
            return Ok(());
        }
        match self.peek() {
            Some(c @ ('A' | 'b' | 'B' | 'z' | 'd' | 'D' | 's' | 'S' | 'w' | 'W')) => {
                self.next();
                self.out.push('\\');
                self.push(c, Before::Something);
            }
            Some('p' | 'P') => {
                self.out.push('[');
                self.property()?;
                self.push(']', Before::Something);
            }
            _ => {
                let c = self.escaped()?;
                self.literal(c);
            }
        }
        Ok(())
    }

    /// The character that an escape stands for.
    fn escaped(&mut self) -> Result<char, &'static str> {
        let c = self.next().ok_or(TRAILING)?;
        let octal = |c: Option<char>| c.and_then(|c| c.to_digit(8));
        let code = match c {
            'a' => 0x07,
            'f' => 0x0c,
            'n' => 0x0a,
            'r' => 0x0d,
            't' => 0x09,
            'v' => 0x0b,
            // One digit alone would be a reference back.
            '0'..='7' if c == '0' || octal(self.peek()).is_some() => {
                let mut code = octal(Some(c)).unwrap_or_default();
                for _ in 0..2 {
                    let Some(digit) = octal(self.peek()) else { break };
                    self.next();
                    code = code * 8 + digit;
                }
                code
            }
            'x' => {
                let (digits, rest) = match self.rest.strip_prefix('{') {
                    Some(rest) => rest.split_once('}').ok_or(BAD_ESCAPE)?,
                    None => self.rest.split_at_checked(2).ok_or(BAD_ESCAPE)?,
                };
                self.rest = rest;
                let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                u32::from_str_radix(digits, 16).ok().filter(|_| is_hex).ok_or(BAD_ESCAPE)?
            }
            c if c.is_ascii_alphanumeric() => return Err(BAD_ESCAPE),
            c => u32::from(c),
        };
        char::from_u32(code).ok_or(BAD_ESCAPE)
    }

    /// `\pN`, `\p{Name}`, `\P…`, `\p{^Name}`, whose backslash is read, as ranges of a class.
    fn property(&mut self) -> Result<(), &'static str> {
        let mut negated = self.next() == Some('P');
        let name = if self.takes("{") {
            let (name, rest) = self.rest.split_once('}').ok_or(BAD_RANGE)?;
            self.rest = rest;
            name.to_owned()
        } else {
            self.next().ok_or(BAD_RANGE)?.to_string()
        };
        let plain = name.strip_prefix('^').unwrap_or(&name);
        negated ^= plain.len() < name.len();
        for (first, last) in properties::ranges(plain, negated).ok_or(BAD_RANGE)? {
            self.range(first, last);
        }
        Ok(())
    }

    fn class(&mut self) -> Result<(), &'static str> {
        self.out.push('[');
        if self.takes("^") {
            self.out.push('^');
        }
        let mut is_first = true;
        while is_first || self.peek() != Some(']') {
            self.class_item()?;
            is_first = false;
        }
        self.next();
        self.push(']', Before::Something);
        Ok(())
    }

    /// A named class, an escape that stands for several characters, a character, or a range of them.
    fn class_item(&mut self) -> Result<(), &'static str> {
        if let Some((name, rest)) = self.rest.strip_prefix("[:").and_then(|rest| rest.split_once(":]")) {
            let known = [
                "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
                "xdigit",
            ];
            if !known.contains(&name.strip_prefix('^').unwrap_or(name)) {
                return Err(BAD_RANGE);
            }
            self.rest = rest;
            let _ = write!(self.out, "[:{name}:]");
            return Ok(());
        }
        if self.takes("\\") {
            match self.peek() {
                Some('p' | 'P') => return self.property(),
                Some(c @ ('d' | 'D' | 's' | 'S' | 'w' | 'W')) => {
                    self.next();
                    self.out.push('\\');
                    self.out.push(c);
                    return Ok(());
                }
                _ => {}
            }
            let first = self.escaped()?;
            return self.class_range(first);
        }
        let first = self.next().ok_or(NO_BRACKET)?;
        self.class_range(first)
    }

    fn class_range(&mut self, first: char) -> Result<(), &'static str> {
        let ends = |rest: &str| rest.starts_with('-') && !rest.starts_with("-]");
        let mut last = first;
        if ends(self.rest) && self.rest.len() > 1 {
            self.next();
            last = match self.next() {
                Some('\\') => self.escaped()?,
                last => last.ok_or(NO_BRACKET)?,
            };
        }
        if last < first {
            return Err(BAD_RANGE);
        }
        self.range(first, last);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of each expression the names that it matches, or what is wrong with it: as RE2J 1.8, which Kafka 4.1.1 comes with, answered.
    #[test]
    fn expressions_are_what_re2j_takes_them_for() {
        let names = ["a.b", "ab", "a", "bc", "abab", "B", "aa", "<", "{", "a{,2}", "A", "axb", "-", "&"];
        let cases = [
            (r"\Qa.b\E", Ok("a.b")),
            (r"\Qa.b", Ok("a.b")),
            (r"a\Qbc\E*", Ok("ab")),
            (r"\Q\E+", Err(NOTHING_TO_REPEAT)),
            (r"a\Q\E+", Ok("a aa")),
            (r"[\Qa-z\E]", Err(BAD_ESCAPE)),
            (r"x\E", Err(BAD_ESCAPE)),
            (r"\p{L}+", Ok("ab a bc abab B aa A axb")),
            (r"\pL", Ok("a B A")),
            (r"\p{Lu}", Ok("B A")),
            (r"\P{Lu}", Ok("a < { - &")),
            (r"\p{^Lu}", Ok("a < { - &")),
            (r"\P{^Lu}", Ok("B A")),
            (r"[\p{Lu}x]|a[\p{P}x]b", Ok("a.b B A axb")),
            (r"[^\p{Ll}]", Ok("B < { A - &")),
            (r"\p{Sm}|\p{Common}|\p{Pd}", Ok("< { - &")),
            (r"\p{Mn}", Ok("")),
            (r"\p{Any}{2}", Ok("ab bc aa")),
            (r"\p{Alpha}", Err(BAD_RANGE)),
            (r"\p{L", Err(BAD_RANGE)),
            ("a{1000}", Ok("")),
            ("a{1001}", Err(BAD_REPEAT)),
            ("a{0,1001}", Err(BAD_REPEAT)),
            ("a{2,1}", Err(BAD_REPEAT)),
            ("a{99999999999}", Err(BAD_REPEAT)),
            ("a{2}{3}", Err(NESTED_REPEAT)),
            ("a++", Err(NESTED_REPEAT)),
            ("a*?", Ok("a aa")),
            ("a|*", Err(NOTHING_TO_REPEAT)),
            ("(?i)*", Err(NOTHING_TO_REPEAT)),
            ("(?i)A", Ok("a A")),
            ("{", Ok("{")),
            ("a{,2}", Ok("a{,2}")),
            (r"\<", Ok("<")),
            (r"\x41|\x{42}|\141", Ok("a B A")),
            (r"\1", Err(BAD_ESCAPE)),
            (r"\u0041", Err(BAD_ESCAPE)),
            ("[a&&b]", Ok("a &")),
            ("[a--b]", Err(BAD_RANGE)),
            (r"[\d-z]", Ok("-")),
            ("[]a]", Ok("a")),
            ("[a-]", Ok("a -")),
            ("[[:alpha:]]{2}", Ok("ab bc aa")),
            ("[[:foo:]]", Err(BAD_RANGE)),
            ("[a", Err(NO_BRACKET)),
            ("(a", Err("missing closing )")),
            ("a)", Err("regexp/syntax: internal error")),
            ("(?x)a b", Err(BAD_PERL)),
            ("(?=a)", Err(BAD_PERL)),
            ("(?P<n>a)", Ok("a")),
            ("(?)a", Ok("a")),
            (r"a\", Err(TRAILING)),
        ];
        for (regex, expected) in cases {
            let found = compile(regex).map(|regex| names.into_iter().filter(|name| regex.is_match(name)).collect::<Vec<_>>().join(" "));
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{regex}");
        }
    }
}

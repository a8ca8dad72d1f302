//! What options of the element and arguments of the JavaScript API are expected to be.

pub const DESTROYED: &str = "this playground is destroyed";

pub const BOOLEAN: &str = "true or false";
pub const BRANCH: &str = "the id of a branch, as state().branches has them";
pub const HEIGHT: &str = "CSS pixels such as 480, a CSS length such as 30rem, or auto";
pub const LENGTH: &str = "a length";
pub const MICROS: &str = "microseconds since the run began, from 0 to 9007199254740991";
pub const MOMENT: &str = "a time from 0s to 1h, such as 24s or 1500ms";
pub const NAME: &str = "text, or nothing to drop the branch";
pub const OPTIONS: &str = "an object of options";
pub const SPEED: &str = "a factor such as 1, 1/4 or 10x, max or auto";
pub const TEXT: &str = "text";

/// What a value is that is of no simple type.
pub const OBJECT: &str = "an object";

pub fn at_most(lines: usize) -> String {
    format!("at most {lines} lines")
}

pub fn line(why: &str) -> String {
    format!("a line of the scenario language ({why})")
}

pub fn one_of(words: &[&str]) -> String {
    words.join(" or ")
}

/// What an option is that cannot be another one later.
pub fn once(now: &str) -> String {
    format!("{now} (it is read once, when the playground starts)")
}

/// That a height is of its content or not cannot change later; a length can.
pub fn height_once(now: &str) -> String {
    format!("{now} (whether a height is auto is read once, when the playground starts)")
}

pub fn whole_number(most: u64) -> String {
    format!("a whole number from 0 to {most}")
}

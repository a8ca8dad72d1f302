//! The list of the questions. Each is a file here: `file: Type`, where the type implements `Ask`.
//!
//! The order is the order of suggestions, and of two questions that the same thing raises the first one is asked on its card.

use super::{Ask, Explanation, Occasion};
use std::sync::LazyLock;

macro_rules! questions {
    ($($file:ident: $Kind:ident,)+) => {
        $(mod $file;)+
        $(pub use $file::$Kind;)+

        /// A question.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub enum Question {
            $($Kind($Kind),)+
        }

        $(impl From<$Kind> for Question {
            fn from(question: $Kind) -> Self {
                Self::$Kind(question)
            }
        })+

        /// How each question is typed.
        const ALL_FORMS: &[&str] = &[$($Kind::FORM,)+];

        /// Of each question its form and an example.
        #[cfg(test)]
        pub(super) const EXAMPLES: &[(&str, &str)] = &[$(($Kind::FORM, $Kind::EXAMPLE),)+];

        impl Question {
            pub(super) fn from_words(words: &[&str]) -> Option<Self> {
                let (name, rest) = words.split_first()?;
                $(if *name == name_of($Kind::FORM) {
                    return $Kind::parse(rest).map(Self::from);
                })+
                None
            }

            /// As it is typed: what `parse` reads.
            pub fn typed(&self) -> String {
                match self {
                    $(Self::$Kind(question) => format!("{} {}", name_of($Kind::FORM), question.arguments()),)+
                }
            }

            /// As a person asks it.
            pub fn asked(&self) -> String {
                match self {
                    $(Self::$Kind(question) => question.asked(),)+
                }
            }

            pub(super) fn answer(&self, explanation: &mut Explanation<'_>) -> bool {
                match self {
                    $(Self::$Kind(question) => question.answer(explanation),)+
                }
            }

            /// All that are suggested on an occasion, in the order of the list.
            pub(super) fn suggested(occasion: &Occasion<'_>) -> Vec<Self> {
                let mut out = Vec::new();
                $(out.extend($Kind::suggested(occasion).into_iter().map(Self::from));)+
                out
            }
        }
    };
}

questions! {
    leaderless: Leaderless,
    out_of_sync: OutOfSync,
    gone: Gone,
    twice: Twice,
    duplicated: Duplicated,
    not_readable: NotReadable,
    late: Late,
    thrown_out: ThrownOut,
    idle: Idle,
    read_on: ReadOn,
    lag: Lag,
    happened: Happened,
}

pub use happened::{told_as, waited_for};

/// A form's first word.
fn name_of(form: &str) -> &str {
    form.split(' ').next().unwrap_or_default()
}

/// What can be typed, for those who were not understood.
pub fn forms() -> &'static str {
    static FORMS: LazyLock<String> = LazyLock::new(|| {
        let (last, others) = ALL_FORMS.split_last().unwrap_or((&"", &[]));
        format!("{} or {last}", others.join(", "))
    });
    &FORMS
}

//! What `tidepool broker --brokers N` takes on standard input: lines of the scenario language. A broker may be called by its id alone.

use crate::world::action::Genesis;
use crate::world::operations::{Action, Token, tokens};

/// One line, as in `kill broker-2` or `kill 2`; `None`: an empty one.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse(line: &str) -> Result<Option<Action>, String> {
    let words = tokens(line).map_err(|error| error.message)?;
    let Some(verb) = words.first() else { return Ok(None) };
    let is_id = |word: &&Token| word.text.bytes().all(|byte| byte.is_ascii_digit());
    let line = match words.get(1).filter(is_id) {
        Some(id) => {
            let column = id.column.saturating_sub(1) as usize;
            let (before, after): (String, String) = (line.chars().take(column).collect(), line.chars().skip(column).collect());
            format!("{before}broker-{after}")
        }
        None => line.to_owned(),
    };
    Action::parse(&line, Genesis::default().link()).map(Some).map_err(|error| match words.len() {
        1 => format!("{}; {} 2 would be broker-2", error.message, verb.text),
        _ => error.message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::operations::{Heal, Kill, SlowDisk};

    #[test]
    fn lines_are_actions_or_say_what_is_expected() {
        let kill: Action = Kill { node: "broker-2".into() }.into();
        assert_eq!(parse(" kill  2 "), Ok(Some(kill.clone())));
        assert_eq!(parse("kill broker-2"), Ok(Some(kill)));
        assert_eq!(parse("slow-disk 1 20ms"), Ok(Some(SlowDisk { node: "broker-1".into(), delay_us: 20_000 }.into())));
        assert_eq!(parse("heal"), Ok(Some(Heal.into())));
        assert_eq!(parse("  "), Ok(None));
        let error = parse("explode 2").expect_err("is unknown");
        assert!(error.starts_with("\"explode\" cannot happen: one of add, change"), "{error}");
        let error = parse("kill").expect_err("names no broker");
        assert_eq!(error, "the broker's name is expected here; kill 2 would be broker-2");
    }
}

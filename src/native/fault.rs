//! What `tidepool broker --brokers N` takes on standard input.

/// Brokers by id, from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// The process dies; its page cache stays.
    Kill(i32),
    /// What was not flushed is lost.
    PowerLoss(i32),
    Wipe(i32),
    /// A controlled shutdown.
    Stop(i32),
    Restart(i32),
    Pause(i32),
    Resume(i32),
    /// Nothing goes to the broker or from it.
    Isolate(i32),
    Heal,
}

const KNOWN: &str = "kill N, power-loss N, wipe N, stop N, restart N, pause N, resume N, isolate N and heal are";

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FaultError {
    #[error("{0} is not known; {KNOWN}")]
    Unknown(String),
    #[error("{0} needs a broker's id, as in: {0} 2")]
    NoNode(String),
}

impl Fault {
    /// The broker that it befalls.
    pub(crate) fn node(self) -> Option<i32> {
        match self {
            Self::Kill(id) | Self::PowerLoss(id) | Self::Wipe(id) | Self::Stop(id) | Self::Restart(id) => Some(id),
            Self::Pause(id) | Self::Resume(id) | Self::Isolate(id) => Some(id),
            Self::Heal => None,
        }
    }

    /// One line; `None`: an empty one.
    pub(crate) fn parse(line: &str) -> Result<Option<Self>, FaultError> {
        let mut words = line.split_whitespace();
        let Some(verb) = words.next() else { return Ok(None) };
        let make = match verb {
            "heal" => return Ok(Some(Self::Heal)),
            "kill" => Self::Kill,
            "power-loss" => Self::PowerLoss,
            "wipe" => Self::Wipe,
            "stop" => Self::Stop,
            "restart" => Self::Restart,
            "pause" => Self::Pause,
            "resume" => Self::Resume,
            "isolate" => Self::Isolate,
            other => return Err(FaultError::Unknown(other.to_owned())),
        };
        let id = words.next().and_then(|word| word.parse().ok()).ok_or_else(|| FaultError::NoNode(verb.to_owned()))?;
        Ok(Some(make(id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_faults_or_say_what_is_expected() {
        assert_eq!(Fault::parse(" kill  2 "), Ok(Some(Fault::Kill(2))));
        assert_eq!(Fault::parse("heal"), Ok(Some(Fault::Heal)));
        assert_eq!(Fault::parse("  "), Ok(None));
        assert_eq!(Fault::parse("kill two"), Err(FaultError::NoNode("kill".into())));
        let error = Fault::parse("explode 2").expect_err("is unknown").to_string();
        assert!(error.starts_with("explode is not known; kill N"), "{error}");
    }
}

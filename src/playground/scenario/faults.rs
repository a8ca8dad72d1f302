//! What befalls brokers and the network, from text.

use super::Scenario;
use super::parse::{Line, Parsed, number};
use super::token::{duration, percent};
use crate::world::action::{Action, Fault, LinkSpec};
use std::sync::Arc;

/// `broker-1` … `broker-9`.
fn is_broker(name: &str) -> bool {
    name.strip_prefix("broker-").is_some_and(|id| matches!(id.as_bytes(), [b'1'..=b'9']))
}

/// What a process, a broker's or a client's, goes through.
pub(super) fn process(verb: &str, name: Arc<str>) -> Action {
    let broker = is_broker(&name);
    let node = name.clone();
    match (verb, broker) {
        ("stop", true) => Action::Fault(Fault::Stop { node }),
        ("stop", false) => Action::StopClient { name },
        ("restart", true) => Action::Fault(Fault::Restart { node }),
        ("restart", false) => Action::RestartClient { name },
        ("pause", true) => Action::Fault(Fault::Pause { node }),
        ("pause", false) => Action::PauseClient { name },
        (_, true) => Action::Fault(Fault::Resume { node }),
        (_, false) => Action::ResumeClient { name },
    }
}

/// How a link is, or all links are: what is not given is as at first. And whether anything is.
fn link(line: &mut Line, scenario: &Scenario) -> Parsed<(LinkSpec, bool)> {
    let pairs = line.pairs(&["latency", "jitter", "loss", "duplicate"], false)?;
    let how = LinkSpec {
        latency_us: pairs.get(line, "latency", duration)?.unwrap_or(scenario.genesis.latency_us),
        jitter_us: pairs.get(line, "jitter", duration)?.unwrap_or(scenario.genesis.jitter_us),
        loss_ppm: pairs.get(line, "loss", percent)?.unwrap_or(0),
        duplicate_ppm: pairs.get(line, "duplicate", percent)?.unwrap_or(0),
    };
    Ok((how, pairs.given()))
}

/// What befalls brokers and the network; `None`: the verb is no fault.
pub(super) fn fault(line: &mut Line, verb: &str, scenario: &Scenario) -> Parsed<Option<Fault>> {
    let (one, node, other) = ("the broker's name", "a node's name", "the other node's name");
    Ok(Some(match verb {
        "kill" => Fault::Kill { node: line.name(one)? },
        "power-loss" => Fault::PowerLoss { node: line.name(one)? },
        "wipe" => Fault::Wipe { node: line.name(one)? },
        "slow-disk" => Fault::SlowDisk { node: line.name(one)?, delay_us: line.duration()? },
        "full-disk" => {
            let node = line.name(one)?;
            let token = line.word("free=BYTES or healed")?;
            let free = match (token.text.as_str(), token.pair()) {
                ("healed", _) => None,
                (_, Some(("free", "=", bytes))) => Some(line.checked(&token, number(bytes))?),
                _ => return line.fail(token.column, "free=BYTES or healed is expected"),
            };
            Fault::FullDisk { node, free }
        }
        "skew" => {
            let node = line.name(one)?;
            let token = line.word("how far its clock is ahead, as in 2s or -2s,")?;
            let (sign, text) = token.text.strip_prefix('-').map_or((1, token.text.as_str()), |text| (-1, text));
            Fault::Skew { node, by_us: sign * line.checked(&token, duration(text))? }
        }
        "links" => {
            let LinkSpec { latency_us, jitter_us, loss_ppm, duplicate_ppm } = link(line, scenario)?.0;
            Fault::Links { latency_us, jitter_us, loss_ppm, duplicate_ppm }
        }
        "link" => {
            let (from, to, one_way) = (line.name(node)?, line.name(other)?, line.has("one-way"));
            let (how, given) = link(line, scenario)?;
            Fault::Link { from, to, one_way, how: given.then_some(how) }
        }
        "cut" => {
            let (from, to) = (line.name(node)?, line.name(other)?);
            Fault::Cut { from, to, one_way: line.flag("one-way")? }
        }
        "isolate" => Fault::Isolate { node: line.name(node)? },
        "heal" => Fault::Heal,
        _ => return Ok(None),
    }))
}

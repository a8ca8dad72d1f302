//! A moment of a run for others: as an address of the page, as a tag for a page of theirs, as a file.

use super::scenario::scenarios;
use super::time::{TimeError, Timeline};
use crate::world::EPOCH;
use crate::world::operations::duration_text;
use std::fmt::Write as _;

/// Where time goes on nobody means the microsecond: a tenth of a second.
const ROUGHLY_US: i64 = 100_000;

/// The height that the element has by itself, also where its window is narrower than 640 pixels: kept free before the element is there, so
/// that nothing moves on the page. An attribute, since a page may have no style sheet for it.
const ROOM: &str = "display:block;height:clamp(40rem,(640px - 100vw)*999,56rem)";

/// What leads somebody else to the moment that is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shared {
    /// The name in the list of scenarios, where the run is as its file has it.
    pub listed: Option<&'static str>,
    /// The scenario's file, with what people did in it.
    pub text: String,
    /// Microseconds since the run began.
    pub at: i64,
    /// Time stands still.
    pub paused: bool,
}

impl Shared {
    /// The moment that `time` shows. `text`: the scenario's file as it runs.
    ///
    /// # Errors
    /// None that the branch which is shown could have.
    pub fn of(time: &Timeline, text: &str, paused: bool) -> Result<Self, TimeError> {
        let branch = time.branch();
        let scenario = time.as_scenario(branch.id)?;
        let as_written = scenario == *time.play().scenario();
        let at = time.world().now().micros_since(EPOCH);
        Ok(Self {
            listed: scenarios().iter().find(|entry| as_written && entry.text == text).map(|entry| entry.name),
            text: if as_written { text.to_owned() } else { scenario.to_text() },
            at: if paused { at } else { at / ROUGHLY_US * ROUGHLY_US },
            paused,
        })
    }

    /// The page's address at this moment. `page`: its address without parameters.
    pub fn address(&self, page: &str) -> String {
        let at = duration_text(self.at);
        let paused = if self.paused { "&paused" } else { "" };
        match self.listed {
            Some(name) => format!("{page}?scenario={name}&at={at}{paused}"),
            // Behind the #, which no server sees.
            None => format!("{page}#at={at}{paused}&text={}", encoded(&self.text)),
        }
    }

    /// The lines that show this moment in another page. `home`: the address of the folder of `element.js`, with its last slash.
    pub fn tag(&self, home: &str) -> String {
        let mut out = format!("<script type=\"module\" src=\"{home}element.js\"></script>\n<tide-pool");
        if let Some(name) = self.listed {
            let _ = write!(out, " scenario=\"{name}\"");
        }
        let _ = write!(out, " at=\"{}\"{} style=\"{ROOM}\">", duration_text(self.at), if self.paused { " paused" } else { "" });
        if self.listed.is_none() {
            // Nothing in it may end the element.
            let text = self.text.replace("</", "< /");
            let _ = write!(out, "<script type=\"text/tidepool\">\n{}\n</script>", text.trim_end());
        }
        // For who has no JavaScript, or a reader that takes the text alone.
        let there = if self.listed.is_some() { self.address(home).replace('&', "&amp;") } else { home.to_owned() };
        let link = format!("<a href=\"{there}\">on a page of its own</a>");
        let _ = writeln!(out, "\n<p>A Kafka cluster that runs in the page, with JavaScript and WebAssembly: {link}.</p>");
        out + "</tide-pool>\n"
    }
}

/// As the value of a parameter in an address (application/x-www-form-urlencoded).
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::scenario::{Playback, Scenario};
    use crate::world::operations::Kill;

    fn listed() -> &'static str {
        scenarios().iter().find(|entry| entry.name == "three-brokers").map_or("", |entry| entry.text)
    }

    fn run(text: &str, micros: i64) -> Timeline {
        let scenario = Scenario::parse(text).expect("it reads");
        let mut time = Timeline::new(Playback::new(scenario).expect("it starts"));
        time.seek(EPOCH.plus_micros(micros)).expect("it goes there");
        time
    }

    #[test]
    fn a_listed_scenario_is_named_and_a_moment_is_exact_where_time_stands_still() {
        let time = run(listed(), 14_250_001);
        let shared = Shared::of(&time, listed(), true).expect("the branch is there");
        assert_eq!(shared.address("https://t.example/"), "https://t.example/?scenario=three-brokers&at=14250001us&paused");
        let playing = Shared::of(&time, listed(), false).expect("the branch is there");
        assert_eq!(playing.address("https://t.example/"), "https://t.example/?scenario=three-brokers&at=14200ms");
        let tag = playing.tag("https://t.example/a/");
        assert!(tag.contains("src=\"https://t.example/a/element.js\""), "{tag}");
        let element = "<tide-pool scenario=\"three-brokers\" at=\"14200ms\" style=\"display:block;height:clamp(";
        assert!(tag.lines().nth(1).is_some_and(|line| line.starts_with(element)), "{tag}");
        let link = "<a href=\"https://t.example/a/?scenario=three-brokers&amp;at=14200ms\">on a page of its own</a>.</p>\n</tide-pool>\n";
        assert!(tag.ends_with(link), "{tag}");
    }

    #[test]
    fn what_people_did_is_in_the_file_that_comes_with_it() {
        let mut time = run(listed(), 14_000_000);
        time.act(Kill { node: "broker-2".into() }.into()).expect("it can be done");
        time.seek(EPOCH.plus_micros(15_000_000)).expect("it goes there");
        let shared = Shared::of(&time, listed(), true).expect("the branch is there");
        assert_eq!(shared.listed, None);
        assert!(shared.text.contains("\nat 14s kill broker-2\n"), "{}", shared.text);
        assert!(shared.address("/").starts_with("/#at=15s&paused&text=tidepool+1%0Atitle+Three+brokers%0A"), "{}", shared.address("/"));
        // The same run: its hash at that moment is the same.
        let again = run(&shared.text, 15_000_000);
        assert_eq!(again.world().event_hash(), time.world().event_hash());
        let element = format!("<tide-pool at=\"15s\" paused style=\"{ROOM}\"><script type=\"text/tidepool\">\ntidepool 1\n");
        assert!(shared.tag("/").contains(&element), "{}", shared.tag("/"));
    }

    #[test]
    fn a_note_cannot_end_the_element_that_it_stands_in() {
        let text = "tidepool 1\ntitle t\nat 1s note \"</script><b>\"\nrun 5s\n";
        let shared = Shared::of(&run(text, 2_000_000), text, false).expect("the branch is there");
        assert_eq!(shared.tag("/").matches("</script>").count(), 2, "{}", shared.tag("/"));
    }
}

//! What has values to fill in: settings of clients, configs of topics, and the like.

use super::super::scenario::{action_line, line_pairs, quoted};
use crate::kafka::config::{self, BROKER, ConfigDef, ConfigType, Valid};
use crate::kafka::controller::check_dynamic;
use crate::world::World;
use std::sync::Arc;

/// What is to be filled in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ask {
    Client(Arc<str>),
    Topic(Arc<str>),
    /// A broker's, or those of all brokers.
    Broker(Option<Arc<str>>),
    /// With a free name.
    NewTopic(Arc<str>),
    /// With the replicas that it has.
    Reassign(Arc<str>, i32, String),
    Send(Arc<str>),
    Links,
    /// From the first to the second, or both ways.
    Link(Arc<str>, Arc<str>),
}

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
    bare: bool,
    /// Another process is needed for it.
    pub restarts: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Form {
    pub title: String,
    /// What it means to do it.
    pub means: &'static str,
    start: String,
    /// Only what has been changed is said, an empty value takes a config back.
    changes: bool,
    pub fields: Vec<Field>,
}

/// Key, what holds without it, what it means, and the words it may have.
type Row = (&'static str, &'static str, &'static str, &'static [&'static str]);

const ONE_WAY: &str = "one-way";
const WAYS: &[&str] = &["both ways", ONE_WAY];
const BOOL: &[&str] = &["true", "false"];
#[rustfmt::skip]
const PRODUCER: &[Row] = &[
    ("topic", "", "Where its records go", &[]),
    ("rate", "1/s", "Records a second", &[]),
    ("keys", "none", "none, a,b,c, uniform:6 or skewed:12", &[]),
    ("value", "64", "Bytes of each value", &[]),
];
const PRODUCER_CONFIGS: &[&str] = &[
    "acks",
    "enable.idempotence",
    "linger.ms",
    "batch.size",
    "compression.type",
    "max.in.flight.requests.per.connection",
    "retries",
    "retry.backoff.ms",
    "request.timeout.ms",
    "delivery.timeout.ms",
    "buffer.memory",
    "max.request.size",
    "partitioner.ignore.keys",
];
#[rustfmt::skip]
const CONSUMER: &[Row] = &[
    ("handle", "0s", "Its handler's time for each record", &[]),
    ("topics", "", "What it reads", &[]),
    ("group", "", "Nothing: all partitions, no group", &[]),
    ("commit", "auto", "When offsets are committed", &["auto", "each-poll", "never"]),
];
const CONSUMER_CONFIGS: &[&str] = &[
    "auto.commit.interval.ms",
    "auto.offset.reset",
    "session.timeout.ms",
    "heartbeat.interval.ms",
    "max.poll.interval.ms",
    "max.poll.records",
    "group.instance.id",
    "fetch.min.bytes",
    "fetch.max.wait.ms",
    "max.partition.fetch.bytes",
    "fetch.max.bytes",
    "request.timeout.ms",
];
/// What holds without another process.
const LIVE: [&str; 5] = ["topic", "rate", "keys", "value", "handle"];
#[rustfmt::skip]
const LINKS: &[Row] = &[
    ("latency", "", "There, and back as much", &[]), ("jitter", "", "So much more at most", &[]),
    ("loss", "0%", "Of packets; each is sent again", &[]), ("duplicate", "0%", "Of packets; TCP drops the second", &[]),
];
#[rustfmt::skip]
const SEND: &[Row] = &[("key", "", "Nothing: no key", &[]), ("value", "", "Nothing: a tombstone", &[])];
/// Those of a topic's configs that are asked for first.
#[rustfmt::skip]
const TOPIC: [&str; 14] = [
    "min.insync.replicas", "unclean.leader.election.enable", "retention.ms", "retention.bytes", "segment.ms", "segment.bytes",
    "cleanup.policy", "max.message.bytes", "message.timestamp.type", "message.timestamp.before.max.ms", "message.timestamp.after.max.ms",
    "index.interval.bytes", "segment.index.bytes", "flush.messages",
];
/// What one broker cannot have for itself, since eligible leader replicas need one value for all.
const FOR_ALL: &str = "min.insync.replicas";

const NEW: &[Row] = &[("partitions", "1", "", &[]), ("replicas", "", "On so many brokers", &[])];

fn field((key, default, means, choices): Row) -> Field {
    Field { key: key.to_owned(), value: String::new(), default: default.to_owned(), means, choices, bare: false, restarts: false }
}

/// A config's field, with the words that it takes.
fn config_field(def: &ConfigDef) -> Field {
    let choices = match (def.kind, def.valid) {
        (ConfigType::Boolean, _) => BOOL,
        (ConfigType::String, Valid::OneOf(words)) => words,
        _ => &[],
    };
    field((def.name, def.default.unwrap_or_default(), def.doc, choices))
}

/// The form to fill in, with what holds now; `None` when what it is about has gone.
pub fn form(world: &World, ask: &Ask) -> Option<Form> {
    let of = |title: &str, means, start: String, rows: &[Row]| Form {
        title: title.to_owned(),
        means,
        start,
        changes: false,
        fields: rows.iter().map(|row| field(*row)).collect(),
    };
    let bare = |key, value: &str, means| Field { value: value.to_owned(), bare: true, ..field((key, "", means, &[])) };
    Some(match ask {
        Ask::Client(name) => {
            let line = action_line(&world.client(name)?);
            let producer = line.starts_with("change producer");
            let (rows, table, configs, start) = match producer {
                true => (PRODUCER, config::PRODUCER, PRODUCER_CONFIGS, "change producer"),
                false => (CONSUMER, config::CONSUMER, CONSUMER_CONFIGS, "change consumer"),
            };
            let mut form = of(name, "", format!("{start} {}", quoted(name)), rows);
            form.fields.extend(configs.iter().filter_map(|name| table.get(name)).map(config_field));
            for (key, value) in line_pairs(&line) {
                match form.fields.iter_mut().find(|field| field.key == key) {
                    Some(field) => field.value = value,
                    None => form.fields.push(Field { key, value, ..field(("", "", "", &[])) }),
                }
            }
            for field in &mut form.fields {
                field.restarts = !LIVE.contains(&&*field.key);
            }
            form
        }
        Ask::Topic(topic) => {
            let mut form = of(topic, "An empty field takes a config back to its default", format!("set {}", quoted(topic)), &[]);
            form.changes = true;
            let set = world.image()?.topic_configs.get(topic);
            for def in TOPIC.into_iter().filter_map(|name| config::TOPIC.get(name)) {
                let value = set.and_then(|set| set.get(def.name)).cloned().unwrap_or_default();
                form.fields.push(Field { value, ..field((def.name, def.default.unwrap_or_default(), def.doc, &[])) });
            }
            form
        }
        Ask::Broker(name) => {
            let (title, whom) = (name.as_deref().unwrap_or("All brokers"), name.as_deref().unwrap_or("brokers"));
            let start = format!("config {}", quoted(whom));
            let mut form = of(title, "They hold at once; an empty field takes a config back", start, &[]);
            form.changes = true;
            let id = match name {
                Some(name) => world.view().brokers.iter().find(|broker| broker.name == *name)?.node_id.to_string(),
                None => String::new(),
            };
            let set = world.image()?.broker_configs.get(&id);
            for def in BROKER.iter().filter(|def| def.is_dynamic() && def.in_force() && (name.is_none() || def.name != FOR_ALL)) {
                let value = set.and_then(|set| set.get(def.name)).cloned().unwrap_or_default();
                form.fields.push(Field { value, ..field((def.name, def.default.unwrap_or_default(), def.doc, &[])) });
            }
            form
        }
        Ask::NewTopic(name) => {
            let mut form = of("New topic", "", "topic".to_owned(), NEW);
            form.fields.insert(0, bare("name", name, ""));
            form
        }
        Ask::Reassign(topic, n, replicas) => {
            let mut form = of(
                &format!("{topic}-{n}"),
                "Data is copied first, then the old replicas go",
                format!("reassign {} {n}", quoted(topic)),
                &[],
            );
            form.fields.push(bare("brokers", replicas, "The first is the preferred leader"));
            form
        }
        Ask::Send(name) => of(name, "", format!("send {}", quoted(name)), SEND),
        Ask::Links | Ask::Link(..) => {
            let (title, start, now) = match ask {
                Ask::Link(a, b) => (format!("{a} – {b}"), format!("link {} {}", quoted(a), quoted(b)), world.link(a, b)),
                _ => ("All links".to_owned(), "links".to_owned(), world.links()),
            };
            let mut form = of(&title, "Nothing given: as at first", start, LINKS);
            let line = action_line(&now);
            for (key, value) in line_pairs(&line) {
                if let Some(field) = form.fields.iter_mut().find(|field| field.key == key) {
                    field.value = value;
                }
            }
            if matches!(ask, Ask::Link(..)) {
                let way = if line.contains(" one-way") { ONE_WAY } else { "" };
                let (default, means) = ("both ways".to_owned(), "one-way: from the first to the second only");
                form.fields.insert(0, Field { default, choices: WAYS, ..bare("direction", way, means) });
            }
            form
        }
    })
}

impl Form {
    /// The line that says these values, one for each field.
    pub fn line(&self, values: &[String]) -> String {
        let mut line = self.start.clone();
        for (field, value) in self.fields.iter().zip(values) {
            let said = if self.changes { *value != field.value } else { !value.is_empty() };
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
        let changed = self.fields.iter().zip(values).filter(|(field, value)| self.changes && **value != field.value && !value.is_empty());
        let check = |key: &str, value: &str| match BROKER.get(key).filter(|_| self.start.starts_with("config ")) {
            Some(def) => check_dynamic(def, Some(value), true).map_err(|(_, why)| why),
            None => config::TOPIC.check(key, value).map(|_| ()).map_err(|error| error.kafka_message()),
        };
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

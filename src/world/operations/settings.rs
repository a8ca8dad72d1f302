//! Settings of client apps, as the operations that add and change them have them: their line, what is allowed, their form.

use super::form::Row;
use super::line::{Line, Parsed, Words};
use super::lookup::invalid;
use super::units::{duration, duration_text, hint, number, percent, percent_text, rate, rate_text};
use crate::kafka::expression;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::world::action::{ActionError, ConsumerSpec, Header, KeyPartitioner, Keys, ProducerSpec, SendHabits, TransactionPlan};
use crate::world::handler::{
    CommitMode, CommitPolicy, Delivery, Fails, HandlerSpec, MAX_BULK_ROWS, MAX_INTERVAL_US, OnFailure, OnRevoke, OutputSpec, SinkKind,
};
use std::sync::Arc;

/// Records in a thousand seconds: 10,000 a second.
pub const MAX_RATE_PER_1000S: u64 = 10_000_000;
pub const MAX_VALUE_BYTES: u32 = 1_000_000;
/// Different keys of one producer app.
pub const MAX_KEYS: u32 = 10_000;
/// Microseconds that a handler takes at most for one record: an hour.
pub const MAX_HANDLE_US: i64 = 3_600_000_000;
/// Configs given with one action.
pub const MAX_CONFIGS: u32 = 64;

/// Settings that hold without another process.
pub(super) const LIVE: [&str; 10] = ["topic", "rate", "keys", "value", "transaction", "aborts", "handle", "headers", "app-retry", "outbox"];
/// An app's own settings.
#[rustfmt::skip]
pub(super) const PRODUCER: &[Row] = &[
    ("topic", "", "Where its records go", &[]),
    ("rate", "1/s", "Records a second", &[]),
    ("keys", "none", "none, a,b,c, uniform:6 or skewed:12", &[]),
    ("value", "64", "Bytes of each value", &[]),
    ("partitioner", "default", "default, round-robin, crc32 (librdkafka), fnv1a (Sarama), or table:KEY=P,…", &[]),
    ("transaction", "10", "Records in a transaction, where transactional.id is set", &[]),
    ("aborts", "0%", "How many transactions are aborted", &[]),
    ("headers", "", "On each of its records, as in trace:7,source:web", &[]),
    ("app-retry", "0", "How often the app itself sends a record again that has failed", &[]),
    ("outbox", "", "Records are rows of a table first; a relay reads so many at a time and sends them", &[]),
];
/// Configs that a form has a field for, set or not.
pub(super) const PRODUCER_CONFIGS: &[&str] = &[
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
    "transactional.id",
];
#[rustfmt::skip]
pub(super) const CONSUMER: &[Row] = &[
    ("handle", "0s", "Its handler's time for each record", &[]),
    ("topics", "", "What it reads: names, or a regular expression that begins with ^", &[]),
    ("group", "", "Nothing: all partitions, no group", &[]),
    ("commit", "auto", "When: auto, before, each-record, each-poll, after-insert, every:5s or never; each-poll-sync: it waits", &[]),
    ("fails", "never", "Its handler fails: never, on key:KEY, or 5%", &[]),
    ("on-failure", "crash", "What it does then: crash, retry, skip, dead-letter:TOPIC", &[]),
    ("on-revoke", "nothing", "What it does before others get its partitions; commit: what it has handled", REVOCATIONS),
    ("output", "", "The topic that gets a record for each that it has handled; nothing: none", &[]),
    ("delivery", "", "How outputs and offsets go together", DELIVERIES),
    ("sink", "print", "Where records go: print, table, unique-table, upsert, upsert-newest, offset-table, bulk:20, bulk:20/5s", &[]),
];
const COMMITS: &[&str] = &[
    "auto",
    "before",
    "before-sync",
    "each-record",
    "each-record-sync",
    "each-poll",
    "each-poll-sync",
    "after-insert",
    "after-insert-sync",
    "every:5s",
    "every:5s-sync",
    "never",
];
const PARTITIONERS: &[&str] = &["default", "round-robin", "crc32", "fnv1a", "table:KEY=P"];
const DELIVERIES: &[&str] = &["exactly-once", "at-least-once", "at-most-once"];
const FAILURES: &[&str] = &["crash", "retry", "skip", "dead-letter:TOPIC"];
const REVOCATIONS: &[&str] = &["nothing", "commit"];
const SINKS: &[&str] = &["print", "table", "unique-table", "upsert", "upsert-newest", "offset-table", "bulk:20", "bulk:5s", "bulk:20/5s"];
pub(super) const CONSUMER_CONFIGS: &[&str] = &[
    "auto.commit.interval.ms",
    "auto.offset.reset",
    "isolation.level",
    "session.timeout.ms",
    "heartbeat.interval.ms",
    "max.poll.interval.ms",
    "max.poll.records",
    "group.instance.id",
    "group.protocol",
    "partition.assignment.strategy",
    "fetch.min.bytes",
    "fetch.max.wait.ms",
    "max.partition.fetch.bytes",
    "fetch.max.bytes",
    "request.timeout.ms",
];

/// Headers that an app gives to each record.
const MAX_HEADERS: u32 = 20;
/// How often an app itself sends a record again.
const MAX_APP_RETRIES: u32 = 100;
/// Rows of an outbox that are read at a time.
const MAX_OUTBOX_ROWS: u32 = 1_000;

/// Records that an app puts into one transaction.
const MAX_TRANSACTION: u32 = 10_000;

pub(super) fn check_topic_name(topic: &str) -> Result<(), ActionError> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if topic.is_empty() || topic.len() > 249 || topic == "." || topic == ".." || !topic.chars().all(legal) {
        return Err(invalid(format!("{topic:?} cannot name a topic: 1 to 249 of a-z, A-Z, 0-9, '.', '_' and '-'")));
    }
    Ok(())
}

pub(super) fn check_configs(config: &SortedVecMap<String, String>) -> Result<(), ActionError> {
    if config.len() as u64 > u64::from(MAX_CONFIGS) {
        return Err(invalid(format!("{} configs: at most {MAX_CONFIGS} are allowed", config.len())));
    }
    Ok(())
}

pub(super) fn check_rate(rate_per_1000s: u64) -> Result<(), ActionError> {
    if rate_per_1000s > MAX_RATE_PER_1000S {
        return Err(invalid(format!("a rate is at most {} records a second", MAX_RATE_PER_1000S / 1000)));
    }
    Ok(())
}

pub(super) fn check_handle_time(handle_us: i64) -> Result<(), ActionError> {
    if !(0..=MAX_HANDLE_US).contains(&handle_us) {
        return Err(invalid(format!("a handler takes 0 to {} s for a record", MAX_HANDLE_US / 1_000_000)));
    }
    Ok(())
}

pub(super) fn check_producer(spec: &ProducerSpec) -> Result<(), ActionError> {
    check_topic_name(&spec.topic)?;
    check_rate(spec.rate_per_1000s)?;
    check_configs(&spec.config)?;
    if spec.value_bytes > MAX_VALUE_BYTES {
        return Err(invalid(format!("a value has at most {MAX_VALUE_BYTES} bytes")));
    }
    if !(1..=MAX_TRANSACTION).contains(&spec.transactions.records) || spec.transactions.aborts_ppm > 1_000_000 {
        return Err(invalid(format!("a transaction has 1 to {MAX_TRANSACTION} records, and 0 to 100 % are aborted")));
    }
    check_habits(spec)?;
    let keys = match &spec.keys {
        Keys::None => 1,
        Keys::Set(keys) => u32::try_from(keys.len()).unwrap_or(u32::MAX),
        Keys::Uniform(n) | Keys::Skewed(n) => *n,
    };
    if !(1..=MAX_KEYS).contains(&keys) {
        return Err(invalid(format!("{keys} keys: 1 to {MAX_KEYS} are allowed")));
    }
    Ok(())
}

fn check_habits(spec: &ProducerSpec) -> Result<(), ActionError> {
    let SendHabits { headers, retries, outbox } = &spec.habits;
    if headers.len() as u64 > u64::from(MAX_HEADERS) {
        return Err(invalid(format!("a record has at most {MAX_HEADERS} headers")));
    }
    if *retries > MAX_APP_RETRIES {
        return Err(invalid(format!("app-retry= takes 0 to {MAX_APP_RETRIES}")));
    }
    if outbox.is_some_and(|rows| !(1..=MAX_OUTBOX_ROWS).contains(&rows)) {
        return Err(invalid(format!("outbox= takes 1 to {MAX_OUTBOX_ROWS} rows")));
    }
    if outbox.is_some() && *retries > 0 {
        return Err(invalid("app-retry= and outbox= are two ways to send again: an app has one of them"));
    }
    if (outbox.is_some() || *retries > 0) && spec.config.contains_key("transactional.id") {
        return Err(invalid("app-retry= and outbox= are for apps without transactional.id: a transaction that fails is aborted"));
    }
    Ok(())
}

pub(super) fn check_consumer(spec: &ConsumerSpec) -> Result<(), ActionError> {
    if spec.topics.is_empty() || spec.topics.len() > 100 {
        return Err(invalid("a consumer reads 1 to 100 topics"));
    }
    match spec.pattern() {
        Some(pattern) => check_pattern(pattern, spec)?,
        None => spec.topics.iter().try_for_each(|topic| check_topic_name(topic))?,
    }
    if spec.group.as_ref().is_some_and(|group| group.is_empty() || group.len() > 255) {
        return Err(invalid("a group's name has 1 to 255 characters"));
    }
    check_handle_time(spec.handle_us)?;
    if matches!(spec.commit, CommitPolicy::Every(us, _) if !(1..=MAX_INTERVAL_US).contains(&us)) {
        return Err(invalid("commit=every:… takes up to an hour"));
    }
    match spec.handler {
        HandlerSpec { sink: SinkKind::Bulk { rows, .. }, .. } if !(1..=MAX_BULK_ROWS).contains(&rows) => {
            return Err(invalid(format!("a bulk insert has 1 to {MAX_BULK_ROWS} rows")));
        }
        HandlerSpec { sink: SinkKind::Bulk { within_us: Some(us), .. }, .. } if !(1..=MAX_INTERVAL_US).contains(&us) => {
            return Err(invalid("a bulk insert comes within an hour at most"));
        }
        HandlerSpec { fails: Fails::Ppm(ppm), .. } if ppm > 1_000_000 => {
            return Err(invalid("a handler fails on 0 to 100 % of its records"));
        }
        HandlerSpec { on_revoke: OnRevoke::Commit, .. } if spec.group.is_none() => {
            return Err(invalid("on-revoke=commit needs group=: nobody takes partitions from who assigns them to itself"));
        }
        HandlerSpec { on_revoke: OnRevoke::Commit, output: Some(_), .. } => {
            return Err(invalid("on-revoke=commit and output= exclude each other: its delivery says when it commits"));
        }
        HandlerSpec { sink: SinkKind::OffsetTable, .. } if spec.group.is_none() => {
            return Err(invalid("sink=offset-table needs group=: a member learns its partitions from its group"));
        }
        _ => {}
    }
    check_output(spec)?;
    check_configs(&spec.config)
}

fn check_pattern(pattern: &str, spec: &ConsumerSpec) -> Result<(), ActionError> {
    let regex = expression::compile(pattern).map_err(|why| invalid(format!("topics={pattern} is no regular expression: {why}")))?;
    if spec.group.is_none() {
        return Err(invalid("topics=^… needs group=: who assigns partitions to itself knows its topics"));
    }
    let HandlerSpec { output, dead_letters, .. } = &spec.handler;
    let written = output.iter().map(|output| &output.topic).chain(dead_letters);
    if let Some(topic) = written.into_iter().find(|topic| regex.is_match(topic)) {
        return Err(invalid(format!("topics={pattern} matches {topic}, which it writes to")));
    }
    Ok(())
}

fn check_output(spec: &ConsumerSpec) -> Result<(), ActionError> {
    if let Some(topic) = &spec.handler.dead_letters {
        check_topic_name(topic)?;
        if spec.topics.contains(topic) {
            return Err(invalid("on-failure=dead-letter:TOPIC names a topic that it does not read"));
        }
    }
    let Some(output) = &spec.handler.output else { return Ok(()) };
    check_topic_name(&output.topic)?;
    if spec.topics.contains(&output.topic) {
        return Err(invalid("output= names a topic that it does not read"));
    }
    if spec.group.is_none() {
        return Err(invalid("output= needs group=: the offsets of what it has processed are its group's"));
    }
    Ok(())
}

fn list(text: &str) -> Result<Vec<Arc<str>>, String> {
    if text.split(',').any(str::is_empty) {
        return Err("names with commas between them are expected, as in a,b,c".into());
    }
    Ok(text.split(',').map(Arc::from).collect())
}

fn read_topics(text: &str) -> Result<Vec<Arc<str>>, String> {
    if text.starts_with('^') { Ok(vec![text.into()]) } else { list(text) }
}

fn read_keys(text: &str) -> Result<Keys, String> {
    Ok(if text == "none" {
        Keys::None
    } else if let Some(count) = text.strip_prefix("uniform:") {
        Keys::Uniform(number(count)?)
    } else if let Some(count) = text.strip_prefix("skewed:") {
        Keys::Skewed(number(count)?)
    } else {
        Keys::Set(list(text.strip_prefix("set:").unwrap_or(text))?)
    })
}

fn read_partitioner(text: &str) -> Result<KeyPartitioner, String> {
    Ok(match text {
        "default" => KeyPartitioner::Java,
        "round-robin" => KeyPartitioner::RoundRobin,
        "crc32" => KeyPartitioner::Crc32,
        "fnv1a" => KeyPartitioner::Fnv1a,
        _ => {
            let Some(table) = text.strip_prefix("table:") else {
                return Err(format!("partitioner=: {}", expected(text, PARTITIONERS)));
            };
            let row = |row: &str| {
                let (key, partition) = row.rsplit_once('=').filter(|(key, _)| !key.is_empty())?;
                Some((Arc::from(key), number(partition).ok()?))
            };
            let rows: Option<_> = table.split(',').map(row).collect();
            KeyPartitioner::Table(rows.ok_or("partitioner=table: takes keys with partitions, as in table:alice=0,bob=1")?)
        }
    })
}

fn partitioner_text(partitioner: &KeyPartitioner) -> String {
    match partitioner {
        KeyPartitioner::Java => "default".into(),
        KeyPartitioner::RoundRobin => "round-robin".into(),
        KeyPartitioner::Crc32 => "crc32".into(),
        KeyPartitioner::Fnv1a => "fnv1a".into(),
        KeyPartitioner::Table(table) => {
            let rows: Vec<String> = table.iter().map(|(key, partition)| format!("{key}={partition}")).collect();
            format!("table:{}", rows.join(","))
        }
    }
}

fn read_headers(text: &str) -> Result<Vec<Header>, String> {
    let header = |item: &str| item.split_once(':').filter(|(name, _)| !name.is_empty()).map(|(name, value)| (name.into(), value.into()));
    let headers: Option<Vec<_>> = text.split(',').map(header).collect();
    headers.ok_or_else(|| "headers= takes names with values, as in trace:7,source:web".into())
}

fn headers_text(headers: &[Header]) -> String {
    headers.iter().map(|(name, value)| format!("{name}:{value}")).collect::<Vec<_>>().join(",")
}

fn keys_text(keys: &Keys) -> String {
    match keys {
        Keys::None => "none".into(),
        Keys::Uniform(n) => format!("uniform:{n}"),
        Keys::Skewed(n) => format!("skewed:{n}"),
        Keys::Set(set) => {
            let text = set.join(",");
            let ambiguous = text == "none" || ["set:", "uniform:", "skewed:"].iter().any(|prefix| text.starts_with(prefix));
            if ambiguous { format!("set:{text}") } else { text }
        }
    }
}

fn read_commit(text: &str) -> Result<CommitPolicy, String> {
    let (when, mode) = text.strip_suffix("-sync").map_or((text, CommitMode::Async), |when| (when, CommitMode::Sync));
    Ok(match (when, mode) {
        ("auto", CommitMode::Async) => CommitPolicy::Auto,
        ("never", CommitMode::Async) => CommitPolicy::Never,
        ("before", mode) => CommitPolicy::BeforeHandling(mode),
        ("each-record", mode) => CommitPolicy::EachRecord(mode),
        ("each-poll", mode) => CommitPolicy::AfterEachPoll(mode),
        ("after-insert", mode) => CommitPolicy::AfterInsert(mode),
        (when, mode) => match when.strip_prefix("every:").map(duration) {
            Some(us) => CommitPolicy::Every(us?, mode),
            None => return Err(format!("commit=: {}", expected(text, COMMITS))),
        },
    })
}

fn commit_text(commit: CommitPolicy) -> String {
    let every;
    let (when, mode) = match commit {
        CommitPolicy::Every(us, mode) => {
            every = format!("every:{}", duration_text(us));
            (&*every, mode)
        }
        CommitPolicy::Auto => ("auto", CommitMode::Async),
        CommitPolicy::Never => ("never", CommitMode::Async),
        CommitPolicy::BeforeHandling(mode) => ("before", mode),
        CommitPolicy::EachRecord(mode) => ("each-record", mode),
        CommitPolicy::AfterEachPoll(mode) => ("each-poll", mode),
        CommitPolicy::AfterInsert(mode) => ("after-insert", mode),
    };
    format!("{when}{}", if mode == CommitMode::Sync { "-sync" } else { "" })
}

/// One of a list of words was expected.
fn expected(text: &str, words: &[&str]) -> String {
    format!("one of {} is expected{}", words.join(", "), hint(text, words))
}

fn read_fails(text: &str) -> Result<Fails, String> {
    match text.strip_prefix("key:") {
        Some("") => Err("a key is expected behind key:, as in key:poison".into()),
        Some(key) => Ok(Fails::Key(key.into())),
        None if text == "never" => Ok(Fails::Never),
        None => percent(text).map(Fails::Ppm).map_err(|_| "fails= takes never, key:KEY or a share such as 5%".into()),
    }
}

fn fails_text(fails: &Fails) -> String {
    match fails {
        Fails::Never => "never".into(),
        Fails::Key(key) => format!("key:{key}"),
        Fails::Ppm(ppm) => percent_text(*ppm),
    }
}

/// What it does, and the topic of its dead letters.
fn read_on_failure(text: &str) -> Result<(OnFailure, Option<Arc<str>>), String> {
    match text.strip_prefix("dead-letter:") {
        Some("") => return Err("a topic is expected behind dead-letter:".into()),
        Some(topic) => return Ok((OnFailure::DeadLetter, Some(topic.into()))),
        None => {}
    }
    let all = [OnFailure::Crash, OnFailure::Retry, OnFailure::Skip];
    let found = all.into_iter().find(|then| then.name() == text);
    found.map(|then| (then, None)).ok_or_else(|| format!("on-failure=: {}", expected(text, FAILURES)))
}

fn read_delivery(text: &str) -> Result<Delivery, String> {
    Delivery::ALL.into_iter().find(|delivery| delivery.name() == text).ok_or_else(|| expected(text, DELIVERIES))
}

fn read_on_revoke(text: &str) -> Result<OnRevoke, String> {
    let found = OnRevoke::ALL.into_iter().find(|then| then.name() == text);
    found.ok_or_else(|| format!("on-revoke=: {}", expected(text, REVOCATIONS)))
}

fn read_sink(text: &str) -> Result<SinkKind, String> {
    Ok(match text {
        "print" => SinkKind::Print,
        "table" => SinkKind::Table,
        "unique-table" => SinkKind::UniqueTable,
        "upsert" => SinkKind::Upsert,
        "upsert-newest" => SinkKind::UpsertNewest,
        "offset-table" => SinkKind::OffsetTable,
        _ => match text.strip_prefix("bulk:") {
            Some(when) => read_bulk(when)?,
            None => return Err(format!("sink=: {}", expected(text, SINKS))),
        },
    })
}

/// So many rows, so much time, or whichever comes first.
fn read_bulk(text: &str) -> Result<SinkKind, String> {
    let of = |rows: &str, time: Option<&str>| -> Result<SinkKind, String> {
        Ok(SinkKind::Bulk { rows: number(rows)?, within_us: time.map(duration).transpose()? })
    };
    match text.split_once('/') {
        Some((rows, time)) => of(rows, Some(time)),
        None if text.ends_with(|c: char| c.is_ascii_digit()) => of(text, None),
        None => Ok(SinkKind::Bulk { rows: MAX_BULK_ROWS, within_us: Some(duration(text)?) }),
    }
}

/// A sink as a line has it.
pub fn sink_text(sink: SinkKind) -> String {
    match sink {
        SinkKind::Print => "print".into(),
        SinkKind::Table => "table".into(),
        SinkKind::UniqueTable => "unique-table".into(),
        SinkKind::Upsert => "upsert".into(),
        SinkKind::UpsertNewest => "upsert-newest".into(),
        SinkKind::OffsetTable => "offset-table".into(),
        SinkKind::Bulk { rows: MAX_BULK_ROWS, within_us: Some(us) } => format!("bulk:{}", duration_text(us)),
        SinkKind::Bulk { rows, within_us: Some(us) } => format!("bulk:{rows}/{}", duration_text(us)),
        SinkKind::Bulk { rows, within_us: None } => format!("bulk:{rows}"),
    }
}

pub(super) fn read_producer(words: &mut Words) -> Parsed<ProducerSpec> {
    let name = words.name("the producer's name")?;
    let keys = ["topic", "rate", "keys", "value", "partitioner", "transaction", "aborts", "headers", "app-retry", "outbox"];
    let pairs = words.pairs(&keys, true)?;
    let usual = TransactionPlan::default();
    Ok(ProducerSpec {
        name,
        topic: pairs.must("topic", |text| Ok(Arc::from(text)))?,
        rate_per_1000s: pairs.get("rate", rate)?.unwrap_or(1000),
        keys: pairs.get("keys", read_keys)?.unwrap_or(Keys::None),
        value_bytes: pairs.get("value", number)?.unwrap_or(64),
        partitioner: pairs.get("partitioner", read_partitioner)?.unwrap_or_default(),
        transactions: TransactionPlan {
            records: pairs.get("transaction", number)?.unwrap_or(usual.records),
            aborts_ppm: pairs.get("aborts", percent)?.unwrap_or(usual.aborts_ppm),
        },
        habits: SendHabits {
            headers: pairs.get("headers", read_headers)?.unwrap_or_default(),
            retries: pairs.get("app-retry", number)?.unwrap_or(0),
            outbox: pairs.get("outbox", number)?,
        },
        config: pairs.configs,
    })
}

pub(super) fn write_producer(spec: &ProducerSpec, line: &mut Line) {
    line.word(&spec.name);
    line.pair("topic", &spec.topic);
    line.pair("rate", &rate_text(spec.rate_per_1000s));
    line.pair("keys", &keys_text(&spec.keys));
    line.pair("value", &spec.value_bytes.to_string());
    if spec.partitioner != KeyPartitioner::Java {
        line.pair("partitioner", &partitioner_text(&spec.partitioner));
    }
    let usual = TransactionPlan::default();
    if spec.transactions.records != usual.records {
        line.pair("transaction", &spec.transactions.records.to_string());
    }
    if spec.transactions.aborts_ppm != usual.aborts_ppm {
        line.pair("aborts", &percent_text(spec.transactions.aborts_ppm));
    }
    let SendHabits { headers, retries, outbox } = &spec.habits;
    if !headers.is_empty() {
        line.pair("headers", &headers_text(headers));
    }
    if *retries > 0 {
        line.pair("app-retry", &retries.to_string());
    }
    if let Some(rows) = outbox {
        line.pair("outbox", &rows.to_string());
    }
    line.configs(&spec.config);
}

pub(super) fn read_consumer(words: &mut Words) -> Parsed<ConsumerSpec> {
    let name = words.name("the consumer's name")?;
    let keys = ["group", "topics", "handle", "commit", "fails", "on-failure", "on-revoke", "output", "delivery", "sink"];
    let pairs = words.pairs(&keys, true)?;
    let delivery = pairs.get("delivery", read_delivery)?.unwrap_or(Delivery::ExactlyOnce);
    let output = pairs.get("output", |text| Ok(OutputSpec { topic: Arc::from(text), delivery }))?;
    let commit = pairs.get("commit", read_commit)?.unwrap_or(CommitPolicy::Auto);
    let (on_failure, dead_letters) = pairs.get("on-failure", read_on_failure)?.unwrap_or_default();
    Ok(ConsumerSpec {
        name,
        group: pairs.get("group", |text| Ok(Arc::from(text)))?,
        topics: pairs.must("topics", read_topics)?,
        handle_us: pairs.get("handle", duration)?.unwrap_or(0),
        // With an output, its delivery says when it commits.
        commit: output.as_ref().map_or(commit, |_| delivery.commit()),
        handler: HandlerSpec {
            fails: pairs.get("fails", read_fails)?.unwrap_or_default(),
            on_failure,
            sink: pairs.get("sink", read_sink)?.unwrap_or_default(),
            dead_letters,
            on_revoke: pairs.get("on-revoke", read_on_revoke)?.unwrap_or_default(),
            output,
        },
        config: pairs.configs,
    })
}

pub(super) fn write_consumer(spec: &ConsumerSpec, line: &mut Line) {
    line.word(&spec.name);
    if let Some(group) = &spec.group {
        line.pair("group", group);
    }
    line.pair("topics", &spec.topics.join(","));
    line.pair("handle", &duration_text(spec.handle_us));
    let usual = HandlerSpec::default();
    let HandlerSpec { fails, on_failure, sink, dead_letters, on_revoke, output } = &spec.handler;
    match output {
        Some(output) => {
            line.pair("output", &output.topic);
            line.pair("delivery", output.delivery.name());
        }
        None => line.pair("commit", &commit_text(spec.commit)),
    }
    if *fails != usual.fails {
        line.pair("fails", &fails_text(fails));
    }
    if *on_failure != usual.on_failure {
        let topic = dead_letters.as_ref().map(|topic| format!(":{topic}")).unwrap_or_default();
        line.pair("on-failure", &format!("{}{topic}", on_failure.name()));
    }
    if *on_revoke != usual.on_revoke {
        line.pair("on-revoke", on_revoke.name());
    }
    if *sink != usual.sink {
        line.pair("sink", &sink_text(*sink));
    }
    line.configs(&spec.config);
}

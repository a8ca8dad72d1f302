//! Every operation's line reads back as what was written; keywords lead to one operation each.

use super::*;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::world::action::{ConsumerSpec, Genesis, KeyPartitioner, Keys, LinkSpec, ProducerSpec, SendHabits, TransactionPlan};
use crate::world::handler::{CommitMode, CommitPolicy, Delivery, Fails, HandlerSpec, OnFailure, OnRevoke, OutputSpec, SinkKind};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

pub(super) fn name() -> impl Strategy<Value = Arc<str>> {
    "[a-zA-Z0-9._-]{1,12}".prop_map(Arc::from)
}

pub(super) fn text() -> impl Strategy<Value = Option<Arc<str>>> {
    option::of("[\\PC\n\t\r]{0,12}".prop_map(Arc::from))
}

pub(super) fn configs() -> impl Strategy<Value = SortedVecMap<String, String>> {
    btree_map("[a-z]{1,5}\\.[a-z]{1,5}", "\\PC{0,10}", 0..3).prop_map(|configs| configs.into_iter().collect())
}

pub(super) fn link_spec() -> impl Strategy<Value = LinkSpec> {
    (0..9_000_000_i64, 0..9_000_000_i64, 0..1_000_001_u32, 0..1_000_001_u32)
        .prop_map(|(latency_us, jitter_us, loss_ppm, duplicate_ppm)| LinkSpec { latency_us, jitter_us, loss_ppm, duplicate_ppm })
}

pub(super) fn producer() -> impl Strategy<Value = ProducerSpec> {
    let keys = prop_oneof![
        Just(Keys::None),
        (1..99_u32).prop_map(Keys::Uniform),
        (1..99_u32).prop_map(Keys::Skewed),
        vec("(none|set:x|uniform:3|[a-z \"#=]{1,6})".prop_map(Arc::from), 1..4).prop_map(Keys::Set),
    ];
    let transactions = (1..100_u32, 0..=1_000_000_u32).prop_map(|(records, aborts_ppm)| TransactionPlan { records, aborts_ppm });
    let partitioner = prop_oneof![
        Just(KeyPartitioner::Java),
        Just(KeyPartitioner::RoundRobin),
        Just(KeyPartitioner::Crc32),
        Just(KeyPartitioner::Fnv1a),
        btree_map("[a-z=]{1,5}".prop_map(Arc::from), 0..9_i32, 1..3).prop_map(|table| KeyPartitioner::Table(table.into_iter().collect())),
    ];
    let header = ("[a-z-]{1,5}".prop_map(Arc::from), "[a-z: ]{0,5}".prop_map(Arc::from));
    let habits = (vec(header, 0..3), 0..101_u32, option::of(1..1_001_u32));
    let habits = habits.prop_map(|(headers, retries, outbox)| SendHabits { headers, retries, outbox });
    let all = (name(), name(), 0..100_000_u64, keys, 0..500_u32, partitioner, (transactions, habits), configs());
    all.prop_map(|(name, topic, rate_per_1000s, keys, value_bytes, partitioner, (transactions, habits), config)| ProducerSpec {
        name,
        topic,
        rate_per_1000s,
        keys,
        value_bytes,
        partitioner,
        transactions,
        habits,
        config,
    })
}

pub(super) fn consumer() -> impl Strategy<Value = ConsumerSpec> {
    let mode = || prop_oneof![Just(CommitMode::Async), Just(CommitMode::Sync)];
    let commit = prop_oneof![
        Just(CommitPolicy::Auto),
        mode().prop_map(CommitPolicy::BeforeHandling),
        mode().prop_map(CommitPolicy::EachRecord),
        mode().prop_map(CommitPolicy::AfterEachPoll),
        mode().prop_map(CommitPolicy::AfterInsert),
        (1..9_000_000_i64, mode()).prop_map(|(us, mode)| CommitPolicy::Every(us, mode)),
        Just(CommitPolicy::Never)
    ];
    (name(), option::of(name()), vec(name(), 1..3), 0..9_000_000_i64, commit, handler(), configs()).prop_map(
        |(name, group, topics, handle_us, commit, handler, config)| ConsumerSpec {
            name,
            group,
            topics,
            handle_us,
            commit: handler.delivery().map_or(commit, Delivery::commit),
            handler,
            config,
        },
    )
}

fn handler() -> impl Strategy<Value = HandlerSpec> {
    let key = "[a-z \"#=]{1,6}".prop_map(|key| Fails::Key(key.into()));
    let fails = prop_oneof![Just(Fails::Never), key, (0..=1_000_000_u32).prop_map(Fails::Ppm)];
    let on_failure = prop_oneof![
        Just((OnFailure::Crash, None)),
        Just((OnFailure::Retry, None)),
        Just((OnFailure::Skip, None)),
        name().prop_map(|topic| (OnFailure::DeadLetter, Some(topic))),
    ];
    let delivery = prop_oneof![Just(Delivery::AtMostOnce), Just(Delivery::AtLeastOnce), Just(Delivery::ExactlyOnce)];
    let output = option::of((name(), delivery).prop_map(|(topic, delivery)| OutputSpec { topic, delivery }));
    let sink = prop_oneof![
        Just(SinkKind::Print),
        Just(SinkKind::Table),
        Just(SinkKind::UniqueTable),
        Just(SinkKind::Upsert),
        Just(SinkKind::UpsertNewest),
        Just(SinkKind::OffsetTable),
        (1..9999_u32, option::of(1..9_000_000_i64)).prop_map(|(rows, within_us)| SinkKind::Bulk { rows, within_us })
    ];
    let on_revoke = prop_oneof![Just(OnRevoke::Nothing), Just(OnRevoke::Commit)];
    (fails, on_failure, sink, on_revoke, output).prop_map(|(fails, (on_failure, dead_letters), sink, on_revoke, output)| HandlerSpec {
        fails,
        on_failure,
        sink,
        dead_letters,
        on_revoke,
        output,
    })
}

proptest! {
    #[test]
    fn a_line_reads_back(action in any_action()) {
        let line = action.line();
        prop_assert_eq!(Action::parse(&line, Genesis::default().link()).map_err(|error| format!("{error}: {line}")), Ok(action));
    }
}

#[test]
fn a_keyword_leads_to_one_operation() {
    let all: SortedVecSet<&str> = keywords().collect();
    assert_eq!(all.len(), KINDS.len());
    // A first word has a second one in all of its keywords or in none.
    for keyword in keywords() {
        let first = keyword.split(' ').next().unwrap_or_default();
        assert!(keyword == first || !all.contains(first), "{keyword}");
    }
    for (text, expected) in [
        ("add produce p", "producer or consumer is expected, but there is \"produce\"; did you mean producer?"),
        ("add", "producer or consumer is expected here"),
        ("", "what happens is expected here"),
        ("kill", "the broker's name is expected here"),
    ] {
        let error = Action::parse(text, Genesis::default().link()).expect_err(text);
        assert_eq!(error.message, expected);
    }
}

#[test]
fn a_draw_has_a_name_of_its_own_and_no_more_than_one_stream() {
    let names: Vec<&str> = draws().iter().map(|draw| draw.name).collect();
    assert_eq!(names.iter().collect::<SortedVecSet<_>>().len(), names.len(), "{names:?}");
}

//! Kafka's own answers, case by case. Where its answer depends on the order in which a hash map was filled, the rules alone are compared.

use super::*;
use crate::kafka::sorted_vec::SortedVecSet;
use serde_json::Value;

/// Kafka writes an id in base64.
fn id(text: &str) -> Uuid {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digit = |byte| DIGITS.iter().position(|digit| *digit == byte).expect("a digit") as u128;
    let bits = text.bytes().fold(0_u128, |bits, byte| (bits << 6) | digit(byte));
    // 22 digits are 132 bits.
    Uuid::from_u128(text.bytes().take(21).fold(0_u128, |all, byte| (all << 6) | digit(byte)) << 2 | (bits & 0x3f) >> 4)
}

fn partitions(value: &Value) -> Partitions {
    let numbers = |all: &Value| all.as_array().expect("a list").iter().map(|one| one.as_i64().expect("a number") as i32).collect();
    let topics = value.as_object().expect("topics").iter().map(|(topic, all)| (id(topic), numbers(all)));
    topics.filter(|(_, all): &(Uuid, SortedVecSet<i32>)| !all.is_empty()).collect()
}

fn text(value: &Value) -> Arc<str> {
    value.as_str().expect("a text").into()
}

fn member(value: &Value) -> MemberSpec {
    MemberSpec {
        id: text(&value["id"]),
        instance: value["instance_id"].as_str().map(Arc::from),
        topics: value["topic_ids"].as_array().expect("topics").iter().map(|topic| id(topic.as_str().expect("an id"))).collect(),
        assigned: partitions(&value["owned"]),
    }
}

fn load(partitions: &Partitions) -> usize {
    partitions.values().map(SortedVecSet::len).sum()
}

/// Each partition that somebody wants has one owner, who wants it; and nobody could take one from who has two more.
fn check_rules(spec: &Spec<'_>, targets: &Targets, label: &str) {
    let mut given: Vec<(Uuid, i32)> =
        targets.values().flat_map(walk).flat_map(|(topic, all)| all.into_iter().map(move |one| (topic, one))).collect();
    given.sort();
    let mut wanted: Vec<(Uuid, i32)> = spec
        .members
        .iter()
        .flat_map(|member| member.topics.iter())
        .flat_map(|topic| (0..(spec.partitions)(*topic)).map(move |partition| (*topic, partition)))
        .collect();
    wanted.sort();
    wanted.dedup();
    assert_eq!(given, wanted, "{label}: each partition once");
    for (from, to) in spec.members.iter().flat_map(|from| spec.members.iter().map(move |to| (from, to))) {
        let (theirs, own) = (&targets[&from.id], &targets[&to.id]);
        assert!(theirs.keys().all(|topic| from.topics.contains(topic)), "{label}: what it wants");
        let could = theirs.keys().any(|topic| to.topics.contains(topic));
        assert!(!could || load(theirs) <= load(own) + 1, "{label}: {} has {}, {} has {}", from.id, load(theirs), to.id, load(own));
    }
}

/// How many partitions stay where they were.
fn kept(spec: &Spec<'_>, targets: &Targets) -> usize {
    let of = |member: &MemberSpec| {
        let target = &targets[&member.id];
        let has = |topic: Uuid, one: i32| target.get(&topic).is_some_and(|all| all.contains(&one));
        walk(&member.assigned).iter().map(|(topic, all)| all.iter().filter(|one| has(*topic, **one)).count()).sum::<usize>()
    };
    spec.members.iter().map(of).sum()
}

#[test]
fn every_case_is_assigned_as_kafka_assigns_it() {
    let recorded = include_str!("../../../../tests/vectors/assignors_server_kip848.json");
    let recorded: Value = serde_json::from_str(recorded).expect("the vector is JSON");
    let cases = recorded["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 128);
    let (mut exact, mut by_rules) = (0, 0);
    for case in cases {
        let members: Vec<MemberSpec> = case["members"].as_array().expect("members").iter().map(member).collect();
        let counts: SortedVecMap<Uuid, i32> = case["topics"]
            .as_object()
            .expect("topics")
            .iter()
            .map(|(topic, count)| (id(topic), count.as_i64().expect("a count") as i32))
            .collect();
        let sets = |member: &MemberSpec| member.topics.iter().copied().collect::<SortedVecSet<Uuid>>();
        let same = members.windows(2).all(|pair| sets(&pair[0]) == sets(&pair[1]));
        let count = |topic: Uuid| counts.get(&topic).copied().unwrap_or(0);
        let spec = Spec::new(members, same, &count);
        let mut ours = (find(case["assignor"].as_str().expect("an assignor")).expect("it is here").assign)(&spec);
        for member in &spec.members {
            ours.entry(member.id.clone()).or_default();
        }
        let theirs: Targets =
            case["expected"].as_object().expect("targets").iter().map(|(member, all)| (Arc::from(&**member), partitions(all))).collect();
        let label = format!("case {}: {} {}", case["case"], case["assignor"], case["step"]);
        if case["member_order_sensitive"] == false {
            assert_eq!(ours, theirs, "{label}");
            exact += 1;
        } else {
            check_rules(&spec, &ours, &label);
            assert!(kept(&spec, &ours) >= kept(&spec, &theirs), "{label}: keeps what Kafka keeps");
            by_rules += 1;
        }
    }
    assert_eq!((exact, by_rules), (91, 37));
}

//! Kafka's own answers, case by case; and for the sticky assignors, balance and stickiness in random cases.

use super::protocol::{Subscription, decode_subscription, encode_subscription};
use super::*;
use proptest::prelude::*;
use serde_json::Value;

fn name(value: &Value) -> Arc<str> {
    value.as_str().expect("a text").into()
}

fn partitions(value: &Value) -> Vec<TopicPartition> {
    let pair = |pair: &Value| (name(&pair[0]), i32::try_from(pair[1].as_i64().expect("a partition")).expect("an i32"));
    value.as_array().map_or_else(Vec::new, |pairs| pairs.iter().map(pair).collect())
}

fn unhex(text: &str) -> Bytes {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hex digits");
    (0..text.len()).step_by(2).map(digit).collect::<Vec<u8>>().into()
}

fn topics_of(case: &Value) -> Topics {
    let racked = case["racks"].is_string();
    let racks = |partition: u64| -> SortedVecSet<Arc<str>> {
        if racked { [partition % 3, (partition + 1) % 3].map(|rack| Arc::from(format!("r{rack}"))).into() } else { SortedVecSet::new() }
    };
    let topics = case["topics"].as_object().expect("topics").iter();
    topics.map(|(topic, count)| (Arc::from(&**topic), (0..count.as_u64().expect("a count")).map(racks).collect())).collect()
}

/// The member, by way of the bytes that it would send.
fn member_of(value: &Value) -> Candidate {
    let topics = value["topics"].as_array().expect("topics").iter().map(name).collect();
    let owned = partitions(&value["owned"]);
    let rack = value["rack"].as_str().map(Arc::from);
    let bytes = encode_subscription(Subscription {
        topics: &topics,
        owned: &owned,
        generation: value["generation"].as_i64().map_or(-1, |generation| generation as i32),
        rack: rack.as_ref(),
        user_data: value["user_data_hex"].as_str().map(unhex),
    });
    decode_subscription(name(&value["id"]), value["group_instance_id"].as_str().map(Arc::from), bytes)
}

#[test]
fn every_case_is_assigned_as_kafka_assigns_it() {
    let text = include_str!("../../../../../tests/vectors/assignors_client.json");
    let recorded: Value = serde_json::from_str(text).expect("the vector is JSON");
    let cases = recorded["cases"].as_array().expect("cases");
    assert_eq!(cases.len(), 136);
    for case in cases {
        let members: Vec<Candidate> = case["members"].as_array().expect("members").iter().map(member_of).collect();
        let assignor = find(case["assignor"].as_str().expect("an assignor")).expect("it is here");
        let mut ours = (assignor.assign)(&members, &topics_of(case));
        let theirs = case["expected"].as_object().expect("an assignment").iter();
        let mut theirs: Assignment = theirs.map(|(member, given)| (Arc::from(&**member), partitions(given))).collect();
        ours.values_mut().chain(theirs.values_mut()).for_each(|given| given.sort());
        assert_eq!(ours, theirs, "case {}: {} {}", case["case"], assignor.name, case["step"]);
    }
}

#[test]
fn what_a_member_had_has_kafkas_bytes() {
    let text = include_str!("../../../../../tests/vectors/assignors_client.json");
    let recorded: Value = serde_json::from_str(text).expect("the vector is JSON");
    let mut seen = 0;
    for case in recorded["cases"].as_array().expect("cases") {
        for member in case["members"].as_array().expect("members") {
            let Some(bytes) = member["user_data_hex"].as_str() else { continue };
            let assignor = find(case["assignor"].as_str().expect("an assignor")).expect("it is here");
            let generation = member["generation"].as_i64().map_or(-1, |generation| generation as i32);
            assert_eq!((assignor.user_data)(Some(&partitions(&member["owned"])), generation), Some(unhex(bytes)), "{member}");
            seen += 1;
        }
    }
    assert_eq!(seen, 310);
    assert_eq!((sticky::ASSIGNOR.user_data)(None, -1), None);
}

#[test]
fn the_config_can_name_each() {
    assert_eq!(ALL.map(|assignor| assignor.name), crate::kafka::config::ASSIGNORS.map(|(name, _)| name));
}

/// Members `m0`, `m1`, … that want some of the topics `t0`, `t1`, …
fn members(wanted: &[Vec<bool>]) -> Vec<Candidate> {
    let mut members = Vec::new();
    for (index, wants) in wanted.iter().enumerate() {
        let topics = wants.iter().enumerate().filter(|(_, wants)| **wants).map(|(topic, _)| Arc::from(format!("t{topic}")));
        members.push(Candidate { id: Arc::from(format!("m{index}")), topics: topics.collect(), ..Candidate::default() });
    }
    members
}

fn topics(counts: &[usize]) -> Topics {
    counts.iter().enumerate().map(|(topic, count)| (Arc::from(format!("t{topic}")), vec![SortedVecSet::new(); *count])).collect()
}

/// The same members, who come from `generation` with what `before` gave them.
fn after(members: &[Candidate], before: &Assignment, generation: i32) -> Vec<Candidate> {
    let with = |member: &Candidate| {
        let owned = before.get(&member.id).cloned().unwrap_or_default();
        let user_data = (sticky::ASSIGNOR.user_data)(Some(&owned), generation);
        Candidate { owned, user_data, generation: Some(generation), ..member.clone() }
    };
    members.iter().map(with).collect()
}

/// Each partition that somebody wants has one owner, who wants it.
fn check_valid(members: &[Candidate], topics: &Topics, assignment: &Assignment) {
    let mut given: Vec<&TopicPartition> = assignment.values().flatten().collect();
    given.sort();
    let wanted = subscribed(members, topics);
    let mut all: Vec<TopicPartition> =
        wanted.iter().flat_map(|(topic, partitions)| numbers(partitions).map(|number| ((*topic).clone(), number))).collect();
    all.sort();
    assert_eq!(given, all.iter().collect::<Vec<_>>());
    for member in members {
        assert!(assignment[&member.id].iter().all(|(topic, _)| member.topics.contains(topic)), "{} gets what it wants", member.id);
    }
}

/// Nobody could get a partition from somebody who has at least two more.
fn check_balanced(members: &[Candidate], assignment: &Assignment) {
    for (from, to) in members.iter().flat_map(|from| members.iter().map(move |to| (from, to))) {
        let (theirs, own) = (&assignment[&from.id], &assignment[&to.id]);
        let could = theirs.iter().any(|(topic, _)| to.topics.contains(topic));
        assert!(!could || theirs.len() <= own.len() + 1, "{} has {}, {} has {}", from.id, theirs.len(), to.id, own.len());
    }
}

fn cases() -> impl Strategy<Value = (Vec<usize>, Vec<Vec<bool>>)> {
    (1..6_usize, 1..8_usize).prop_flat_map(|(topics, members)| {
        let wants = proptest::collection::vec(proptest::collection::vec(proptest::bool::weighted(0.7), topics), members);
        (proptest::collection::vec(0..7_usize, topics), wants)
    })
}

proptest! {
    #[test]
    fn where_all_want_the_same_each_gets_the_quota_and_keeps_what_fits((counts, wanted) in cases(), gone in 0..8_usize) {
        let topics = topics(&counts);
        let everything = vec![vec![true; counts.len()]; wanted.len()];
        let all = members(&everything);
        let before = (sticky::ASSIGNOR.assign)(&all, &topics);
        check_valid(&all, &topics, &before);
        check_balanced(&all, &before);
        let mut left = after(&all, &before, 1);
        prop_assert_eq!(&(sticky::ASSIGNOR.assign)(&left, &topics), &before.iter().map(|(member, given)| {
            let mut given = given.clone();
            given.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
            (member.clone(), given)
        }).collect::<Assignment>());
        if left.len() > 1 {
            left.remove(gone % left.len());
        }
        let next = (sticky::ASSIGNOR.assign)(&left, &topics);
        check_valid(&left, &topics, &next);
        check_balanced(&left, &next);
        // Whoever stays keeps all it had: with one member fewer nobody has to give anything up.
        for member in &left {
            prop_assert!(member.owned.iter().all(|at| next[&member.id].contains(at)));
        }
    }

    #[test]
    fn where_they_differ_it_is_balanced_and_a_second_time_nothing_moves((counts, wanted) in cases()) {
        let topics = topics(&counts);
        let all = members(&wanted);
        let before = (sticky::ASSIGNOR.assign)(&all, &topics);
        check_valid(&all, &topics, &before);
        check_balanced(&all, &before);
        let mut again = (sticky::ASSIGNOR.assign)(&after(&all, &before, 3), &topics);
        let mut before = before;
        again.values_mut().chain(before.values_mut()).for_each(|given| given.sort());
        prop_assert_eq!(again, before);
    }

    #[test]
    fn a_cooperative_member_gets_nothing_that_another_still_owns((counts, wanted) in cases(), joins in proptest::bool::ANY) {
        let topics = topics(&counts);
        let all = members(&wanted);
        let (old, new) = all.split_at(all.len() - usize::from(joins && all.len() > 1));
        let before = (cooperative_sticky::ASSIGNOR.assign)(old, &topics);
        let mut second: Vec<Candidate> = after(old, &before, 1);
        second.extend(after(new, &before, -1));
        let first = (cooperative_sticky::ASSIGNOR.assign)(&second, &topics);
        for (member, given) in &first {
            for other in second.iter().filter(|other| other.id != *member) {
                prop_assert!(!given.iter().any(|at| other.owned.contains(at)), "{} gets what {} owns", member, other.id);
            }
        }
        // Who gives something up joins again, until all is given. Where members want different topics, a round may move one more.
        let mut last = first;
        for generation in 2..6 {
            last = (cooperative_sticky::ASSIGNOR.assign)(&after(&all, &last, generation), &topics);
        }
        check_valid(&all, &topics, &last);
        check_balanced(&all, &last);
    }
}

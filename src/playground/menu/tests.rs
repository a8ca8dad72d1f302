//! Everything that can be done to a run can be done to a thing of it; forms say what they are filled with; marks fade.

use super::*;
use crate::kafka::sorted_vec::SortedVecSet;
use crate::playground::scenario::{Playback, Scenario};
use crate::playground::scene::{View, scene};
use crate::world::World;
use crate::world::operations::{Action, keywords};
use crate::world::target::Heading;

const THREE: &str = include_str!("../../../www/scenarios/three-brokers.tide");

fn world(seconds: i64) -> World {
    let mut play = Playback::new(Scenario::parse(THREE).expect("it reads")).expect("it begins");
    play.run_until(crate::world::EPOCH.plus_millis(seconds * 1000));
    play.world().clone()
}

fn line(text: &str) -> Action {
    let scenario = Scenario::timed_line(text).unwrap_or_else(|why| panic!("{text}: {why}"));
    scenario.actions.into_iter().next().map(|(_, action)| action).unwrap_or_else(|| panic!("{text} is an action"))
}

fn things(view: &WorldView) -> Vec<MenuTarget> {
    let mut all: Vec<MenuTarget> =
        scene(view, view.now, &View::new(1280.0)).places.into_iter().map(|place| MenuTarget::At(place.what)).collect();
    let mut at = 0;
    // And what opens from there.
    while at < all.len() {
        for item in menu_items(view, &all[at].clone()) {
            if let Effect::Open(thing) = item.effect
                && !all.contains(&thing)
            {
                all.push(thing);
            }
        }
        at += 1;
    }
    all
}

/// The form of an operation that a target's menu offers.
fn ask(world: &World, target: Target, operation: &str) -> Ask {
    let items = menu_items(&world.view(), &MenuTarget::At(target));
    let asks = items.into_iter().filter_map(|item| if let Effect::Ask(ask) = item.effect { Some(ask) } else { None });
    asks.into_iter().find(|ask| ask.operation == operation).expect("it is offered")
}

/// Every line that a thing offers, forms as they are filled in at first or with what `fill` gives.
fn lines(world: &World, thing: &MenuTarget) -> Vec<String> {
    let mut out = Vec::new();
    for item in menu_items(&world.view(), thing) {
        match item.effect {
            Effect::Line(line) => out.push(line),
            Effect::Open(_) => {}
            Effect::Ask(ask) => {
                let form = form(world, &ask).unwrap_or_else(|| panic!("{ask:?} has a form"));
                let mut values: Vec<String> = form.fields.iter().map(|field| field.value.clone()).collect();
                if matches!(ask.operation, "set" | "config") {
                    values[2] = "1000".to_owned();
                }
                out.push(form.line(&values));
            }
        }
    }
    out
}

#[test]
fn every_action_and_fault_can_be_done_from_some_thing() {
    let mut well = world(20);
    let mut faulty = well.clone();
    for text in [
        "kill broker-1",
        "pause broker-2",
        "crash billing-1",
        "pause billing-2",
        "stop checkout",
        "cut broker-2 broker-3",
        "link checkout broker-3 latency=200ms loss=5%",
        "isolate web",
        "handle billing-3 2s",
        "skew broker-3 1s",
        "slow-disk broker-3 1s",
        "full-disk broker-3 free=0",
    ] {
        faulty.act(line(text)).unwrap_or_else(|why| panic!("{text}: {why}"));
    }
    faulty.run_until(faulty.now().plus_millis(8000));
    let mut reached = SortedVecSet::new();
    for world in [&mut well, &mut faulty] {
        for thing in things(&world.view()) {
            for text in lines(world, &thing) {
                let action = line(&text);
                reached.insert(action.keyword());
                // Offered is what can be done: only the cluster may say no, later. And what was said is what is written.
                world.clone().act(action.clone()).unwrap_or_else(|why| panic!("{thing:?}: {text}: {why}"));
                assert_eq!(line(&action.line()), action);
            }
        }
    }
    let missing: Vec<&str> = keywords().filter(|keyword| !reached.contains(keyword)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "no thing offers these");
}

#[test]
fn a_button_a_mark_and_undo_have_one_word_for_a_deed() {
    let mut world = world(20);
    for (deed, button, label) in [
        ("pause broker-2", "Freeze", "freeze broker-2"),
        ("resume broker-2", "Unfreeze", "unfreeze broker-2"),
        ("kill broker-2", "Kill", "kill broker-2"),
        ("restart broker-2", "Start", "start broker-2"),
    ] {
        let items = menu_items(&world.view(), &MenuTarget::At(Target::Broker("broker-2".into())));
        let item = items.into_iter().find(|item| item.effect == Effect::Line(deed.to_owned())).expect("it is offered");
        let action = line(deed);
        assert_eq!((&*item.label, &*action.label()), (button, label));
        assert_eq!(action.verb(), button.to_lowercase());
        assert_eq!(action.line(), deed, "a file has the language's word");
        world.act(action).expect("it can be done");
        let state = world.view().brokers.iter().find(|broker| &*broker.name == "broker-2").map(|broker| broker.state.to_string());
        assert_eq!(state.as_deref() == Some("frozen"), deed.starts_with("pause"), "{state:?}");
    }
}

#[test]
fn a_menu_has_no_two_items_of_one_name_and_each_thing_has_a_menu() {
    let view = world(20).view();
    for thing in things(&view) {
        let all = menu_items(&view, &thing);
        let bare = matches!(thing, MenuTarget::At(Target::Group(None)));
        assert!(!all.is_empty() || bare, "{thing:?}");
        assert!(!title(&thing).is_empty(), "{thing:?}");
        let words: SortedVecSet<&String> = all.iter().map(|item| &item.label).collect();
        assert_eq!(words.len(), all.len(), "{thing:?}");
        // Deeds of one kind stand together.
        let mut groups: Vec<&str> = all.iter().map(|item| item.group).collect();
        groups.dedup();
        assert_eq!(groups.len(), groups.iter().collect::<SortedVecSet<_>>().len(), "{thing:?}: {groups:?}");
    }
    assert!(menu_items(&view, &MenuTarget::At(Target::Broker("broker-9".into()))).is_empty());
}

#[test]
fn a_form_says_what_it_is_filled_with_and_no_more() {
    let mut world = world(20);
    let ask = ask(&world, Target::Producer("checkout".into()), "change producer");
    let all = form(&world, &ask).expect("it is there");
    let mut values: Vec<String> = all.fields.iter().map(|field| field.value.clone()).collect();
    // Untouched it changes nothing.
    assert_eq!(line(&all.line(&values)), world.client("checkout").expect("it is there"));
    assert!(!all.restarts(&values));
    let at = |key: &str| all.fields.iter().position(|field| field.key == key).unwrap_or_else(|| panic!("{key} is a field"));
    values[at("rate")] = "9/s".into();
    assert!(!all.restarts(&values), "a rate needs no other process");
    values[at("acks")] = "1".into();
    values[at("enable.idempotence")] = "true".into();
    assert!(all.restarts(&values));
    // What is wrong is said at its field, and nothing is done.
    let hash = world.event_hash();
    let error = world.act(line(&all.line(&values))).expect_err("idempotence needs all").to_string();
    assert_eq!(all.about(&error), Some(at("acks")), "{error}");
    values[at("enable.idempotence")] = "false".into();
    values[at("linger.ms")] = "soon".into();
    let error = world.act(line(&all.line(&values))).expect_err("no number").to_string();
    assert_eq!(all.about(&error), Some(at("linger.ms")), "{error}");
    values[at("rate")] = "often".into();
    let error = Scenario::timed_line(&all.line(&values)).expect_err("no rate");
    assert_eq!(all.about(&error), Some(at("rate")), "{error}");
    assert_eq!(world.event_hash(), hash);
    values[at("rate")] = "9/s".into();
    values[at("linger.ms")] = String::new();
    world.act(line(&all.line(&values))).expect("it can be done");
    let all = form(&world, &ask).expect("it is there");
    assert_eq!((&*all.fields[at("rate")].value, &*all.fields[at("acks")].value), ("9/s", "1"));

    let all = form(&world, &self::ask(&world, Target::Topic("orders".into()), "set")).expect("it is there");
    let mut values: Vec<String> = all.fields.iter().map(|field| field.value.clone()).collect();
    assert_eq!(values[0], "2");
    values[0] = String::new();
    values[2] = "1000".into();
    assert_eq!(all.line(&values), "set orders min.insync.replicas=\"\" retention.ms=1000");
    assert_eq!(all.wrong(&values), "");
    values[2] = "-7".into();
    assert_eq!(all.about(&all.wrong(&values)), Some(2));
    assert!(form(&world, &ask.of(Target::Producer("nobody".into()))).is_none());

    let ask = self::ask(&world, Target::Broker("broker-2".into()), "config");
    let all = form(&world, &ask).expect("it is there");
    let keys: Vec<&str> = all.fields.iter().map(|field| &*field.key).collect();
    assert!(!keys.contains(&"min.insync.replicas") && !keys.contains(&"num.io.threads"), "{keys:?}");
    let mut values: Vec<String> = keys.iter().map(|_| String::new()).collect();
    let at = keys.iter().position(|key| *key == "log.retention.ms").expect("is one");
    values[at] = "1000".into();
    assert_eq!((all.line(&values), all.wrong(&values)), ("config broker-2 log.retention.ms=1000".into(), String::new()));
    values[at] = "soon".into();
    assert_eq!(all.about(&all.wrong(&values)), Some(at));
    world.act(line("config broker-2 log.retention.ms=1000")).expect("it can be done");
    world.act(line("config brokers min.insync.replicas=2 log.retention.ms=9")).expect("it can be done");
    world.run_until(world.now().plus_millis(3000));
    let set = |ask: &Ask| form(&world, ask).expect("it is there").fields.into_iter().filter(|f| !f.value.is_empty()).map(|f| f.value);
    assert_eq!(set(&ask).collect::<Vec<_>>(), ["1000"]);
    assert_eq!(set(&self::ask(&world, Target::Heading(Heading::Cluster), "config")).collect::<Vec<_>>(), ["2", "9"]);
    let open = |ask: &Ask| {
        let fields = form(&world, ask).expect("it is there").fields.into_iter();
        fields.filter(|field| !field.folded || !field.value.is_empty()).map(|field| field.key).collect::<Vec<_>>()
    };
    assert_eq!(open(&ask)[..2], ["log.retention.ms", "unclean.leader.election.enable"], "what is set comes first");
    assert_eq!(open(&ask).len(), 6, "the rest is folded");
    assert_eq!(open(&self::ask(&world, Target::Topic("orders".into()), "set")).len(), 6);
    assert!(form(&world, &ask.of(Target::Broker("broker-9".into()))).is_none());
}

#[test]
fn one_link_is_filled_in_with_what_it_has_and_is_taken_back() {
    let mut world = world(20);
    let (one, two): (Arc<str>, Arc<str>) = ("broker-1".into(), "broker-2".into());
    let there = ask(&world, Target::Link(one.clone(), two.clone()), "link");
    let fields = |world: &World, ask: &Ask| -> Vec<(String, String)> {
        form(world, ask).expect("it is there").fields.into_iter().map(|field| (field.value, field.default)).collect()
    };
    let pair = |value: &str, default: &str| (value.to_owned(), default.to_owned());
    let all = [pair("", "both ways"), pair("60ms", ""), pair("30ms", ""), pair("0%", "0%"), pair("0%", "0%")];
    assert_eq!(fields(&world, &there), all);
    let values = ["one-way", "200ms", "", "5%", ""].map(str::to_owned);
    let text = form(&world, &there).expect("it is there").line(&values);
    assert_eq!(text, "link broker-1 broker-2 one-way latency=200ms loss=5%");
    world.act(line(&text)).expect("it can be done");
    let given = [pair("one-way", "both ways"), pair("200ms", ""), pair("30ms", ""), pair("5%", "0%"), pair("0%", "0%")];
    assert_eq!(fields(&world, &there), given);
    // The menu of the link and of each of its ends say it.
    let view = world.view();
    let means = |thing: &MenuTarget, words: &str| {
        menu_items(&view, thing).into_iter().find(|item| item.label == words).map(|item| item.description)
    };
    assert_eq!(means(&MenuTarget::Links(one.clone()), "broker-2"), Some("→ 200ms to 230ms, 5% lost".to_owned()));
    assert_eq!(means(&MenuTarget::Links(two.clone()), "broker-1"), Some("← 200ms to 230ms, 5% lost".to_owned()));
    let link = MenuTarget::At(Target::Link(two, one));
    let back = menu_items(&view, &link).into_iter().find(|item| item.label == "As the others").map(|item| item.effect);
    let Some(Effect::Line(back)) = back else { panic!("it can be taken back") };
    // What is wrong is said at its field.
    let wrong = world.act(line("link broker-1 broker-2 latency=90s")).expect_err("a minute is the most").to_string();
    assert_eq!(form(&world, &there).expect("it is there").about(&wrong), Some(1));
    world.act(line(&back)).expect("it can be done");
    assert_eq!(fields(&world, &there)[1..], all[1..]);
    assert!(menu_items(&world.view(), &link).iter().all(|item| item.label != "As the others"));
}

#[test]
fn settings_are_those_that_the_clients_have() {
    // Each has an effect by name: the client takes its default, and refuses nonsense unless any word will do.
    let world = world(20);
    let clients = [(Target::Producer("checkout".into()), "change producer"), (Target::Consumer("billing-1".into()), "change consumer")];
    for (target, operation) in clients {
        let all = form(&world, &ask(&world, target, operation)).expect("it is there");
        for (at, field) in (0..).zip(&all.fields).filter(|(_, field)| field.restarts && !field.default.is_empty()) {
            let mut values: Vec<String> = all.fields.iter().map(|field| field.value.clone()).collect();
            values[at] = field.default.clone();
            world.clone().act(line(&all.line(&values))).unwrap_or_else(|why| panic!("{} {}: {why}", field.key, field.default));
            if !field.choices.is_empty() {
                continue;
            }
            values[at] = "nonsense".into();
            let done = Scenario::timed_line(&all.line(&values)).and_then(|mut scenario| {
                let (_, action) = scenario.actions.remove(0);
                world.clone().act(action).map_err(|why| why.to_string())
            });
            assert_eq!(all.about(&done.expect_err(&field.key)), Some(at), "{}", field.key);
        }
    }
}

#[test]
fn a_group_goes_to_another_assignor_and_to_the_other_protocol_and_back() {
    let mut world = world(20);
    let group = |world: &World| {
        let view = world.view();
        let group = view.groups.iter().find(|group| &*group.group == "billing").expect("it is there");
        (format!("{} {}", group.group_type, group.protocol.as_deref().unwrap_or("none")), group.members.len())
    };
    assert_eq!(group(&world), ("classic range".to_owned(), 3));
    let offered = lines(&world, &MenuTarget::At(Target::Group(Some("billing".into()))));
    for (word, says) in [
        ("cooperative-sticky", "classic cooperative-sticky"),
        ("consumer", "consumer uniform"),
        ("consumer-range", "consumer range"),
        ("range", "classic range"),
    ] {
        let text = format!("protocol billing {word}");
        assert!(offered.contains(&text), "{offered:?}");
        world.act(line(&text)).expect("it can be done");
        world.run_until(world.now().plus_millis(30_000));
        assert_eq!(group(&world), (says.to_owned(), 3), "{text}");
    }
    assert!(world.act(line("protocol nobody range")).is_err());
}

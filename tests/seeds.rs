//! Scenarios that the seed search found and shrank: the judge called violations what Kafka does. Each is judged again.

use std::fs;
use std::path::Path;
use tidepool::playground::scenario::{Playback, Scenario};
use tidepool::world::judge::{Judge, Verdict};

fn judged(name: &str) -> Verdict {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seeds").join(name);
    let text = fs::read_to_string(path).expect("the scenario is there");
    let mut playback = Playback::new(Scenario::parse(&text).expect("it can be read")).expect("its world begins");
    let mut judge = Judge::new();
    judge.observe(playback.world());
    playback.watch_until(playback.end(), &mut |world| judge.observe(world));
    judge.verdict(playback.world(), false)
}

/// Without the judge, to its end.
fn played(name: &str) -> Playback {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seeds").join(name);
    let text = fs::read_to_string(path).expect("the scenario is there");
    let mut playback = Playback::new(Scenario::parse(&text).expect("it can be read")).expect("its world begins");
    playback.run_until(playback.end());
    playback
}

fn holds(name: &str) -> Verdict {
    let verdict = judged(name);
    assert_eq!(verdict.violations, [], "{name}: {verdict}");
    verdict
}

/// A lone replica that was frozen takes batches in its old epoch before it learns of the new one: it is every in-sync replica.
#[test]
fn a_frozen_leader_answers_before_it_learns_of_its_new_epoch() {
    let verdict = holds("seed-5001948-acked-uncommitted.tide");
    assert!(verdict.ledger.acked > 0 && verdict.ledger.lost == 0, "{verdict}");
}

/// The last known leader leads again: the one eligible leader had stopped before it was registered, and counts as restarted uncleanly.
#[test]
fn a_broker_that_stops_before_it_is_registered_has_no_clean_shutdown() {
    holds("seed-5004969-unclean-election.tide");
}

/// A broker learns in one fetch that a replica is in sync and that it leads as the preferred one.
#[test]
fn a_replica_may_join_and_lead_between_two_looks() {
    holds("seed-9001749-unclean-election.tide");
}

/// A replica that is being added is elected uncleanly, where the topic allows it: what the old leader alone had is lost.
#[test]
fn an_added_replica_may_be_elected_uncleanly() {
    let verdict = holds("seed-6001732-leader-lacks.tide");
    assert!(verdict.ledger.lost > 0, "{verdict}");
    assert!(verdict.ledger.permitted.iter().all(|permitted| permitted.why == "unclean leader election is on"), "{verdict}");
}

/// A batch on its way to the old leader is overtaken by the next one, which a leader without state of the producer takes. It keeps its
/// number, by which it may be known if it was written, and is refused until its time is over.
#[test]
fn a_new_leader_takes_a_later_batch_first() {
    let names = ["seed-10001064-reordered.tide", "seed-7005483-reordered.tide", "seed-8001681-reordered.tide"];
    let [.., ledger] = names.map(|name| holds(name).ledger);
    assert_eq!((ledger.failed, ledger.reordered), (1, 0));
}

/// A broker that has yet to catch up has the logs of a former topic under the name of the one that is.
#[test]
fn a_broker_that_is_behind_has_a_former_topics_logs() {
    holds("seed-77123469-logs-differ.tide");
}

/// A reassignment that takes replicas away ends as soon as one that stays is in sync: it joins and leads in one change.
#[test]
fn a_replica_that_a_reassignment_leaves_may_join_and_lead_at_once() {
    holds("seed-3598604250-unclean-election.tide");
}

/// The leader whose replica a reassignment takes answers what all in-sync replicas have in the turn in which it learns of it.
#[test]
fn a_leader_answers_before_its_replica_is_taken() {
    let verdict = holds("seed-3598604278-uncommitted-read.tide");
    assert!(verdict.ledger.acked > 0, "{verdict}");
}

/// A topic that is made anew under a former one's name begins with its epochs.
#[test]
fn a_topic_of_a_former_name_is_another() {
    holds("seed-3598604162-epoch.tide");
}

/// Offsets of a topic that is gone cannot be committed: before it joins again a member tries for as long as the others wait, and no longer.
#[test]
fn a_member_whose_topic_is_deleted_joins_again() {
    let playback = played("seed-3598604508-liveness.tide");
    let view = playback.world().view();
    let states: Vec<&str> = view.consumers.iter().map(|consumer| consumer.client_state.name()).collect();
    assert_eq!(states, ["stable", "stable"]);
}

/// A leader that is cut off from the controller counts a replica as in sync that was given up since, and has come back with an empty log.
#[test]
fn a_former_leader_does_not_know_that_a_replica_was_given_up() {
    holds("seed-3763282693-isr-lacks.tide");
}

/// A member that did not get the coordinator's answer says everything again, and is told again what it is to have.
#[test]
fn an_assignment_whose_answer_was_lost_is_given_again() {
    let playback = played("seed-3763287836-liveness.tide");
    let view = playback.world().view();
    let unread = view.partitions.iter().filter(|partition| &*partition.view.topic == "t2").find(|partition| {
        let read = view.consumers.iter().flat_map(|consumer| &consumer.positions);
        let position = read.filter(|(topic, number, _)| **topic == *partition.view.topic && *number == partition.view.partition);
        position.map(|(.., at)| *at).max() != Some(partition.view.high_watermark)
    });
    assert_eq!(unread.map(|partition| partition.view.partition), None);
}

/// A follower whose log lies beyond its leader's, and whose epochs are gone with its segments, asks where the leader's ends.
#[test]
fn a_follower_beyond_its_leaders_end_is_cut() {
    let playback = played("seed-3763290934-liveness.tide");
    let view = playback.world().view();
    assert!(view.partitions.iter().all(|partition| partition.view.isr.len() == 2));
}

/// Where a leader's retention has taken all of a former epoch, a follower keeps what it alone had in it, below where the leader's log
/// begins.
#[test]
fn what_retention_has_deleted_need_not_be_kept() {
    holds("seed-3763300499-leader-lacks.tide");
}

/// A replica that is being added is elected while nobody leads; the former leader has yet to learn of it.
#[test]
fn an_added_replica_that_is_elected_has_not_joined() {
    holds("seed-3763305802-logs-differ.tide");
}

/// A log that was found at the start is deleted in the turn in which its broker catches up with the metadata.
#[test]
fn a_topic_may_be_deleted_as_its_log_is_found() {
    holds("seed-3763325184-stray-dropped.tide");
}

/// A batch is appended, `max.message.bytes` is lowered, and when the batch comes again it is refused and sent in parts.
#[test]
fn parts_of_a_batch_are_no_duplicates_to_a_broker() {
    let verdict = holds("seed-3763319241-duplicated.tide");
    assert!(verdict.ledger.duplicated > 0, "{verdict}");
}

/// A leader that has not heard of its new epoch has a replica in sync that was given up and begins anew, before that knows of any epoch.
#[test]
fn an_outdated_leader_does_not_say_who_is_in_sync() {
    holds("seed-3763328496-isr-lacks.tide");
}

/// The decision of a transaction that its producer was told of is lost with the disks of its coordinator, and it is aborted later.
#[test]
fn a_decision_may_be_lost_with_the_disks() {
    holds("seed-3763350274-transaction.tide");
}

/// A partition moves twice while its leader does not hear of it.
#[test]
fn a_leader_that_hears_nothing_keeps_what_it_wrote() {
    holds("seed-3763341522-logs-differ.tide");
}

/// A leader that was frozen says in the turn in which it learns of the next one what had been replicated to it.
#[test]
fn what_a_former_leader_says_late_is_not_what_is_committed() {
    holds("seed-3763348908-logs-differ.tide");
}

/// The same of a coordinator: its successor has taken later commits in the meantime.
#[test]
fn a_frozen_coordinator_tells_of_old_commits() {
    holds("seed-3763360211-commit-went-back.tide");
}

/// A broker that was killed knew only what lay after its producers' snapshot, and an earlier batch was out of order to it. It reads its
/// whole active segment again now, and knows that batch.
#[test]
fn a_broker_that_begins_again_knows_the_batches_of_its_active_segment() {
    let verdict = holds("seed-3763363541-duplicated.tide");
    assert_eq!(verdict.ledger.duplicated, 0, "{verdict}");
}

/// A frozen leader goes on for a turn after the last known leader was elected without it.
#[test]
fn a_frozen_leader_may_not_know_of_an_election_of_the_last_known_one() {
    holds("seed-3763405793-logs-differ.tide");
}

/// An app that consumes and produces sends again, in another order, what an abort has taken back.
#[test]
fn what_an_app_sends_again_after_an_abort_is_not_out_of_order() {
    holds("seed-3763402218-reordered.tide");
}

/// A position after a marker is of the marker's leader epoch: by that of the record before it the log seems truncated.
#[test]
fn a_position_after_a_marker_has_its_epoch() {
    holds("seed-3763528549-commit-went-back.tide");
}

/// A batch whose answer the frozen leader owes is sent again after many later ones: it is not numbered anew, since it is in the log.
#[test]
fn a_batch_behind_later_ones_keeps_its_number() {
    holds("seed-56871-duplicated.tide");
}

/// A process that begins sends its outbox at once, with tickets of its own: what its predecessor was told last is not theirs.
#[test]
fn what_a_process_is_told_last_is_not_its_successors() {
    let verdict = holds("seed-4029233890-lost.tide");
    assert_eq!((verdict.ledger.acked, verdict.ledger.failed), (16, 80));
}

/// An answer about a topic that was deleted arrives when another of its name is there, at the same epoch and offset.
#[test]
fn a_late_answer_about_a_former_topic_fills_no_other() {
    holds("seed-1622092309-logs-differ.tide");
}

/// A commit that its member gave up on a lossy connection arrives after later ones: it is of the same generation.
#[test]
fn a_commit_on_a_connection_that_was_given_up_may_come_late() {
    holds("seed-701656-commit-went-back.tide");
}

/// Retention deletes a segment of a log that is no longer this broker's before it knows that; what is left is set aside.
#[test]
fn retention_may_shorten_a_log_before_it_is_set_aside() {
    holds("seed-1134116334-stray-dropped.tide");
}

/// A leader that has not heard of its topic's deletion counts a replica that has lost its disk's newest writes since.
#[test]
fn a_leader_of_a_deleted_topic_may_count_who_is_hurt() {
    holds("seed-1134131541-isr-lacks.tide");
}

/// A reassignment is done as a replica joins: the answer has the next leader epoch, and the replica counts until the metadata tells it.
#[test]
fn a_replica_that_joins_with_a_new_epoch_counts_at_once() {
    holds("seed-1134251722-isr-lacks.tide");
}

/// An app gives up hundreds of records in one turn, and sends all of them again.
#[test]
fn what_is_sent_again_at_once_may_be_more_than_is_remembered() {
    let verdict = holds("seed-1134231821-duplicated.tide");
    assert!(verdict.ledger.duplicated > 0, "{verdict}");
}

/// The leader's retention has deleted records that nobody was given; a replica that was away has them still when it leads.
#[test]
fn what_retention_had_deleted_may_come_back_with_an_old_replica() {
    holds("seed-1317810000-undelivered.tide");
}

/// An unclean election gave a log up from its start. A broker reopens it with the high watermark that its checkpoint had before, and holds
/// the batches of before below it until it follows: Kafka's checkpoint file is written every few seconds too.
#[test]
fn a_checkpoint_names_the_high_watermark_of_before_an_unclean_election() {
    holds("seed-1134240049-logs-differ.tide");
}

/// Every replica of the coordinator's log had lost power: its producer gets an epoch that it had before, and the leader takes the first
/// batches in it for those that it has.
#[test]
fn an_epoch_that_a_coordinator_gives_out_again_hides_records() {
    let verdict = holds("seed-739659580-lost.tide");
    let hidden = verdict.ledger.permitted.iter().find(|permitted| permitted.why.contains("gave an epoch out again"));
    assert!(hidden.is_some_and(|permitted| permitted.records > 0), "{verdict}");
}

/// The same where another topic has the name by then.
#[test]
fn retention_may_shorten_the_log_of_a_former_topic() {
    holds("seed-739734048-stray-dropped.tide");
}

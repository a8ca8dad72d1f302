//! What one voter answers: votes, pre-votes, fetches; and what a full disk makes of a leader.

use super::QuorumRole;
use super::quorum::Quorum;
use super::*;

fn vote(candidate: i32, epoch: i32, end: (i32, i64), pre_vote: bool) -> Request {
    let partition = m::vote_request::PartitionData {
        replica_epoch: epoch,
        replica_id: candidate.into(),
        last_offset_epoch: end.0,
        last_offset: end.1,
        pre_vote,
        ..m::vote_request::PartitionData::default()
    };
    let topic = m::vote_request::TopicData { partitions: vec![partition], ..m::vote_request::TopicData::default() };
    Request::Vote(m::VoteRequest { voter_id: (-1).into(), topics: vec![topic], ..m::VoteRequest::default() })
}

fn voted(controller: &mut Controller, disk: &mut Disk, request: Request) -> (i16, bool, i32) {
    controller.handle_request(START, disk, Token(1), 2, request);
    loop {
        if let Output::Respond { response: Response::Vote(answer), .. } = controller.poll_output().expect("an answer") {
            let answer = &answer.topics[0].partitions[0];
            return (answer.error_code, answer.vote_granted, answer.leader_epoch);
        }
    }
}

#[test]
fn a_vote_holds_for_its_epoch_also_after_a_power_loss() {
    let mut disk = Disk::default();
    let open = |disk: &mut Disk| Controller::open(START, options(1, voters(3), 1), &BrokerConfig::default(), disk).expect("opens");
    let mut controller = open(&mut disk);
    assert_eq!(voted(&mut controller, &mut disk, vote(2, 4, (3, 9), true)), (0, true, 4), "a pre-vote binds nobody");
    assert_eq!(voted(&mut controller, &mut disk, vote(3, 4, (3, 9), false)), (0, true, 4));
    assert_eq!(controller.quorum().role, QuorumRole::Voted);
    disk.lose_unflushed();
    let mut controller = open(&mut disk);
    assert_eq!((controller.quorum().epoch, controller.quorum().role), (4, QuorumRole::Voted));
    assert_eq!(voted(&mut controller, &mut disk, vote(2, 4, (3, 10), false)), (0, false, 4));
    assert_eq!(voted(&mut controller, &mut disk, vote(3, 4, (3, 9), false)), (0, true, 4), "the same again");
    assert_eq!(voted(&mut controller, &mut disk, vote(2, 3, (2, 10), false)), (74, false, 4), "an epoch that is over");
    assert_eq!(voted(&mut controller, &mut disk, vote(2, 5, (5, 10), false)), (42, false, 4), "a log from the future");
    assert_eq!(voted(&mut controller, &mut disk, vote(2, 5, (3, 10), false)), (0, true, 5));
    let state = disk.read_all("__cluster_metadata-0/quorum-state").expect("is there");
    assert!(String::from_utf8_lossy(&state).contains("\"leaderEpoch\":5,\"votedId\":2"), "{state:?}");
}

#[test]
fn whoever_hears_its_leader_gives_no_pre_vote() {
    let mut quorum = Quorum::new(3, 0, 2);
    quorum.run(5000);
    let leader = quorum.agreed().expect("a leader") as usize - 1;
    let node = (leader + 1) % 3;
    let epoch = quorum.nodes[node].controller.as_ref().expect("up").quorum().epoch;
    let of = &mut quorum.nodes[node];
    let answer = voted(of.controller.as_mut().expect("up"), &mut of.disk, vote(3, epoch, (epoch, 1000), true));
    assert_eq!(answer, (0, false, epoch));
}

#[test]
fn the_quorum_is_described_and_fetched_by_its_leader_only() {
    let mut quorum = Quorum::new(3, 1, 4);
    quorum.run(5000);
    let leader = quorum.agreed().expect("a leader") as usize - 1;
    let ask = |quorum: &mut Quorum, node: usize, request: Request| {
        let of = &mut quorum.nodes[node];
        let controller = of.controller.as_mut().expect("up");
        controller.handle_request(quorum.now, &mut of.disk, Token(u64::MAX), 2, request);
        std::iter::from_fn(|| controller.poll_output()).find_map(|output| match output {
            Output::Respond { token: Token(u64::MAX), response } => Some(response),
            _ => None,
        })
    };
    let topic = m::describe_quorum_request::TopicData {
        topic_name: super::super::active::topic_name(METADATA_TOPIC),
        ..m::describe_quorum_request::TopicData::default()
    };
    let describe = || Request::DescribeQuorum(m::DescribeQuorumRequest { topics: vec![topic.clone()] });
    let Some(Response::DescribeQuorum(answer)) = ask(&mut quorum, leader, describe()) else { panic!() };
    let partition = &answer.topics[0].partitions[0];
    let end = quorum.nodes[leader].controller.as_ref().expect("up").quorum().end_offset;
    assert_eq!((partition.leader_id.0, partition.high_watermark), (leader as i32 + 1, end));
    assert_eq!((partition.current_voters.len(), partition.observers.len(), answer.nodes.len()), (3, 1, 3));
    assert!(partition.current_voters.iter().all(|state| state.log_end_offset == end && state.last_caught_up_timestamp > 0));
    let other = (leader + 1) % 3;
    let Some(Response::DescribeQuorum(answer)) = ask(&mut quorum, other, describe()) else { panic!() };
    assert_eq!(answer.topics[0].partitions[0].error_code, 6);
    // Fetches of others' epochs and of others' logs.
    let epoch = quorum.nodes[leader].controller.as_ref().expect("up").quorum().epoch;
    let mut fetch = |node: usize, epoch: i32, offset: i64, last: i32| {
        let partition = m::fetch_request::FetchPartition {
            current_leader_epoch: epoch,
            fetch_offset: offset,
            last_fetched_epoch: last,
            partition_max_bytes: 1,
            ..m::fetch_request::FetchPartition::default()
        };
        let topic = m::fetch_request::FetchTopic {
            topic_id: METADATA_TOPIC_ID,
            partitions: vec![partition],
            ..m::fetch_request::FetchTopic::default()
        };
        let request = m::FetchRequest { topics: vec![topic], max_bytes: 1, ..m::FetchRequest::default() };
        let Some(Response::Fetch(answer)) = ask(&mut quorum, node, Request::Fetch(request)) else { panic!() };
        let partition = answer.responses[0].partitions[0].clone();
        let bytes = partition.records.map_or(0, |records| records.len());
        (partition.error_code, partition.current_leader.leader_epoch, partition.diverging_epoch.end_offset, bytes > 0)
    };
    assert_eq!(fetch(leader, epoch - 1, 0, 0), (74, epoch, -1, false));
    assert_eq!(fetch(leader, epoch + 1, 0, 0), (75, epoch, -1, false));
    assert_eq!(fetch(other, epoch, 0, 0), (6, epoch, -1, false));
    assert_eq!(fetch(leader, epoch, 0, 0), (0, epoch, -1, true), "one batch at least");
    assert_eq!(fetch(leader, epoch, end + 5, epoch), (0, epoch, end, false), "it has more than the leader");
    assert_eq!(fetch(leader, epoch, end, epoch + 3), (0, epoch, end, false), "an epoch that nobody had");
}

#[test]
fn a_leader_with_a_full_disk_resigns() {
    let mut alone = Alone::open(&BrokerConfig::default(), None);
    alone.join(1);
    let before = alone.controller.image().clone();
    alone.disk.set_capacity(Some(alone.disk.used()));
    assert_eq!(alone.create(topic("orders", 1, 1)).error_code, 41);
    assert!(!alone.controller.is_active());
    assert!(alone.events.iter().any(|event| matches!(event, ControllerEvent::Resigned { .. })));
    alone.pass(10_000);
    assert_eq!(alone.create(topic("orders", 1, 1)).error_code, 41);
    assert_eq!(alone.controller.image().topics, before.topics);
    alone.disk.set_capacity(None);
    alone.pass(5000);
    alone.beat(1, false, false);
    assert_eq!(alone.create(topic("orders", 1, 1)).error_code, 0);
}

/// Lets a voter stand and gives it every vote.
fn elect(controller: &mut Controller, disk: &mut Disk, now: &mut Time) {
    while controller.quorum().role != QuorumRole::Leader {
        while let Some(output) = controller.poll_output() {
            let Output::Ask { id, request, .. } = output else { continue };
            let answer = match request {
                Request::Vote(request) => {
                    let epoch = request.topics[0].partitions[0].replica_epoch;
                    let granted = m::vote_response::PartitionData {
                        leader_id: (-1).into(),
                        leader_epoch: epoch,
                        vote_granted: true,
                        ..m::vote_response::PartitionData::default()
                    };
                    let topic = m::vote_response::TopicData { partitions: vec![granted], ..m::vote_response::TopicData::default() };
                    Some(Response::Vote(m::VoteResponse { topics: vec![topic], ..m::VoteResponse::default() }))
                }
                _ => None,
            };
            controller.handle_answer(*now, disk, id, answer);
        }
        if let Some((at, _)) = controller.poll_timeout() {
            *now = at.max(*now);
            controller.handle_timeout(*now, disk);
        }
    }
}

#[test]
fn records_of_earlier_epochs_are_committed_by_one_of_the_leaders_own_only() {
    let (mut disk, mut now) = (Disk::default(), START);
    let open = |now: Time, disk: &mut Disk| Controller::open(now, options(1, voters(3), 1), &BrokerConfig::default(), disk).expect("opens");
    let mut controller = open(now, &mut disk);
    elect(&mut controller, &mut disk, &mut now);
    let mut controller = open(now, &mut disk);
    elect(&mut controller, &mut disk, &mut now);
    let view = controller.quorum();
    assert_eq!((view.epoch, view.end_offset, view.high_watermark), (2, 2, 0));
    let mut fetched = |offset: i64, last: i32| {
        let partition = m::fetch_request::FetchPartition {
            current_leader_epoch: 2,
            fetch_offset: offset,
            last_fetched_epoch: last,
            partition_max_bytes: 1000,
            ..m::fetch_request::FetchPartition::default()
        };
        let topic = m::fetch_request::FetchTopic {
            topic_id: METADATA_TOPIC_ID,
            partitions: vec![partition],
            ..m::fetch_request::FetchTopic::default()
        };
        let replica = m::fetch_request::ReplicaState { replica_id: 2.into(), ..m::fetch_request::ReplicaState::default() };
        let request = m::FetchRequest { topics: vec![topic], max_bytes: 1000, replica_state: replica, ..m::FetchRequest::default() };
        controller.handle_request(now, &mut disk, Token(1), 18, Request::Fetch(request));
        (controller.quorum().high_watermark, controller.is_active())
    };
    assert_eq!(fetched(1, 1), (0, false), "a majority has the first epoch's record, which another may still overwrite");
    assert_eq!(fetched(2, 2), (2, true));
}

#[test]
fn the_election_timeout_is_a_config() {
    for (set, millis) in [(&[][..], 1000), (&[("controller.quorum.election.timeout.ms", "300")][..], 300)] {
        let (mut disk, config) = (Disk::default(), config(set));
        let controller = Controller::open(START, options(1, voters(3), 7), &config, &mut disk).expect("opens");
        let (at, why) = controller.poll_timeout().expect("a deadline");
        let waits = at.micros_since(START) / 1000;
        assert!((millis..2 * millis).contains(&waits), "{why:?} after {waits} ms");
    }
}

//! The room's harness: controllers, their disks and a network that delays, loses and cuts, from a seed.

#[path = "tests_active.rs"]
mod active;
#[path = "tests_elections.rs"]
mod elections;
#[path = "tests_quorum.rs"]
mod quorum;
#[path = "tests_votes.rs"]
mod votes;

use super::*;
use crate::kafka::rng::Rng;
use crate::kafka::sorted_vec::SortedVecMap;

pub const START: Time = Time::from_millis(1_700_000_000_000);

pub fn voters(count: i32) -> Vec<Voter> {
    (1..=count).map(|id| Voter { id, host: format!("broker-{id}").into(), port: 9093 }).collect()
}

pub fn options(id: i32, voters: Vec<Voter>, seed: u64) -> ControllerOptions {
    ControllerOptions { node_id: id, cluster_id: "tidepool".into(), voters, seed: seed ^ (id as u64) << 32, sabotage: None }
}

/// One voter alone: every request is answered at once.
pub struct Alone {
    pub now: Time,
    pub disk: Disk,
    pub controller: Controller,
    pub events: Vec<ControllerEvent>,
    token: u64,
}

impl Alone {
    pub fn open(config: &BrokerConfig, sabotage: Option<Sabotage>) -> Self {
        let mut disk = Disk::default();
        let options = ControllerOptions { sabotage, ..options(1, voters(1), 7) };
        let controller = Controller::open(START, options, config, &mut disk).expect("opens");
        Self { now: START, disk, controller, events: Vec::new(), token: 0 }
    }

    /// The controller's process ends and another begins on its disk.
    pub fn restart(&mut self) {
        self.disk.lose_unflushed();
        self.controller = Controller::open(self.now, options(1, voters(1), 8), &BrokerConfig::default(), &mut self.disk).expect("opens");
    }

    pub fn ask(&mut self, version: i16, request: Request) -> Response {
        self.token += 1;
        let token = Token(self.token);
        self.controller.handle_request(self.now, &mut self.disk, token, version, request);
        let mut answer = None;
        while let Some(output) = self.controller.poll_output() {
            match output {
                Output::Respond { token: of, response } if of == token => answer = Some(response),
                Output::Event(event) => self.events.push(event),
                _ => {}
            }
        }
        answer.expect("an answer")
    }

    pub fn pass(&mut self, millis: i64) {
        let end = self.now.plus_millis(millis);
        while let Some((at, _)) = self.controller.poll_timeout().filter(|(at, _)| *at <= end) {
            self.now = self.now.max(at);
            self.controller.handle_timeout(self.now, &mut self.disk);
            while let Some(output) = self.controller.poll_output() {
                if let Output::Event(event) = output {
                    self.events.push(event);
                }
            }
        }
        self.now = end;
    }

    pub fn register(&mut self, id: i32, incarnation: u128, previous: i64) -> m::BrokerRegistrationResponse {
        let listener = m::broker_registration_request::Listener {
            host: format!("broker-{id}").into(),
            port: 9092,
            ..m::broker_registration_request::Listener::default()
        };
        let request = m::BrokerRegistrationRequest {
            broker_id: id.into(),
            cluster_id: "tidepool".to_owned().into(),
            incarnation_id: Uuid::from_u128(incarnation),
            listeners: vec![listener],
            previous_broker_epoch: previous,
            ..m::BrokerRegistrationRequest::default()
        };
        match self.ask(4, Request::BrokerRegistration(request)) {
            Response::BrokerRegistration(answer) => answer,
            other => panic!("{other:?}"),
        }
    }

    pub fn beat(&mut self, id: i32, want_fence: bool, want_shut_down: bool) -> m::BrokerHeartbeatResponse {
        let image = self.controller.image();
        let request = m::BrokerHeartbeatRequest {
            broker_id: id.into(),
            broker_epoch: image.brokers[&id].epoch,
            current_metadata_offset: image.offset,
            want_fence,
            want_shut_down,
            ..m::BrokerHeartbeatRequest::default()
        };
        match self.ask(1, Request::BrokerHeartbeat(request)) {
            Response::BrokerHeartbeat(answer) => answer,
            other => panic!("{other:?}"),
        }
    }

    /// Registers and unfences brokers 1 to `count`.
    pub fn join(&mut self, count: i32) {
        for id in 1..=count {
            let answer = self.register(id, id as u128, -1);
            assert_eq!(answer.error_code, 0);
            let beat = self.beat(id, false, false);
            assert!(beat.is_caught_up && !beat.is_fenced);
        }
    }

    pub fn create(&mut self, topic: m::create_topics_request::CreatableTopic) -> m::create_topics_response::CreatableTopicResult {
        match self.ask(7, Request::CreateTopics(m::CreateTopicsRequest { topics: vec![topic], ..m::CreateTopicsRequest::default() })) {
            Response::CreateTopics(answer) => answer.topics.into_iter().next().expect("a result"),
            other => panic!("{other:?}"),
        }
    }

    /// A topic of one partition with these replicas.
    pub fn create_on(&mut self, name: &str, replicas: &[i32]) {
        let assignment =
            m::create_topics_request::CreatableReplicaAssignment { partition_index: 0, broker_ids: active::active_ids(replicas) };
        let topic = m::create_topics_request::CreatableTopic { assignments: vec![assignment], ..topic(name, -1, -1) };
        let made = self.create(topic);
        assert_eq!(made.error_code, 0, "{made:?}");
    }

    pub fn partition(&self, topic: &str) -> &image::PartitionImage {
        self.controller.image().partition(topic, 0).expect("the partition")
    }
}

pub fn topic(name: &str, partitions: i32, replicas: i16) -> m::create_topics_request::CreatableTopic {
    m::create_topics_request::CreatableTopic {
        name: super::active::topic_name(name),
        num_partitions: partitions,
        replication_factor: replicas,
        ..m::create_topics_request::CreatableTopic::default()
    }
}

pub fn config(pairs: &[(&str, &str)]) -> BrokerConfig {
    let fixed: SortedVecMap<String, String> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    BrokerConfig::new(fixed).expect("a config")
}

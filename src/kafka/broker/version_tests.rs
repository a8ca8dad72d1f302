//! Every API that a broker advertises, in every version that is answered: a request that says as much as the version can is answered
//! with a frame that decodes in that version. What an old version cannot say must not be set in its answer.

use super::ConnId;
use super::testing::TestBroker;
use crate::kafka::apis::{BROKER, find};
use crate::kafka::coordinator::samples::join;
use crate::kafka::samples::*;
use create_topics_request::CreatableTopic;
use std::fmt::Debug;

/// A broker where everything is that `Known` says.
struct Sweep {
    test: TestBroker,
    known: Known,
}

impl Sweep {
    fn new() -> Self {
        let mut test = TestBroker::new(&[]);
        let conn = test.connect();
        let orders = CreatableTopic { name: topic("orders"), num_partitions: 2, replication_factor: 1, ..CreatableTopic::default() };
        test.call(conn, 7, CreateTopicsRequest { topics: vec![orders], ..CreateTopicsRequest::default() });
        let topics = test.broker.topics.iter().map(|topic| (topic.name.to_string(), topic.id)).collect();
        let mut known = Known { now: test.now, topics, member: text(""), generation: 0 };
        let produce = ProduceRequest::sample(&known, 9, "orders");
        assert_eq!(test.call(conn, 9, produce).responses[0].partition_responses[0].error_code, 0);
        // The first to look for a coordinator makes it: the offsets topic.
        test.call(conn, 3, FindCoordinatorRequest::sample(&known, 3, "orders"));
        let joined = test.call(conn, 3, join(3));
        (known.member, known.generation) = (joined.member_id, joined.generation_id);
        assert_eq!(test.call(conn, 3, SyncGroupRequest::sample(&known, 3, "orders")).error_code, 0);
        let committed = test.call(conn, 7, OffsetCommitRequest::sample(&known, 7, "orders"));
        assert_eq!(committed.topics[0].partitions[0].error_code, 0);
        Self { test, known }
    }

    /// Sends the request of each version on a connection of its own: content that exists, content that does not, and nothing.
    fn each<R>(&mut self)
    where
        R: Sample + Debug + Clone,
        R::Response: Debug,
    {
        let range = find(BROKER, R::KEY).expect("is in the table");
        for version in range.answered_from..=range.max {
            self.known.now = self.test.now;
            let mut requests = vec![R::sample(&self.known, version, "orders"), R::sample(&self.known, version, "nowhere")];
            // Produce's default has acks=0, which nothing answers, and DescribeAcls' asks for UNKNOWN, which closes the connection.
            if !matches!(R::KEY, ApiKey::Produce | ApiKey::DescribeAcls) {
                requests.push(R::default());
            }
            for request in requests {
                let conn = self.test.connect();
                self.one(conn, version, request);
            }
        }
    }

    /// The connection stays, and the answer decodes without a byte left over.
    fn one<R>(&mut self, conn: ConnId, version: i16, request: R)
    where
        R: Request + Debug + Clone,
        R::Response: Debug,
    {
        self.test.send(conn, version, request.clone());
        assert!(!self.test.closed.contains_key(&conn), "v{version} {request:?}: {:?}", self.test.closed.get(&conn));
        for _ in 0..100 {
            if self.test.take::<R>(conn, version).is_some() {
                return;
            }
            self.test.wake();
            assert!(!self.test.closed.contains_key(&conn), "v{version} {request:?}: {:?}", self.test.closed.get(&conn));
        }
        panic!("no answer to v{version} {request:?}");
    }
}

macro_rules! sweep {
    ({$($name:ident = $key:literal, $request:ident => $response:ident,
        {$($kind:ident $min:literal..=$max:literal $(in $module:ident)? $(from $from:literal)?)?} $controller:tt;)*} $absent:tt) => {
        fn sweep(all: &mut Sweep) {
            let asked = [$($({ all.each::<$request>(); $max },)?)*];
            assert_eq!(asked.len(), BROKER.len());
        }
    };
}

crate::kafka_apis!(sweep);

#[test]
fn every_api_answers_in_every_version() {
    sweep(&mut Sweep::new());
}

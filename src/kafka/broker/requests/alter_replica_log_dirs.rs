//! AlterReplicaLogDirs (KIP-113): a replica moves to another log directory. There is one.

use super::BrokerApi;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::time::Time;
use crate::kafka::wire::message::alter_replica_log_dirs_response::{AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult};
use crate::kafka::wire::message::{AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse};

impl BrokerApi for AlterReplicaLogDirsRequest {
    /// `ReplicaManager.alterReplicaLogDirs`: LOG_DIR_NOT_FOUND for another directory than the one that there is; in that one, all is where
    /// it is to be.
    fn handle(self, broker: &mut Broker, _now: Time, context: &Context) -> Reply {
        let mut results: Vec<AlterReplicaLogDirTopicResult> = Vec::new();
        for dir in self.dirs {
            let is_ours = dir.path.as_ref() == broker.log_dir();
            for topic in dir.topics {
                let error = |index: i32| match broker.topics.partition(topic.name.0.as_ref(), index) {
                    _ if broker.halted => ErrorCode::KafkaStorageError,
                    _ if !is_ours => ErrorCode::LogDirNotFound,
                    Some(_) => ErrorCode::None,
                    None => match broker.not_led(topic.name.0.as_ref(), index) {
                        ErrorCode::NotLeaderOrFollower => ErrorCode::ReplicaNotAvailable,
                        other => other,
                    },
                };
                let partitions = topic
                    .partitions
                    .iter()
                    .map(|index| AlterReplicaLogDirPartitionResult { partition_index: *index, error_code: error(*index).code() })
                    .collect::<Vec<_>>();
                match results.iter_mut().find(|result| result.topic_name == topic.name) {
                    Some(result) => result.partitions.extend(partitions),
                    None => results.push(AlterReplicaLogDirTopicResult { topic_name: topic.name, partitions }),
                }
            }
        }
        reply(context, AlterReplicaLogDirsResponse { results, ..AlterReplicaLogDirsResponse::default() })
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::alter_replica_log_dirs_request::{AlterReplicaLogDir, AlterReplicaLogDirTopic};

    impl Sample for AlterReplicaLogDirsRequest {
        fn sample(_known: &Known, _version: i16, name: &str) -> Self {
            let dir = |path: &str| AlterReplicaLogDir {
                path: text(path),
                topics: vec![AlterReplicaLogDirTopic { name: topic(name), partitions: vec![0, 9] }],
            };
            Self { dirs: vec![dir("/tmp/kafka-logs"), dir("/elsewhere")] }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::kafka::broker::testing::TestBroker;
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::alter_replica_log_dirs_request::{AlterReplicaLogDir, AlterReplicaLogDirTopic};
    use crate::kafka::wire::message::create_topics_request::CreatableTopic;

    /// As 4.1.1 answers them.
    #[test]
    fn a_replica_stays_where_it_is() {
        let mut test = TestBroker::new(&[]);
        let conn = test.connect();
        let orders = CreatableTopic { name: topic("orders"), num_partitions: 1, replication_factor: 1, ..CreatableTopic::default() };
        test.call(conn, 7, CreateTopicsRequest { topics: vec![orders], ..CreateTopicsRequest::default() });
        let mut told = |path: &str, name: &str, partitions: Vec<i32>| -> Vec<i16> {
            let topics = vec![AlterReplicaLogDirTopic { name: topic(name), partitions }];
            let request = AlterReplicaLogDirsRequest { dirs: vec![AlterReplicaLogDir { path: text(path), topics }] };
            let results = test.call(conn, 2, request).results;
            results.iter().flat_map(|result| result.partitions.iter().map(|partition| partition.error_code)).collect()
        };
        assert_eq!(told("/tmp/kafka-logs", "orders", vec![0, 9]), [0, 3]);
        assert_eq!(told("/tmp/kafka-logs", "nowhere", vec![0]), [3]);
        assert_eq!((told("/nope", "orders", vec![0]), told("/nope", "nowhere", vec![0])), (vec![57], vec![57]));
    }
}

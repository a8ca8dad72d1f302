//! DescribeLogDirs (KIP-113, KIP-827): how large each partition's log is here, and how large the disk.

use super::BrokerApi;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::time::Time;
use crate::kafka::wire::message::describe_log_dirs_response::{DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic};
use crate::kafka::wire::message::{DescribeLogDirsRequest, DescribeLogDirsResponse, Str, TopicName};

/// `DescribeLogDirsResponse.UNKNOWN_VOLUME_BYTES`.
const UNKNOWN_VOLUME_BYTES: i64 = -1;

impl BrokerApi for DescribeLogDirsRequest {
    /// `ReplicaManager.describeLogDirs`: the one log directory of this broker, with the logs that were asked for and are here.
    /// KAFKA_STORAGE_ERROR once the directory has failed.
    fn handle(self, broker: &mut Broker, _now: Time, context: &Context) -> Reply {
        let mut result = DescribeLogDirsResult { log_dir: Str::from(broker.log_dir()), ..DescribeLogDirsResult::default() };
        if broker.halted {
            result.error_code = ErrorCode::KafkaStorageError.code();
        } else {
            result.topics = broker.log_sizes(&self);
            (result.total_bytes, result.usable_bytes) = broker.volume();
        }
        reply(context, DescribeLogDirsResponse { results: vec![result], ..DescribeLogDirsResponse::default() })
    }
}

impl Broker {
    /// Where Kafka would keep the logs: the first of `log.dirs`, else `log.dir`.
    pub(super) fn log_dir(&self) -> &str {
        let first = self.config.log_dirs.as_deref().unwrap_or("").split(',').next().unwrap_or("").trim();
        if first.is_empty() { &self.config.log_dir } else { first }
    }

    /// Size of the disk and what is left of it, in bytes; both unknown where it has no limit.
    fn volume(&self) -> (i64, i64) {
        let bytes = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
        match self.disk.free() {
            u64::MAX => (UNKNOWN_VOLUME_BYTES, UNKNOWN_VOLUME_BYTES),
            free => (bytes(self.disk.used().saturating_add(free)), bytes(free)),
        }
    }

    fn log_sizes(&self, request: &DescribeLogDirsRequest) -> Vec<DescribeLogDirsTopic> {
        let asked: Option<SortedVecSet<(&str, i32)>> = request
            .topics
            .as_ref()
            .map(|topics| topics.iter().flat_map(|topic| topic.partitions.iter().map(|index| (topic.topic.0.as_ref(), *index))).collect());
        let mut topics = Vec::new();
        for topic in self.topics.iter() {
            let wanted = |index: i32| asked.as_ref().is_none_or(|asked| asked.contains(&(&*topic.name, index)));
            let logs = topic.partitions.iter().filter(|(index, _)| wanted(**index));
            let partitions: Vec<_> = logs
                .map(|(index, partition)| DescribeLogDirsPartition {
                    partition_index: *index,
                    partition_size: i64::try_from(partition.log.size()).unwrap_or(i64::MAX),
                    offset_lag: (partition.high_watermark - partition.log.end_offset()).max(0),
                    // No replica moves between directories: there is one.
                    is_future_key: false,
                })
                .collect();
            if !partitions.is_empty() {
                topics.push(DescribeLogDirsTopic { name: TopicName(topic.name.clone()), partitions });
            }
        }
        topics
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::describe_log_dirs_request::DescribableLogDirTopic;

    impl Sample for DescribeLogDirsRequest {
        fn sample(_known: &Known, _version: i16, name: &str) -> Self {
            Self { topics: Some(vec![DescribableLogDirTopic { topic: topic(name), partitions: vec![0, 9] }]) }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::kafka::broker::testing::TestBroker;
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::create_topics_request::CreatableTopic;
    use crate::kafka::wire::message::describe_log_dirs_request::DescribableLogDirTopic;

    #[test]
    fn sizes_are_those_of_the_logs_and_the_disk_has_a_size_when_it_has_a_limit() {
        let mut test = TestBroker::new(&[]);
        let conn = test.connect();
        let orders = CreatableTopic { name: topic("orders"), num_partitions: 2, replication_factor: 1, ..CreatableTopic::default() };
        test.call(conn, 7, CreateTopicsRequest { topics: vec![orders], ..CreateTopicsRequest::default() });
        let known = Known { now: test.now, topics: Default::default(), member: text(""), generation: 0 };
        test.call(conn, 9, ProduceRequest::sample(&known, 9, "orders"));
        let size = test.broker.topics.partition("orders", 0).map(|partition| partition.log.size() as i64).expect("is here");
        assert!(size > 60);

        let all = test.call(conn, 4, DescribeLogDirsRequest { topics: None }).results;
        assert_eq!((all.len(), all[0].error_code, all[0].log_dir.as_ref()), (1, 0, "/tmp/kafka-logs"));
        assert_eq!((all[0].total_bytes, all[0].usable_bytes), (-1, -1));
        let found: Vec<_> = all[0].topics.iter().flat_map(|topic| &topic.partitions).collect();
        let sizes: Vec<_> = found.iter().map(|log| (log.partition_index, log.partition_size, log.offset_lag)).collect();
        assert_eq!(sizes, [(0, size, 0), (1, 0, 0)]);

        test.broker.disk_mut().set_capacity(Some(1 << 20));
        let one = DescribableLogDirTopic { topic: topic("orders"), partitions: vec![1, 7] };
        let nowhere = DescribableLogDirTopic { topic: topic("nowhere"), partitions: vec![0] };
        let some = test.call(conn, 4, DescribeLogDirsRequest { topics: Some(vec![one, nowhere]) }).results;
        assert_eq!(some[0].topics.len(), 1);
        assert_eq!(some[0].topics[0].partitions.len(), 1);
        assert_eq!(some[0].total_bytes, 1 << 20);
        assert!((0..1 << 20).contains(&some[0].usable_bytes));
    }
}

//! What is written is read, and nothing that is read panics.

use super::*;
use crate::kafka::rng::Rng;

fn samples() -> Vec<Record> {
    let id = Uuid::from_u128(0x1122_3344_5566_7788_99aa_bbcc_ddee_ff00);
    let broker = BrokerImage {
        id: 3,
        epoch: 41,
        incarnation: id,
        host: "broker-3".into(),
        port: 9092,
        rack: Some("r1".into()),
        fenced: true,
        in_controlled_shutdown: false,
    };
    let state = PartitionImage {
        replicas: vec![1, 2, 3],
        isr: vec![1, 2],
        elr: vec![3],
        last_known_elr: vec![2],
        adding: vec![3],
        removing: vec![1],
        leader: 1,
        leader_epoch: 5,
        partition_epoch: 9,
        recovering: true,
    };
    let mut change = PartitionChange::new(id, 7);
    change.isr = Some(vec![]);
    change.leader = -1;
    change.elr = Some(vec![1]);
    change.recovery = 0;
    vec![
        Record::RegisterBroker(broker.clone()),
        Record::RegisterBroker(BrokerImage { rack: None, port: 65_535, ..broker }),
        Record::UnregisterBroker { id: 3, epoch: 41 },
        Record::Topic { name: "orders".into(), id },
        Record::Partition { topic: id, partition: 2, state },
        Record::Partition { topic: id, partition: 0, state: PartitionImage { leader: -1, ..PartitionImage::default() } },
        Record::Config { kind: 2, resource: "orders".into(), name: "retention.ms".into(), value: Some("5".into()) },
        Record::Config { kind: 4, resource: "".into(), name: "num.io.threads".into(), value: None },
        Record::PartitionChange(change),
        Record::PartitionChange(PartitionChange::new(id, 0)),
        Record::BrokerChange { id: 3, epoch: 41, fenced: -1, in_controlled_shutdown: false },
        Record::BrokerChange { id: 3, epoch: 41, fenced: 0, in_controlled_shutdown: true },
        Record::RemoveTopic { id },
        Record::FeatureLevel { name: "metadata.version".into(), level: 27 },
        Record::ProducerIds { broker: 3, epoch: 41, next: 3000 },
        Record::ClearElr { topic: "orders".into() },
        Record::NoOp,
    ]
}

#[test]
fn what_is_written_is_read() {
    for record in samples() {
        assert_eq!(Record::decode(&record.encode()), Ok(Some(record)));
    }
}

#[test]
fn the_bytes_are_kafkas() {
    assert_eq!(&Record::NoOp.encode()[..], [1, 20, 0, 0]);
    let topic = Record::Topic { name: "ab".into(), id: Uuid::from_u128(7) }.encode();
    assert_eq!(&topic[..], [1, 2, 0, 3, b'a', b'b', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0]);
    let change = Record::BrokerChange { id: 1, epoch: 2, fenced: -1, in_controlled_shutdown: true }.encode();
    assert_eq!(&change[..], [1, 17, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 2, 0, 1, 255, 1, 1, 1]);
    assert_eq!(&Record::ClearElr { topic: "ab".into() }.encode()[..], [1, 28, 0, 3, b'a', b'b', 0]);
    // What Tidepool does not know is left out: an access control entry, a registration of a controller.
    assert_eq!(Record::decode(&[1, 18, 0, 9, 9]), Ok(None));
    assert_eq!(Record::decode(&[1, 27, 0]), Ok(None));
    assert!(Record::decode(&[0, 20, 0, 0]).is_err());
}

#[test]
fn nothing_malformed_panics() {
    let mut rng = Rng::stream(1, "malformed records");
    for record in samples() {
        let bytes = record.encode();
        for end in 0..bytes.len() {
            let _ = Record::decode(&bytes[..end]);
        }
        for _ in 0..300 {
            let mut bytes = bytes.to_vec();
            for _ in 0..=rng.below(3) {
                let at = rng.below(bytes.len() as u64) as usize;
                bytes[at] = rng.next_u64() as u8;
            }
            let _ = Record::decode(&bytes);
        }
    }
}

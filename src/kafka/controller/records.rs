//! The records of the metadata log, in the bytes of Kafka's own (`metadata/src/main/resources/common/metadata/*.json`,
//! `MetadataRecordSerde`): frame version, record type and record version as unsigned varints, then a body of a flexible version.
//!
//! Types that Tidepool has no use for are skipped when read. Features of brokers and the log directories of replicas are written as
//! empty or unassigned and not kept.

use super::image::{BrokerImage, PartitionImage};
use bytes::Bytes;
use std::sync::Arc;
use uuid::Uuid;

/// `PartitionChangeRecord`: what `None` (or -2 as leader, -1 as recovery state) leaves as it was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartitionChange {
    pub topic: Uuid,
    pub partition: i32,
    pub isr: Option<Vec<i32>>,
    /// -2: no change; -1: nobody leads; the leader's epoch goes up unless it is -2.
    pub leader: i32,
    pub replicas: Option<Vec<i32>>,
    pub removing: Option<Vec<i32>>,
    pub adding: Option<Vec<i32>>,
    /// -1: no change, 0: recovered, 1: recovering.
    pub recovery: i8,
    pub elr: Option<Vec<i32>>,
    pub last_known_elr: Option<Vec<i32>>,
}

impl PartitionChange {
    /// A change of nothing.
    pub fn new(topic: Uuid, partition: i32) -> Self {
        let (isr, replicas, removing, adding, elr, last_known_elr) = (None, None, None, None, None, None);
        Self { topic, partition, isr, leader: -2, replicas, removing, adding, recovery: -1, elr, last_known_elr }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Record {
    RegisterBroker(BrokerImage),
    UnregisterBroker {
        id: i32,
        epoch: i64,
    },
    Topic {
        name: Arc<str>,
        id: Uuid,
    },
    Partition {
        topic: Uuid,
        partition: i32,
        state: PartitionImage,
    },
    /// `kind`: 2 topic, 4 broker. Without a value it is unset.
    Config {
        kind: i8,
        resource: Arc<str>,
        name: String,
        value: Option<String>,
    },
    PartitionChange(PartitionChange),
    /// `BrokerRegistrationChangeRecord`, and the older `FenceBrokerRecord` and `UnfenceBrokerRecord` when read. `fenced`: 1 fenced,
    /// -1 unfenced, 0 no change.
    BrokerChange {
        id: i32,
        epoch: i64,
        fenced: i8,
        in_controlled_shutdown: bool,
    },
    RemoveTopic {
        id: Uuid,
    },
    FeatureLevel {
        name: Arc<str>,
        level: i16,
    },
    ProducerIds {
        broker: i32,
        epoch: i64,
        next: i64,
    },
    /// `ClearElrRecord`, as it stands in the log whenever `min.insync.replicas` has changed; an empty name means every topic.
    ClearElr {
        topic: Arc<str>,
    },
    NoOp,
}

const FRAME_VERSION: u32 = 1;

mod kind {
    pub const REGISTER_BROKER: u32 = 0;
    pub const UNREGISTER_BROKER: u32 = 1;
    pub const TOPIC: u32 = 2;
    pub const PARTITION: u32 = 3;
    pub const CONFIG: u32 = 4;
    pub const PARTITION_CHANGE: u32 = 5;
    pub const FENCE_BROKER: u32 = 7;
    pub const UNFENCE_BROKER: u32 = 8;
    pub const REMOVE_TOPIC: u32 = 9;
    pub const FEATURE_LEVEL: u32 = 12;
    pub const PRODUCER_IDS: u32 = 15;
    pub const BROKER_REGISTRATION_CHANGE: u32 = 17;
    pub const NO_OP: u32 = 20;
    pub const CLEAR_ELR: u32 = 28;
}

/// What a record's value is not, when it cannot be read.
pub type Malformed = &'static str;

impl Record {
    pub fn encode(&self) -> Bytes {
        let mut w = Writer::default();
        match self {
            Self::RegisterBroker(broker) => w.broker(broker),
            Self::UnregisterBroker { id, epoch } => {
                w.head(kind::UNREGISTER_BROKER, 0);
                w.put(&id.to_be_bytes());
                w.put(&epoch.to_be_bytes());
                w.put(&[0]);
            }
            Self::Topic { name, id } => {
                w.head(kind::TOPIC, 0);
                w.string(name);
                w.uuid(*id);
                w.put(&[0]);
            }
            Self::Partition { topic, partition, state } => w.partition(*topic, *partition, state),
            Self::ClearElr { topic } => {
                w.head(kind::CLEAR_ELR, 0);
                w.string(topic);
                w.put(&[0]);
            }
            Self::Config { kind, resource, name, value } => {
                w.head(kind::CONFIG, 0);
                w.put(&kind.to_be_bytes());
                w.string(resource);
                w.string(name);
                w.nullable(value.as_deref());
                w.put(&[0]);
            }
            Self::PartitionChange(change) => w.partition_change(change),
            Self::BrokerChange { id, epoch, fenced, in_controlled_shutdown } => {
                w.head(kind::BROKER_REGISTRATION_CHANGE, 2);
                w.put(&id.to_be_bytes());
                w.put(&epoch.to_be_bytes());
                let fenced = (*fenced != 0).then(|| fenced.to_be_bytes().to_vec());
                w.tags(&[(0, fenced), (1, in_controlled_shutdown.then(|| vec![1]))]);
            }
            Self::RemoveTopic { id } => {
                w.head(kind::REMOVE_TOPIC, 0);
                w.uuid(*id);
                w.put(&[0]);
            }
            Self::FeatureLevel { name, level } => {
                w.head(kind::FEATURE_LEVEL, 0);
                w.string(name);
                w.put(&level.to_be_bytes());
                w.put(&[0]);
            }
            Self::ProducerIds { broker, epoch, next } => {
                w.head(kind::PRODUCER_IDS, 0);
                w.put(&broker.to_be_bytes());
                w.put(&epoch.to_be_bytes());
                w.put(&next.to_be_bytes());
                w.put(&[0]);
            }
            Self::NoOp => {
                w.head(kind::NO_OP, 0);
                w.put(&[0]);
            }
        }
        Bytes::from(w.0)
    }

    /// `None`: a type that Tidepool has no use for.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn decode(value: &[u8]) -> Result<Option<Self>, Malformed> {
        let mut r = Reader(value);
        if r.uvarint()? != FRAME_VERSION {
            return Err("the frame version is not 1");
        }
        let (kind, version) = (r.uvarint()?, r.uvarint()?);
        let record = match kind {
            kind::REGISTER_BROKER => r.broker(version)?,
            kind::UNREGISTER_BROKER => Self::UnregisterBroker { id: r.i32()?, epoch: r.i64()? },
            kind::TOPIC => Self::Topic { name: r.string()?.into(), id: r.uuid()? },
            kind::PARTITION => r.partition(version)?,
            kind::CONFIG => Self::Config {
                kind: r.byte()? as i8,
                resource: r.string()?.into(),
                name: r.string()?.to_owned(),
                value: r.nullable()?.map(str::to_owned),
            },
            kind::PARTITION_CHANGE => r.partition_change()?,
            kind::BROKER_REGISTRATION_CHANGE => r.broker_change()?,
            kind::FENCE_BROKER | kind::UNFENCE_BROKER => Self::BrokerChange {
                id: r.i32()?,
                epoch: r.i64()?,
                fenced: if kind == kind::FENCE_BROKER { 1 } else { -1 },
                in_controlled_shutdown: false,
            },
            kind::REMOVE_TOPIC => Self::RemoveTopic { id: r.uuid()? },
            kind::FEATURE_LEVEL => Self::FeatureLevel { name: r.string()?.into(), level: r.i16()? },
            kind::PRODUCER_IDS => Self::ProducerIds { broker: r.i32()?, epoch: r.i64()?, next: r.i64()? },
            kind::CLEAR_ELR => Self::ClearElr { topic: r.string()?.into() },
            kind::NO_OP => Self::NoOp,
            _ => return Ok(None),
        };
        Ok(Some(record))
    }
}

#[derive(Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    fn head(&mut self, kind: u32, version: u32) {
        self.uvarint(FRAME_VERSION);
        self.uvarint(kind);
        self.uvarint(version);
    }

    fn broker(&mut self, broker: &BrokerImage) {
        self.head(kind::REGISTER_BROKER, 3);
        self.put(&broker.id.to_be_bytes());
        self.put(&[0]);
        self.uuid(broker.incarnation);
        self.put(&broker.epoch.to_be_bytes());
        self.uvarint(2);
        self.string("PLAINTEXT");
        self.string(&broker.host);
        self.put(&(broker.port as u16).to_be_bytes());
        self.put(&[0, 0, 0]);
        self.uvarint(1);
        self.nullable(broker.rack.as_deref());
        self.put(&[u8::from(broker.fenced), u8::from(broker.in_controlled_shutdown), 0]);
    }

    fn partition(&mut self, topic: Uuid, partition: i32, state: &PartitionImage) {
        self.head(kind::PARTITION, 2);
        self.put(&partition.to_be_bytes());
        self.uuid(topic);
        for list in [&state.replicas, &state.isr, &state.removing, &state.adding] {
            self.ints(list);
        }
        self.put(&state.leader.to_be_bytes());
        self.put(&state.leader_epoch.to_be_bytes());
        self.put(&state.partition_epoch.to_be_bytes());
        // `DirectoryId.UNASSIGNED` for every replica.
        self.uvarint(state.replicas.len() as u32 + 1);
        state.replicas.iter().for_each(|_| self.uuid(Uuid::nil()));
        let some = |list: &Vec<i32>| (!list.is_empty()).then(|| Writer::of_ints(list));
        let recovery = state.recovering.then(|| vec![1]);
        self.tags(&[(0, recovery), (1, some(&state.elr)), (2, some(&state.last_known_elr))]);
    }

    fn partition_change(&mut self, change: &PartitionChange) {
        self.head(kind::PARTITION_CHANGE, 2);
        self.put(&change.partition.to_be_bytes());
        self.uuid(change.topic);
        let ints = |list: &Option<Vec<i32>>| list.as_ref().map(|list| Writer::of_ints(list));
        self.tags(&[
            (0, ints(&change.isr)),
            (1, (change.leader != -2).then(|| change.leader.to_be_bytes().to_vec())),
            (2, ints(&change.replicas)),
            (3, ints(&change.removing)),
            (4, ints(&change.adding)),
            (5, (change.recovery != -1).then(|| change.recovery.to_be_bytes().to_vec())),
            (6, ints(&change.elr)),
            (7, ints(&change.last_known_elr)),
        ]);
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn uvarint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn uuid(&mut self, id: Uuid) {
        self.put(id.as_bytes());
    }

    fn string(&mut self, text: &str) {
        self.uvarint(text.len() as u32 + 1);
        self.put(text.as_bytes());
    }

    fn nullable(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.string(text),
            None => self.put(&[0]),
        }
    }

    fn ints(&mut self, list: &[i32]) {
        self.uvarint(list.len() as u32 + 1);
        list.iter().for_each(|item| self.put(&item.to_be_bytes()));
    }

    fn of_ints(list: &[i32]) -> Vec<u8> {
        let mut w = Self::default();
        w.ints(list);
        w.0
    }

    fn tags(&mut self, fields: &[(u32, Option<Vec<u8>>)]) {
        self.uvarint(fields.iter().filter(|(_, bytes)| bytes.is_some()).count() as u32);
        for (tag, bytes) in fields {
            if let Some(bytes) = bytes {
                self.uvarint(*tag);
                self.uvarint(bytes.len() as u32);
                self.put(bytes);
            }
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn broker(&mut self, version: u32) -> Result<Record, Malformed> {
        let id = self.i32()?;
        if version >= 2 {
            self.byte()?;
        }
        let (incarnation, epoch) = (self.uuid()?, self.i64()?);
        let (mut host, mut port) = (Arc::from(""), 0);
        for index in 0..self.count()?.unwrap_or(0) {
            self.string()?;
            let (its_host, its_port) = (self.string()?, self.i16()? as u16);
            self.i16()?;
            self.skip_tags()?;
            if index == 0 {
                (host, port) = (its_host.into(), i32::from(its_port));
            }
        }
        for _ in 0..self.count()?.unwrap_or(0) {
            self.string()?;
            self.i32()?;
            self.skip_tags()?;
        }
        let rack = self.nullable()?.map(Arc::from);
        let fenced = self.byte()? != 0;
        let in_controlled_shutdown = version >= 1 && self.byte()? != 0;
        self.skip_tags()?;
        Ok(Record::RegisterBroker(BrokerImage { id, epoch, incarnation, host, port, rack, fenced, in_controlled_shutdown }))
    }

    fn partition(&mut self, version: u32) -> Result<Record, Malformed> {
        let (partition, topic) = (self.i32()?, self.uuid()?);
        let mut list = || self.ints().map(Option::unwrap_or_default);
        let (replicas, isr, removing, adding) = (list()?, list()?, list()?, list()?);
        let (leader, leader_epoch, partition_epoch) = (self.i32()?, self.i32()?, self.i32()?);
        if version >= 1 {
            for _ in 0..self.count()?.unwrap_or(0) {
                self.uuid()?;
            }
        }
        let mut state =
            PartitionImage { replicas, isr, removing, adding, leader, leader_epoch, partition_epoch, ..PartitionImage::default() };
        self.tags(|tag, r| {
            match tag {
                0 => state.recovering = r.byte()? != 0,
                1 => state.elr = r.ints()?.unwrap_or_default(),
                2 => state.last_known_elr = r.ints()?.unwrap_or_default(),
                _ => {}
            }
            Ok(())
        })?;
        Ok(Record::Partition { topic, partition, state })
    }

    fn partition_change(&mut self) -> Result<Record, Malformed> {
        let partition = self.i32()?;
        let mut change = PartitionChange::new(self.uuid()?, partition);
        self.tags(|tag, r| {
            match tag {
                0 => change.isr = r.ints()?,
                1 => change.leader = r.i32()?,
                2 => change.replicas = r.ints()?,
                3 => change.removing = r.ints()?,
                4 => change.adding = r.ints()?,
                5 => change.recovery = r.byte()? as i8,
                6 => change.elr = r.ints()?,
                7 => change.last_known_elr = r.ints()?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(Record::PartitionChange(change))
    }

    fn broker_change(&mut self) -> Result<Record, Malformed> {
        let (id, epoch, mut fenced, mut in_controlled_shutdown) = (self.i32()?, self.i64()?, 0, false);
        self.tags(|tag, r| {
            match tag {
                0 => fenced = r.byte()? as i8,
                1 => in_controlled_shutdown = r.byte()? == 1,
                _ => {}
            }
            Ok(())
        })?;
        Ok(Record::BrokerChange { id, epoch, fenced, in_controlled_shutdown })
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or("the record is cut off")?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| "the record is cut off")
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    fn i16(&mut self) -> Result<i16, Malformed> {
        Ok(i16::from_be_bytes(self.array()?))
    }

    fn i32(&mut self) -> Result<i32, Malformed> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    fn i64(&mut self) -> Result<i64, Malformed> {
        Ok(i64::from_be_bytes(self.array()?))
    }

    fn uuid(&mut self) -> Result<Uuid, Malformed> {
        Ok(Uuid::from_bytes(self.array()?))
    }

    fn uvarint(&mut self) -> Result<u32, Malformed> {
        let mut value = 0_u32;
        for index in 0..5 {
            let byte = self.byte()?;
            value |= u32::from(byte & 0x7f) << (7 * index);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err("a varint is longer than five bytes")
    }

    /// A compact array's or string's length; `None` for null. Checked against what is left: every element takes a byte at least.
    fn count(&mut self) -> Result<Option<usize>, Malformed> {
        let count = self.uvarint()?.checked_sub(1).map(|count| count as usize);
        if count.is_some_and(|count| count > self.0.len()) { Err("a length exceeds the record") } else { Ok(count) }
    }

    fn nullable(&mut self) -> Result<Option<&'a str>, Malformed> {
        let Some(length) = self.count()? else { return Ok(None) };
        std::str::from_utf8(self.take(length)?).map(Some).map_err(|_| "a string is not UTF-8")
    }

    fn string(&mut self) -> Result<&'a str, Malformed> {
        self.nullable()?.ok_or("a string is null")
    }

    fn ints(&mut self) -> Result<Option<Vec<i32>>, Malformed> {
        let Some(count) = self.count()? else { return Ok(None) };
        (0..count).map(|_| self.i32()).collect::<Result<_, _>>().map(Some)
    }

    fn tags(&mut self, mut field: impl FnMut(u32, &mut Reader<'a>) -> Result<(), Malformed>) -> Result<(), Malformed> {
        for _ in 0..self.uvarint()? {
            let (tag, size) = (self.uvarint()?, self.uvarint()?);
            field(tag, &mut Reader(self.take(size as usize)?))?;
        }
        Ok(())
    }

    fn skip_tags(&mut self) -> Result<(), Malformed> {
        self.tags(|_, _| Ok(()))
    }
}

#[cfg(test)]
#[path = "tests_records.rs"]
mod tests;

//! The records of `__consumer_offsets`: keys and values as Kafka's `OffsetCommitKey`, `OffsetCommitValue`,
//! `GroupMetadataKey` and `GroupMetadataValue` schemas have them. Reads all versions, writes those of Kafka 4.1.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::sync::Arc;

/// The most bytes that a string of the non-flexible format holds; a longer one is cut at a character's edge.
pub const MAX_STRING_BYTES: u32 = 32_767;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    #[error("the record ends inside a field")]
    Truncated,
    #[error("a string is not UTF-8")]
    Utf8,
    #[error("a string or array that may not be null is")]
    Null,
    #[error("version {0} of the value is not known")]
    Version(i16),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    Offset {
        group: Arc<str>,
        topic: Arc<str>,
        partition: i32,
    },
    Group {
        group: Arc<str>,
    },
    /// A key of another kind (a consumer group's, which `consumer::Record` reads, or a later Kafka's), and what follows its number.
    Other {
        number: i16,
        rest: Bytes,
    },
}

/// A committed offset with all that Kafka keeps beside it. Times in milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedOffset {
    pub offset: i64,
    /// -1 when the client gave none.
    pub leader_epoch: i32,
    pub metadata: Arc<str>,
    pub commit_timestamp: i64,
    /// Only when the client asked for a retention of its own (OffsetCommit v2 to v4).
    pub expire_timestamp: Option<i64>,
    /// Not in the record: which of two offsets stands later in the log (Kafka's `recordOffset`, as far as it is compared).
    pub order: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRecord {
    pub id: Arc<str>,
    pub instance: Option<Arc<str>>,
    pub client_id: Arc<str>,
    pub host: Arc<str>,
    pub rebalance_timeout_ms: i32,
    pub session_timeout_ms: i32,
    pub subscription: Bytes,
    pub assignment: Bytes,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRecord {
    /// Empty for none.
    pub protocol_type: Arc<str>,
    pub generation: i32,
    pub protocol: Option<Arc<str>>,
    pub leader: Option<Arc<str>>,
    /// Milliseconds since the Unix epoch; -1 when not known.
    pub state_timestamp: i64,
    pub members: Vec<MemberRecord>,
}

fn put_string(out: &mut BytesMut, text: &str) {
    let mut end = text.len().min(MAX_STRING_BYTES as usize);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let (kept, _) = text.split_at(end);
    out.put_i16(kept.len() as i16);
    out.put_slice(kept.as_bytes());
}

/// The length plus one as a varint, then the text.
fn put_compact_string(out: &mut BytesMut, text: &str) {
    let mut length = u32::try_from(text.len()).unwrap_or(u32::MAX - 1) + 1;
    while length >= 0x80 {
        out.put_u8(length as u8 | 0x80);
        length >>= 7;
    }
    out.put_u8(length as u8);
    out.put_slice(text.as_bytes());
}

fn put_nullable(out: &mut BytesMut, text: Option<&str>) {
    match text {
        Some(text) => put_string(out, text),
        None => out.put_i16(-1),
    }
}

fn put_bytes(out: &mut BytesMut, bytes: &Bytes) {
    out.put_i32(bytes.len() as i32);
    out.put_slice(bytes);
}

/// A cursor that never reads past the end. `flexible`: compact strings and tagged fields (value version 4).
struct Reader {
    bytes: Bytes,
    flexible: bool,
}

impl Reader {
    fn i16(&mut self) -> Result<i16, RecordError> {
        self.bytes.try_get_i16().map_err(|_| RecordError::Truncated)
    }
    fn i32(&mut self) -> Result<i32, RecordError> {
        self.bytes.try_get_i32().map_err(|_| RecordError::Truncated)
    }
    fn i64(&mut self) -> Result<i64, RecordError> {
        self.bytes.try_get_i64().map_err(|_| RecordError::Truncated)
    }
    fn varint(&mut self) -> Result<u32, RecordError> {
        let mut value = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.bytes.try_get_u8().map_err(|_| RecordError::Truncated)?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(RecordError::Truncated)
    }
    fn take(&mut self, length: i64) -> Result<Bytes, RecordError> {
        let length = usize::try_from(length).map_err(|_| RecordError::Null)?;
        if length > self.bytes.len() {
            return Err(RecordError::Truncated);
        }
        Ok(self.bytes.split_to(length))
    }
    fn nullable(&mut self) -> Result<Option<Arc<str>>, RecordError> {
        let length = if self.flexible { i64::from(self.varint()?) - 1 } else { i64::from(self.i16()?) };
        if length < 0 {
            return Ok(None);
        }
        let bytes = self.take(length)?;
        std::str::from_utf8(&bytes).map(|text| Some(Arc::from(text))).map_err(|_| RecordError::Utf8)
    }
    fn string(&mut self) -> Result<Arc<str>, RecordError> {
        self.nullable()?.ok_or(RecordError::Null)
    }
    fn array_length(&mut self) -> Result<i64, RecordError> {
        Ok(if self.flexible { i64::from(self.varint()?) - 1 } else { i64::from(self.i32()?) })
    }
    fn byte_string(&mut self) -> Result<Bytes, RecordError> {
        let length = self.array_length()?;
        self.take(length)
    }
    fn tagged_fields(&mut self) -> Result<(), RecordError> {
        if self.flexible {
            for _ in 0..self.varint()? {
                self.varint()?;
                let size = self.varint()?;
                self.take(i64::from(size))?;
            }
        }
        Ok(())
    }
}

impl Key {
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        match self {
            Self::Offset { group, topic, partition } => {
                out.put_i16(1);
                put_string(&mut out, group);
                put_string(&mut out, topic);
                out.put_i32(*partition);
            }
            Self::Group { group } => {
                out.put_i16(2);
                put_string(&mut out, group);
            }
            Self::Other { number, rest } => {
                out.put_i16(*number);
                out.put_slice(rest);
            }
        }
        out.freeze()
    }

    pub fn decode(bytes: Bytes) -> Result<Self, RecordError> {
        let mut reader = Reader { bytes, flexible: false };
        Ok(match reader.i16()? {
            0 | 1 => Self::Offset { group: reader.string()?, topic: reader.string()?, partition: reader.i32()? },
            2 => Self::Group { group: reader.string()? },
            number => Self::Other { number, rest: reader.bytes },
        })
    }
}

impl CommittedOffset {
    /// Version 4, or 1 when there is an expire timestamp (only version 1 has that field). The topic's id, which version 4 can tell in a
    /// tagged field, is in no answer of Kafka 4.1: no OffsetCommit brings one.
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        let Some(expire) = self.expire_timestamp else {
            out.put_i16(4);
            out.put_i64(self.offset);
            out.put_i32(self.leader_epoch);
            put_compact_string(&mut out, &self.metadata);
            out.put_i64(self.commit_timestamp);
            out.put_u8(0);
            return out.freeze();
        };
        out.put_i16(1);
        out.put_i64(self.offset);
        put_string(&mut out, &self.metadata);
        out.put_i64(self.commit_timestamp);
        out.put_i64(expire);
        out.freeze()
    }

    pub fn decode(bytes: Bytes) -> Result<Self, RecordError> {
        let mut reader = Reader { bytes, flexible: false };
        let version = reader.i16()?;
        if !(0..=4).contains(&version) {
            return Err(RecordError::Version(version));
        }
        reader.flexible = version >= 4;
        let offset = reader.i64()?;
        let leader_epoch = if version >= 3 { reader.i32()? } else { -1 };
        let metadata = reader.string()?;
        let commit_timestamp = reader.i64()?;
        let expire_timestamp = if version == 1 { Some(reader.i64()?).filter(|at| *at != -1) } else { None };
        reader.tagged_fields()?;
        Ok(Self { offset, leader_epoch, metadata, commit_timestamp, expire_timestamp, order: 0 })
    }
}

impl GroupRecord {
    /// Version 3.
    pub fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        out.put_i16(3);
        put_string(&mut out, &self.protocol_type);
        out.put_i32(self.generation);
        put_nullable(&mut out, self.protocol.as_deref());
        put_nullable(&mut out, self.leader.as_deref());
        out.put_i64(self.state_timestamp);
        out.put_i32(self.members.len() as i32);
        for member in &self.members {
            put_string(&mut out, &member.id);
            put_nullable(&mut out, member.instance.as_deref());
            put_string(&mut out, &member.client_id);
            put_string(&mut out, &member.host);
            out.put_i32(member.rebalance_timeout_ms);
            out.put_i32(member.session_timeout_ms);
            put_bytes(&mut out, &member.subscription);
            put_bytes(&mut out, &member.assignment);
        }
        out.freeze()
    }

    pub fn decode(bytes: Bytes) -> Result<Self, RecordError> {
        let mut reader = Reader { bytes, flexible: false };
        let version = reader.i16()?;
        if !(0..=4).contains(&version) {
            return Err(RecordError::Version(version));
        }
        reader.flexible = version >= 4;
        let protocol_type = reader.string()?;
        let generation = reader.i32()?;
        let protocol = reader.nullable()?;
        let leader = reader.nullable()?;
        let state_timestamp = if version >= 2 { reader.i64()? } else { -1 };
        let mut members = Vec::new();
        for _ in 0..reader.array_length()? {
            let id = reader.string()?;
            let instance = if version >= 3 { reader.nullable()? } else { None };
            let (client_id, host) = (reader.string()?, reader.string()?);
            let rebalance_timeout_ms = if version >= 1 { reader.i32()? } else { -1 };
            let session_timeout_ms = reader.i32()?;
            let (subscription, assignment) = (reader.byte_string()?, reader.byte_string()?);
            reader.tagged_fields()?;
            // Version 0 has no rebalance timeout: the session timeout stands for it.
            let rebalance_timeout_ms = if rebalance_timeout_ms == -1 { session_timeout_ms } else { rebalance_timeout_ms };
            members.push(MemberRecord {
                id,
                instance,
                client_id,
                host,
                rebalance_timeout_ms,
                session_timeout_ms,
                subscription,
                assignment,
            });
        }
        reader.tagged_fields()?;
        Ok(Self { protocol_type, generation, protocol, leader, state_timestamp, members })
    }
}

/// The topics of a `ConsumerProtocolSubscription`, of which version 0 is the beginning of every version.
pub fn subscribed_topics(metadata: Bytes) -> Option<Vec<Arc<str>>> {
    let mut reader = Reader { bytes: metadata, flexible: false };
    reader.i16().ok()?;
    (0..reader.i32().ok()?).map(|_| reader.string().ok()).collect()
}

/// The partitions of a `ConsumerProtocolAssignment`, sorted; none when the bytes are not one.
pub fn assigned_partitions(assignment: Bytes) -> Vec<(Arc<str>, i32)> {
    fn read(bytes: Bytes) -> Result<Vec<(Arc<str>, i32)>, RecordError> {
        let mut reader = Reader { bytes, flexible: false };
        let mut found = Vec::new();
        reader.i16()?;
        for _ in 0..reader.i32()? {
            let topic = reader.string()?;
            for _ in 0..reader.i32()? {
                found.push((Arc::clone(&topic), reader.i32()?));
            }
        }
        found.sort();
        Ok(found)
    }
    read(assignment).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_have_kafkas_bytes_and_come_back() {
        let key = Key::Offset { group: "g".into(), topic: "t".into(), partition: 7 };
        assert_eq!(&key.encode()[..], b"\0\x01\0\x01g\0\x01t\0\0\0\x07");
        assert_eq!(Key::decode(key.encode()), Ok(key));
        let value =
            CommittedOffset { offset: 5, leader_epoch: 2, metadata: "m".into(), commit_timestamp: 9, expire_timestamp: None, order: 0 };
        assert_eq!(&value.encode()[..], b"\0\x04\0\0\0\0\0\0\0\x05\0\0\0\x02\x02m\0\0\0\0\0\0\0\x09\0");
        assert_eq!(CommittedOffset::decode(value.encode()), Ok(value.clone()));
        let long = CommittedOffset { metadata: "m".repeat(300).into(), ..value.clone() };
        assert_eq!(CommittedOffset::decode(long.encode()), Ok(long));
        let expiring = CommittedOffset { leader_epoch: -1, expire_timestamp: Some(77), ..value };
        assert_eq!(CommittedOffset::decode(expiring.encode()), Ok(expiring));
        assert_eq!(Key::decode(Bytes::from_static(b"\0\x09rest")), Ok(Key::Other { number: 9, rest: Bytes::from_static(b"rest") }));
    }

    /// What Apache Kafka 4.1.1 has written into its log, for a member's commit and for an admin's.
    #[test]
    fn values_are_those_that_kafka_writes() {
        let kafka = [
            (&b"\0\x04\0\0\0\0\0\0\0\x0c\0\0\0\0\x01\0\0\x01\xa2\x1f\xa0\x64\x9d\0"[..], 12, 0, 0x1a2_1fa0_649d),
            (&b"\0\x04\0\0\0\0\0\0\0\x14\xff\xff\xff\xff\x01\0\0\x01\xa2\x1f\xa0\xb0\xd8\0"[..], 20, -1, 0x1a2_1fa0_b0d8),
        ];
        for (bytes, offset, leader_epoch, commit_timestamp) in kafka {
            let value = CommittedOffset { offset, leader_epoch, metadata: "".into(), commit_timestamp, expire_timestamp: None, order: 0 };
            assert_eq!(value.encode(), bytes);
            assert_eq!(CommittedOffset::decode(Bytes::from_static(bytes)), Ok(value));
        }
    }

    #[test]
    fn version_4_values_are_read() {
        let mut bytes = BytesMut::new();
        bytes.put_i16(4);
        bytes.put_i64(5);
        bytes.put_i32(2);
        bytes.put_slice(b"\x02m");
        bytes.put_i64(9);
        bytes.put_slice(b"\x01\x00\x03abc");
        let read = CommittedOffset::decode(bytes.freeze()).expect("a version 4 value with a tagged field");
        assert_eq!((read.offset, read.leader_epoch, &*read.metadata, read.commit_timestamp), (5, 2, "m", 9));
    }

    #[test]
    fn every_cut_of_a_group_record_is_an_error() {
        let record = GroupRecord {
            protocol_type: "consumer".into(),
            generation: 3,
            protocol: Some("range".into()),
            leader: Some("a".into()),
            state_timestamp: 11,
            members: vec![MemberRecord {
                id: "a".into(),
                instance: Some("i".into()),
                client_id: "c".into(),
                host: "/h".into(),
                rebalance_timeout_ms: 1,
                session_timeout_ms: 2,
                subscription: Bytes::from_static(b"sub"),
                assignment: Bytes::from_static(b"as"),
            }],
        };
        let bytes = record.encode();
        assert_eq!(GroupRecord::decode(bytes.clone()), Ok(record));
        for end in 0..bytes.len() {
            assert_eq!(GroupRecord::decode(bytes.slice(..end)), Err(RecordError::Truncated), "cut at {end}");
        }
    }
}

//! Kafka's error codes: protocol answers, not Rust errors (`org.apache.kafka.common.protocol.Errors`).

/// An error code as it stands in a response. (The room's owner completes the table: name, number, retriable, message.)
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(i16)]
pub enum ErrorCode {
    UnknownServerError = -1,
    None = 0,
}

impl ErrorCode {
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// The code with this number; a number that Kafka does not have becomes `UnknownServerError`.
    pub fn from_code(_code: i16) -> Self {
        todo!()
    }

    /// Kafka's name: `NOT_LEADER_OR_FOLLOWER`.
    pub fn name(self) -> &'static str {
        todo!()
    }

    /// Whether Kafka's exception for it is a `RetriableException`.
    pub fn retriable(self) -> bool {
        todo!()
    }

    pub fn is_error(self) -> bool {
        self != Self::None
    }
}

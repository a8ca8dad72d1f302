//! A member of a classic group (Kafka's `ClassicGroupMember`).

use crate::kafka::coordinator::{Caller, Token};
use crate::kafka::wire::message::JoinGroupRequest;
use bytes::Bytes;
use std::sync::Arc;

/// A JoinGroup or SyncGroup whose answer is still to come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiting {
    pub token: Token,
    pub version: i16,
}

#[derive(Clone, Debug)]
pub struct Member {
    pub id: Arc<str>,
    /// `group.instance.id`: the member is static.
    pub instance: Option<Arc<str>>,
    pub client_id: Arc<str>,
    pub host: Arc<str>,
    pub rebalance_timeout_ms: i32,
    pub session_timeout_ms: i32,
    /// Name and metadata, in the member's order of preference.
    pub protocols: Vec<(Arc<str>, Bytes)>,
    pub assignment: Bytes,
    pub joining: Option<Waiting>,
    pub syncing: Option<Waiting>,
    /// It has not been part of a generation yet, so that its client may not know its id.
    pub is_new: bool,
}

/// JoinGroup v0 has no rebalance timeout: the session timeout stands for it.
pub fn rebalance_timeout(request: &JoinGroupRequest, version: i16) -> i32 {
    if version == 0 { request.session_timeout_ms } else { request.rebalance_timeout_ms }
}

pub fn protocols(request: &JoinGroupRequest) -> Vec<(Arc<str>, Bytes)> {
    let mut found: Vec<(Arc<str>, Bytes)> = Vec::new();
    for protocol in &request.protocols {
        if !found.iter().any(|(name, _)| **name == *protocol.name) {
            found.push((Arc::from(protocol.name.as_ref()), protocol.metadata.clone()));
        }
    }
    found
}

impl Member {
    pub fn new(id: Arc<str>, caller: &Caller, request: &JoinGroupRequest) -> Self {
        Self {
            id,
            instance: request.group_instance_id.as_ref().map(|instance| Arc::from(instance.as_ref())),
            client_id: Arc::clone(&caller.client_id),
            host: Arc::clone(&caller.host),
            rebalance_timeout_ms: rebalance_timeout(request, caller.version),
            session_timeout_ms: request.session_timeout_ms,
            protocols: protocols(request),
            assignment: Bytes::new(),
            joining: None,
            syncing: None,
            is_new: true,
        }
    }

    /// The metadata for the group's protocol; empty without one.
    pub fn metadata(&self, protocol: Option<&str>) -> Bytes {
        self.protocols.iter().find(|(name, _)| Some(&**name) == protocol).map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }

    pub fn supports(&self, protocol: &str) -> bool {
        self.protocols.iter().any(|(name, _)| **name == *protocol)
    }

    /// The same protocols with the same metadata in the same order as the request's.
    pub fn matches(&self, request: &JoinGroupRequest) -> bool {
        self.protocols == protocols(request)
    }

    /// Whom a deadline's reason names: the client id, or the member id when there is none.
    pub fn shown(&self) -> &Arc<str> {
        if self.client_id.is_empty() { &self.id } else { &self.client_id }
    }

    /// Kafka's `hasSatisfiedHeartbeat`: who waits for an answer of the coordinator is alive, unless it is new.
    pub const fn is_alive_by_waiting(&self) -> bool {
        !self.is_new && (self.joining.is_some() || self.syncing.is_some())
    }
}

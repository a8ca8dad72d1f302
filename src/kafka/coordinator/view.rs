//! Groups as others see them: ListGroups, DescribeGroups and the page.

use super::classic::{ClassicGroup, State};
use super::group::{Group, text};
use super::output::Context;
use super::records::assigned_partitions;
use super::timers::Kind;
use super::topics::Topics;
use super::{GroupView, MemberView};
use crate::kafka::time::Time;
use crate::kafka::wire::message as m;
use bytes::Bytes;
use m::describe_groups_response::{DescribedGroup, DescribedGroupMember};
use m::list_groups_response::ListedGroup;
use std::sync::Arc;

/// `GroupType.CLASSIC`.
const TYPE: &str = "classic";

impl Group {
    pub fn listed(&self) -> ListedGroup {
        match self {
            Self::Classic(group) => group.listed(),
            Self::Consumer(group) => group.listed(),
        }
    }

    pub fn view(&self, cx: &Context, topics: &Topics) -> GroupView {
        match self {
            Self::Classic(group) => group.view(cx),
            Self::Consumer(group) => group.view(cx, topics),
        }
    }
}

impl ClassicGroup {
    fn listed(&self) -> ListedGroup {
        ListedGroup {
            group_id: m::GroupId(text(&self.common.id)),
            protocol_type: text(self.protocol_type.as_deref().unwrap_or_default()),
            group_state: text(self.state.kind().name()),
            group_type: text(TYPE),
        }
    }

    /// Protocol and metadata are shown only while the group is stable, as Kafka does.
    pub fn described(&self) -> DescribedGroup {
        let protocol = self.protocol.as_deref().filter(|_| matches!(self.state, State::Stable { .. }));
        let members = self.members.iter().map(|member| DescribedGroupMember {
            member_id: text(&member.id),
            group_instance_id: member.instance.as_deref().map(text),
            client_id: text(&member.client_id),
            client_host: text(&member.host),
            member_metadata: if protocol.is_some() { member.metadata(protocol) } else { Bytes::new() },
            member_assignment: member.assignment.clone(),
        });
        DescribedGroup {
            group_id: m::GroupId(text(&self.common.id)),
            group_state: text(self.state.kind().name()),
            protocol_type: text(self.protocol_type.as_deref().unwrap_or_default()),
            protocol_data: text(protocol.unwrap_or_default()),
            members: members.collect(),
            ..DescribedGroup::default()
        }
    }

    fn view(&self, cx: &Context) -> GroupView {
        GroupView {
            group: Arc::clone(&self.common.id),
            group_type: TYPE,
            state: self.state.kind(),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            members: self
                .members
                .iter()
                .map(|member| MemberView {
                    member: Arc::clone(&member.id),
                    client_id: Arc::clone(&member.client_id),
                    instance: member.instance.clone(),
                    assignment: assigned_partitions(member.assignment.clone()),
                    session_deadline: cx.timers.deadline(&self.common.id, Kind::Session(Arc::clone(&member.id))).unwrap_or(Time::NEVER),
                    session_timeout_ms: member.session_timeout_ms,
                    epoch: self.generation,
                    revoking: Vec::new(),
                    target: Vec::new(),
                })
                .collect(),
            deadline: cx.timers.rebalance(&self.common.id),
            offsets: self.common.offsets.iter().map(|((topic, partition), kept)| (Arc::clone(topic), *partition, kept.offset)).collect(),
        }
    }
}

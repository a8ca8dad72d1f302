//! What the cluster waits for by the clock: a deadline that comes when nothing is heard until then. A picture counts it down on the thing
//! it is about.

use super::World;
use super::broker_node::BrokerNode;
use super::nodes::{Machine, Node};
use super::process::ProcessState;
use super::view::{Wait, WorldView};
use crate::kafka::broker::Broker;
use crate::kafka::time::{Time, TimerKind};

/// How long an election or a rebalance is shown as a whole: its own length is not known.
const WHOLE_US: i64 = 3_000_000;

impl World {
    /// The waits of a view that has its brokers, clients and groups, the next one first.
    pub(super) fn waits(&self, view: &WorldView) -> Vec<Wait> {
        let mut waits = Vec::new();
        self.broker_sessions(view, &mut waits);
        members(view, &mut waits);
        hanging_transactions(view, &mut waits);
        waits.sort_by(|a, b| (a.at, &a.who).cmp(&(b.at, &b.who)));
        waits
    }

    /// When the next producer makes a record.
    pub(super) fn next_record(&self) -> Option<Time> {
        let next = |node: &Node| match &node.machine {
            Machine::Producer(app) if node.meta.state == ProcessState::Running => Some(app.next_tick()?.plus_micros(-node.meta.skew_us)),
            _ => None,
        };
        self.nodes.iter().filter_map(next).min()
    }

    fn running(&self) -> impl Iterator<Item = (&Node, &BrokerNode, &Broker)> {
        self.nodes.iter().filter_map(|node| match &node.machine {
            Machine::Broker(machine) => Some((node, &**machine, &**machine.broker.as_ref()?)),
            _ => None,
        })
    }

    /// The sessions of brokers that are silent; while the quorum has no leader that is heard, when the next voter wants to be it.
    fn broker_sessions(&self, view: &WorldView, waits: &mut Vec<Wait>) {
        let silent = |id: i32| view.brokers.iter().any(|broker| broker.node_id == id && is_silent(broker.state, broker.isolated));
        let leader = view.quorum.as_ref().and_then(|quorum| quorum.leader).filter(|id| !silent(*id));
        let Some(leader) = leader else {
            let voters = self.running().filter(|(_, machine, _)| !silent(machine.options.node_id));
            let next =
                voters.filter_map(|(node, _, broker)| Some((broker.controller().candidacy()?.plus_micros(-node.meta.skew_us), node)));
            if let Some((at, node)) = next.min_by_key(|(at, _)| *at) {
                let who = node.meta.name.clone();
                waits.push(Wait { who, what: TimerKind::ElectionTimeout, at, whole_us: WHOLE_US });
            }
            return;
        };
        let Some((node, _, active)) = self.running().find(|(_, machine, _)| machine.options.node_id == leader) else { return };
        for broker in view.brokers.iter().filter(|broker| silent(broker.node_id)) {
            if let Some(end) = active.controller().session_end(broker.node_id) {
                let whole_us = active.controller().session_ms().unwrap_or(0).saturating_mul(1000);
                let at = end.plus_micros(-node.meta.skew_us);
                waits.push(Wait { who: broker.name.clone(), what: TimerKind::SessionTimeout, at, whole_us });
            }
        }
    }
}

/// The sessions of silent members, and what rebalancing groups wait for at the longest.
fn members(view: &WorldView, waits: &mut Vec<Wait>) {
    for group in &view.groups {
        for member in group.members.iter().filter(|member| member.session_deadline < Time::NEVER) {
            let Some(app) = view.consumers.iter().find(|consumer| consumer.name == member.client_id) else { continue };
            let isolated = view.link_faults.iter().any(|(from, to, how)| how.is_none() && *from == app.name && &**to == "everyone");
            let replaced = app.member.as_ref().is_some_and(|id| *id != member.member);
            if is_silent(app.state, isolated) || replaced {
                let whole_us = i64::from(member.session_timeout_ms).saturating_mul(1000);
                waits.push(Wait { who: app.name.clone(), what: TimerKind::SessionTimeout, at: member.session_deadline, whole_us });
            }
        }
        if let Some((at, reason)) = &group.deadline {
            waits.push(Wait { who: group.group.clone(), what: reason.what, at: *at, whole_us: WHOLE_US });
        }
    }
}

/// Until when transactions stay open whose producers are silent.
fn hanging_transactions(view: &WorldView, waits: &mut Vec<Wait>) {
    for transaction in view.transactions.iter().filter(|transaction| transaction.aborts_at < Time::NEVER) {
        if let Some((name, _)) = view.writer_of(transaction.producer_id).filter(|(_, state)| is_silent(*state, false)) {
            let whole_us = i64::from(transaction.timeout_ms).saturating_mul(1000);
            waits.push(Wait { who: name.clone(), what: TimerKind::TransactionTimeout, at: transaction.aborts_at, whole_us });
        }
    }
}

/// Nothing is heard of it, whatever its process would say.
const fn is_silent(state: ProcessState, isolated: bool) -> bool {
    isolated || !matches!(state, ProcessState::New | ProcessState::Running | ProcessState::Stopping)
}

//! Roles and the changes between them (`QuorumState`), and the file that remembers epoch and vote (`FileQuorumStateStore`).

use super::{ControllerEvent, Disk, Leading, METADATA_DIR, Output, Raft, Replica, Role, Time};
use crate::kafka::sorted_vec::insert_by_key;
use bytes::Bytes;
use std::cmp::Reverse;
use std::fmt::Write as _;

const FILE: &str = "quorum-state";

/// The number behind `"key":` of a flat JSON object.
fn number(text: &str, key: &str) -> Option<i32> {
    let rest = text.split_once(&format!("\"{key}\":"))?.1.trim_start();
    let end = rest.find(|c: char| c != '-' && !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

impl Raft {
    /// Reads epoch and vote back; returns the leader of that epoch.
    pub(super) fn load(&mut self, disk: &Disk) -> Result<Option<i32>, String> {
        let path = format!("{METADATA_DIR}/{FILE}");
        if disk.len(&path).is_none() {
            return Ok(None);
        }
        let bytes = disk.read_all(&path).map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&bytes);
        let field = |key: &str| number(&text, key).ok_or_else(|| format!("{path}: no {key}"));
        self.epoch = field("leaderEpoch")?;
        self.voted = Some(field("votedId")?).filter(|id| *id >= 0);
        Ok(Some(field("leaderId")?).filter(|id| *id >= 0))
    }

    /// Writes epoch and vote down, before anybody hears of them. False: the disk does not take it.
    pub(super) fn keep(&mut self, disk: &mut Disk) -> bool {
        let mut voters = String::new();
        for voter in &self.voters {
            let comma = if voters.is_empty() { "" } else { "," };
            let _ = write!(voters, "{comma}{{\"voterId\":{}}}", voter.id);
        }
        let (leader, voted) = (self.leader.unwrap_or(-1), self.voted.unwrap_or(-1));
        let text = format!(
            "{{\"clusterId\":\"{}\",\"leaderId\":{leader},\"leaderEpoch\":{},\"votedId\":{voted},\"appliedOffset\":0,\
             \"currentVoters\":[{voters}],\"data_version\":0}}",
            self.cluster_id, self.epoch
        );
        let path = format!("{METADATA_DIR}/{FILE}");
        let kept = disk.replace(&path, Bytes::from(text)).and_then(|()| disk.flush(&path));
        match kept {
            Ok(()) => true,
            Err(error) => {
                self.outputs.push_back(Output::Log(error.to_string()));
                false
            }
        }
    }

    /// Enters an epoch, or the same one in another role. The vote holds for one epoch.
    fn enter(&mut self, disk: &mut Disk, epoch: i32, leader: Option<i32>, role: Role) {
        if epoch > self.epoch {
            self.voted = None;
        }
        let changed = epoch != self.epoch || leader != self.leader;
        self.epoch = epoch;
        self.leader = leader;
        self.role = role;
        self.fetched = false;
        self.peers.clear();
        if changed {
            self.keep(disk);
        }
        self.drop_held();
    }

    /// Knows no leader from here on.
    pub(super) fn detach(&mut self, now: Time, disk: &mut Disk, epoch: i32) {
        // One that waits to stand goes on waiting: others' epochs do not push it back for ever.
        let timer = if matches!(self.role, Role::Unattached) { self.timer } else { Time::NEVER };
        self.enter(disk, epoch, None, Role::Unattached);
        let fresh = self.random_election_timeout(now);
        self.timer = match (self.is_voter(), timer > now) {
            (false, _) => Time::NEVER,
            (true, true) => timer.min(fresh),
            (true, false) => fresh,
        };
    }

    pub(super) fn follow(&mut self, now: Time, disk: &mut Disk, epoch: i32, leader: i32) {
        let known = self.epoch == epoch && self.leader == Some(leader);
        self.enter(disk, epoch, Some(leader), Role::Follower);
        self.timer = now.plus_millis(self.fetch_timeout_ms);
        if !known {
            self.event(ControllerEvent::Follows { epoch, leader });
        }
    }

    /// Asks for votes without an epoch of its own yet (KIP-996).
    pub(super) fn prospect(&mut self, now: Time, disk: &mut Disk) {
        self.enter(disk, self.epoch, self.leader, Role::Prospective);
        self.timer = self.random_election_timeout(now);
        if self.majority() == 1 {
            self.stand(now, disk);
        }
    }

    /// Stands for election in the next epoch; alone it is elected at once.
    pub(super) fn stand(&mut self, now: Time, disk: &mut Disk) {
        let Some(epoch) = self.epoch.checked_add(1) else { return };
        let why = match self.role {
            Role::Prospective if self.leader.is_some() => "fetch timeout",
            Role::Prospective => "election timeout",
            _ => "the only voter",
        };
        self.epoch = epoch;
        self.voted = Some(self.id);
        self.leader = None;
        self.role = Role::Candidate;
        self.fetched = false;
        self.peers.clear();
        self.drop_held();
        if !self.keep(disk) {
            // Unwritten, the vote does not count.
            self.detach(now, disk, epoch);
            return;
        }
        self.timer = self.random_election_timeout(now);
        self.event(ControllerEvent::Candidate { epoch, why });
        if self.majority() == 1 {
            self.lead(now, disk, vec![self.id]);
        }
    }

    pub(super) fn lead(&mut self, now: Time, disk: &mut Disk, votes: Vec<i32>) {
        let start = self.log.end_offset();
        let replicas = self.others().into_iter().map(|id| (id, Replica { end: -1, last_fetch: now, caught_up: Time::default() })).collect();
        self.enter(disk, self.epoch, Some(self.id), Role::Leader(Leading { start, replicas }));
        self.timer = Time::NEVER;
        self.event(ControllerEvent::Elected { epoch: self.epoch, votes: votes.clone() });
        if let Err(error) = self.append_leader_change(now, disk, &votes) {
            self.outputs.push_back(Output::Log(error.to_string()));
            self.resign(now, disk, "the metadata log cannot be written");
        }
    }

    pub fn resign(&mut self, now: Time, disk: &mut Disk, why: &'static str) {
        if !matches!(self.role, Role::Leader(_)) {
            return;
        }
        self.preferred = self.successors();
        self.enter(disk, self.epoch, None, Role::Resigned);
        self.timer = self.random_election_timeout(now);
        self.event(ControllerEvent::Resigned { epoch: self.epoch, why });
    }

    /// Voters by how much of the log they have.
    fn successors(&self) -> Vec<i32> {
        let Role::Leader(leading) = &self.role else { return Vec::new() };
        let mut ends: Vec<(i32, i64)> = Vec::new();
        for id in self.others() {
            if let Some(replica) = leading.replicas.get(&id) {
                insert_by_key(&mut ends, (id, replica.end), |(_, end)| Reverse(*end));
            }
        }
        ends.into_iter().map(|(id, _)| id).collect()
    }

    /// What an answer or a request says of the quorum: a later epoch is entered, a leader that was not known is followed.
    pub(super) fn learn(&mut self, now: Time, disk: &mut Disk, epoch: i32, leader: i32) {
        let leader = Some(leader).filter(|leader| *leader >= 0 && *leader != self.id);
        if epoch > self.epoch {
            match leader {
                Some(leader) => self.follow(now, disk, epoch, leader),
                None => self.detach(now, disk, epoch),
            }
        } else if epoch == self.epoch
            && self.leader.is_none()
            && !matches!(self.role, Role::Resigned)
            && let Some(leader) = leader
        {
            self.follow(now, disk, epoch, leader);
        }
    }
}

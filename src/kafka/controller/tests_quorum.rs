//! Quorums of three and five under delay, loss, cuts, crashes and power losses, from seeds.

use super::QuorumRole;
use super::*;

enum Packet {
    Request { from: usize, id: u64, request: Request },
    Answer { from: usize, id: u64, answer: Option<Response> },
}

struct Letter {
    at: Time,
    to: usize,
    /// Of the receiver; a process that began later does not get it.
    born: u32,
    packet: Packet,
}

#[derive(Default)]
pub struct Node {
    pub disk: Disk,
    pub controller: Option<Controller>,
    born: u32,
    /// Requests of others by token: who asked, with which id, in which life.
    asked: SortedVecMap<u64, (usize, u64, u32)>,
}

pub struct Quorum {
    pub now: Time,
    seed: u64,
    rng: Rng,
    voters: i32,
    pub nodes: Vec<Node>,
    letters: Vec<Letter>,
    /// Links that are cut, both ways.
    cut: SortedVecSet<(usize, usize)>,
    /// One in so many letters is lost; 0: none.
    loss: u64,
    token: u64,
    leaders: SortedVecMap<i32, i32>,
    /// The longest committed log that any node has shown.
    truth: Vec<u8>,
    /// Registrations that are under way, and those that were answered: broker epoch by incarnation.
    proposed: SortedVecMap<u64, u128>,
    acked: Vec<(u128, i64)>,
    incarnation: u128,
    truncations: u32,
}

impl Quorum {
    pub fn new(voters: i32, observers: i32, seed: u64) -> Self {
        let mut quorum = Self {
            now: START,
            seed,
            rng: Rng::stream(seed, "harness"),
            voters,
            nodes: (0..voters + observers).map(|_| Node::default()).collect(),
            letters: Vec::new(),
            cut: SortedVecSet::new(),
            loss: 0,
            token: 0,
            leaders: SortedVecMap::new(),
            truth: Vec::new(),
            proposed: SortedVecMap::new(),
            acked: Vec::new(),
            incarnation: 0,
            truncations: 0,
        };
        (0..quorum.nodes.len()).for_each(|node| quorum.start(node));
        quorum
    }

    fn start(&mut self, node: usize) {
        let options = options(node as i32 + 1, voters(self.voters), self.seed);
        let of = &mut self.nodes[node];
        of.born += 1;
        of.asked.clear();
        of.controller = Some(Controller::open(self.now, options, &BrokerConfig::default(), &mut of.disk).expect("opens"));
        self.collect(node);
    }

    fn crash(&mut self, node: usize, power: bool) {
        let of = &mut self.nodes[node];
        of.controller = None;
        of.born += 1;
        if power {
            of.disk.lose_unflushed();
        }
        // Its connections break: those who wait for it hear so.
        let waiting: Vec<(usize, u64, u32)> = of.asked.values().copied().collect();
        for (from, id, born) in waiting {
            self.letters.push(Letter { at: self.now.plus_millis(5), to: from, born, packet: Packet::Answer { from, id, answer: None } });
        }
    }

    fn linked(&self, a: usize, b: usize) -> bool {
        !self.cut.contains(&(a.min(b), a.max(b)))
    }

    fn isolate(&mut self, node: usize) {
        for other in 0..self.nodes.len() {
            self.cut.insert((node.min(other), node.max(other)));
        }
    }

    fn send(&mut self, from: usize, to: usize, born: u32, packet: Packet) {
        let at = self.now.plus_micros(500 + self.rng.below(30_000) as i64);
        if self.loss > 0 && self.rng.chance(1, self.loss) {
            // What is lost is missed two seconds later.
            let id = match packet {
                Packet::Request { id, .. } => (from, id, self.nodes[from].born),
                Packet::Answer { id, .. } => (to, id, born),
            };
            let packet = Packet::Answer { from: id.0, id: id.1, answer: None };
            self.letters.push(Letter { at: self.now.plus_millis(2000), to: id.0, born: id.2, packet });
            return;
        }
        self.letters.push(Letter { at, to, born, packet });
    }

    fn collect(&mut self, node: usize) {
        while let Some(output) = self.nodes[node].controller.as_mut().and_then(Controller::poll_output) {
            match output {
                Output::Ask { id, to, request } => {
                    let to = to as usize - 1;
                    let born = self.nodes[to].born;
                    self.send(node, to, born, Packet::Request { from: node, id, request });
                }
                Output::Respond { token, response } => {
                    if let Some(incarnation) = self.proposed.remove(&token.0) {
                        if let Response::BrokerRegistration(answer) = &response
                            && answer.error_code == 0
                        {
                            self.acked.push((incarnation, answer.broker_epoch));
                        }
                        continue;
                    }
                    let Some((from, id, born)) = self.nodes[node].asked.remove(&token.0) else { continue };
                    self.send(node, from, born, Packet::Answer { from: node, id, answer: Some(response) });
                }
                Output::Event(ControllerEvent::Elected { epoch, .. }) => {
                    let leader = node as i32 + 1;
                    let before = self.leaders.insert(epoch, leader);
                    assert!(before.is_none_or(|before| before == leader), "seed {}: two leaders in epoch {epoch}", self.seed);
                }
                Output::Event(ControllerEvent::Truncated { .. }) => self.truncations += 1,
                Output::Log(line) => panic!("seed {}: {line}", self.seed),
                _ => {}
            }
        }
        self.check(node);
    }

    /// What a node says is committed is what every other says or said.
    fn check(&mut self, node: usize) {
        let of = &self.nodes[node];
        let Some(controller) = &of.controller else { return };
        let committed = controller.peek(&of.disk, 0, u32::MAX);
        let same = committed.len().min(self.truth.len());
        assert!(committed[..same] == self.truth[..same], "seed {}: node {node} commits something else", self.seed);
        if committed.len() > same {
            self.truth = committed.to_vec();
        }
    }

    fn step(&mut self, until: Time) -> bool {
        let letter = (0..self.letters.len()).min_by_key(|at| self.letters[*at].at);
        let timer = (0..self.nodes.len())
            .filter_map(|node| Some((self.nodes[node].controller.as_ref()?.poll_timeout()?.0, node)))
            .min_by_key(|(at, _)| *at);
        let letter_at = letter.map_or(Time::NEVER, |at| self.letters[at].at);
        let timer_at = timer.map_or(Time::NEVER, |(at, _)| at);
        if letter_at.min(timer_at) > until {
            self.now = until;
            return false;
        }
        self.now = self.now.max(letter_at.min(timer_at));
        match (letter, timer) {
            (Some(letter), _) if letter_at <= timer_at => {
                let letter = self.letters.swap_remove(letter);
                self.deliver(letter);
            }
            (_, Some((_, node))) => {
                let of = &mut self.nodes[node];
                if let Some(controller) = &mut of.controller {
                    controller.handle_timeout(self.now, &mut of.disk);
                }
                self.collect(node);
            }
            _ => {}
        }
        true
    }

    fn deliver(&mut self, letter: Letter) {
        let Letter { to, born, packet, .. } = letter;
        let reached = self.nodes[to].born == born && self.nodes[to].controller.is_some();
        match packet {
            Packet::Request { from, id, request } => {
                let asker = self.nodes[from].born;
                if !reached || !self.linked(from, to) {
                    let packet = Packet::Answer { from, id, answer: None };
                    self.letters.push(Letter { at: self.now.plus_millis(40), to: from, born: asker, packet });
                    return;
                }
                self.token += 1;
                self.nodes[to].asked.insert(self.token, (from, id, asker));
                self.request(to, self.token, request);
            }
            Packet::Answer { from, id, answer } => {
                let answer = if from == to || self.linked(from, to) { answer } else { None };
                let of = &mut self.nodes[to];
                if reached && let Some(controller) = &mut of.controller {
                    controller.handle_answer(self.now, &mut of.disk, id, answer);
                    self.collect(to);
                }
            }
        }
    }

    fn request(&mut self, node: usize, token: u64, request: Request) {
        let of = &mut self.nodes[node];
        let Some(controller) = &mut of.controller else { return };
        controller.handle_request(self.now, &mut of.disk, Token(token), 4, request);
        self.collect(node);
    }

    pub fn run(&mut self, millis: i64) {
        let until = self.now.plus_millis(millis);
        let mut steps = 0;
        while self.step(until) {
            steps += 1;
            assert!(steps < 200_000, "seed {}: it does not come to rest", self.seed);
        }
    }

    /// Asks a controller that takes itself for the active one to register a broker.
    fn propose(&mut self) {
        for node in 0..self.nodes.len() {
            if self.nodes[node].controller.as_ref().is_some_and(Controller::is_active) {
                self.incarnation += 1;
                self.token += 1;
                self.proposed.insert(self.token, self.incarnation);
                let listener = m::broker_registration_request::Listener::default();
                let request = m::BrokerRegistrationRequest {
                    broker_id: (100 + self.rng.below(5) as i32).into(),
                    cluster_id: "tidepool".to_owned().into(),
                    incarnation_id: Uuid::from_u128(self.incarnation),
                    listeners: vec![listener],
                    ..m::BrokerRegistrationRequest::default()
                };
                self.request(node, self.token, Request::BrokerRegistration(request));
            }
        }
    }

    fn heal(&mut self) {
        self.cut.clear();
        self.loss = 0;
        for node in 0..self.nodes.len() {
            if self.nodes[node].controller.is_none() {
                self.start(node);
            }
        }
    }

    /// The one leader that all know.
    pub fn agreed(&self) -> Option<i32> {
        let views: Vec<QuorumView> = self.nodes.iter().filter_map(|node| Some(node.controller.as_ref()?.quorum())).collect();
        let first = views.first()?;
        let same = |view: &QuorumView| (view.leader, view.epoch, view.high_watermark, view.end_offset);
        let all = views.iter().all(|view| same(view) == same(first)) && first.high_watermark == first.end_offset;
        first.leader.filter(|_| all)
    }

    fn assert_healthy(&self) {
        let views: Vec<QuorumView> = self.nodes.iter().filter_map(|node| Some(node.controller.as_ref()?.quorum())).collect();
        assert!(self.agreed().is_some(), "seed {}: {views:#?}", self.seed);
        // What was answered is there.
        let mut found: SortedVecMap<u128, i64> = SortedVecMap::new();
        for batch in batches(Bytes::from(self.truth.clone())) {
            let batch = batch.expect("a batch");
            for record in batch.records().expect("records") {
                if let Ok(Some(Record::RegisterBroker(broker))) = Record::decode(record.value.as_deref().unwrap_or_default()) {
                    assert_eq!(broker.epoch, record.offset);
                    found.insert(broker.incarnation.as_u128(), record.offset);
                }
            }
        }
        for (incarnation, epoch) in &self.acked {
            assert_eq!(found.get(incarnation), Some(epoch), "seed {}: a committed registration is gone", self.seed);
        }
    }
}

#[test]
fn three_elect_one_and_all_read_the_same() {
    let mut quorum = Quorum::new(3, 1, 1);
    quorum.run(4000);
    let leader = quorum.agreed().expect("a leader");
    quorum.propose();
    quorum.run(300);
    assert_eq!(quorum.acked.len(), 1);
    quorum.assert_healthy();
    let images: Vec<Image> = quorum.nodes.iter().map(|node| node.controller.as_ref().expect("up").image().clone()).collect();
    assert!(images.iter().all(|image| *image == images[0] && image.brokers.len() == 1));
    let roles: Vec<QuorumRole> = quorum.nodes.iter().map(|node| node.controller.as_ref().expect("up").quorum().role).collect();
    assert_eq!(roles.iter().filter(|role| **role == QuorumRole::Follower).count(), 2);
    assert_eq!((roles[leader as usize - 1], roles[3]), (QuorumRole::Leader, QuorumRole::Observer));
    // Nothing happens, nobody disturbs it.
    quorum.run(60_000);
    assert_eq!((quorum.leaders.len(), quorum.agreed()), (1, Some(leader)));
}

#[test]
fn a_leader_that_is_alone_resigns_and_its_uncommitted_end_is_cut() {
    let mut quorum = Quorum::new(3, 0, 5);
    quorum.run(4000);
    let old = quorum.agreed().expect("a leader") as usize - 1;
    quorum.isolate(old);
    quorum.propose();
    let pending = quorum.proposed.len();
    assert_eq!((pending, quorum.acked.len()), (1, 0));
    quorum.run(8000);
    assert!(!quorum.nodes[old].controller.as_ref().expect("up").is_active());
    assert_eq!((quorum.proposed.len(), quorum.acked.len()), (0, 0), "it was refused, not forgotten");
    quorum.propose();
    quorum.run(1000);
    assert_eq!(quorum.acked.len(), 1);
    quorum.heal();
    quorum.run(6000);
    quorum.assert_healthy();
    assert!(quorum.truncations > 0);
}

#[test]
fn a_graceful_stop_hands_over_at_once() {
    let mut quorum = Quorum::new(3, 0, 9);
    quorum.run(4000);
    let old = quorum.agreed().expect("a leader") as usize - 1;
    let of = &mut quorum.nodes[old];
    of.controller.as_mut().expect("up").handle_shutdown(quorum.now, &mut of.disk);
    quorum.collect(old);
    quorum.run(800);
    let active = (0..3).filter(|node| quorum.nodes[*node].controller.as_ref().expect("up").is_active()).count();
    assert_eq!(active, 1, "within less than an election timeout");
    assert!(!quorum.nodes[old].controller.as_ref().expect("up").is_active());
}

#[test]
fn a_minority_elects_nobody() {
    let mut quorum = Quorum::new(5, 0, 3);
    quorum.run(5000);
    let leader = quorum.agreed().expect("a leader") as usize - 1;
    for node in (0..5).filter(|node| *node != leader).take(2).chain([leader]) {
        quorum.crash(node, false);
    }
    let before = quorum.leaders.len();
    quorum.run(20_000);
    assert_eq!(quorum.leaders.len(), before);
    quorum.heal();
    quorum.run(6000);
    quorum.assert_healthy();
}

#[test]
fn nothing_committed_is_lost_under_faults() {
    for seed in 0..60 {
        let voters = if seed % 3 == 0 { 5 } else { 3 };
        let mut quorum = Quorum::new(voters, (seed % 2) as i32, seed);
        for _ in 0..25 {
            let node = quorum.rng.below(voters as u64) as usize;
            match quorum.rng.below(8) {
                0 => quorum.isolate(node),
                1 => quorum.cut.clear(),
                2 => quorum.loss = [0, 0, 20, 5][quorum.rng.below(4) as usize],
                3 | 4 if quorum.nodes[node].controller.is_some() => {
                    let power = quorum.rng.chance(1, 2);
                    quorum.crash(node, power);
                }
                3..=5 if quorum.nodes[node].controller.is_none() => quorum.start(node),
                6 => {
                    let other = quorum.rng.below(voters as u64) as usize;
                    quorum.cut.insert((node.min(other), node.max(other)));
                }
                _ => quorum.propose(),
            }
            quorum.propose();
            let millis = quorum.rng.below(2500) as i64;
            quorum.run(millis);
        }
        quorum.heal();
        quorum.run(15_000);
        quorum.propose();
        quorum.run(2000);
        quorum.assert_healthy();
        assert!(!quorum.acked.is_empty(), "seed {seed}");
    }
}

//! Who of a topic's subscribers gets the next partition, and who gives one up (`MemberAssignmentBalancer`).

use std::cmp::Ordering;

/// Members by load: those with least grow rightwards as they get partitions, those with most leftwards as they give them up.
pub struct Balancer {
    sorted: Vec<usize>,
    least_end: usize,
    least_count: i64,
    next_least: usize,
    most_start: usize,
    most_end: usize,
    most_count: i64,
    next_most: i64,
}

impl Balancer {
    /// Of the members with these loads, by index.
    pub fn new(members: &[usize], loads: &[i64]) -> Self {
        let mut sorted = members.to_vec();
        sorted.sort_by(|a, b| loads[*a].cmp(&loads[*b]).then(a.cmp(b)));
        let of = |index: Option<&usize>| index.map_or(0, |index| loads[*index]);
        Self {
            least_end: 0,
            least_count: of(sorted.first()) - 1,
            next_least: 0,
            most_start: sorted.len(),
            most_end: sorted.len(),
            most_count: of(sorted.last()) + 1,
            next_most: sorted.len() as i64 - 1,
            sorted,
        }
    }

    /// The difference between the most and the least.
    pub const fn imbalance(&self) -> i64 {
        self.most_count - 1 - (self.least_count + 1)
    }

    pub fn next_least(&mut self, loads: &[i64]) -> usize {
        if self.next_least >= self.least_end {
            self.least_count += 1;
            while self.sorted.get(self.least_end).is_some_and(|member| loads[*member] == self.least_count) {
                self.least_end += 1;
            }
            self.next_least = 0;
        }
        let member = self.sorted[self.next_least];
        self.next_least += 1;
        member
    }

    /// `None`: nobody is left who could give something up.
    pub fn next_most(&mut self, loads: &[i64]) -> Option<usize> {
        if self.next_most < self.most_start as i64 {
            if self.most_end <= self.most_start && self.most_start > 0 {
                self.most_count = loads[self.sorted[self.most_start - 1]];
            } else {
                self.most_count -= 1;
            }
            while self.most_start > 0 && loads[self.sorted[self.most_start - 1]] == self.most_count {
                self.most_start -= 1;
            }
            self.next_most = self.most_end as i64 - 1;
        }
        let member = usize::try_from(self.next_most).ok().map(|at| self.sorted[at])?;
        self.next_most -= 1;
        Some(member)
    }

    /// Whom `next_most` named last has nothing of the topic to give up.
    pub fn exclude(&mut self) {
        if let Ok(at) = usize::try_from(self.next_most + 1) {
            self.sorted.swap(at, self.most_end - 1);
            self.most_end -= 1;
        }
    }

    pub fn is_balanced(&self) -> bool {
        (self.most_count - self.least_count).cmp(&1) != Ordering::Greater
    }
}

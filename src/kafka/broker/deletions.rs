//! Files that have been given up and wait for their removal (`LogManager`'s delete-logs task, `LocalLog.deleteSegmentFiles`).

use super::{Broker, files};
use crate::kafka::time::{Deadline, Reason, Time};

/// Renamed files, and renamed folders of deleted partitions, each until its time has come. A process that ends forgets them; the next start
/// removes what bears such a name.
#[derive(Clone, Debug, Default)]
pub struct Doomed(Vec<(Time, String)>);

impl Doomed {
    fn add(&mut self, at: Time, names: Vec<String>) {
        let place = self.0.partition_point(|(other, _)| *other <= at);
        self.0.splice(place..place, names.into_iter().map(|name| (at, name)));
    }

    fn take_due(&mut self, now: Time) -> Vec<String> {
        let due = self.0.partition_point(|(at, _)| *at <= now);
        self.0.drain(..due).map(|(_, name)| name).collect()
    }

    pub fn deadline(&self) -> Option<Deadline> {
        Some((self.0.first()?.0, Reason::new("file.delete.delay.ms", "")))
    }
}

impl Broker {
    /// `names`: of files or folders.
    pub(super) fn doom(&mut self, now: Time, delay_ms: i64, names: Vec<String>) {
        self.doomed.add(now.plus_millis(delay_ms), names);
    }

    pub(super) fn remove_doomed(&mut self, now: Time) {
        for name in self.doomed.take_due(now) {
            match name.contains('/') {
                true => self.disk.remove(&name),
                false => files::remove_dir(&mut self.disk, &name),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_doomed_goes_in_its_time() {
        let mut doomed = Doomed::default();
        doomed.add(Time(5), vec!["b".into(), "c".into()]);
        doomed.add(Time(3), vec!["a".into()]);
        doomed.add(Time(5), vec!["d".into()]);
        assert_eq!(doomed.deadline().map(|(at, _)| at), Some(Time(3)));
        assert_eq!((doomed.take_due(Time(2)), doomed.take_due(Time(4))), (vec![], vec!["a".to_owned()]));
        assert_eq!(doomed.take_due(Time(5)), ["b", "c", "d"]);
        assert!(doomed.deadline().is_none());
    }
}

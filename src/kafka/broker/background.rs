//! Background work by the clock (`LogManager`'s and `ReplicaManager`'s scheduled tasks): retention and the checkpoints.

use super::partition::Partition;
use super::{Broker, BrokerEvent};
use crate::kafka::config::BrokerConfig;
use crate::kafka::time::{Deadline, Reason, Time};

/// Kafka's names, for the page and the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Task {
    Retention,
    RecoveryPoints,
    HighWatermarks,
    LogStarts,
    /// `flush.ms`.
    Flush,
    /// Whether followers lag, twice in the time that they may.
    IsrExpiration,
}

const ALL: [Task; 6] = [Task::Retention, Task::Flush, Task::RecoveryPoints, Task::HighWatermarks, Task::LogStarts, Task::IsrExpiration];

impl Task {
    fn name(self) -> &'static str {
        match self {
            Self::Retention => "log retention",
            Self::Flush => "log flush",
            Self::RecoveryPoints => "recovery-point checkpoint",
            Self::HighWatermarks => "high-watermark checkpoint",
            Self::LogStarts => "log-start-offset checkpoint",
            Self::IsrExpiration => "isr-expiration",
        }
    }

    fn interval_ms(self, config: &BrokerConfig) -> i64 {
        let interval = match self {
            Self::Retention => config.log_retention_check_interval_ms,
            Self::Flush => config.log_flush_scheduler_interval_ms,
            Self::RecoveryPoints => config.log_flush_offset_checkpoint_interval_ms,
            Self::HighWatermarks => config.replica_high_watermark_checkpoint_interval_ms,
            Self::LogStarts => config.log_flush_start_offset_checkpoint_interval_ms,
            Self::IsrExpiration => config.replica_lag_time_max_ms / 2,
        };
        interval.max(1)
    }
}

/// When each task runs next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tasks {
    next: Vec<(Time, Task)>,
}

impl Tasks {
    pub fn new(now: Time, config: &BrokerConfig) -> Self {
        let initial = now.plus_millis(config.log_initial_task_delay_ms);
        let first = |task: Task| match task {
            Task::HighWatermarks | Task::IsrExpiration => now.plus_millis(task.interval_ms(config)),
            // As if it began with the others, of which none is looked at by default.
            Task::Flush if task.interval_ms(config) == i64::MAX => Time(i64::MAX),
            _ => initial,
        };
        Self { next: ALL.into_iter().map(|task| (first(task), task)).collect() }
    }

    pub fn deadline(&self) -> Option<Deadline> {
        let (time, task) = self.next.iter().min_by_key(|(time, _)| *time)?;
        Some((*time, Reason::new(task.name(), "")))
    }

    /// A task that is due; its next time is set.
    fn take_due(&mut self, now: Time, config: &BrokerConfig) -> Option<Task> {
        let (time, task) = self.next.iter_mut().find(|(time, _)| *time <= now)?;
        *time = Time(now.0.saturating_add(task.interval_ms(config).saturating_mul(1000)));
        Some(*task)
    }
}

impl Broker {
    pub(super) fn run_tasks(&mut self, now: Time) {
        while let Some(task) = self.tasks.take_due(now, &self.config) {
            match task {
                Task::Retention => self.apply_retention(now),
                Task::RecoveryPoints => self.write_back(),
                Task::Flush => {
                    self.flush_where(now, |partition| now.micros_since(partition.flushed_at) / 1000 >= partition.log.config().flush_ms)
                }
                Task::HighWatermarks | Task::LogStarts => {}
                Task::IsrExpiration => self.check_lag(now),
            }
            let written = match task {
                Task::Retention | Task::Flush | Task::IsrExpiration => Ok(()),
                Task::RecoveryPoints => self.checkpoints.write_recovery_points(&mut self.disk, &self.topics),
                Task::HighWatermarks => self.checkpoints.write_high_watermarks(&mut self.disk, &self.topics),
                Task::LogStarts => self.checkpoints.write_log_starts(&mut self.disk, &self.topics),
            };
            if let Err(error) = written {
                let text = format!("{}: {error}", task.name());
                self.log(text.clone());
                self.storage_failed(&error.into(), &text);
            }
        }
    }

    /// Kafka's task writes the checkpoint and flushes nothing. The operating system under it writes dirty pages back after half a minute or
    /// so; no machine here stands for it, so that happens at this task's interval, and the recovery points stay what they are.
    fn write_back(&mut self) {
        let logs = self.topics.iter().flat_map(|topic| topic.partitions.values()).map(|partition| &partition.log);
        let failed = logs.filter_map(|log| Some(format!("{}: not written back: {}", log.dir(), log.write_back(&mut self.disk).err()?)));
        let failed: Vec<String> = failed.collect();
        failed.into_iter().for_each(|line| self.log(line));
    }

    fn flush_where(&mut self, now: Time, due: impl Fn(&Partition) -> bool) {
        let mut failed = Vec::new();
        for topic in self.topics.iter_mut() {
            for partition in topic.partitions.values_mut().filter(|partition| due(partition)) {
                if let Err(error) = partition.flush(&mut self.disk, now) {
                    failed.push(format!("{}: not flushed: {error}", partition.log.dir()));
                }
            }
        }
        failed.into_iter().for_each(|line| self.log(line));
    }

    fn apply_retention(&mut self, now: Time) {
        let mut events = Vec::new();
        let mut lines = Vec::new();
        let mut touched = Vec::new();
        let mut doomed = Vec::new();
        for topic in self.topics.iter_mut() {
            for (&index, partition) in &mut topic.partitions {
                let result = partition.log.apply_retention(&mut self.disk, now, partition.high_watermark);
                doomed.push((partition.log.config().file_delete_delay_ms, partition.log.take_doomed()));
                match result {
                    Ok(gone) => {
                        if !gone.is_empty() {
                            touched.push((topic.name.clone(), index));
                        }
                        for segment in gone {
                            let (topic, base_offset) = (topic.name.clone(), segment.base_offset);
                            lines.push(format!("{topic}-{index}: segment {base_offset} is deleted, {} bytes", segment.size));
                            events.push(BrokerEvent::SegmentDeleted { topic, partition: index, base_offset });
                        }
                    }
                    Err(error) => lines.push(format!("{}-{index}: retention: {error}", topic.name)),
                }
            }
        }
        if !touched.is_empty() {
            self.fetchers.change_any();
        }
        touched.iter().for_each(|(topic, index)| self.touch(topic, *index));
        doomed.into_iter().for_each(|(delay, names)| self.doom(now, delay, names));
        lines.into_iter().for_each(|line| self.log(line));
        events.into_iter().for_each(|event| self.event(event));
    }

    pub(super) fn shut_down(&mut self, _now: Time) {
        for conn in self.connections.ids() {
            self.close(conn, "the broker shuts down".into());
        }
        let mut clean = true;
        let mut lines = Vec::new();
        for topic in self.topics.iter_mut() {
            for partition in topic.partitions.values_mut() {
                match partition.log.close(&mut self.disk) {
                    Ok(()) => partition.recovery_point = partition.log.end_offset(),
                    Err(error) => {
                        clean = false;
                        lines.push(format!("{}: not closed: {error}", partition.log.dir()));
                    }
                }
            }
        }
        lines.into_iter().for_each(|line| self.log(line));
        let marked = self.checkpoints.write_all(&mut self.disk, &self.topics, clean.then_some(self.life.epoch));
        if let Err(error) = marked {
            self.log(format!("the checkpoints are not written: {error}"));
        }
    }
}

//! How well batches have compressed so far (`CompressionRatioEstimator`), in millionths: compressed bytes by uncompressed ones.

use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::wire::compression::Compression;
use std::sync::Arc;

/// Not compressed at all; what is expected at first.
pub const NONE: u32 = 1_000_000;

/// What a batch that compressed better takes off the estimate.
const IMPROVING_STEP: u32 = 5_000;

/// What a batch that compressed worse adds to it, at least.
const DETERIORATE_STEP: u32 = 50_000;

/// The estimate of each topic. A producer has one codec.
#[derive(Clone, Debug)]
pub struct CompressionRatios {
    compression: Compression,
    topics: SortedVecMap<Arc<str>, u32>,
}

impl CompressionRatios {
    pub fn new(compression: Compression) -> Self {
        Self { compression, topics: SortedVecMap::new() }
    }

    pub fn estimate(&self, topic: &str) -> u32 {
        self.topics.get(topic).copied().unwrap_or(NONE)
    }

    /// A batch has been compressed. It takes large steps up and small ones down, since a batch that comes out too large must be split.
    pub fn observe(&mut self, topic: &Arc<str>, ratio: u32) {
        if self.compression == Compression::None {
            return;
        }
        let known = self.topics.entry(topic.clone()).or_insert(NONE);
        *known = match ratio.cmp(known) {
            std::cmp::Ordering::Greater => known.saturating_add(DETERIORATE_STEP).max(ratio),
            std::cmp::Ordering::Less => known.saturating_sub(IMPROVING_STEP),
            std::cmp::Ordering::Equal => *known,
        };
    }

    /// A batch was too large: no gain is expected any more.
    pub fn reset(&mut self, topic: &Arc<str>, ratio: u32) {
        self.topics.insert(topic.clone(), ratio.max(NONE));
    }

    /// Bytes of records as they are expected to be when they are sent, with a twentieth for safety
    /// (`MemoryRecordsBuilder.estimatedBytesWritten`).
    pub fn expected(&self, uncompressed: u32, ratio: u32) -> u32 {
        if self.compression == Compression::None {
            return uncompressed;
        }
        let bytes = u64::from(uncompressed) * u64::from(ratio) / u64::from(NONE) * 105 / 100;
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_fall_slowly_and_rise_at_once() {
        let topic: Arc<str> = Arc::from("orders");
        let mut ratios = CompressionRatios::new(Compression::Gzip);
        ratios.observe(&topic, 200_000);
        ratios.observe(&topic, 200_000);
        assert_eq!((ratios.estimate("orders"), ratios.estimate("other")), (990_000, NONE));
        ratios.observe(&topic, 991_000);
        assert_eq!(ratios.estimate("orders"), 1_040_000);
        ratios.observe(&topic, 1_500_000);
        assert_eq!(ratios.estimate("orders"), 1_500_000);
        assert_eq!(ratios.expected(1000, 500_000), 525);
        ratios.reset(&topic, 900_000);
        assert_eq!(ratios.estimate("orders"), NONE);
    }

    #[test]
    fn without_a_codec_bytes_are_counted_as_they_are() {
        let topic: Arc<str> = Arc::from("orders");
        let mut ratios = CompressionRatios::new(Compression::None);
        ratios.observe(&topic, 200_000);
        assert_eq!((ratios.estimate("orders"), ratios.expected(1000, NONE)), (NONE, 1000));
    }
}

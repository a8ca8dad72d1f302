//! WriteTxnMarkers: a transaction's coordinator, or a tool that ends a hanging one, writes its end into partitions that this broker leads.

use super::BrokerApi;
use crate::kafka::broker::Broker;
use crate::kafka::broker::dispatch::{Context, Reply};
use crate::kafka::broker::txn_markers::Writer;
use crate::kafka::time::Time;
use crate::kafka::wire::message::WriteTxnMarkersRequest;

impl BrokerApi for WriteTxnMarkersRequest {
    fn handle(self, broker: &mut Broker, now: Time, context: &Context) -> Reply {
        broker.write_markers(now, Writer::Client(context.clone()), self);
        Reply::Held
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic};

    impl Sample for WriteTxnMarkersRequest {
        fn sample(_known: &Known, _version: i16, name: &str) -> Self {
            let topics = vec![WritableTxnMarkerTopic { name: topic(name), partition_indexes: vec![0, 9] }];
            let marker = WritableTxnMarker { producer_id: 77.into(), topics, ..WritableTxnMarker::default() };
            WriteTxnMarkersRequest { markers: vec![marker] }
        }
    }
}

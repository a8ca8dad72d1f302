//! The records of the metadata log, in the bytes of Kafka's own (`metadata/src/main/resources/common/metadata/*.json`).

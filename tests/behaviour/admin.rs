//! Requests about topics, configs and the cluster, and their answers.

use crate::requests::{Asked, CLIENT_ID, Fields, text};
use bytes::Bytes;
use serde_json::{Value, json};
use tidepool::kafka::wire::frame;
use tidepool::kafka::wire::message::{self as m, ApiKey, BrokerId};

/// `None`: another API.
pub fn encode(api: &str, version: i16, f: Fields<'_>) -> Option<(Bytes, Asked)> {
    macro_rules! frame {
        ($api:ident, $request:expr) => {
            (frame::encode_request(version, 1, &CLIENT_ID.into(), $request).expect(api), Asked { api: ApiKey::$api, version })
        };
    }
    Some(match api {
        "ApiVersions" => frame!(
            ApiVersions,
            m::ApiVersionsRequest {
                client_software_name: f.text("ClientSoftwareName"),
                client_software_version: f.text("ClientSoftwareVersion"),
            }
        ),
        "Metadata" => frame!(Metadata, metadata(f)),
        "CreateTopics" => frame!(CreateTopics, create_topics(f)),
        "CreatePartitions" => frame!(
            CreatePartitions,
            m::CreatePartitionsRequest {
                timeout_ms: f.int("TimeoutMs", 0),
                validate_only: f.flag("ValidateOnly"),
                topics: f.each("Topics", |t| {
                    m::create_partitions_request::CreatePartitionsTopic {
                        name: t.text("Name").into(),
                        count: t.int("Count", 0),
                        assignments: None,
                    }
                }),
            }
        ),
        "DescribeTopicPartitions" => frame!(DescribeTopicPartitions, {
            use m::describe_topic_partitions_request::{Cursor, TopicRequest};
            let cursor = f
                .object("Cursor")
                .map(|cursor| Cursor { topic_name: cursor.text("TopicName").into(), partition_index: cursor.int("PartitionIndex", 0) });
            m::DescribeTopicPartitionsRequest {
                topics: f.each("Topics", |t| TopicRequest { name: t.text("Name").into() }),
                response_partition_limit: f.int("ResponsePartitionLimit", 2000),
                cursor,
            }
        }),
        "DescribeConfigs" => frame!(
            DescribeConfigs,
            m::DescribeConfigsRequest {
                include_synonyms: f.flag("IncludeSynonyms"),
                resources: f.each("Resources", |r| {
                    m::describe_configs_request::DescribeConfigsResource {
                        resource_type: r.int("ResourceType", 0),
                        resource_name: r.text("ResourceName"),
                        configuration_keys: Some(r.texts("ConfigurationKeys")),
                    }
                }),
                ..m::DescribeConfigsRequest::default()
            }
        ),
        "IncrementalAlterConfigs" => frame!(IncrementalAlterConfigs, alter_configs(f)),
        "ElectLeaders" => frame!(
            ElectLeaders,
            m::ElectLeadersRequest {
                election_type: f.int("ElectionType", 0),
                timeout_ms: f.int("TimeoutMs", 0),
                topic_partitions: Some(f.each("TopicPartitions", |t| {
                    m::elect_leaders_request::TopicPartitions { topic: t.text("Topic").into(), partitions: t.ints("Partitions") }
                })),
            }
        ),
        "DeleteTopics" => frame!(
            DeleteTopics,
            m::DeleteTopicsRequest {
                timeout_ms: f.int("TimeoutMs", 0),
                topics: f.each("Topics", |t| {
                    m::delete_topics_request::DeleteTopicState {
                        name: t.optional("Name").map(Into::into),
                        ..m::delete_topics_request::DeleteTopicState::default()
                    }
                }),
                ..m::DeleteTopicsRequest::default()
            }
        ),
        "DescribeCluster" => {
            frame!(
                DescribeCluster,
                m::DescribeClusterRequest { endpoint_type: f.int("EndpointType", 1), ..m::DescribeClusterRequest::default() }
            )
        }
        _ => return None,
    })
}

fn metadata(f: Fields<'_>) -> m::MetadataRequest {
    let topics = f.each("Topics", |t| {
        let name = t.0.as_str().or_else(|| t.0["Name"].as_str()).map(|name| text(name).into());
        let id = t.0["TopicId"].as_str().and_then(|id| id.parse().ok()).unwrap_or_default();
        m::metadata_request::MetadataRequestTopic { name, topic_id: id }
    });
    let may_create = f.0["AllowAutoTopicCreation"] != false;
    m::MetadataRequest { topics: Some(topics), allow_auto_topic_creation: may_create, ..m::MetadataRequest::default() }
}

fn create_topics(f: Fields<'_>) -> m::CreateTopicsRequest {
    use m::create_topics_request::{CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig};
    let topics = f.each("Topics", |t| CreatableTopic {
        name: t.text("Name").into(),
        num_partitions: t.int("NumPartitions", 1),
        replication_factor: t.int("ReplicationFactor", 1),
        assignments: t.each("Assignments", |a| CreatableReplicaAssignment {
            partition_index: a.int("PartitionIndex", 0),
            broker_ids: a.ints("BrokerIds").into_iter().map(BrokerId).collect(),
        }),
        configs: t.each("Configs", |c| CreatableTopicConfig { name: c.text("Name"), value: c.optional("Value") }),
    });
    // Kafka's schema spells these two in lower case.
    m::CreateTopicsRequest { timeout_ms: f.int("timeoutMs", 1000), validate_only: f.flag("validateOnly"), topics }
}

fn alter_configs(f: Fields<'_>) -> m::IncrementalAlterConfigsRequest {
    use m::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
    m::IncrementalAlterConfigsRequest {
        validate_only: f.flag("ValidateOnly"),
        resources: f.each("Resources", |r| AlterConfigsResource {
            resource_type: r.int("ResourceType", 0),
            resource_name: r.text("ResourceName"),
            configs: r.each("Configs", |c| AlterableConfig {
                name: c.text("Name"),
                config_operation: c.int("ConfigOperation", 0),
                value: c.optional("Value"),
            }),
        }),
    }
}

fn ids(ids: &[BrokerId]) -> Value {
    ids.iter().map(|id| id.0).collect()
}

fn all<T>(items: &[T], show: impl Fn(&T) -> Value) -> Value {
    items.iter().map(show).collect()
}

/// `None`: another API.
pub fn decode(asked: &Asked, body: Bytes) -> Option<Value> {
    macro_rules! body {
        ($response:ident) => {
            frame::decode_body::<m::$response>(body, asked.version).expect("a response body")
        };
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other APIs are not of this file")]
    Some(match asked.api {
        ApiKey::ApiVersions => {
            let r = body!(ApiVersionsResponse);
            json!({"ErrorCode": r.error_code, "ApiKeys": all(&r.api_keys, |key| {
                json!({"ApiKey": key.api_key, "MinVersion": key.min_version, "MaxVersion": key.max_version})
            })})
        }
        ApiKey::Metadata => {
            let r = body!(MetadataResponse);
            let brokers = all(
                &r.brokers,
                |b| json!({"NodeId": b.node_id.0, "Host": b.host.as_ref(), "Port": b.port, "Rack": b.rack.as_ref().map(|rack| rack.as_ref())}),
            );
            json!({"Brokers": brokers, "ClusterId": r.cluster_id.as_ref().map(|id| id.as_ref()), "ControllerId": r.controller_id.0,
            "Topics": all(&r.topics, |t| json!({
                "ErrorCode": t.error_code, "Name": t.name.as_ref().map(|name| name.0.as_ref()), "TopicId": t.topic_id.to_string(),
                "IsInternal": t.is_internal, "TopicAuthorizedOperations": t.topic_authorized_operations,
                "Partitions": all(&t.partitions, |p| json!({
                    "ErrorCode": p.error_code, "PartitionIndex": p.partition_index, "LeaderId": p.leader_id.0,
                    "LeaderEpoch": p.leader_epoch, "ReplicaNodes": ids(&p.replica_nodes), "IsrNodes": ids(&p.isr_nodes),
                    "OfflineReplicas": ids(&p.offline_replicas),
                })),
            }))})
        }
        ApiKey::CreateTopics => {
            let r = body!(CreateTopicsResponse);
            json!({"Topics": all(&r.topics, |t| json!({
                "Name": t.name.0.as_ref(), "TopicId": t.topic_id.to_string(), "ErrorCode": t.error_code,
                "ErrorMessage": t.error_message.as_deref(), "NumPartitions": t.num_partitions,
                "ReplicationFactor": t.replication_factor, "Configs": all(t.configs.as_deref().unwrap_or_default(), |c| json!({
                    "Name": c.name.as_ref(), "Value": c.value.as_deref(), "ReadOnly": c.read_only, "ConfigSource": c.config_source,
                    "IsSensitive": c.is_sensitive,
                })),
            }))})
        }
        ApiKey::CreatePartitions => {
            let r = body!(CreatePartitionsResponse);
            json!({"Results": all(&r.results, |t| {
                json!({"Name": t.name.0.as_ref(), "ErrorCode": t.error_code, "ErrorMessage": t.error_message.as_deref()})
            })})
        }
        ApiKey::DescribeTopicPartitions => {
            let r = body!(DescribeTopicPartitionsResponse);
            let elr = |elr: &Option<Vec<BrokerId>>| elr.as_deref().map(ids);
            let cursor = r.next_cursor.as_ref();
            let cursor = cursor.map(|c| json!({"TopicName": c.topic_name.0.as_ref(), "PartitionIndex": c.partition_index}));
            json!({"NextCursor": cursor, "Topics": all(&r.topics, |t| json!({
                "ErrorCode": t.error_code, "Name": t.name.as_ref().map(|name| name.0.as_ref()), "TopicId": t.topic_id.to_string(),
                "IsInternal": t.is_internal, "TopicAuthorizedOperations": t.topic_authorized_operations,
                "Partitions": all(&t.partitions, |p| json!({
                    "ErrorCode": p.error_code, "PartitionIndex": p.partition_index, "LeaderId": p.leader_id.0,
                    "LeaderEpoch": p.leader_epoch, "ReplicaNodes": ids(&p.replica_nodes), "IsrNodes": ids(&p.isr_nodes),
                    "EligibleLeaderReplicas": elr(&p.eligible_leader_replicas), "LastKnownElr": elr(&p.last_known_elr),
                    "OfflineReplicas": ids(&p.offline_replicas),
                })),
            }))})
        }
        ApiKey::DescribeConfigs => {
            let r = body!(DescribeConfigsResponse);
            json!({"Results": all(&r.results, |r| json!({
                "ErrorCode": r.error_code, "ErrorMessage": r.error_message.as_deref(), "ResourceType": r.resource_type,
                "ResourceName": r.resource_name.as_ref(), "Configs": all(&r.configs, |c| json!({
                    "Name": c.name.as_ref(), "Value": c.value.as_deref(), "ReadOnly": c.read_only, "ConfigSource": c.config_source,
                    "IsSensitive": c.is_sensitive, "ConfigType": c.config_type, "Documentation": c.documentation.as_deref(),
                    "Synonyms": all(&c.synonyms, |s| {
                        json!({"Name": s.name.as_ref(), "Value": s.value.as_deref(), "Source": s.source})
                    }),
                })),
            }))})
        }
        ApiKey::IncrementalAlterConfigs => {
            let r = body!(IncrementalAlterConfigsResponse);
            json!({"Responses": all(&r.responses, |r| json!({
                "ErrorCode": r.error_code, "ErrorMessage": r.error_message.as_deref(), "ResourceType": r.resource_type,
                "ResourceName": r.resource_name.as_ref(),
            }))})
        }
        ApiKey::ElectLeaders => {
            let r = body!(ElectLeadersResponse);
            json!({"ErrorCode": r.error_code, "ReplicaElectionResults": all(&r.replica_election_results, |t| json!({
                "Topic": t.topic.0.as_ref(), "PartitionResult": all(&t.partition_result, |p| {
                    json!({"PartitionId": p.partition_id, "ErrorCode": p.error_code, "ErrorMessage": p.error_message.as_deref()})
                }),
            }))})
        }
        ApiKey::DeleteTopics => {
            let r = body!(DeleteTopicsResponse);
            json!({"Responses": all(&r.responses, |t| json!({
                "Name": t.name.as_ref().map(|name| name.0.as_ref()), "TopicId": t.topic_id.to_string(), "ErrorCode": t.error_code,
                "ErrorMessage": t.error_message.as_deref(),
            }))})
        }
        ApiKey::DescribeCluster => {
            let r = body!(DescribeClusterResponse);
            let brokers = all(&r.brokers, |b| {
                json!({"BrokerId": b.broker_id.0, "Host": b.host.as_ref(), "Port": b.port,
                    "Rack": b.rack.as_ref().map(|rack| rack.as_ref()), "IsFenced": b.is_fenced})
            });
            json!({"ErrorCode": r.error_code, "ErrorMessage": r.error_message.as_deref(), "EndpointType": r.endpoint_type,
                "ClusterId": r.cluster_id.as_ref(), "ControllerId": r.controller_id.0, "Brokers": brokers,
                "ClusterAuthorizedOperations": r.cluster_authorized_operations})
        }
        _ => return None,
    })
}

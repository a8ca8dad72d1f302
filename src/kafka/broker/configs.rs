//! DescribeConfigs and IncrementalAlterConfigs, for topics and this broker.

use super::config::{ConfigDef, Kind, Source, Sourced, broker_def, check_broker, check_topic, list, topic_def};
use super::config_table::{BROKER, TOPIC};
use super::dispatch::Context;
use super::topics::Refusal;
use super::{Broker, ErrorCode};
use crate::kafka::map::{Map, Set};
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym};
use kafka_protocol::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::{
    DescribeConfigsRequest, DescribeConfigsResponse, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};
use kafka_protocol::protocol::StrBytes;

const TOPIC_RESOURCE: i8 = 2;
const BROKER_RESOURCE: i8 = 4;

/// Broker configs that can be altered at run time besides the topics' defaults (`DynamicBrokerConfig`).
const DYNAMIC: &[&str] = &[
    "background.threads",
    "log.cleaner.backoff.ms",
    "log.retention.hours",
    "log.retention.minutes",
    "log.roll.hours",
    "max.connections",
    "num.io.threads",
    "num.network.threads",
    "num.recovery.threads.per.data.dir",
    "num.replica.fetchers",
    "producer.id.expiration.ms",
];

fn is_dynamic(name: &str) -> bool {
    DYNAMIC.contains(&name) || TOPIC.iter().any(|def| def.server == Some(name))
}

fn text(value: impl Into<String>) -> StrBytes {
    StrBytes::from_string(value.into())
}

impl Broker {
    pub(super) fn describe_configs(&self, context: &Context, request: DescribeConfigsRequest) -> DescribeConfigsResponse {
        let results = request.resources.iter().map(|resource| {
            let answer = DescribeConfigsResult::default()
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name.clone());
            match self.describe_resource(context, resource, request.include_synonyms, request.include_documentation) {
                Ok(configs) => answer.with_error_message(Some(StrBytes::default())).with_configs(configs),
                Err((error, why)) => answer.with_error_code(error.code()).with_error_message(Some(text(why))),
            }
        });
        DescribeConfigsResponse::default().with_results(results.collect())
    }

    fn describe_resource(
        &self,
        context: &Context,
        resource: &DescribeConfigsResource,
        synonyms: bool,
        documentation: bool,
    ) -> Result<Vec<DescribeConfigsResourceResult>, Refusal> {
        let wanted: Option<Set<&str>> = resource.configuration_keys.as_ref().map(|keys| keys.iter().map(|key| key.as_str()).collect());
        let asked = |def: &&ConfigDef| wanted.as_ref().is_none_or(|wanted| wanted.contains(def.name));
        let describe = |def: &'static ConfigDef, value: Option<String>, source: Source, read_only: bool, found: Vec<Sourced>| {
            let mut config = DescribeConfigsResourceResult::default()
                .with_name(StrBytes::from_static_str(def.name))
                .with_value(value.map(StrBytes::from_string))
                .with_read_only(read_only)
                .with_config_source(source as i8);
            if synonyms {
                config.synonyms = found
                    .into_iter()
                    .map(|synonym| {
                        DescribeConfigsSynonym::default()
                            .with_name(StrBytes::from_static_str(synonym.name))
                            .with_value(synonym.value.map(StrBytes::from_string))
                            .with_source(synonym.source as i8)
                    })
                    .collect();
            }
            if context.version >= 3 {
                config.config_type = def.kind as i8;
                config.documentation = documentation.then(|| StrBytes::from_static_str(def.doc));
            }
            config
        };
        let name = resource.resource_name.as_str();
        match resource.resource_type {
            TOPIC_RESOURCE => {
                let topic = self.topic_resource(name)?;
                let shown = |def: &&ConfigDef| def.default.is_some() || topic.contains_key(def.name);
                let configs = TOPIC.iter().filter(asked).filter(shown).map(|def| {
                    let (value, source, found) = self.config.topic_value(topic, def);
                    describe(def, value, source, false, found)
                });
                Ok(configs.collect())
            }
            BROKER_RESOURCE => {
                self.check_broker_resource(name)?;
                let configs = BROKER.iter().filter(asked).map(|def| {
                    let found = self.config.values(def.name);
                    let first = found.first().cloned();
                    let source = first.as_ref().map_or(Source::Default, |first| first.source);
                    describe(def, first.and_then(|first| first.value), source, !is_dynamic(def.name), found)
                });
                // An empty name asks for the cluster-wide dynamic defaults alone.
                if name.is_empty() {
                    return Ok(configs.filter(|config| config.config_source == Source::DynamicBroker as i8).collect());
                }
                Ok(configs.collect())
            }
            other => Err((ErrorCode::InvalidRequest, format!("Unsupported resource type: {other}"))),
        }
    }

    fn topic_resource(&self, name: &str) -> Result<&Map<String, String>, Refusal> {
        let unknown = || (ErrorCode::UnknownTopicOrPartition, "This server does not host this topic-partition.".to_owned());
        self.topics.get(name).map(|topic| &topic.configs).ok_or_else(unknown)
    }

    fn check_broker_resource(&self, name: &str) -> Result<(), Refusal> {
        let id = self.options.node_id;
        if name.is_empty() || name == id.to_string() {
            return Ok(());
        }
        Err((ErrorCode::InvalidRequest, format!("Unexpected broker id, expected {id} or empty string, but received {name}")))
    }

    pub(super) fn incremental_alter_configs(&mut self, request: IncrementalAlterConfigsRequest) -> IncrementalAlterConfigsResponse {
        let mut responses = Vec::new();
        for resource in request.resources {
            let result = self.alter_resource(&resource, request.validate_only);
            let answer = AlterConfigsResourceResponse::default()
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name);
            responses.push(match result {
                Ok(()) => answer.with_error_message(None),
                Err((error, why)) => answer.with_error_code(error.code()).with_error_message(Some(text(why))),
            });
        }
        IncrementalAlterConfigsResponse::default().with_responses(responses)
    }

    fn alter_resource(&mut self, resource: &AlterConfigsResource, validate_only: bool) -> Result<(), Refusal> {
        let name = resource.resource_name.as_str();
        let mut seen = Set::new();
        if let Some(twice) = resource.configs.iter().find(|config| !seen.insert(config.name.clone())) {
            return Err((ErrorCode::InvalidRequest, format!("Error due to duplicate config keys: {}", twice.name)));
        }
        match resource.resource_type {
            TOPIC_RESOURCE => {
                let before = self.topic_resource(name)?;
                let mut configs = before.clone();
                for config in &resource.configs {
                    let key = config.name.as_str();
                    let def = topic_def(key).ok_or_else(|| (ErrorCode::InvalidConfig, format!("Unknown topic config name: {key}")))?;
                    let current = self.config.topic_value(before, def).0.unwrap_or_default();
                    match alter(def, config, &current)? {
                        Some(value) => {
                            check_topic(key, &value).map_err(|why| (ErrorCode::InvalidConfig, why))?;
                            configs.insert(key.to_owned(), value);
                        }
                        None => {
                            configs.remove(key);
                        }
                    }
                }
                if validate_only { Ok(()) } else { self.set_topic_configs(name, configs) }
            }
            BROKER_RESOURCE => {
                self.check_broker_resource(name)?;
                let mut dynamic = self.config.dynamic.clone();
                for config in &resource.configs {
                    let key = config.name.as_str();
                    let invalid = |why: String| (ErrorCode::InvalidConfig, why);
                    let def = broker_def(key).ok_or_else(|| invalid(format!("Unknown broker config name: {key}")))?;
                    if !is_dynamic(key) {
                        return Err((ErrorCode::InvalidRequest, format!("Cannot update these configs dynamically: {key}")));
                    }
                    match alter(def, config, self.config.text(key))? {
                        Some(value) => {
                            check_broker(key, &value).map_err(|error| invalid(error.to_string()))?;
                            dynamic.insert(key.to_owned(), value);
                        }
                        None => {
                            dynamic.remove(key);
                        }
                    }
                }
                if validate_only {
                    return Ok(());
                }
                self.config.dynamic = dynamic;
                self.apply_topic_configs();
                self.keep_metadata()
            }
            other => Err((ErrorCode::InvalidRequest, format!("Unsupported resource type: {other}"))),
        }
    }
}

/// The new value, or `None` to unset it.
fn alter(def: &ConfigDef, config: &AlterableConfig, current: &str) -> Result<Option<String>, Refusal> {
    let key = def.name;
    let given = || {
        let missing = || (ErrorCode::InvalidRequest, format!("Null value not supported for : {key}"));
        config.value.as_ref().map(|value| value.to_string()).ok_or_else(missing)
    };
    let only_lists = |what: &str| {
        let why = format!("Can't {what} to key {key} because its type is not LIST.");
        if def.kind == Kind::List { Ok(()) } else { Err((ErrorCode::InvalidConfig, why)) }
    };
    match config.config_operation {
        0 => given().map(Some),
        1 => Ok(None),
        2 => {
            only_lists("APPEND")?;
            let more = given()?;
            let mut items = list(current);
            for item in list(&more) {
                if !items.contains(&item) {
                    items.push(item);
                }
            }
            Ok(Some(items.join(",")))
        }
        3 => {
            only_lists("SUBTRACT")?;
            let less = given()?;
            let less = list(&less);
            Ok(Some(list(current).into_iter().filter(|item| !less.contains(item)).collect::<Vec<_>>().join(",")))
        }
        other => Err((ErrorCode::InvalidRequest, format!("Unknown operation type {other}"))),
    }
}

//! DescribeConfigs, for topics and this broker. Altering is the controller's.

use super::BrokerApi;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::replicas::overrides;
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::config::{BROKER, ConfigDef, Source, Sourced, TOPIC};
use crate::kafka::controller::Refusal;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;
use crate::kafka::wire::message::Str;
use crate::kafka::wire::message::describe_configs_request::DescribeConfigsResource;
use crate::kafka::wire::message::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use crate::kafka::wire::message::{DescribeConfigsRequest, DescribeConfigsResponse};
use std::borrow::Cow;

const TOPIC_RESOURCE: i8 = 2;
const BROKER_RESOURCE: i8 = 4;

fn text(value: impl Into<String>) -> Str {
    Str::from(value.into())
}

impl BrokerApi for DescribeConfigsRequest {
    fn handle(self, broker: &mut Broker, _now: Time, context: &Context) -> Reply {
        let results = self.resources.iter().map(|resource| {
            let answer = DescribeConfigsResult {
                resource_type: resource.resource_type,
                resource_name: resource.resource_name.clone(),
                ..DescribeConfigsResult::default()
            };
            match broker.describe_resource(context, resource, self.include_synonyms, self.include_documentation) {
                Ok(configs) => DescribeConfigsResult { error_message: Some(Str::default()), configs, ..answer },
                Err((error, why)) => DescribeConfigsResult { error_code: error.code(), error_message: Some(text(why)), ..answer },
            }
        });
        reply(context, DescribeConfigsResponse { results: results.collect(), ..DescribeConfigsResponse::default() })
    }
}

impl Broker {
    fn describe_resource(
        &self,
        context: &Context,
        resource: &DescribeConfigsResource,
        synonyms: bool,
        documentation: bool,
    ) -> Result<Vec<DescribeConfigsResourceResult>, Refusal> {
        let keys = resource.configuration_keys.as_ref().filter(|keys| !keys.is_empty());
        let wanted: Option<SortedVecSet<&str>> = keys.map(|keys| keys.iter().map(|key| key.as_ref()).collect());
        let asked = |def: &&ConfigDef| wanted.as_ref().is_none_or(|wanted| wanted.contains(def.name));
        let describe = |def: &'static ConfigDef, value: Option<String>, source: Source, read_only: bool, found: Vec<Sourced>| {
            let mut config = DescribeConfigsResourceResult {
                name: Str::from(def.name),
                value: value.map(Str::from),
                read_only,
                config_source: source as i8,
                ..DescribeConfigsResourceResult::default()
            };
            if synonyms {
                config.synonyms = found
                    .into_iter()
                    .map(|synonym| DescribeConfigsSynonym {
                        name: Str::from(synonym.name),
                        value: synonym.value.map(Str::from),
                        source: synonym.source as i8,
                    })
                    .collect();
            }
            if context.version >= 3 {
                config.config_type = def.kind as i8;
                config.documentation = documentation.then(|| Str::from(def.documentation()));
            }
            config
        };
        let name = resource.resource_name.as_ref();
        match resource.resource_type {
            TOPIC_RESOURCE => {
                let topic = self.topic_resource(name)?;
                let shown = |def: &&ConfigDef| def.default.is_some() || topic.contains_key(def.name);
                let configs = TOPIC.iter().filter(asked).filter(shown).map(|def| {
                    let value = self.config.topic_value(topic, def).map(Cow::into_owned);
                    let (source, found) = self.config.topic_synonyms(topic, def);
                    describe(def, value, source, false, found)
                });
                Ok(configs.collect())
            }
            BROKER_RESOURCE => {
                self.check_broker_resource(name)?;
                // An empty name asks for what was altered for all brokers, and no more.
                let all = !name.is_empty();
                let configs = BROKER.iter().filter(asked).filter(|def| all || self.config.is_altered_for_all(def.name)).map(|def| {
                    let mut found = self.config.synonyms(def.name);
                    found.retain(|value| all || value.source == Source::DynamicDefaultBroker);
                    let first = found.first().cloned();
                    let source = first.as_ref().map_or(Source::Default, |first| first.source);
                    describe(def, first.and_then(|first| first.value), source, !def.is_dynamic(), found)
                });
                Ok(configs.collect())
            }
            other => Err((ErrorCode::InvalidRequest, format!("Unsupported resource type: {other}"))),
        }
    }

    fn topic_resource(&self, name: &str) -> Result<&SortedVecMap<String, String>, Refusal> {
        let unknown = || (ErrorCode::UnknownTopicOrPartition, "This server does not host this topic-partition.".to_owned());
        let image = self.controller.image();
        if image.topics.contains_key(name) { Ok(overrides(image, name)) } else { Err(unknown()) }
    }

    fn check_broker_resource(&self, name: &str) -> Result<(), Refusal> {
        let id = self.options.node_id;
        if name.is_empty() || name == id.to_string() {
            return Ok(());
        }
        Err((ErrorCode::InvalidRequest, format!("Unexpected broker id, expected {id} or empty string, but received {name}")))
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::describe_configs_request::DescribeConfigsResource;

    impl Sample for DescribeConfigsRequest {
        fn sample(_known: &Known, version: i16, name: &str) -> Self {
            let resource = |kind, name: &str| DescribeConfigsResource {
                resource_type: kind,
                resource_name: text(name),
                ..DescribeConfigsResource::default()
            };
            let resources = [resource(2, name), resource(4, "1"), resource(4, "99"), resource(99, "?")];
            let all = resources.map(|resource| DescribeConfigsResource { configuration_keys: None, ..resource }).to_vec();
            let request = DescribeConfigsRequest { resources: all, include_synonyms: true, ..DescribeConfigsRequest::default() };
            if version >= 3 { DescribeConfigsRequest { include_documentation: true, ..request } } else { request }
        }
    }
}

//! DescribeConfigs, for topics, this broker, its loggers and groups (`ConfigHelper`). Altering is the controller's.

use super::BrokerApi;
use super::find_coordinator::MALFORMED;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::replicas::overrides;
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::config::{BROKER, ConfigDef, GROUP, Source, Sourced, THROTTLES, TOPIC, UpdateMode};
use crate::kafka::controller::image::{BROKER_LOGGER_RESOURCE, BROKER_RESOURCE, CLIENT_METRICS_RESOURCE, GROUP_RESOURCE, TOPIC_RESOURCE};
use crate::kafka::controller::{Refusal, check_name};
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;
use crate::kafka::wire::message::Str;
use crate::kafka::wire::message::describe_configs_request::DescribeConfigsResource;
use crate::kafka::wire::message::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use crate::kafka::wire::message::{DescribeConfigsRequest, DescribeConfigsResponse};
use std::borrow::Cow;

/// The source of a logger's level.
const LOGGER_SOURCE: i8 = 6;
/// Logger and level: all lines of the broker's log are of this level.
pub(super) const LOGGER: (&str, &str) = ("root", "INFO");

fn text(value: impl Into<String>) -> Str {
    Str::from(value.into())
}

impl BrokerApi for DescribeConfigsRequest {
    fn handle(self, broker: &mut Broker, _now: Time, context: &Context) -> Reply {
        let known = [TOPIC_RESOURCE, BROKER_RESOURCE, BROKER_LOGGER_RESOURCE, CLIENT_METRICS_RESOURCE, GROUP_RESOURCE];
        let all_known = self.resources.iter().all(|resource| known.contains(&resource.resource_type));
        let rows = Rows { version: context.version, synonyms: self.include_synonyms, documentation: self.include_documentation };
        let results = self.resources.iter().map(|resource| {
            let answer = DescribeConfigsResult {
                resource_type: resource.resource_type,
                resource_name: resource.resource_name.clone(),
                ..DescribeConfigsResult::default()
            };
            let described = match all_known {
                true => broker.describe_resource(&rows, resource),
                false => Err((ErrorCode::InvalidRequest, MALFORMED.into())),
            };
            match described {
                Ok(configs) => DescribeConfigsResult { error_message: Some(Str::default()), configs, ..answer },
                Err((error, why)) => DescribeConfigsResult { error_code: error.code(), error_message: Some(text(why)), ..answer },
            }
        });
        reply(context, DescribeConfigsResponse { results: results.collect(), ..DescribeConfigsResponse::default() })
    }
}

/// How rows are written.
struct Rows {
    version: i16,
    synonyms: bool,
    documentation: bool,
}

impl Rows {
    /// `def`: `None` for a name of a broker's plugin, of which Kafka shows no value.
    fn row(&self, name: &str, def: Option<&ConfigDef>, found: Vec<Sourced>) -> DescribeConfigsResourceResult {
        let sensitive = def.is_none_or(ConfigDef::is_sensitive);
        let shown = |value: &Option<String>| value.clone().filter(|_| !sensitive).map(Str::from);
        let first = found.first();
        let mut config = DescribeConfigsResourceResult {
            name: text(name),
            value: first.and_then(|first| shown(&first.value)),
            config_source: first.map_or(Source::Default, |first| first.source) as i8,
            is_sensitive: sensitive,
            ..DescribeConfigsResourceResult::default()
        };
        if self.synonyms {
            let synonym =
                |one: &Sourced| DescribeConfigsSynonym { name: text(&*one.name), value: shown(&one.value), source: one.source as i8 };
            config.synonyms = found.iter().map(synonym).collect();
        }
        if self.version >= 3 {
            config.config_type = def.map_or(0, |def| def.kind as i8);
            config.documentation = def.filter(|_| self.documentation).map(|def| text(def.documentation()));
        }
        config
    }
}

/// Rows in the order of Scala's `mutable.HashMap`, in which Kafka has them.
fn in_kafkas_order(mut rows: Vec<DescribeConfigsResourceResult>) -> Vec<DescribeConfigsResourceResult> {
    let mut buckets = 16_u32;
    while u64::from(buckets) * 3 / 4 <= rows.len() as u64 {
        buckets *= 2;
    }
    rows.sort_by_cached_key(|row| {
        let hash = row.name.as_ref().encode_utf16().fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()));
        let hash = hash ^ (hash >> 16);
        (hash & (buckets - 1), hash.cast_signed())
    });
    rows
}

impl Broker {
    fn describe_resource(&self, rows: &Rows, resource: &DescribeConfigsResource) -> Result<Vec<DescribeConfigsResourceResult>, Refusal> {
        let keys = resource.configuration_keys.as_ref().filter(|keys| !keys.is_empty());
        let wanted: Option<SortedVecSet<&str>> = keys.map(|keys| keys.iter().map(|key| key.as_ref()).collect());
        let asked = |name: &str| wanted.as_ref().is_none_or(|wanted| wanted.contains(name));
        let name = resource.resource_name.as_ref();
        let found = match resource.resource_type {
            TOPIC_RESOURCE => self.topic_rows(rows, name, &asked)?,
            BROKER_RESOURCE => self.broker_rows(rows, name, &asked)?,
            BROKER_LOGGER_RESOURCE => self.logger_rows(name, &asked)?,
            GROUP_RESOURCE => self.group_rows(rows, name, &asked)?,
            _ => {
                let empty = "Client metrics subscription name must not be empty";
                let why = if name.is_empty() { empty } else { "Client metrics (KIP-714) are not built here." };
                return Err((ErrorCode::InvalidRequest, why.into()));
            }
        };
        Ok(in_kafkas_order(found))
    }

    fn topic_rows(&self, rows: &Rows, name: &str, asked: &dyn Fn(&str) -> bool) -> Result<Vec<DescribeConfigsResourceResult>, Refusal> {
        check_name(name).map_err(|why| (ErrorCode::InvalidTopicException, format!("Topic name is invalid: {why}")))?;
        let image = self.controller.image();
        if !image.topics.contains_key(name) {
            return Err((ErrorCode::UnknownTopicOrPartition, String::new()));
        }
        let topic = overrides(image, name);
        let shown = |def: &&ConfigDef| asked(def.name) && (def.default.is_some() || topic.contains_key(def.name));
        let configs = TOPIC.iter().filter(shown).map(|def| {
            let (_, found) = self.config.topic_synonyms(topic, def);
            let value = self.config.topic_value(topic, def).map(Cow::into_owned);
            DescribeConfigsResourceResult { value: value.map(Str::from), ..rows.row(def.name, Some(def), found) }
        });
        Ok(configs.collect())
    }

    fn broker_rows(&self, rows: &Rows, name: &str, asked: &dyn Fn(&str) -> bool) -> Result<Vec<DescribeConfigsResourceResult>, Refusal> {
        // An empty name asks for what was altered for all brokers, and no more.
        let all = name.is_empty();
        let id = self.options.node_id;
        if !all && self.broker_id_of(name)? != id {
            let why = format!("Unexpected broker id, expected {id} or empty string, but received {name}");
            return Err((ErrorCode::InvalidRequest, why));
        }
        let mut names = self.config.names_set(all);
        if !all {
            names.extend(BROKER.iter().filter(|def| def.update != UpdateMode::Internal).map(|def| def.name));
        }
        let configs = names.into_iter().filter(|name| asked(name)).map(|name| {
            let mut found = self.config.synonyms(name);
            found.retain(|value| !all || value.source == Source::DynamicDefaultBroker);
            let (own, throttle) = (BROKER.get(name), THROTTLES.get(name));
            let mut row = rows.row(name, own.or(throttle), found);
            row.read_only = !own.is_some_and(ConfigDef::is_dynamic);
            if throttle.is_some() {
                row.documentation = None;
            }
            row
        });
        Ok(configs.collect())
    }

    fn broker_id_of(&self, name: &str) -> Result<i32, Refusal> {
        name.parse().map_err(|_| (ErrorCode::InvalidRequest, format!("Broker id must be an integer, but it is: {name}")))
    }

    fn logger_rows(&self, name: &str, asked: &dyn Fn(&str) -> bool) -> Result<Vec<DescribeConfigsResourceResult>, Refusal> {
        let id = self.options.node_id;
        if name.is_empty() {
            return Err((ErrorCode::InvalidRequest, "Broker id must not be empty".into()));
        }
        if self.broker_id_of(name)? != id {
            return Err((ErrorCode::InvalidRequest, format!("Unexpected broker id, expected {id} but received {name}")));
        }
        let (logger, level) = LOGGER;
        let row = DescribeConfigsResourceResult {
            name: text(logger),
            value: Some(text(level)),
            config_source: LOGGER_SOURCE,
            documentation: Some(Str::default()),
            ..DescribeConfigsResourceResult::default()
        };
        Ok(Some(row).filter(|_| asked(logger)).into_iter().collect())
    }

    fn group_rows(&self, rows: &Rows, name: &str, asked: &dyn Fn(&str) -> bool) -> Result<Vec<DescribeConfigsResourceResult>, Refusal> {
        if name.is_empty() {
            return Err((ErrorCode::InvalidRequest, "Group name must not be empty".into()));
        }
        let none = SortedVecMap::new();
        let set = self.controller.image().group_configs.get(name).unwrap_or(&none);
        let configs = GROUP.iter().filter(|def| asked(def.name)).map(|def| {
            let source = if set.contains_key(def.name) { Source::Group } else { Source::Default };
            let value = self.config.group_value(set, def.name).map(str::to_owned);
            rows.row(def.name, Some(def), vec![Sourced { name: def.name.to_owned(), value, source }])
        });
        Ok(configs.collect())
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
            let resources = [resource(2, name), resource(4, "1"), resource(4, "99"), resource(8, "1"), resource(32, "billing")];
            let all = resources.map(|resource| DescribeConfigsResource { configuration_keys: None, ..resource }).to_vec();
            let request = DescribeConfigsRequest { resources: all, include_synonyms: true, ..DescribeConfigsRequest::default() };
            if version >= 3 { DescribeConfigsRequest { include_documentation: true, ..request } } else { request }
        }
    }
}

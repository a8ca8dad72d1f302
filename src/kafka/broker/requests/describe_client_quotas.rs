//! DescribeClientQuotas (KIP-546). Quotas are not built, and none can be set, so there are none to tell.

use super::BrokerApi;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::time::Time;
use crate::kafka::wire::message::{DescribeClientQuotasRequest, DescribeClientQuotasResponse, Str};

const USER: &str = "user";
const CLIENT: &str = "client-id";
const IP: &str = "ip";
/// Exact name, the default, any.
const MATCHES: std::ops::RangeInclusive<i8> = 0..=2;

impl BrokerApi for DescribeClientQuotasRequest {
    fn handle(self, _broker: &mut Broker, _now: Time, context: &Context) -> Reply {
        let response = DescribeClientQuotasResponse {
            error_message: Some(Str::default()),
            entries: Some(Vec::new()),
            ..DescribeClientQuotasResponse::default()
        };
        reply(
            context,
            match self.refused() {
                None => response,
                Some((error, why)) => DescribeClientQuotasResponse {
                    error_code: error.code(),
                    error_message: Some(Str::from(why)),
                    entries: None,
                    ..response
                },
            },
        )
    }
}

impl DescribeClientQuotasRequest {
    /// `ClientQuotasImage.describe`.
    fn refused(&self) -> Option<(ErrorCode, String)> {
        let mut seen: Vec<&str> = Vec::new();
        for component in &self.components {
            let kind = component.entity_type.as_ref();
            if kind.is_empty() {
                return Some((ErrorCode::InvalidRequest, "Invalid empty entity type.".into()));
            }
            if seen.contains(&kind) {
                return Some((ErrorCode::InvalidRequest, format!("Entity type {kind} cannot appear more than once in the filter.")));
            }
            if ![USER, CLIENT, IP].contains(&kind) {
                return Some((ErrorCode::UnsupportedVersion, format!("Unsupported entity type {kind}")));
            }
            if !MATCHES.contains(&component.match_type) {
                return Some((ErrorCode::InvalidRequest, format!("Unknown match type {}", component.match_type)));
            }
            seen.push(kind);
        }
        let why =
            "Invalid entity filter component combination. IP filter component should not be used with user or clientId filter component.";
        (seen.contains(&IP) && seen.len() > 1).then(|| (ErrorCode::InvalidRequest, why.into()))
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::describe_client_quotas_request::ComponentData;

    impl Sample for DescribeClientQuotasRequest {
        fn sample(_known: &Known, _version: i16, name: &str) -> Self {
            let user = ComponentData { entity_type: text("user"), match_type: 0, match_: Some(text(name)) };
            Self { components: vec![user], strict: true }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::wire::message::describe_client_quotas_request::ComponentData;

    /// As 4.1.1 answers them.
    #[test]
    fn a_filter_is_checked() {
        let refused = |filter: &[(&str, i8)]| {
            let component =
                |(kind, match_type): &(&str, i8)| ComponentData { entity_type: (*kind).into(), match_type: *match_type, match_: None };
            let request = DescribeClientQuotasRequest { components: filter.iter().map(component).collect(), strict: false };
            request.refused().map(|(error, _)| error.code())
        };
        assert_eq!((refused(&[]), refused(&[("user", 0), ("client-id", 2)]), refused(&[("ip", 1)])), (None, None, None));
        assert_eq!((refused(&[("zz", 0)]), refused(&[("user", 5)])), (Some(35), Some(42)));
        assert_eq!((refused(&[("user", 2), ("user", 2)]), refused(&[("ip", 2), ("user", 2)])), (Some(42), Some(42)));
    }
}

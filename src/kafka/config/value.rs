//! From a config's text to the value of a field, and the structs of such fields.

use super::def::ConfigTable;
use crate::kafka::wire::compression::Compression;
use std::sync::Arc;

/// A type that a config's text is parsed to.
pub(super) trait Value: Sized + Default {
    /// `None`: it is none. What a table has checked always parses.
    fn parse(text: &str) -> Option<Self>;

    /// The value for a text; without one, or for one that does not parse, the type's default.
    fn of(text: Option<&str>) -> Self {
        text.and_then(|text| Self::parse(text.trim())).unwrap_or_default()
    }
}

macro_rules! whole_numbers {
    ($($number:ty),*) => {
        $(impl Value for $number {
            fn parse(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        })*
    };
}

whole_numbers!(i32, i64, u32, u64);

impl Value for bool {
    fn parse(text: &str) -> Option<Self> {
        Some(text.eq_ignore_ascii_case("true"))
    }
}

impl Value for Arc<str> {
    fn parse(text: &str) -> Option<Self> {
        Some(Self::from(text))
    }
}

/// A config without a default.
impl<V: Value> Value for Option<V> {
    fn parse(text: &str) -> Option<Self> {
        V::parse(text).map(Some)
    }
}

impl Value for Compression {
    fn parse(text: &str) -> Option<Self> {
        Self::from_name(text)
    }
}

impl Value for Vec<(Arc<str>, i32)> {
    fn parse(text: &str) -> Option<Self> {
        host_ports(text)
    }
}

impl Value for Vec<Arc<str>> {
    fn parse(text: &str) -> Option<Self> {
        Some(super::def::list(text).into_iter().map(Arc::from).collect())
    }
}

/// `host:port`, with commas between several.
pub(super) fn host_ports(text: &str) -> Option<Vec<(Arc<str>, i32)>> {
    let servers = super::def::list(text).into_iter().map(|server| {
        let (host, port) = server.rsplit_once(':').filter(|(host, _)| !host.is_empty())?;
        Some((Arc::from(host), i32::from(port.parse::<u16>().ok()?)))
    });
    servers.collect()
}

/// A decimal number in millionths, without floats.
pub(super) fn millionths(text: &str) -> Option<i64> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() && part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse::<u32>().ok()?.into() };
    let digits: String = part.chars().chain("000000".chars()).take(6).collect();
    let value = whole.checked_mul(1_000_000)?.checked_add(digits.parse().ok()?)?;
    Some(if negative { -value } else { value })
}

/// A duration as ISO 8601 and `java.time.Duration` write it (`PnDTnHnMn.nS`), in microseconds. One that is negative is refused.
pub(super) fn duration_us(text: &str) -> Option<i64> {
    let text = text.trim().to_ascii_uppercase();
    let (days, times) = match text.strip_prefix('P')?.split_once('T') {
        Some((_, "")) => return None,
        Some((days, times)) => (days, times),
        None => (text.strip_prefix('P')?, ""),
    };
    let (mut rest, mut total, mut parts) = (times, 0_i64, 0_u32);
    if !days.is_empty() {
        total = days.strip_suffix('D')?.parse::<i64>().ok()?.checked_mul(86_400_000_000)?;
        parts += 1;
    }
    for (unit, micros) in [('H', 3_600_000_000), ('M', 60_000_000), ('S', 1_000_000)] {
        let Some((number, after)) = rest.split_once(unit) else { continue };
        let number = if unit == 'S' { millionths(&number.replace(',', "."))? } else { number.parse::<i64>().ok()?.checked_mul(micros)? };
        (rest, parts, total) = (after, parts + 1, total.checked_add(number)?);
    }
    (rest.is_empty() && parts > 0 && total >= 0).then_some(total)
}

/// Without a maximum the backoff of reconnects does not grow (`CommonClientConfigs.postProcessReconnectBackoffConfigs`).
pub(super) fn reconnect_backoff_max(given: impl Fn(&'static str) -> bool, backoff: i64, max: i64) -> i64 {
    if given("reconnect.backoff.ms") && !given("reconnect.backoff.max.ms") { backoff } else { max }
}

/// A field's value when nothing is set.
pub(super) fn default_of<V: Value>(table: &ConfigTable, name: &str) -> V {
    V::of(table.get(name).and_then(|def| def.default))
}

/// Declares a struct with one field for each config in force of a table, and how the fields come from texts. A field in front of them
/// (`with`) is the struct's own.
macro_rules! config_struct {
    (
        $(#[$meta:meta])*
        pub struct $name:ident of $table:ident $(with $own:ident: $own_type:ty)? {
            $($(#[$of_field:meta])* $field:ident: $type:ty = $config:literal,)*
        }
    ) => {
        $(#[$meta])*
        pub struct $name {
            $($own: $own_type,)?
            $($(#[$of_field])* pub $field: $type,)*
        }

        /// Kafka's defaults.
        impl Default for $name {
            fn default() -> Self {
                Self {
                    $($own: <$own_type>::default(),)?
                    $($field: $crate::kafka::config::value::default_of(&$crate::kafka::config::$table, $config),)*
                }
            }
        }

        impl $name {
            /// The configs that stand in fields.
            pub const CONFIGS: &'static [&'static str] = &[$($config),*];

            /// Sets the field of a config to a text that has been checked; other names are left alone.
            fn assign(&mut self, name: &str, text: &str) {
                match name {
                    $($config => self.$field = $crate::kafka::config::value::Value::of(Some(text)),)*
                    _ => {}
                }
            }
        }
    };
}

pub(super) use config_struct;

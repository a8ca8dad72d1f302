//! The list of configs that `tidepool broker --configs` prints.

use super::out;
use crate::kafka::config::{BROKER, ConfigDef, ConfigTable, GROUP, TOPIC};

/// Prints the brokers' configs, the topics' and the groups', a line each: name, Kafka's default, in force or without effect, what it does.
pub(crate) fn print_configs() {
    let text = |table: &ConfigTable| format!("Configs of {}s: {}\n{}", table.whose, count(table), lines(table));
    out(&[BROKER, TOPIC, GROUP].map(|table| text(&table)).join("\n"));
}

fn count(table: &ConfigTable) -> String {
    let in_force = table.iter().filter(|def| def.in_force()).count();
    format!("{} of Kafka 4.1.1, {in_force} in force, the others taken without effect", table.iter().count())
}

fn lines(table: &ConfigTable) -> String {
    let default = |def: &ConfigDef| def.default.filter(|text| !text.is_empty()).unwrap_or("-");
    let width = |of: &dyn Fn(&ConfigDef) -> usize| table.iter().map(of).max().unwrap_or(0);
    let (names, defaults) = (width(&|def| def.name.len()), width(&|def| default(def).len()));
    let line = |def: &ConfigDef| format!("  {:names$}  {:defaults$}  {:14}  {}\n", def.name, default(def), def.effect.words(), def.doc);
    table.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_config_is_a_line_that_says_whether_it_is_in_force() {
        let text = lines(&BROKER);
        assert_eq!(text.lines().count(), BROKER.iter().count());
        let words = |name: &str| {
            text.lines().find(|line| line.contains(&format!(" {name} "))).unwrap_or_default().split_whitespace().collect::<Vec<_>>()
        };
        assert_eq!(words("num.partitions")[..4], ["num.partitions", "1", "in", "force"]);
        assert_eq!(words("num.io.threads")[..4], ["num.io.threads", "8", "without", "effect"]);
        assert_eq!(words("log.dirs")[..2], ["log.dirs", "-"]);
    }
}

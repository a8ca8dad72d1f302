//! The store of a durable playground.

pub const RECOVERED: &str =
    "The cluster is back: the broker has recovered its files. Records of before are in them; what is counted here begins anew.";
pub const KEPT: &str = "This cluster is kept in this browser.";

pub fn damaged(torn: &[String]) -> String {
    format!("The store was damaged: {}.", torn.join("; "))
}

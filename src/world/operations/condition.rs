//! What an operation leaves behind: "why?" looks here for whom to blame, and the seed search for what it has to set right.

use std::sync::Arc;

/// What may be wrong with a cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ailment {
    /// A process is down or frozen.
    Process(Arc<str>),
    /// Nothing gets from one node to the other.
    Path(Arc<str>, Arc<str>),
    /// Nothing gets to a node or from it.
    Access(Arc<str>),
    /// One link is slow or lossy; both names in order.
    Link(Arc<str>, Arc<str>),
    /// All of `Path`, `Access` and `Link`.
    Network,
    /// All links are slow or lossy.
    AllLinks,
    DiskSpeed(Arc<str>),
    DiskSpace(Arc<str>),
    Clock(Arc<str>),
}

impl Ailment {
    pub fn link(a: &Arc<str>, b: &Arc<str>) -> Self {
        let (a, b) = if a < b { (a, b) } else { (b, a) };
        Self::Link(a.clone(), b.clone())
    }

    /// Whether it ends when the network is healed.
    pub fn is_of_network(&self) -> bool {
        matches!(self, Self::Path(..) | Self::Access(_) | Self::Link(..) | Self::Network)
    }

    /// Whether what is wrong may hold up these nodes. Of what is wrong between two nodes both must be named, unless one node is all that
    /// is asked about.
    pub fn hits(&self, names: &[&str]) -> bool {
        let named = |name: &Arc<str>| names.contains(&&**name);
        match self {
            Self::Process(node) | Self::Access(node) | Self::DiskSpeed(node) | Self::DiskSpace(node) | Self::Clock(node) => named(node),
            Self::Path(a, b) | Self::Link(a, b) => named(a) && named(b) || names.len() == 1 && (named(a) || named(b)),
            Self::Network | Self::AllLinks => true,
        }
    }
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// It is not so any more.
    Over,
    /// Work goes on, more slowly or in part.
    Hinders,
    /// Work cannot go on.
    Stops,
}

/// One thing that is so once an operation is done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Condition {
    pub ailment: Ailment,
    pub severity: Severity,
}

impl Condition {
    pub fn stops(ailment: Ailment) -> Vec<Self> {
        vec![Self { ailment, severity: Severity::Stops }]
    }

    pub fn over(ailment: Ailment) -> Vec<Self> {
        vec![Self { ailment, severity: Severity::Over }]
    }

    /// `Hinders` if it holds, else `Over`.
    pub fn hinders(ailment: Ailment, holds: bool) -> Vec<Self> {
        vec![Self { ailment, severity: if holds { Severity::Hinders } else { Severity::Over } }]
    }
}

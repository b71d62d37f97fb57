//! What is measured: a piece of work, and who does it.

use std::path::PathBuf;

use crate::config::Config;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    Webhook,
    Ingest,
    Deliver,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Peer {
    Shopbell,
    /// The same work on the default features of the SDK.
    Plain,
    /// The least that the work can cost.
    Floor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subject {
    pub(crate) work: Work,
    pub(crate) peer: Peer,
}

/// In the order in which a round measures them.
pub(crate) const ALL: [Subject; 7] = [
    Subject { work: Work::Webhook, peer: Peer::Shopbell },
    Subject { work: Work::Webhook, peer: Peer::Plain },
    Subject { work: Work::Webhook, peer: Peer::Floor },
    Subject { work: Work::Ingest, peer: Peer::Shopbell },
    Subject { work: Work::Ingest, peer: Peer::Plain },
    Subject { work: Work::Ingest, peer: Peer::Floor },
    Subject { work: Work::Deliver, peer: Peer::Shopbell },
];

impl Work {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Ingest => "ingest",
            Self::Deliver => "deliver",
        }
    }
}

impl Peer {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Shopbell => "Shopbell",
            Self::Plain => "plain",
            Self::Floor => "floor",
        }
    }
}

impl Subject {
    pub(crate) fn program(self, config: &Config) -> PathBuf {
        let work = self.work.name();
        match self.peer {
            Peer::Shopbell => config.functions.join(work),
            Peer::Plain => config.peers.join(format!("plain-{work}")),
            Peer::Floor => config.peers.join("floor"),
        }
    }
}

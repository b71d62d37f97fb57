//! Where names lead: what is looked up is checked, and the connection goes to nothing else.

use std::net::SocketAddr;
use std::sync::Arc;

use domain::announce::{InsecureHosts, is_global};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A name leads into a private network only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("its name leads into a private network")]
pub(crate) struct PrivateNetwork;

/// The system's resolver, without the addresses that are not the world's.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    insecure: Arc<InsecureHosts>,
}

impl Checked {
    pub(crate) const fn new(insecure: Arc<InsecureHosts>) -> Self {
        Self { insecure }
    }
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let is_let_through = self.insecure.contains(name.as_str());
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let addresses = if is_let_through { found.collect() } else { of_the_world(found)? };
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Keeps the addresses that are the world's; none is an error.
fn of_the_world(found: impl Iterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, PrivateNetwork> {
    let kept: Vec<SocketAddr> = found.filter(|address| is_global(address.ip())).collect();
    if kept.is_empty() { Err(PrivateNetwork) } else { Ok(kept) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(addresses: &[&str]) -> Result<usize, PrivateNetwork> {
        of_the_world(addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0))).map(|kept| kept.len())
    }

    #[test]
    fn what_leads_inside_is_never_connected_to() {
        assert_eq!(kept(&["10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1"]), Err(PrivateNetwork));
        assert_eq!(kept(&["8.8.8.8", "127.0.0.1"]), Ok(1), "of both, only what is the world's");
        assert_eq!(kept(&[]), Err(PrivateNetwork));
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused_unless_it_is_let_through() {
        let lookup = |insecure: &str| Checked::new(Arc::new(InsecureHosts::parse(insecure))).resolve("localhost".parse().unwrap());
        let refused = lookup("").await.err().unwrap();
        assert!(refused.downcast_ref::<PrivateNetwork>().is_some());
        assert!(lookup("localhost").await.unwrap().next().unwrap().ip().is_loopback());
    }
}

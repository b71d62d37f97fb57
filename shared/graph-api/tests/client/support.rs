//! A client of a scripted server, and the payloads.

use std::time::Duration;

use domain::id::{PageId, UserId};
use domain::policy::Way;
use domain::ports::{SendApi, SendError, SendRequest, Sendable};
use domain::secret::Secret;
use graph_api::{GraphApi, Settings, Timeouts};

use crate::server::{Server, Step};

pub(crate) const TOKEN: &str = "EAATestToken";
pub(crate) const PROOF: &str = "e8bccbed1aae31db72a0dda39c0e6de20d1f29f1e842f24de1059cd8e8ee10be";
pub(crate) const TEXT: &str = "Your order 20418 is on its way.";

/// Short enough to wait for, long enough for a busy machine.
pub(crate) const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(30);

pub(crate) fn page() -> PageId {
    PageId::new("108234567890123").unwrap()
}

pub(crate) fn user() -> UserId {
    UserId::new("7402918836412905").unwrap()
}

pub(crate) fn payload(name: &str) -> String {
    std::fs::read_to_string(format!("{}/../../tests/payloads/graph/{name}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

pub(crate) fn settings(base_url: String) -> Settings {
    Settings {
        base_url,
        app_secret: Some(Secret::new("test-app-secret-do-not-use").unwrap()),
        page_tokens: [(page(), Secret::new(TOKEN).unwrap())].into(),
        timeouts: Timeouts { connect: LONG, total: LONG },
    }
}

pub(crate) fn settings_for(server: &Server) -> Settings {
    settings(format!("http://{}/v26.0", server.address))
}

pub(crate) fn client(server: &Server) -> GraphApi {
    GraphApi::new(settings_for(server)).unwrap()
}

pub(crate) async fn send(api: &GraphApi) -> Result<String, SendError> {
    let (page, user) = (page(), user());
    let request = SendRequest { page: &page, user: &user, content: Sendable::Text(TEXT), way: Way::Response, metadata: "01K8Z6B6Y2QW" };
    api.send(&request).await.map(|id| id.to_string())
}

/// Sends to a server that takes one step.
pub(crate) async fn sent(step: Step) -> Result<String, SendError> {
    send(&client(&Server::start([step]).await)).await
}

//! Serves the simulator alone at <http://127.0.0.1:8799/simulator>, with a webhook that takes everything and answers nothing.

use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use messenger_simulator::{Clock, Settings, Simulator};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = "http://127.0.0.1:8799";
    let mut settings = Settings::sample(&format!("{base}/webhook"));
    settings.public_base = base.to_owned();
    settings.reply_hint = Some(Arc::new(|psid| {
        format!(
            "curl -s 127.0.0.1:8799/graph/v26.0/me/messages -H 'Authorization: Bearer EAATestToken' -H 'Content-Type: application/json' \
             -d '{{\"recipient\":{{\"id\":\"{psid}\"}},\"messaging_type\":\"RESPONSE\",\"message\":{{\"text\":\"Hello!\"}}}}'"
        )
    }));
    let simulator = Simulator::open(settings, Clock::system())?;
    let app = Router::new()
        .nest("/graph", simulator.graph_router())
        .nest("/simulator", simulator.page_router())
        .route("/webhook", post(async || "ok"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8799").await?;
    tokio::spawn(async move { simulator.run(std::future::pending()).await });
    Ok(axum::serve(listener, app).await?)
}

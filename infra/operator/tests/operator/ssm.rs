//! A Parameter Store that keeps what it is given: the two calls that the operator makes, as the SDK makes them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The path under which the parameters lie.
pub(crate) const PATH: &str = "/shopbell/test/";

type Kept = Arc<Mutex<BTreeMap<String, String>>>;

pub(crate) struct ParameterStore {
    pub(crate) url: String,
    kept: Kept,
}

impl ParameterStore {
    pub(crate) async fn start() -> Self {
        let kept = Kept::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(answer)).with_state(Arc::clone(&kept));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, kept }
    }

    /// Puts a parameter there, by the rest of its name.
    pub(crate) fn put(&self, name: &str, value: &str) {
        self.kept.lock().unwrap().insert(format!("{PATH}{name}"), value.to_owned());
    }

    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.kept.lock().unwrap().get(&format!("{PATH}{name}")).cloned()
    }
}

async fn answer(State(kept): State<Kept>, headers: HeaderMap, body: Bytes) -> String {
    let request: Value = serde_json::from_slice(&body).unwrap();
    let text = |name: &str| request[name].as_str().unwrap().to_owned();
    let mut kept = kept.lock().unwrap();
    match headers["x-amz-target"].to_str().unwrap() {
        "AmazonSSM.GetParametersByPath" => {
            assert_eq!((&request["Recursive"], &request["WithDecryption"]), (&json!(true), &json!(true)));
            let under = kept.iter().filter(|(name, _)| name.starts_with(&text("Path")));
            let list: Vec<Value> = under.map(|(name, value)| json!({ "Name": name, "Value": value, "Type": "SecureString" })).collect();
            json!({ "Parameters": list }).to_string()
        }
        "AmazonSSM.PutParameter" => {
            assert_eq!((&request["Type"], &request["Overwrite"]), (&json!("SecureString"), &json!(true)));
            kept.insert(text("Name"), text("Value"));
            json!({ "Version": 1, "Tier": "Standard" }).to_string()
        }
        other => panic!("{other}"),
    }
}

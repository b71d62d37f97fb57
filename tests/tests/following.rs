//! What an operator sees of a message in the log: ids on every line of its way, and never its words.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::io;
use std::sync::{Arc, Mutex};

use lambda_support::logging;
use serde_json::{Value as Json, json};
use shopbell_tests::{TestStack, eventually_eq};

/// What the customer says, and what the shop answers.
const WORDS: [&str; 2] = ["Where is my lamp?", "It left this morning."];

/// What was written to the log.
#[derive(Debug, Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lines(&self) -> Vec<Json> {
        let bytes = self.0.lock().unwrap().clone();
        bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(|line| serde_json::from_slice(line).unwrap()).collect()
    }

    /// The lines with this value in a field, by their messages.
    fn with(&self, field: &str, value: &Json) -> Vec<String> {
        let lines = self.lines().into_iter().filter(|line| line[field] == *value);
        lines.map(|line| line["message"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_followed_by_its_id_and_a_customers_words_by_their_request() {
    let log = Log::default();
    let writer = log.clone();
    // Of the whole process, which is why this test has one of its own.
    tracing::subscriber::set_global_default(logging::json(move || writer.clone())).unwrap();
    let test = TestStack::start().await;
    let psid = test.stack.simulator().customers().unwrap()[0].psid.clone();
    test.stack.simulator().customer_says(&psid, WORDS[0]).unwrap();
    let id = test.conversation_of(&psid).await["id"].as_str().unwrap().to_owned();
    let message = test.reply(&id, WORDS[1]).await["id"].clone();
    eventually_eq("read", json!("read"), || async { test.messages(&id).await.last().unwrap()["state"].clone() }).await;
    test.quiet().await;
    test.stack.stop().await;

    let of_message = log.with("message.id", &message);
    for wanted in ["reply accepted", "Graph API answered", "message sent", "event taken"] {
        assert!(of_message.iter().any(|line| line == wanted), "{wanted}: {of_message:?}");
    }
    let lines = log.lines();
    let line = |wanted: &str| lines.iter().find(|line| line["message"] == wanted && line["message.id"] == message).unwrap();
    assert_eq!(line("Graph API answered")["request.id"], line("reply accepted")["request.id"], "the request that caused it");
    assert_eq!(line("Graph API answered")["conversation.id"], json!(id));

    let said = lines.iter().find(|line| line["event.kind"] == "message").unwrap();
    let of_request = log.with("request.id", &said["request.id"]);
    for wanted in ["delivery queued", "event taken", "name looked up"] {
        assert!(of_request.iter().any(|line| line == wanted), "{wanted}: {of_request:?}");
    }
    let words = |line: &Json| WORDS.iter().any(|words| line.to_string().contains(words));
    // The embedded table tells of lost races, each with its operation.
    let of_functions = lines.iter().filter(|line| line.get("operation").is_none());
    let wrong: Vec<&Json> = of_functions.filter(|line| has_no_ids(line) || words(line)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Tells whether a line says of no request, event, conversation or message what it is about.
fn has_no_ids(line: &Json) -> bool {
    let has = |field: &str| line[field].as_str().is_some_and(|id| !id.is_empty());
    !has("request.id") || line["message"] == "event taken" && !(has("event.id") && has("conversation.id"))
}

//! Meta takes a send and does not say so, refuses, breaks off, or puts a Page on hold.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::{Value as Json, json};

use super::load::Load;
use super::program::{PAGES, Program};
use super::table::Tally;
use crate::{Case, Extent};
use shopbell_tests::proxy::{Deed, Proxy, Seen};

/// A stack whose calls to the Graph API come by a proxy.
async fn behind() -> (Program, Proxy) {
    let proxy = Proxy::start().await;
    let program = Program::start(&[("GRAPH_API_URL", &format!("{}/v26.0", proxy.url()))]).await;
    proxy.to(&format!("{}/graph", program.addresses().await.url));
    (program, proxy)
}

pub(crate) fn cases() -> Vec<Case> {
    let html = || String::from("<html><body>Bad gateway</body></html>");
    let half = || String::from(r#"{"recipient_id":"70000"#);
    let mut cases: Vec<Case> = [
        ("Meta takes a send and the connection closes", Deed::LoseAnswer, 3),
        ("Meta takes a send and never answers", Deed::Silence, 17),
        ("connection to Meta closes before anything was taken", Deed::Refuse, 3),
        ("Meta answers 500 without a code", Deed::Answer(500, html()), 3),
        ("Meta answers 200 without an id", Deed::Answer(200, half()), 3),
        ("Meta answers 503 with its own temporary error", Deed::Answer(503, json!({ "error": { "code": 2 } }).to_string()), 3),
        ("Meta slows the Page down", Deed::Answer(400, json!({ "error": { "code": 613 } }).to_string()), 3),
    ]
    .into_iter()
    .map(|(fault, deed, every)| Case::new(fault, move |extent| sends_in_trouble(deed, every, extent)))
    .collect();
    cases.push(Case::new("a Page on hold while the others send", a_page_on_hold));
    cases
}

fn is_send(seen: &Seen) -> bool {
    seen.path.ends_with("/messages") && !seen.path.contains("conversations")
}

/// Our id of the message that is sent; nothing of a sign of typing.
fn message_of(seen: &Seen) -> Option<String> {
    let body: Json = serde_json::from_slice(&seen.body).unwrap();
    body["message"]["metadata"].as_str().map(str::to_owned)
}

/// The first send of every so many messages meets the fault; reads of the record do not.
async fn sends_in_trouble(deed: Deed, every: usize, extent: Extent) -> Tally {
    let (program, proxy) = behind().await;
    let begun = Mutex::new(BTreeSet::new());
    proxy.rule(move |seen| {
        let mut begun = begun.lock().unwrap();
        let is_first = is_send(seen) && message_of(seen).is_some_and(|message| begun.insert(message));
        if is_first && begun.len().is_multiple_of(every) { deed.clone() } else { Deed::Pass }
    });
    let mut load = Load::new(6);
    let bodies = load.messages(6);
    Load::deliver(&program, &bodies, async |_| ()).await;
    load.reply(&program, if extent == Extent::Full { 8 } else { 3 }, async || ()).await;
    let mut tally = load.settle(&program).await;
    tally.injected = proxy.injected();
    tally
}

/// One Page may not send. The replies of the others reach their customers while it is so and no time passes; then its own leave, too.
async fn a_page_on_hold(extent: Extent) -> Tally {
    let (program, proxy) = behind().await;
    let held = PAGES[0];
    proxy.rule(move |seen| {
        if seen.path.contains(held) {
            Deed::Answer(400, json!({ "error": { "code": 190, "error_subcode": 460 } }).to_string())
        } else {
            Deed::Pass
        }
    });
    let each = if extent == Extent::Full { 8 } else { 3 };
    let mut load = Load::on(4, &PAGES[..2]);
    let bodies = load.messages(4);
    Load::deliver(&program, &bodies, async |_| ()).await;
    load.reply(&program, each, async || ()).await;
    let others: Vec<_> = load.customers.iter().filter(|customer| customer.page != held).cloned().collect();
    for customer in &others {
        program.until(|| async { (program.received_by(&customer.psid).await == customer.replies).then_some(()) }).await;
    }
    for customer in load.customers.iter().filter(|customer| customer.page == held) {
        assert!(program.received_by(&customer.psid).await.is_empty(), "nothing leaves a Page on hold");
    }
    let injected = proxy.injected();
    proxy.pass();
    let mut tally = load.settle(&program).await;
    tally.injected = injected;
    tally
}

//! A day's orders of a large shop, told at once.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use serde_json::json;

use super::graph::{behind, is_send};
use super::load::{AT_A_TIME, Load};
use super::program::PAGES;
use super::table::Tally;
use crate::{Case, Extent};
use shopbell_tests::proxy::Deed;

/// A Page that sends as many in a second loses its inbox for a while.
const TOO_MANY_A_SECOND: usize = 40;

pub(crate) fn cases() -> Vec<Case> {
    vec![Case::new("orders of everybody at once, on one Page", orders)]
}

/// Every customer has an order. Each gets its receipt, and the Page never sends too many in a second.
async fn orders(extent: Extent) -> Tally {
    let (program, proxy) = behind().await;
    let moments = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&moments);
    proxy.rule(move |seen| {
        if is_send(seen) {
            noted.lock().unwrap().push(Instant::now());
        }
        Deed::Pass
    });
    let buyers = if extent == Extent::Full { 5_000 } else { 40 };
    let mut load = Load::today(buyers, &PAGES[..1]);
    let bodies = load.messages(buyers);
    Load::deliver(&program, &bodies, async |_| ()).await;
    stream::iter(load.customers.iter_mut().enumerate())
        .for_each_concurrent(AT_A_TIME, |(number, buyer)| {
            let program = &program;
            async move {
                let order = json!({ "number": format!("B{number}"), "currency": "EUR", "total": 9134 });
                let recipient = json!({ "name": "Mia Keller", "user_id": buyer.psid });
                let receipt = json!({ "type": "receipt", "page_id": buyer.page, "order": order, "recipient": recipient });
                program.call("/v1/notifications", &receipt, &format!("B{number}")).await;
                buyer.notices = vec!["receipt"];
            }
        })
        .await;
    let mut tally = load.settle(&program).await;
    tally.injected = buyers;
    let moments = moments.lock().unwrap().clone();
    let most = moments.iter().map(|from| moments.iter().filter(|at| (*from..*from + Duration::from_secs(1)).contains(*at)).count()).max();
    assert!(most < Some(TOO_MANY_A_SECOND), "{most:?} in a second");
    tally
}

//! Parked work put back, and what was missed read from Meta's record: through the whole stack.

use std::os::unix::fs::PermissionsExt;

use domain::announce::{Announcement, EndpointId, EventJob};
use domain::id::{ConversationId, PageId, UserId};
use domain::job::{OrdersJob, OutboundJob};
use domain::notice::{NoticeId, OrderId};
use domain::orders::Orders;
use domain::ports::{History, Inbox, InboxFilter, Order, Parked, ParkedWork};
use domain::shop::{ShopDelivery, Source};
use domain::time::Timestamp;
use local_stack::PAGE;
use sqs_jobs::{events, orders, outbound, shop};

use crate::desk::{Desk, Script};

fn element(mid: &str, user: &str) -> String {
    format!(
        r#"{{"sender":{{"id":"{user}"}},"recipient":{{"id":"{PAGE}"}},"timestamp":1795255200000,"message":{{"mid":"{mid}","text":"Hello"}}}}"#
    )
}

fn parked(kind: &str, body: &str, received_at: Timestamp) -> Parked {
    Parked { kind: kind.into(), reason: "the event could not be stored".into(), body: body.into(), page: PageId::new(PAGE), received_at }
}

fn day(at: Timestamp) -> String {
    at.to_rfc3339().chars().take(10).collect()
}

/// Every message of the inbox, once there are as many.
async fn messages(desk: &Desk, count: usize) -> Vec<String> {
    let table = desk.table();
    let mut found = Vec::new();
    for _ in 0..600 {
        found.clear();
        for conversation in table.list(&InboxFilter::default(), None, 100).await.unwrap() {
            for message in table.messages(&conversation.id, Order::OldestFirst, None, 100).await.unwrap() {
                found.extend(message.text);
            }
        }
        if found.len() >= count {
            break;
        }
        desk.moment().await;
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stack_writes_its_variables_for_a_shell_readable_by_its_owner_only() {
    let desk = Desk::start().await;
    let file = desk.data.path().join("stack.env");
    let text = std::fs::read_to_string(&file).unwrap();
    for name in ["INBOUND_DEAD_LETTERS_URL", "OUTBOUND_DEAD_LETTERS_URL", "TABLE_NAME", "AWS_ENDPOINT_URL_SQS", "WEBHOOK_URL"] {
        assert!(text.contains(&format!("export {name}='")), "{name}");
    }
    assert!(!text.contains("SECRETS_PATH"), "the secrets themselves stand there");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    for queue in ["inbound", "outbound"] {
        let mut script = Script::default();
        desk.run(&format!("redrive --queue {queue}"), &mut script).await.unwrap();
        assert!(script.text().contains("holds 0 dead letters"));
    }
    desk.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parked_work_of_each_kind_is_put_back_and_taken_off() {
    let desk = Desk::start().await;
    let table = desk.table();
    let received_at = Timestamp::from_millis(1_795_255_200_000);
    let delivery =
        format!(r#"{{"object":"page","entry":[{{"id":"{PAGE}","time":1795255200000,"messaging":[{}]}}]}}"#, element("m_1", "71"));
    let conversation = ConversationId::of(&PageId::new(PAGE).unwrap(), &UserId::new("71").unwrap());
    let job = outbound::write(&OutboundJob::Wake { conversation }).unwrap();
    let works = [
        ("meta.delivery", delivery.as_str()),
        ("meta.element", &element("m_2", "72")),
        ("outbound.job", &job),
        ("outbound.job", "{}"),
        ("strange.kind", "{}"),
    ];
    for (kind, body) in works {
        table.park(&parked(kind, body, received_at)).await.unwrap();
    }
    let mut script = Script::answering(&["y"]);
    desk.run(&format!("replay --day {}", day(received_at)), &mut script).await.unwrap();
    let said = script.text();
    assert!(said.contains("put 5 back") && said.contains("3 put back") && said.contains("2 left as they are"), "{said}");
    assert!(!said.contains("Hello"), "{said}");
    assert_eq!(messages(&desk, 2).await, ["Hello", "Hello"]);
    let stays = table.parked_on(received_at, None, 10).await.unwrap();
    let mut stays: Vec<&str> = stays.iter().map(|row| row.work.kind.as_str()).collect();
    stays.sort_unstable();
    assert_eq!(stays, ["outbound.job", "strange.kind"]);

    let mut again = Script::default();
    desk.run(&format!("replay --day {} --kind meta.element", day(received_at)), &mut again).await.unwrap();
    assert!(again.text().contains("no such parked work"));
    desk.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parked_work_of_orders_and_announcements_is_put_back() {
    let desk = Desk::start().await;
    let table = desk.table();
    let received_at = Timestamp::from_millis(1_795_255_200_000);
    let order = OrderId::of(&PageId::new(PAGE).unwrap(), "20418");
    let delivery = ShopDelivery {
        source: Source::Shopify,
        topic: Some("orders/create".into()),
        shop: Some("lamps.myshopify.com".into()),
        delivery_id: Some("d1".into()),
        page: PageId::new(PAGE),
        received_at,
        request_id: "r1".into(),
        body: r#"{"id":1,"name":"20418","currency":"EUR","total_price":"91.34","financial_status":"paid"}"#.into(),
    };
    let decide = OrdersJob::Decide { notice: NoticeId::of(&order, "receipt") };
    let announcement = Announcement::test(&EndpointId::new(received_at, 1), 1, received_at);
    let works = [
        ("shop.delivery", shop::to_parked(&delivery)),
        ("orders.job", orders::to_parked(&decide)),
        ("events.job", events::write(&EventJob::Announce { announcement }).unwrap().into_bytes()),
        ("orders.job", b"{}".to_vec()),
        ("events.job", b"{}".to_vec()),
    ];
    for (kind, body) in works {
        table.park(&Parked { body, ..parked(kind, "", received_at) }).await.unwrap();
    }
    let mut script = Script::answering(&["y"]);
    desk.run(&format!("replay --day {}", day(received_at)), &mut script).await.unwrap();
    let said = script.text();
    assert!(said.contains("3 put back") && said.contains("2 left as they are"), "{said}");
    for _ in 0..600 {
        if table.order(&order).await.unwrap().is_some() {
            break;
        }
        desk.moment().await;
    }
    assert!(table.order(&order).await.unwrap().is_some(), "the delivery's order is stored");
    assert_eq!(table.parked_on(received_at, None, 10).await.unwrap().len(), 2);
    desk.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_fails_again_is_parked_anew() {
    let desk = Desk::start().await;
    let table = desk.table();
    let received_at = Timestamp::from_millis(1_795_255_200_000);
    table.park(&parked("meta.element", r#"{"message":{"text":"no id"}}"#, received_at)).await.unwrap();
    desk.run(&format!("--yes replay --day {}", day(received_at)), &mut Script::default()).await.unwrap();
    for _ in 0..600 {
        if !table.parked_on(received_at, None, 10).await.unwrap().is_empty() {
            break;
        }
        desk.moment().await;
    }
    assert_eq!(table.parked_on(received_at, None, 10).await.unwrap().len(), 1);
    desk.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_is_read_from_the_record_once() {
    let desk = Desk::start().await;
    let simulator = desk.stack.simulator();
    simulator.disable(PAGE).unwrap();
    for (number, customer) in simulator.customers().unwrap().iter().enumerate() {
        simulator.customer_says(&customer.psid, &format!("Missed {number}")).unwrap();
    }
    let line = format!("--yes backfill --page {PAGE} --since 2026-01-01T00:00:00Z");
    let mut script = Script::default();
    desk.run(&line, &mut script).await.unwrap();
    let count = simulator.customers().unwrap().len();
    assert!(script.text().contains(&format!("{count} messages were missing")), "{}", script.text());
    let mut again = Script::default();
    desk.run(&line, &mut again).await.unwrap();
    assert!(again.text().contains("0 messages were missing"), "{}", again.text());
    assert_eq!(messages(&desk, count).await.len(), count);

    let unknown = desk.run("--yes backfill --page 999 --since 2026-01-01T00:00:00Z", &mut Script::default()).await.unwrap_err();
    assert!(unknown.to_string().contains("make connect PAGE=999"), "{unknown}");
    desk.stack.stop().await;
}

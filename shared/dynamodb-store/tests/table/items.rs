//! What stands in the table when everything was written that can be.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::inbound::{Attachment, EventKind, NotedKind};
use domain::ingest::ingest;
use domain::money::{Currency, Money};
use domain::notify::take;
use domain::order::{Buyer, OrderFacts, OrderNames, Totals};
use domain::ports::{Claim, History, Outbox, Parked};
use domain::reply::{Draft, reply};
use domain::retention::Retention;
use domain::shop::{ShopEvent, ShopEventKind, Source};
use testkit::events::{
    customer_edits, customer_follows, customer_reacts, customer_says, customer_unsends, delivered_up_to, noted, referral,
};
use testkit::ids::{JONAS, MIA, PAGE, at, conversation_of, key_of, page};
use testkit::messages::{agent, taken};
use testkit::{FakeQueue, noise};

use crate::engine::{Engine, Item, everything};

/// What DynamoDB takes for one item.
const LARGEST_ITEM: usize = 400 * 1024;

/// The bytes of an item as DynamoDB counts them: names, values, and what lists and maps cost.
fn size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn value_size(value: &AttributeValue) -> usize {
    if let Ok(text) = value.as_s() {
        text.len()
    } else if let Ok(bytes) = value.as_b() {
        bytes.as_ref().len()
    } else if let Ok(number) = value.as_n() {
        number.len() / 2 + 2
    } else if let Ok(list) = value.as_l() {
        3 + list.iter().map(|value| 1 + value_size(value)).sum::<usize>()
    } else if let Ok(map) = value.as_m() {
        3 + map.iter().map(|(name, value)| 1 + name.len() + value_size(value)).sum::<usize>()
    } else {
        1
    }
}

/// A shop tells of an order.
fn placed() -> ShopEvent {
    let facts = OrderFacts {
        names: OrderNames { number: Some("20418".into()), external_id: Some("555".into()) },
        totals: Some(Totals { total: Money::new(9134, Currency::parse("EUR").unwrap()), subtotal: None, shipping: None, tax: None }),
        buyer: Buyer { name: Some("Mia Keller".into()), email: Some("mia@example.com".into()), ..Buyer::default() },
        ..OrderFacts::default()
    };
    let kind = ShopEventKind::OrderPlaced(Box::new(facts));
    ShopEvent { source: Source::Shopify, shop: "lamp.myshopify.com".into(), page: None, occurred_at: at(0), kind }
}

/// Writes a row of each kind, each as large as it gets.
async fn full(retention: Retention) -> Engine {
    let mut engine = Engine::start().await;
    engine.table = engine.table.keeping(retention);
    let queue = FakeQueue::default();
    let mut largest = customer_says("Hi").numbered("m_largest").led_by(referral(&noise(3_000, 1), "ADS")).raw(noise(900_000, 3)).build();
    if let EventKind::Message(message) = &mut largest.kind {
        message.text = Some("€".repeat(40_000));
        message.quick_reply = Some(noise(40_000, 4));
        message.attachments = (0..100)
            .map(|seed| Attachment {
                kind: noise(200, seed),
                url: Some(noise(5_000, seed)),
                title: Some(noise(5_000, seed)),
                details: Some(serde_json::json!({ "note": noise(2_050, seed) })),
            })
            .collect();
    }
    for event in [
        customer_edits("m_early", 1, &noise(30_000, 5)).build(),
        largest,
        customer_says("Hello").at(at(1)).build(),
        customer_says("Helo").numbered("m_early").at(at(2)).build(),
        customer_edits("m_Hello", 1, &noise(30_000, 6)).build(),
        customer_reacts("m_Hello", Some("love")).build(),
        customer_reacts("m_never", Some("love")).build(),
        customer_unsends("m_never").build(),
        customer_follows("summer").raw(noise(900_000, 7)).build(),
        noted(NotedKind::Feed).of_the_page().raw(noise(900_000, 8)).build(),
        delivered_up_to(at(0)).by(JONAS).build(),
    ] {
        ingest(&engine.table, &queue, &event, at(0)).await.unwrap();
    }
    let draft = Draft { text: "€".repeat(19_990), author: agent(), request: None };
    for (second, claimed) in [(10, true), (20, false)] {
        let message = reply(&engine.table, &queue, &conversation_of(MIA), &draft, at(second), 7).await.unwrap().message;
        if claimed && let Claim::Ours(ours) = engine.table.claim(&message.conversation, &message.id, at(30), at(90)).await.unwrap() {
            engine.table.save(&taken(*ours, &["m_out-1"], at(31)), Some(at(90))).await.unwrap();
        }
    }
    take(&engine.table, &page(PAGE), &placed(), at(0)).await.unwrap();
    let body = noise(900_000, 9).into_bytes();
    engine
        .table
        .park(&Parked { kind: "meta.delivery".into(), reason: "no JSON".into(), body, page: Some(page(PAGE)), received_at: at(0) })
        .await
        .unwrap();
    engine
}

#[tokio::test]
async fn every_item_says_its_schema_and_fits() {
    let engine = full(Retention::default()).await;
    let items = everything(&engine.client).await;
    assert!(items.len() > 20, "{}", items.len());
    for item in &items {
        assert_eq!(item.get("schema"), Some(&AttributeValue::N("1".into())), "{:?} {:?}", item.get("pk"), item.get("sk"));
        assert!(size(item) < LARGEST_ITEM, "{:?} {:?} has {} bytes", item.get("pk"), item.get("sk"), size(item));
    }
}

#[tokio::test]
async fn only_keys_of_events_changes_without_a_message_and_parked_work_are_forgotten_in_time() {
    let engine = full(Retention::default()).await;
    for item in everything(&engine.client).await {
        let pk = item["pk"].as_s().unwrap();
        let waits = pk.starts_with("KEY#m") && item.contains_key("changes");
        let is_forgotten = waits || pk.starts_with("KEY#e") || pk.starts_with("PARKED#");
        assert_eq!(item.contains_key("expires_at"), is_forgotten, "{:?} {:?}", item["pk"], item["sk"]);
    }
}

#[tokio::test]
async fn every_row_of_a_class_goes_when_its_time_is_over_and_keys_outlast_messages() {
    let engine = full(Retention::parse("messages=30,events=20,parked=10").unwrap()).await;
    let day = |item: &Item| item.get("expires_at").map(|at| (at.as_n().unwrap().parse::<i64>().unwrap() - at_zero()) / 86_400);
    let mut orders = 0;
    for item in everything(&engine.client).await {
        let (pk, sk) = (item["pk"].as_s().unwrap(), item["sk"].as_s().unwrap());
        let wanted = match (pk.split('#').next().unwrap(), sk.split('#').next().unwrap()) {
            ("CNV", "M") | ("ORD" | "NTF", _) => Some(30),
            ("CNV" | "PAGE", "E") => Some(20),
            ("PARKED", _) => Some(10),
            ("KEY", _) if pk.starts_with("KEY#e") || item.contains_key("changes") => Some(35),
            ("KEY" | "MSG", _) => Some(65),
            _ => None,
        };
        assert_eq!(day(&item), wanted, "{pk} {sk}");
        orders += usize::from(pk.starts_with("ORD#") || pk.starts_with("NTF#"));
    }
    assert_eq!(orders, 2, "an order and its receipt");
}

/// The second at which everything here happens.
fn at_zero() -> i64 {
    at(0).as_millis() / 1000
}

#[tokio::test]
async fn parking_twice_is_one_row() {
    let engine = Engine::start().await;
    let mut parked = Parked { kind: "meta.delivery".into(), reason: "no JSON".into(), body: b"{".to_vec(), page: None, received_at: at(0) };
    engine.table.park(&parked).await.unwrap();
    parked.reason = "still no JSON".into();
    engine.table.park(&parked).await.unwrap();
    assert_eq!(everything(&engine.client).await.len(), 1);
    parked.body = b"[".to_vec();
    engine.table.park(&parked).await.unwrap();
    assert_eq!(everything(&engine.client).await.len(), 2);
}

#[tokio::test]
async fn of_an_unsent_message_no_word_is_left() {
    let engine = Engine::start().await;
    let raw = noise(500_000, 1);
    let said = customer_says("my card number").numbered("m_1").raw(raw).build();
    ingest(&engine.table, &FakeQueue::default(), &said, at(0)).await.unwrap();
    let before = everything(&engine.client).await.len();
    ingest(&engine.table, &FakeQueue::default(), &customer_unsends("m_1").at(at(1)).build(), at(1)).await.unwrap();
    let items = everything(&engine.client).await;
    assert!(items.len() < before, "its pieces are gone");
    assert!(items.iter().all(|item| !item.contains_key("raw_gz") && !format!("{item:?}").contains("my card number")));
    assert!(engine.table.message_by_key(&key_of("m_1")).await.unwrap().unwrap().unsent_at.is_some());
}

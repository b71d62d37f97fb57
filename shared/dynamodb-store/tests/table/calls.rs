//! How often each access asks the table. What is counted here is what a message costs.

use domain::id::MessageId;
use domain::inbound::{InboundEvent, NotedKind};
use domain::ingest::{Addition, Ingested, ingest, ingest_all};
use domain::message::{Message, MessageChange, WaitingFor};
use domain::money::{Currency, Money};
use domain::notify::{self, Taken, World, take as take_order};
use domain::order::{Buyer, OrderFacts, OrderNames, Totals};
use domain::ports::{Claim, DueIndex, History, Inbox, InboxFilter, Order, Outbox, Parked, UnansweredIndex};
use domain::reply::{Draft, reply};
use domain::shop::{ShopEvent, ShopEventKind, Source};
use domain::{deliver, relay};
use testkit::events::{customer_edits, customer_reacts, customer_says, customer_unsends, echo_of_ours, noted};
use testkit::ids::{MIA, PAGE, at, conversation_of, key_of, mid, page, user};
use testkit::messages::{agent, reply_in, taken};
use testkit::{FakeEventQueue, FakeMail, FakeQueue, FakeSendApi, ManualClock};

use crate::engine::Engine;

const GET: &str = "GetItem";
const BATCH_GET: &str = "BatchGetItem";
const PUT: &str = "PutItem";
const UPDATE: &str = "UpdateItem";
const DELETE: &str = "DeleteItem";
const QUERY: &str = "Query";
const TRANSACT: &str = "TransactWriteItems";

async fn take(engine: &Engine, event: &InboundEvent) -> (Ingested, Vec<String>) {
    engine.calls.take();
    let ingested = ingest(&engine.table, &FakeQueue::default(), event, at(0)).await.unwrap();
    (ingested, engine.calls.take())
}

async fn answer(engine: &Engine, text: &str, second: u64) -> MessageId {
    let draft = Draft { text: text.into(), author: agent(), request: None };
    let queue = FakeQueue::default();
    reply(&engine.table, &queue, &conversation_of(MIA), &draft, at(second), u128::from(second)).await.unwrap().message.id
}

/// A conversation that has begun, with nothing counted.
async fn begun() -> Engine {
    let engine = Engine::start().await;
    take(&engine, &customer_says("Hi").build()).await;
    engine
}

async fn claimed(engine: &Engine) -> Message {
    let id = answer(engine, "Hello", 10).await;
    match engine.table.claim(&conversation_of(MIA), &id, at(11), at(71)).await.unwrap() {
        Claim::Ours(message) => *message,
        other @ (Claim::HeldElsewhere(_) | Claim::Abandoned(_) | Claim::Unconfirmed(_) | Claim::Ended) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_first_message_of_a_page_makes_it_listable_once() {
    let engine = Engine::start().await;
    assert_eq!(take(&engine, &customer_says("Hi").build()).await.1, [GET, PUT, TRANSACT]);
    assert_eq!(take(&engine, &customer_says("Hello").by("701").build()).await.1, [GET, TRANSACT]);
}

#[tokio::test]
async fn a_message_is_one_read_and_one_write() {
    let engine = begun().await;
    assert_eq!(take(&engine, &customer_says("Where is my parcel?").at(at(1)).build()).await.1, [GET, TRANSACT]);
}

#[tokio::test]
async fn a_duplicate_is_one_read_and_one_refused_write() {
    let engine = begun().await;
    let (ingested, calls) = take(&engine, &customer_says("Hi").build()).await;
    assert_eq!((ingested, calls), (Ingested::Duplicate, vec![GET.into(), TRANSACT.into()]));
}

#[tokio::test]
async fn a_change_of_a_message_is_two_reads_and_one_write() {
    let engine = begun().await;
    assert_eq!(take(&engine, &customer_edits("m_Hi", 1, "Hello").build()).await.1, [GET, GET, TRANSACT]);
    // An unsend looks for the pieces of a long raw event as well.
    assert_eq!(take(&engine, &customer_unsends("m_Hi").build()).await.1, [GET, GET, GET, TRANSACT]);
}

#[tokio::test]
async fn a_change_before_its_message_is_two_reads_and_one_write() {
    let engine = begun().await;
    assert_eq!(take(&engine, &customer_edits("m_1", 1, "Hello").build()).await.1, [GET, GET, UPDATE]);
    // The message that it waited for is written in the second try, which knows of it.
    assert_eq!(take(&engine, &customer_says("Helo").numbered("m_1").build()).await.1, [GET, TRANSACT, TRANSACT]);
}

#[tokio::test]
async fn a_reaction_changes_its_message_and_opens_the_window() {
    let engine = begun().await;
    let (_, calls) = take(&engine, &customer_reacts("m_Hi", Some("love")).at(at(5)).build()).await;
    assert_eq!(calls, [GET, GET, TRANSACT, GET, PUT]);
}

#[tokio::test]
async fn messages_of_many_are_one_read_and_a_write_for_each_thirty_three() {
    let engine = begun().await;
    let events: Vec<InboundEvent> =
        (0..50).map(|number| customer_says("Hello").by(&format!("8{number}")).numbered(&format!("m_{number}")).build()).collect();
    let additions: Vec<Addition<'_>> = events.iter().filter_map(|event| Addition::of(event, at(0))).collect();
    engine.calls.take();
    let ends = ingest_all(&engine.table, &FakeQueue::default(), &additions, at(0)).await;
    assert!(ends.len() == 50 && ends.iter().all(|end| matches!(end, Ok(Ingested::New))), "{ends:?}");
    assert_eq!(engine.calls.take(), [BATCH_GET, TRANSACT, TRANSACT]);
}

#[tokio::test]
async fn a_duplicate_among_others_is_one_refused_write_more() {
    let engine = begun().await;
    let events = [customer_says("Hi").build(), customer_says("Hello").by("8").build(), customer_says("Hey").by("9").build()];
    let additions: Vec<Addition<'_>> = events.iter().filter_map(|event| Addition::of(event, at(0))).collect();
    engine.calls.take();
    let ends = ingest_all(&engine.table, &FakeQueue::default(), &additions, at(0)).await;
    assert!(matches!(ends.as_slice(), [Ok(Ingested::Duplicate), Ok(Ingested::New), Ok(Ingested::New)]), "{ends:?}");
    // The bet that was lost, the two others together, the duplicate by itself.
    assert_eq!(engine.calls.take(), [BATCH_GET, TRANSACT, TRANSACT, TRANSACT]);
}

#[tokio::test]
async fn one_message_together_is_one_message_alone() {
    let engine = begun().await;
    let event = customer_says("Hello").at(at(1)).build();
    let additions: Vec<Addition<'_>> = Addition::of(&event, at(1)).into_iter().collect();
    engine.calls.take();
    let ends = ingest_all(&engine.table, &FakeQueue::default(), &additions, at(1)).await;
    assert!(matches!(ends.as_slice(), [Ok(Ingested::New)]), "{ends:?}");
    assert_eq!(engine.calls.take(), [GET, TRANSACT]);
}

#[tokio::test]
async fn an_event_of_a_page_is_one_write() {
    let engine = Engine::start().await;
    assert_eq!(take(&engine, &noted(NotedKind::Feed).of_the_page().build()).await.1, [TRANSACT]);
}

#[tokio::test]
async fn a_reply_is_one_read_and_one_write() {
    let engine = begun().await;
    engine.calls.take();
    answer(&engine, "Hello", 10).await;
    assert_eq!(engine.calls.take(), [QUERY, TRANSACT]);
}

#[tokio::test]
async fn a_delivery_is_a_read_a_claim_and_a_write() {
    let engine = begun().await;
    let id = answer(&engine, "Hello", 10).await;
    engine.calls.take();
    let clock = ManualClock::new(at(11));
    let drained = deliver::drain(&engine.table, &FakeSendApi::default(), &clock, &conversation_of(MIA), None).await.unwrap();
    assert_eq!(drained.sent, [id]);
    assert_eq!(engine.calls.take(), [QUERY, UPDATE, TRANSACT]);
}

#[tokio::test]
async fn our_echo_is_one_read_and_one_write() {
    let engine = begun().await;
    let message = claimed(&engine).await;
    let echo = echo_of_ours("m_out-1", &message.id, 0, 1).at(at(12)).build();
    assert_eq!(take(&engine, &echo).await.1, [GET, TRANSACT]);
    assert_eq!(take(&engine, &echo).await.1, [GET]);
}

#[tokio::test]
async fn a_save_that_finds_changes_is_written_in_the_second_try() {
    let engine = begun().await;
    let message = taken(claimed(&engine).await, &["m_out-1"], at(12));
    engine.table.keep_change(&key_of("m_out-1"), &mid("m_out-1"), &MessageChange::Unsend { at: at(12) }).await.unwrap();
    engine.calls.take();
    engine.table.save(&message, None).await.unwrap();
    assert_eq!(engine.calls.take(), [TRANSACT, GET, TRANSACT]);
}

#[tokio::test]
async fn the_small_accesses_are_one_call_each() {
    let engine = begun().await;
    let message = claimed(&engine).await;
    engine.calls.take();
    let conversation = conversation_of(MIA);
    engine.table.conversation(&conversation).await.unwrap();
    assert_eq!(engine.calls.take(), [GET]);
    engine.table.message(&conversation, &message.id).await.unwrap();
    assert_eq!(engine.calls.take(), [GET]);
    engine.table.message_by_key(&key_of("m_nobody")).await.unwrap();
    assert_eq!(engine.calls.take(), [GET]);
    engine.table.message_by_key(&key_of("m_Hi")).await.unwrap();
    assert_eq!(engine.calls.take(), [GET, GET]);
    engine.table.set_waiting(&conversation, Some(WaitingFor::Window)).await.unwrap();
    assert_eq!(engine.calls.take(), [UPDATE]);
    engine.table.forget(&conversation, &message.id).await.unwrap();
    assert_eq!(engine.calls.take(), [DELETE]);
    engine.table.messages(&conversation, Order::NewestFirst, None, 50).await.unwrap();
    assert_eq!(engine.calls.take(), [QUERY]);
    let parked = Parked { kind: "meta.delivery".into(), reason: "no JSON".into(), body: vec![1], page: None, received_at: at(0) };
    engine.table.park(&parked).await.unwrap();
    assert_eq!(engine.calls.take(), [PUT]);
    let unknown = reply_in(&testkit::messages::conversation(), at(50), &["never accepted"]);
    engine.table.save(&unknown, None).await.unwrap();
    assert_eq!(engine.calls.take(), [TRANSACT]);
}

#[tokio::test]
async fn a_list_asks_each_shard_of_each_status_and_knows_its_pages_by_one_query() {
    let engine = begun().await;
    engine.calls.take();
    engine.table.list(&InboxFilter::default(), None, 50).await.unwrap();
    assert_eq!(engine.calls.take(), [QUERY; 9]);
    let filter = InboxFilter { page: Some(page(PAGE)), status: Some(domain::conversation::Status::Open), assignee: None };
    engine.table.list(&filter, None, 50).await.unwrap();
    assert_eq!(engine.calls.take(), [QUERY; 4]);
}

#[tokio::test]
async fn a_sweep_asks_each_shard_and_moves_what_it_relays() {
    let engine = begun().await;
    engine.calls.take();
    assert!(engine.table.due(at(0), 10).await.unwrap().is_empty());
    assert_eq!(engine.calls.take(), [QUERY; 8]);
    answer(&engine, "Hello", 10).await;
    engine.calls.take();
    assert_eq!(relay::relay(&engine.table, &FakeQueue::default(), at(1000), 10).await.unwrap().count, 1);
    assert_eq!(engine.calls.take().split_off(8), [UPDATE]);
}

#[tokio::test]
async fn who_waits_longest_is_one_query_a_shard() {
    let engine = begun().await;
    engine.calls.take();
    assert_eq!(engine.table.oldest_unanswered().await.unwrap(), Some(at(0)));
    assert_eq!(engine.calls.take(), [QUERY; 4]);
}

/// What a shop tells of an order whose buyer's thread it knows.
fn placed() -> ShopEvent {
    let total = Money::new(9134, Currency::parse("EUR").unwrap());
    let facts = OrderFacts {
        names: OrderNames { number: Some("20418".into()), external_id: Some("id-20418".into()) },
        totals: Some(Totals { total, subtotal: None, shipping: None, tax: None }),
        buyer: Buyer { name: Some("Mia Keller".into()), user: Some(user(MIA)), ..Buyer::default() },
        ..OrderFacts::default()
    };
    let kind = ShopEventKind::OrderPlaced(Box::new(facts));
    ShopEvent { source: Source::Shopify, shop: "lamp".into(), page: None, occurred_at: at(0), kind }
}

#[tokio::test]
async fn an_order_is_taken_by_nine_calls_and_its_receipt_decided_about_by_sixteen() {
    let engine = begun().await;
    engine.calls.take();
    let taken = take_order(&engine.table, &page(PAGE), &placed(), at(1)).await.unwrap();
    let Taken::Order { undecided, .. } = taken else { panic!("{taken:?}") };
    // Whose number it is, the order, its thread; all that is new; what was kept; whether its receipt is right; what is to be decided.
    assert_eq!(engine.calls.take(), [GET, GET, GET, TRANSACT, QUERY, GET, GET, GET, GET]);

    let (queue, mail, events, clock) = (FakeQueue::default(), FakeMail::default(), FakeEventQueue::default(), ManualClock::new(at(1)));
    let world = World { store: &engine.table, queue: &queue, mail: &mail, events: &events, clock: &clock, random: 7 };
    let [receipt] = undecided.as_slice() else { panic!("{undecided:?}") };
    notify::decide(&world, receipt).await.unwrap();
    // The first look also sees to it that what the customer does is told from now on, and so looks again.
    let look = [GET, GET, GET, QUERY, QUERY, GET];
    let leaves = [GET, GET, GET, QUERY, QUERY, GET, QUERY, TRANSACT, PUT];
    assert_eq!(engine.calls.take(), [&look[..], &[PUT], &leaves].concat());

    deliver::drain(&engine.table, &FakeSendApi::default(), &clock, &conversation_of(MIA), None).await.unwrap();
    assert_eq!(engine.calls.take(), [QUERY, UPDATE, GET, GET, QUERY, TRANSACT], "looked at once more before it leaves");
    notify::decide(&world, receipt).await.unwrap();
    assert_eq!(engine.calls.take(), [GET, GET, GET, GET, GET, PUT, QUERY, PUT], "that it left, and whether it is still right");
    notify::marks(&world, &conversation_of(MIA)).await.unwrap();
    assert_eq!(engine.calls.take(), [QUERY, GET, GET, GET, GET, GET], "a mark that says nothing new");
}

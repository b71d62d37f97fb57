//! Orders, and who finds them by which name.

use domain::id::{ConversationId, DedupeKey, MessageId};
use domain::notice::{Notice, NoticeKind};
use domain::order::{Buyer, OrderFacts, OrderNames, ShipmentFacts};
use domain::orders::{Acquaintance, Alias, Order, Writing, Written};
use domain::parcel::ParcelStatus;
use domain::shop::{ShopEvent, ShopEventKind, Source};
use futures::future::join_all;

use super::{Outcome, Store};
use crate::ids::{PAGE, at, page, user};

fn event(kind: ShopEventKind) -> ShopEvent {
    ShopEvent { source: Source::Shopify, shop: "lamp.myshopify.com".into(), page: None, occurred_at: at(0), kind }
}

/// An order that was told and not written yet.
pub(super) fn order() -> Order {
    let facts = OrderFacts {
        names: OrderNames { number: Some("20418".into()), external_id: Some("555".into()) },
        buyer: Buyer { name: Some("Mia Keller".into()), email: Some("mia@example.com".into()), ..Buyer::default() },
        ..OrderFacts::default()
    };
    let placed = event(ShopEventKind::OrderPlaced(Box::new(facts)));
    let mut order = Order::begin(page(PAGE), "20418", &placed);
    order.apply(&placed, None);
    order
}

pub(super) fn notice_of(order: &Order, event: &str) -> Notice {
    Notice::begin(order.page.clone(), order.id.clone(), NoticeKind::Receipt, event.into(), None, at(10))
}

fn writing(order: &Order) -> Writing<'_> {
    Writing { order, notices: &[], aliases: &[], names: &[] }
}

fn external() -> Alias {
    Alias::External { source: Source::Shopify, shop: "lamp.myshopify.com".into(), id: "555".into() }
}

fn conversation() -> ConversationId {
    ConversationId::of(&page(PAGE), &user("4711"))
}

pub async fn an_order_is_written_with_its_notices_and_found_by_its_names(store: &impl Store) -> Outcome {
    let order = order();
    assert_eq!(store.order(&order.id).await?, None);
    let notice = notice_of(&order, "receipt");
    let all = Writing { notices: std::slice::from_ref(&notice), aliases: &[external()], ..writing(&order) };
    assert_eq!(store.save_order(&all).await?, Written::Written);
    assert_eq!(store.order(&order.id).await?, Some(Order { revision: 1, ..order.clone() }));
    assert_eq!(store.notice(&notice.id).await?, Some(Notice { revision: 1, ..notice.clone() }));
    assert_eq!(store.due_notices(at(10), 10).await?.len(), 1, "a new notice is due at once");
    assert_eq!(store.order_by(&order.page, &external()).await?, Some(order.id.clone()));
    assert_eq!(store.order_by(&page("2"), &external()).await?, None, "another Page's orders are others");
    Ok(())
}

pub async fn an_order_names_the_revision_that_it_saw(store: &impl Store) -> Outcome {
    let order = order();
    store.save_order(&writing(&order)).await?;
    let notice = notice_of(&order, "receipt");
    let stale = Writing { notices: std::slice::from_ref(&notice), ..writing(&order) };
    assert_eq!(store.save_order(&stale).await?, Written::Stale);
    assert_eq!(store.notice(&notice.id).await?, None, "nothing of it was written");
    let read = store.order(&order.id).await?.ok_or("it is not there")?;
    assert_eq!(store.save_order(&writing(&Order { changed_at: at(5), ..read })).await?, Written::Written);
    Ok(())
}

pub async fn of_several_first_words_at_once_one_is_written(store: &impl Store) -> Outcome {
    let order = order();
    let ends = join_all((0..8).map(|_| async { store.save_order(&writing(&order)).await })).await;
    let written = ends.into_iter().collect::<Result<Vec<Written>, _>>()?;
    assert_eq!(written.iter().filter(|written| **written == Written::Written).count(), 1);
    Ok(())
}

pub async fn a_customers_name_leads_to_their_orders_and_their_thread(store: &impl Store) -> Outcome {
    let order = order();
    let names = order.customer_names();
    let name: &DedupeKey = names.first().ok_or("they have no name")?;
    assert_eq!(store.acquaintance(name).await?.conversation, None);
    store.save_order(&Writing { names: &names, ..writing(&order) }).await?;
    assert_eq!(store.acquaintance(name).await?.orders, [order.id]);
    store.acquaint(name, &conversation()).await?;
    store.acquaint(name, &conversation()).await?;
    assert_eq!(store.acquaintance(name).await?.conversation, Some(conversation()));
    assert_eq!(store.acquaintance(name).await?.orders.len(), 1);
    Ok(())
}

pub async fn an_order_stands_beside_its_conversation_and_is_named_once_a_message(store: &impl Store) -> Outcome {
    let order = Order { conversation: Some(conversation()), ..order() };
    assert!(store.tied_orders(&conversation()).await?.is_empty());
    store.save_order(&writing(&order)).await?;
    let message = MessageId::new(at(1), 1);
    store.name_order(&conversation(), &order.id, &message).await?;
    store.name_order(&conversation(), &order.id, &message).await?;
    let read = store.order(&order.id).await?.ok_or("it is not there")?;
    store.save_order(&writing(&read)).await?;
    let tied = store.tied_orders(&conversation()).await?;
    assert_eq!(tied.len(), 1);
    assert_eq!(tied.first().map(|tied| tied.named_in.clone()), Some(vec![message]));
    Ok(())
}

pub async fn a_removed_order_is_found_under_none_of_its_names(store: &impl Store) -> Outcome {
    let mut order = Order { conversation: Some(conversation()), ..order() };
    let notice = notice_of(&order, "receipt");
    let names = order.customer_names();
    order.notices.push(notice.id.clone());
    order.filed_under = names.iter().cloned().chain([external().key(&order.page)]).collect();
    let all = Writing { notices: std::slice::from_ref(&notice), aliases: &[external()], names: &names, ..writing(&order) };
    store.save_order(&all).await?;
    store.remove_order(&order).await?;
    store.remove_order(&order).await?;
    assert_eq!(store.order(&order.id).await?, None);
    assert_eq!(store.notice(&notice.id).await?, None);
    assert_eq!(store.order_by(&order.page, &external()).await?, None);
    assert!(store.tied_orders(&conversation()).await?.is_empty());
    for name in &names {
        assert_eq!(store.acquaintance(name).await?, Acquaintance::default());
    }
    store.name_order(&conversation(), &order.id, &MessageId::new(at(1), 1)).await?;
    store.untie(&conversation(), &order.id).await?;
    assert!(store.tied_orders(&conversation()).await?.is_empty());
    Ok(())
}

pub async fn an_event_of_a_parcel_is_kept_once_under_each_of_its_names(store: &impl Store) -> Outcome {
    let told = event(ShopEventKind::ShipmentUpdated(Box::new(ShipmentFacts {
        order: OrderNames::default(),
        external_id: "trk_1".into(),
        tracking_number: Some("0034".into()),
        tracking_url: None,
        carrier: None,
        status: ParcelStatus::InTransit,
        detail: None,
        is_late: false,
        expected_on: None,
    })));
    let later = ShopEvent { occurred_at: at(9), ..told.clone() };
    for event in [&later, &told, &told] {
        store.keep_event(&page(PAGE), event).await?;
    }
    for alias in Alias::of(&told) {
        assert_eq!(store.kept_events(&page(PAGE), &alias).await?, [told.clone(), later.clone()], "oldest first");
    }
    assert!(store.kept_events(&page(PAGE), &Alias::TrackingNumber("0035".into())).await?.is_empty());
    Ok(())
}

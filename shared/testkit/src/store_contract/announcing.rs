//! Endpoints of the shop's developer, and what was told to them.

use domain::announce::{Begun, Delivery, DeliveryState, Endpoint, Put};

use super::steps::Tried;
use super::{Outcome, Store};
use crate::announcements::{endpoint_at, receipt_sent};
use crate::ids::at;

fn endpoint(number: u128) -> Endpoint {
    endpoint_at("https://shop.example/webhooks", number)
}

fn delivery(number: u128, seconds: u64) -> Delivery {
    Delivery::begin(endpoint(number).id, receipt_sent("20418", seconds), at(seconds))
}

async fn read(store: &impl Store, delivery: &Delivery) -> Tried<Delivery> {
    Ok(store.delivery(&delivery.endpoint, &delivery.announcement.id).await?.ok_or("the delivery is not there")?)
}

pub async fn an_endpoint_names_the_revision_that_it_saw(store: &impl Store) -> Outcome {
    let new = endpoint(1);
    assert_eq!(store.endpoint(&new.id).await?, None);
    assert_eq!(store.put_endpoint(&new).await?, Put::Written);
    assert_eq!(store.put_endpoint(&new).await?, Put::Stale);
    let stored = store.endpoint(&new.id).await?.ok_or("the endpoint is not there")?;
    assert_eq!(stored, Endpoint { revision: 1, ..new });
    let changed = Endpoint { description: Some("the till".into()), ..stored.clone() };
    assert_eq!(store.put_endpoint(&changed).await?, Put::Written);
    assert_eq!(store.put_endpoint(&stored).await?, Put::Stale);
    assert_eq!(store.endpoints().await?, [Endpoint { revision: 2, ..changed }]);
    Ok(())
}

pub async fn an_endpoint_that_is_removed_is_gone(store: &impl Store) -> Outcome {
    let (one, other) = (endpoint(1), endpoint(2));
    for endpoint in [&one, &other] {
        store.put_endpoint(endpoint).await?;
    }
    store.remove_endpoint(&one.id).await?;
    store.remove_endpoint(&one.id).await?;
    assert_eq!(store.endpoints().await?, [Endpoint { revision: 1, ..other }]);
    assert_eq!(store.put_endpoint(&Endpoint { revision: 1, ..one }).await?, Put::Stale, "a change brings nothing back");
    Ok(())
}

pub async fn a_delivery_begins_once(store: &impl Store) -> Outcome {
    let new = delivery(1, 0);
    assert_eq!(store.delivery(&new.endpoint, &new.announcement.id).await?, None);
    assert_eq!(store.begin_delivery(&new).await?, Begun::New);
    let stored = Delivery { revision: 1, ..new.clone() };
    assert_eq!(store.begin_delivery(&Delivery { created_at: at(9), ..new.clone() }).await?, Begun::Before(Box::new(stored.clone())));
    assert_eq!(read(store, &new).await?, stored);
    Ok(())
}

pub async fn a_delivery_names_the_revision_that_it_saw(store: &impl Store) -> Outcome {
    store.begin_delivery(&delivery(1, 0)).await?;
    let stored = read(store, &delivery(1, 0)).await?;
    let failed = Delivery { state: DeliveryState::Failed, next_at: None, ..stored.clone() };
    assert!(store.put_delivery(&failed).await?);
    assert!(!store.put_delivery(&stored).await?);
    assert_eq!(read(store, &stored).await?, Delivery { revision: 2, ..failed });
    Ok(())
}

pub async fn deliveries_come_newest_first_page_by_page(store: &impl Store) -> Outcome {
    for seconds in [2, 0, 1] {
        store.begin_delivery(&delivery(1, seconds)).await?;
    }
    let endpoint = endpoint(1).id;
    let first = store.deliveries(&endpoint, None, 2).await?;
    assert_eq!(first.iter().map(|delivery| delivery.created_at).collect::<Vec<_>>(), [at(2), at(1)]);
    let after = first.last().map(|delivery| &delivery.announcement.id);
    let rest = store.deliveries(&endpoint, after, 2).await?;
    assert_eq!(rest.iter().map(|delivery| delivery.created_at).collect::<Vec<_>>(), [at(0)]);
    Ok(())
}

pub async fn an_endpoint_has_its_own_deliveries(store: &impl Store) -> Outcome {
    store.begin_delivery(&delivery(1, 0)).await?;
    assert_eq!(store.deliveries(&endpoint(2).id, None, 10).await?, []);
    Ok(())
}

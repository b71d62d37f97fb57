//! A person's name: looked up once, refreshed now and then, never invented.

#![expect(clippy::unwrap_used, reason = "helpers stop a test that cannot go on")]

use std::time::Duration;

use domain::conversation::Conversation;
use domain::ingest::ingest;
use domain::ports::{History, Outbox, ProfileError, StoreError};
use domain::profile::{LookUpError, LookedUp, look_up};
use domain::retry::{Retry, Retryable};
use testkit::events::customer_says;
use testkit::ids::{JONAS, MIA, at, conversation_of, page, user};
use testkit::{Call, FakeProfileApi, FakeQueue, FakeStore};

const WEEK: u64 = 7 * 24 * 60 * 60;

async fn begun() -> (FakeStore, FakeProfileApi) {
    let store = FakeStore::default();
    ingest(&store, &FakeQueue::default(), &customer_says("Hi").build(), at(0)).await.unwrap();
    (store, FakeProfileApi::default())
}

async fn mia(store: &FakeStore) -> Conversation {
    store.conversation(&conversation_of(MIA)).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_name_is_looked_up_once_a_week() {
    let (store, api) = begun().await;
    api.answer(Ok(Some("Mia Berg")));
    assert_eq!(look_up(&store, &api, &conversation_of(MIA), at(1)).await.unwrap(), LookedUp::Named);
    assert_eq!(mia(&store).await.name.as_deref(), Some("Mia Berg"));
    assert_eq!(look_up(&store, &api, &conversation_of(MIA), at(1 + WEEK)).await.unwrap(), LookedUp::NotNeeded);
    assert_eq!(api.asked(), [(page(testkit::ids::PAGE), user(MIA))]);
    api.answer(Ok(Some("Mia Sommer")));
    assert_eq!(look_up(&store, &api, &conversation_of(MIA), at(2 + WEEK)).await.unwrap(), LookedUp::Named);
    assert_eq!(mia(&store).await.name.as_deref(), Some("Mia Sommer"));
}

#[tokio::test]
async fn a_name_that_is_not_told_any_more_stays() {
    let (store, api) = begun().await;
    api.answer(Ok(Some("Mia Berg")));
    look_up(&store, &api, &conversation_of(MIA), at(1)).await.unwrap();
    assert_eq!(look_up(&store, &api, &conversation_of(MIA), at(2 + WEEK)).await.unwrap(), LookedUp::Withheld);
    let conversation = mia(&store).await;
    assert_eq!((conversation.name.as_deref(), conversation.name_checked_at), (Some("Mia Berg"), Some(at(2 + WEEK))));
}

#[tokio::test]
async fn a_name_that_was_never_told_is_not_invented_and_not_asked_for_again() {
    let (store, api) = begun().await;
    assert_eq!(look_up(&store, &api, &conversation_of(MIA), at(1)).await.unwrap(), LookedUp::Withheld);
    assert_eq!(look_up(&store, &api, &conversation_of(MIA), at(2)).await.unwrap(), LookedUp::NotNeeded);
    assert_eq!((mia(&store).await.name, api.asked().len()), (None, 1));
}

#[tokio::test]
async fn nobody_is_asked_for_where_no_conversation_is() {
    let (store, api) = begun().await;
    assert_eq!(look_up(&store, &api, &conversation_of(JONAS), at(1)).await.unwrap(), LookedUp::NotNeeded);
    assert!(api.asked().is_empty());
}

#[tokio::test]
async fn a_customer_who_writes_meanwhile_is_not_overwritten() {
    let (store, api) = begun().await;
    api.answer(Ok(Some("Mia Berg")));
    store.before(Call::Record, 1, |store| async move {
        ingest(&store, &FakeQueue::default(), &customer_says("Hello?").at(at(1)).build(), at(1)).await.unwrap();
    });
    look_up(&store, &api, &conversation_of(MIA), at(1)).await.unwrap();
    let conversation = mia(&store).await;
    assert_eq!((conversation.name.as_deref(), conversation.unread_count), (Some("Mia Berg"), 2));
}

#[tokio::test]
async fn a_look_up_that_always_loses_its_race_is_tried_later() {
    let (store, api) = begun().await;
    for nth in 1..=5 {
        store.before(Call::Record, nth, |store| async move {
            store.set_waiting(&conversation_of(MIA), None).await.unwrap();
        });
    }
    let error = look_up(&store, &api, &conversation_of(MIA), at(1)).await.unwrap_err();
    assert!(matches!(error, LookUpError::Busy));
    assert_eq!(error.retry(), Retry::Backoff);
}

#[tokio::test]
async fn what_the_platform_answers_decides_when_it_is_asked_again() {
    for (answer, retry) in [
        (ProfileError::Unavailable { reason: "down".into() }, Retry::Backoff),
        (ProfileError::AskedToWait { reason: "slowly".into(), pause: Duration::from_mins(3) }, Retry::After(Duration::from_mins(3))),
        (ProfileError::Refused { reason: "no token".into() }, Retry::Never),
    ] {
        let (store, api) = begun().await;
        api.answer(Err(answer));
        assert_eq!(look_up(&store, &api, &conversation_of(MIA), at(1)).await.unwrap_err().retry(), retry);
        assert_eq!(mia(&store).await.name_checked_at, None, "it is asked for again");
    }
}

#[tokio::test]
async fn a_store_that_fails_is_asked_later() {
    for call in [Call::Standing, Call::Record] {
        let (store, api) = begun().await;
        store.fail(call, 1, StoreError::Unavailable { reason: "throttled".into() });
        let error = look_up(&store, &api, &conversation_of(MIA), at(1)).await.unwrap_err();
        assert!(matches!(error, LookUpError::Store(_)));
        assert_eq!(error.retry(), Retry::Backoff);
    }
}

//! What a person asks for through the platform: that what is known of them is deleted.

use domain::deletion::{ConfirmationCode, DeletionRequest, delete};
use domain::erase::Standing;

use super::steps::{Tried, begun, take};
use super::{Outcome, Store};
use crate::events::customer_says;
use crate::ids::{JONAS, MIA, at, conversation_of, user};

fn request(person: &str) -> Tried<DeletionRequest> {
    let code = ConfirmationCode::parse("0123456789abcdef0123456789abcdef").ok_or("it is a code")?;
    Ok(DeletionRequest { code, user: user(person) })
}

pub async fn a_request_erases_the_conversations_of_its_id(store: &impl Store) -> Outcome {
    begun(store).await?;
    take(store, &customer_says("Hi").by(MIA).on("2").build()).await?;
    take(store, &customer_says("Hello").by(JONAS).build()).await?;
    let done = delete(store, &request(MIA)?, at(1_000)).await?;
    assert_eq!((done.asked_at, done.done_at, done.conversations), (at(1_000), Some(at(1_000)), 2));
    assert_eq!(store.conversation(&conversation_of(MIA)).await?, None);
    assert!(store.conversation(&conversation_of(JONAS)).await?.is_some());
    assert_eq!(store.deletion(&done.code).await?, Some(done));
    Ok(())
}

pub async fn a_request_that_comes_again_changes_nothing(store: &impl Store) -> Outcome {
    begun(store).await?;
    let first = delete(store, &request(MIA)?, at(1_000)).await?;
    take(store, &customer_says("Me again").at(at(1_001)).build()).await?;
    assert_eq!(delete(store, &request(MIA)?, at(2_000)).await?, first);
    assert!(store.conversation(&conversation_of(MIA)).await?.is_some());
    Ok(())
}

pub async fn a_request_under_whose_id_nothing_stands_is_noted(store: &impl Store) -> Outcome {
    begun(store).await?;
    let unknown = request("10223344556677889")?;
    assert_eq!(store.deletion(&unknown.code).await?, None);
    let done = delete(store, &unknown, at(1_000)).await?;
    assert_eq!((done.done_at, done.conversations), (Some(at(1_000)), 0));
    assert_eq!(store.standing(&conversation_of("10223344556677889")).await?, Standing::Nothing);
    Ok(())
}

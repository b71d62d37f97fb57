//! Notices, and when they should be looked at.

use domain::id::DedupeKey;
use domain::message::RequestKey;
use domain::notice::{DueNotice, Notice, NoticeState, WaitsFor};

use super::orders::{notice_of, order};
use super::{Outcome, Store};
use crate::ids::at;

pub async fn a_notice_names_the_revision_that_it_saw(store: &impl Store) -> Outcome {
    let new = notice_of(&order(), "receipt");
    assert_eq!(store.notice(&new.id).await?, None);
    assert!(store.save_notice(&new, None).await?);
    assert!(!store.save_notice(&new, None).await?, "there is one already");
    let first = store.notice(&new.id).await?.ok_or("it is not there")?;
    assert_eq!(first, Notice { revision: 1, ..new });
    let state = NoticeState::Waiting { on: WaitsFor::Link, reason: "nobody knows them".into() };
    assert!(store.save_notice(&Notice { state: state.clone(), ..first.clone() }, None).await?);
    assert!(!store.save_notice(&first, None).await?, "it changed since it was read");
    assert!(store.notice(&first.id).await?.is_some_and(|notice| notice.state == state && notice.revision == 2));
    Ok(())
}

pub async fn a_request_is_known_again_by_what_it_asks(store: &impl Store) -> Outcome {
    let request = |asked: &str| RequestKey {
        key: DedupeKey::of_content(&["key"]),
        fingerprint: DedupeKey::of_content(&[asked]),
        kept_until: at(999_999),
    };
    assert!(store.note_request(&request("one")).await?);
    assert!(store.note_request(&request("one")).await?);
    assert!(!store.note_request(&request("two")).await?);
    Ok(())
}

pub async fn what_is_due_is_listed_by_its_moment_and_postponed_once(store: &impl Store) -> Outcome {
    for (event, due_at) in [("receipt", Some(at(20))), ("delivered:1", Some(at(10))), ("shipped:1", None), ("refunded:1", Some(at(99)))] {
        assert!(store.save_notice(&notice_of(&order(), event), due_at).await?);
    }
    let due = store.due_notices(at(20), 10).await?;
    let due_of = |event: &str, due_at| DueNotice { notice: notice_of(&order(), event).id, due_at };
    assert_eq!(due, [due_of("delivered:1", at(10)), due_of("receipt", at(20))]);
    assert_eq!(store.due_notices(at(20), 1).await?.len(), 1);
    store.postpone_notice(&due_of("receipt", at(20)), at(50)).await?;
    store.postpone_notice(&due_of("receipt", at(20)), at(15)).await?;
    assert_eq!(store.due_notices(at(49), 10).await?.len(), 1);
    assert_eq!(store.due_notices(at(50), 10).await?.len(), 2);
    Ok(())
}

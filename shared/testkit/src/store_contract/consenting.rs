//! The ledger of who agreed to notices.

use domain::consent::{Channel, Entry, Origin, Purpose, Said, Standing, Subject, Word, WordsId, said, standing, tapped};
use domain::email::EmailHash;
use domain::erase::erase;
use domain::id::ConversationId;

use super::steps::{Tried, begun};
use super::{Outcome, Store};
use crate::ids::{JONAS, MIA, PAGE, at, conversation_of, page};

fn mia() -> ConversationId {
    conversation_of(MIA)
}

fn of(conversation: ConversationId) -> Subject {
    Subject::Conversation { conversation }
}

fn email(on: &str) -> Tried<Subject> {
    Ok(Subject::Email { page: page(on), email: EmailHash::of("mia@example.com").ok_or("it is an address")? })
}

fn entry(subject: Subject, second: u64, given: bool) -> Entry {
    Entry {
        subject,
        at: at(second),
        purpose: Purpose::OrderUpdates,
        channel: Channel::Messenger,
        given,
        words: "Send me news of my order. Grüße, 🙂".into(),
        origin: Origin::Checkout,
        event: "1001".into(),
    }
}

fn word(word: Word, second: u64) -> Said<'static> {
    let (text, event) = match word {
        Word::Stop => ("STOP", "m_stop"),
        Word::Start => ("start", "m_start"),
    };
    Said { word, text, origin: Origin::CustomerMessage, event, at: at(second) }
}

async fn standing_of(store: &impl Store, subject: &Subject) -> Tried<Standing> {
    Ok(standing(&store.entries(subject).await?, Channel::Messenger))
}

pub async fn an_entry_stands_once_and_entries_come_oldest_first(store: &impl Store) -> Outcome {
    let subject = email(PAGE)?;
    assert!(store.entries(&subject).await?.is_empty());
    let [first, second] = [entry(subject.clone(), 1, true), entry(subject.clone(), 2, false)];
    assert!(store.append(&second).await?);
    assert!(store.append(&first).await?);
    assert!(!store.append(&first).await?, "it stands");
    assert_eq!(store.entries(&subject).await?, [first, second]);
    Ok(())
}

pub async fn each_subject_has_its_own_ledger(store: &impl Store) -> Outcome {
    let customer = Subject::Customer { page: page(PAGE), customer: "7".into() };
    store.append(&entry(email(PAGE)?, 1, true)).await?;
    for other in [email("2")?, customer, of(mia())] {
        assert!(store.entries(&other).await?.is_empty(), "{other:?}");
    }
    Ok(())
}

pub async fn what_a_person_says_is_noted_once(store: &impl Store) -> Outcome {
    assert!(said(store, &mia(), &word(Word::Stop, 1)).await?);
    assert!(!said(store, &mia(), &word(Word::Stop, 1)).await?, "the same message");
    assert_eq!(standing_of(store, &of(mia())).await?, Standing::Withdrawn);
    assert!(said(store, &mia(), &word(Word::Start, 2)).await?);
    assert_eq!(standing_of(store, &of(mia())).await?, Standing::Given);
    assert_eq!(standing_of(store, &of(conversation_of(JONAS))).await?, Standing::NotAsked);
    Ok(())
}

pub async fn a_start_of_who_never_stopped_is_no_consent(store: &impl Store) -> Outcome {
    assert!(said(store, &mia(), &word(Word::Start, 1)).await?);
    assert_eq!(standing_of(store, &of(mia())).await?, Standing::NotAsked);
    Ok(())
}

pub async fn a_tap_is_noted_with_the_words_that_were_shown(store: &impl Store) -> Outcome {
    let words = "Tap to get your order's news in Messenger.";
    let id = WordsId::of(words);
    assert!(!tapped(store, &mia(), &id, "m_tap", at(1)).await?, "words that nobody knows are no proof");
    store.put_words(&id, words).await?;
    store.put_words(&id, words).await?;
    assert!(tapped(store, &mia(), &id, "m_tap", at(1)).await?);
    let entries = store.entries(&of(mia())).await?;
    assert_eq!(entries.iter().map(|entry| (entry.words.as_str(), entry.origin)).collect::<Vec<_>>(), [(words, Origin::LinkTap)]);
    Ok(())
}

pub async fn an_erasure_takes_the_ledger_and_leaves_a_no_without_words(store: &impl Store) -> Outcome {
    begun(store).await?;
    store.append(&entry(of(mia()), 1, true)).await?;
    said(store, &mia(), &word(Word::Stop, 2)).await?;
    store.append(&entry(of(conversation_of(JONAS)), 1, true)).await?;
    for _ in 0..2 {
        erase(store, &mia(), at(10), at(10)).await?;
        let left = store.entries(&of(mia())).await?;
        let [no] = left.as_slice() else { return Err("one stays".into()) };
        assert_eq!((no.at, no.given, no.words.as_str(), no.event.as_str()), (at(2), false, "", ""));
    }
    assert_eq!(standing_of(store, &of(mia())).await?, Standing::Withdrawn);
    assert_eq!(standing_of(store, &of(conversation_of(JONAS))).await?, Standing::Given, "of nobody else");
    Ok(())
}

pub async fn an_erasure_spares_what_was_agreed_since(store: &impl Store) -> Outcome {
    begun(store).await?;
    said(store, &mia(), &word(Word::Stop, 2)).await?;
    said(store, &mia(), &word(Word::Start, 20)).await?;
    erase(store, &mia(), at(10), at(10)).await?;
    assert_eq!(standing_of(store, &of(mia())).await?, Standing::Given);
    let mut store_of_jonas = store.entries(&of(conversation_of(JONAS))).await?;
    store.append(&entry(of(conversation_of(JONAS)), 1, true)).await?;
    erase(store, &conversation_of(JONAS), at(10), at(10)).await?;
    store_of_jonas.extend(store.entries(&of(conversation_of(JONAS))).await?);
    assert!(store_of_jonas.is_empty(), "a yes goes whole");
    Ok(())
}

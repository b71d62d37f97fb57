//! Who waits for an answer.

use domain::ports::Recording;

use super::steps::{read, take};
use super::{Outcome, Store};
use crate::events::customer_says;
use crate::ids::{at, conversation_of};

pub async fn nobody_waits_where_nobody_wrote(store: &impl Store) -> Outcome {
    assert_eq!(store.oldest_unanswered().await?, None);
    Ok(())
}

pub async fn the_customer_is_known_who_waits_longest(store: &impl Store) -> Outcome {
    for (person, second) in [("701", 30), ("702", 10), ("703", 20), ("702", 40)] {
        take(store, &customer_says("Hi").numbered(&format!("m_{person}-{second}")).by(person).at(at(second)).build()).await?;
    }
    assert_eq!(store.oldest_unanswered().await?, Some(at(10)));
    Ok(())
}

pub async fn who_has_an_answer_does_not_wait(store: &impl Store) -> Outcome {
    for (person, second) in [("701", 10), ("702", 20)] {
        take(store, &customer_says("Hi").numbered(&format!("m_{person}")).by(person).at(at(second)).build()).await?;
    }
    for (person, next) in [("701", Some(at(20))), ("702", None)] {
        let mut conversation = read(store, &conversation_of(person)).await?;
        conversation.answered();
        store.record(&Recording { conversation: &conversation, entry: None }).await?;
        assert_eq!(store.oldest_unanswered().await?, next);
    }
    Ok(())
}

//! The port `ParkedWork`.

use domain::id::MessageId;
use domain::ports::{ParkedRow, ParkedWork, StoreError};
use domain::time::Timestamp;

use super::state::day;
use super::{Call, FakeStore};

impl ParkedWork for FakeStore {
    async fn parked_on(&self, of: Timestamp, after: Option<&MessageId>, limit: usize) -> Result<Vec<ParkedRow>, StoreError> {
        self.call(Call::ParkedOn, |state| {
            let of_day = state.parked.iter().filter(|(id, work)| day(work.received_at) == day(of) && after.is_none_or(|after| *id > after));
            Ok(of_day.map(|(id, work)| ParkedRow { id: id.clone(), work: work.clone() }).take(limit).collect())
        })
        .await
    }

    async fn mark_parked(&self, row: &ParkedRow, mark: &str) -> Result<bool, StoreError> {
        self.call(Call::MarkParked, |state| {
            let stands = state.parked.contains_key(&row.id);
            if stands {
                state.marks.insert(row.id.clone(), mark.to_owned());
            }
            Ok(stands)
        })
        .await
    }

    async fn unpark(&self, row: &ParkedRow, mark: &str) -> Result<bool, StoreError> {
        self.call(Call::Unpark, |state| {
            let is_ours = state.marks.get(&row.id).is_some_and(|stands| stands == mark);
            if is_ours {
                state.marks.remove(&row.id);
                state.parked.remove(&row.id);
            }
            Ok(is_ours)
        })
        .await
    }
}

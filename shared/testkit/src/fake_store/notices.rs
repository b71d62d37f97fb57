//! The port `Notices`.

use domain::message::RequestKey;
use domain::notice::{DueNotice, Notice, NoticeId, Notices};
use domain::ports::StoreError;
use domain::time::Timestamp;

use super::state::at_least_one;
use super::{Call, FakeStore};

impl Notices for FakeStore {
    async fn notice(&self, id: &NoticeId) -> Result<Option<Notice>, StoreError> {
        self.call(Call::Notice, |state| Ok(state.notices.get(id).map(|(notice, _)| notice.clone()))).await
    }

    async fn save_notice(&self, notice: &Notice, due_at: Option<Timestamp>) -> Result<bool, StoreError> {
        self.call(Call::SaveNotice, |state| {
            let current = state.notices.get(&notice.id).map_or(0, |(stored, _)| stored.revision) == notice.revision;
            if current {
                let stored = Notice { revision: notice.revision + 1, ..notice.clone() };
                state.notices.insert(notice.id.clone(), (stored, due_at));
            }
            Ok(current)
        })
        .await
    }

    async fn note_request(&self, request: &RequestKey) -> Result<bool, StoreError> {
        self.call(Call::NoteRequest, |state| {
            let noted = state.noted.entry(request.key.clone()).or_insert_with(|| request.fingerprint.clone());
            Ok(*noted == request.fingerprint)
        })
        .await
    }

    async fn due_notices(&self, now: Timestamp, limit: usize) -> Result<Vec<DueNotice>, StoreError> {
        self.call(Call::DueNotices, |state| {
            let limit = at_least_one(limit)?;
            let due =
                state.notices.values().filter_map(|(notice, due_at)| Some(DueNotice { notice: notice.id.clone(), due_at: (*due_at)? }));
            let mut due: Vec<DueNotice> = due.filter(|due| due.due_at <= now).collect();
            due.sort_by_key(|due| due.due_at);
            due.truncate(limit);
            Ok(due)
        })
        .await
    }

    async fn postpone_notice(&self, due: &DueNotice, until: Timestamp) -> Result<(), StoreError> {
        self.call(Call::PostponeNotice, |state| {
            if let Some((_, due_at)) = state.notices.get_mut(&due.notice)
                && *due_at == Some(due.due_at)
            {
                *due_at = Some(until);
            }
            Ok(())
        })
        .await
    }
}

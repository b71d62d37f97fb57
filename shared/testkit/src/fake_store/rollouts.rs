//! The port `Rollouts`.

use domain::notice::NoticeId;
use domain::ports::StoreError;
use domain::rollout::{Chosen, Member, Report, Rollout, RolloutId, Rollouts, What};
use domain::time::Timestamp;

use super::{Call, FakeStore};

impl Rollouts for FakeStore {
    async fn rollouts(&self) -> Result<Vec<Rollout>, StoreError> {
        self.call(Call::Rollouts, |state| Ok(state.rollouts.values().cloned().collect())).await
    }

    async fn rollout(&self, id: &RolloutId) -> Result<Option<Rollout>, StoreError> {
        self.call(Call::Rollout, |state| Ok(state.rollouts.get(id).cloned())).await
    }

    async fn put_rollout(&self, rollout: &Rollout) -> Result<bool, StoreError> {
        self.call(Call::PutRollout, |state| {
            let current = state.rollouts.get(&rollout.id).map_or(0, |stored| stored.revision) == rollout.revision;
            if current {
                state.rollouts.insert(rollout.id.clone(), Rollout { revision: rollout.revision + 1, ..rollout.clone() });
            }
            Ok(current)
        })
        .await
    }

    async fn member(&self, rollout: &RolloutId, notice: &NoticeId) -> Result<Option<Member>, StoreError> {
        self.call(Call::Member, |state| Ok(state.members.get(&(rollout.clone(), notice.clone())).cloned())).await
    }

    async fn choose(&self, member: &Member) -> Result<Chosen, StoreError> {
        self.call(Call::Choose, |state| {
            let place = (member.rollout.clone(), member.notice.clone());
            if let Some(before) = state.members.get(&place) {
                return Ok(Chosen::Before(Box::new(before.clone())));
            }
            state.members.insert(place, member.clone());
            state.counted.entry(member.rollout.clone()).or_default().arm_mut(member.arm).chosen += 1;
            Ok(Chosen::First)
        })
        .await
    }

    async fn mark(&self, member: &Member, what: What, at: Timestamp) -> Result<bool, StoreError> {
        self.call(Call::MarkMember, |state| {
            let place = (member.rollout.clone(), member.notice.clone());
            let Some(stored) = state.members.get_mut(&place).filter(|stored| !stored.noted.contains_key(&what)) else { return Ok(false) };
            stored.noted.insert(what, at);
            state.counted.entry(member.rollout.clone()).or_default().arm_mut(member.arm).add(what);
            Ok(true)
        })
        .await
    }

    async fn report(&self, id: &RolloutId) -> Result<Report, StoreError> {
        self.call(Call::Report, |state| Ok(state.counted.get(id).copied().unwrap_or_default())).await
    }
}

//! The port `Rollouts`: rollouts, an item for each notice in one, and counters that are kept in the transactions of what they count.

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use domain::notice::NoticeId;
use domain::ports::StoreError;
use domain::retention;
use domain::rollout::{Chosen, Counters, Member, Report, Rollout, RolloutId, Rollouts, What};
use domain::time::Timestamp;

use crate::item::{self, Item};
use crate::transaction::{self, Ended, SHOW, Verdict};
use crate::{Table, key};

/// How often a transaction is made again that another one on the same counter was in the way of.
const ATTEMPTS: u32 = 5;

impl Rollouts for Table {
    async fn rollouts(&self) -> Result<Vec<Rollout>, StoreError> {
        self.of_partition(key::ROLLOUTS).await?.iter().map(to_rollout).collect()
    }

    async fn rollout(&self, id: &RolloutId) -> Result<Option<Rollout>, StoreError> {
        self.get(&key::rollout(id)).await?.as_ref().map(to_rollout).transpose()
    }

    async fn put_rollout(&self, rollout: &Rollout) -> Result<bool, StoreError> {
        let mut item = item::keyed(&key::rollout(&rollout.id));
        item.insert("revision".into(), AttributeValue::N((rollout.revision + 1).to_string()));
        item.insert("rollout".into(), item::encode(rollout)?);
        self.put_at(item, rollout.revision).await
    }

    async fn member(&self, rollout: &RolloutId, notice: &NoticeId) -> Result<Option<Member>, StoreError> {
        self.get(&key::member(rollout, notice)).await?.as_ref().map(to_member).transpose()
    }

    async fn choose(&self, member: &Member) -> Result<Chosen, StoreError> {
        let key = key::member(&member.rollout, &member.notice);
        let mut item = item::keyed(&key);
        item.insert("member".into(), item::encode(member)?);
        item::expire(&mut item, retention::ends_at(self.retention.messages, member.chosen_at));
        for _ in 0..ATTEMPTS {
            let put = Put::builder().table_name(&self.name).set_item(Some(item.clone()));
            let put = put.condition_expression("attribute_not_exists(pk)").return_values_on_condition_check_failure(SHOW);
            match self.transact(vec![transaction::put(put)?, self.count(member, "chosen")?]).await? {
                Ended::Written => return Ok(Chosen::First),
                Ended::Cancelled(verdicts) => match verdicts.into_iter().next() {
                    Some(Verdict::Refused(Some(before))) => return Ok(Chosen::Before(Box::new(to_member(&before)?))),
                    Some(Verdict::Refused(None) | Verdict::Fine | Verdict::Conflict) | None => {}
                },
            }
        }
        Err(in_the_way())
    }

    async fn mark(&self, member: &Member, what: What, at: Timestamp) -> Result<bool, StoreError> {
        for _ in 0..ATTEMPTS {
            let note = self
                .update_builder(&key::member(&member.rollout, &member.notice))
                .update_expression("SET #what = :at")
                .condition_expression("attribute_exists(pk) AND attribute_not_exists(#what)")
                .expression_attribute_names("#what", noted_as(what))
                .expression_attribute_values(":at", item::encode(at)?);
            match self.transact(vec![transaction::update(note)?, self.count(member, what.as_str())?]).await? {
                Ended::Written => return Ok(true),
                Ended::Cancelled(verdicts) => match verdicts.first() {
                    Some(Verdict::Refused(_)) => return Ok(false),
                    Some(Verdict::Fine | Verdict::Conflict) | None => {}
                },
            }
        }
        Err(in_the_way())
    }

    async fn report(&self, id: &RolloutId) -> Result<Report, StoreError> {
        let mut report = Report::default();
        for item in self.whole_partition(&key::counters_partition(id)).await? {
            let sk = item.get("sk").and_then(|sk| sk.as_s().ok());
            let arm = sk.and_then(|sk| key::counter_arm(sk)).ok_or_else(|| item::corrupt(&item, "no arm"))?;
            let counted = report.arm_mut(arm);
            *counted = counted.plus(to_counters(&item));
        }
        Ok(report)
    }
}

impl Table {
    /// Adds one to a counter of a member's arm.
    fn count(&self, member: &Member, counter: &str) -> Result<TransactWriteItem, StoreError> {
        transaction::update(
            self.update_builder(&key::counter(&member.rollout, member.arm, &member.notice))
                .update_expression("SET #schema = :schema ADD #counter :one")
                .expression_attribute_names("#schema", "schema")
                .expression_attribute_names("#counter", format!("{COUNTED}{counter}"))
                .expression_attribute_values(":schema", AttributeValue::N(item::SCHEMA.into()))
                .expression_attribute_values(":one", AttributeValue::N("1".into())),
        )
    }
}

/// How the attributes of counters begin.
const COUNTED: &str = "counted_";

fn noted_as(what: What) -> String {
    format!("{}_at", what.as_str())
}

fn to_rollout(item: &Item) -> Result<Rollout, StoreError> {
    let mut rollout: Rollout = item::decode(item, "rollout")?;
    rollout.revision = item::number(item, "revision").ok_or_else(|| item::corrupt(item, "no revision"))?;
    Ok(rollout)
}

fn to_member(item: &Item) -> Result<Member, StoreError> {
    let mut member: Member = item::decode(item, "member")?;
    for what in What::ALL {
        let name = noted_as(what);
        if item.contains_key(&name) {
            member.noted.insert(what, item::decode(item, &name)?);
        }
    }
    Ok(member)
}

fn to_counters(item: &Item) -> Counters {
    let counted = |name: &str| item::number(item, &format!("{COUNTED}{name}")).unwrap_or(0);
    Counters {
        chosen: counted("chosen"),
        sent: counted(What::Sent.as_str()),
        delivered: counted(What::Delivered.as_str()),
        read: counted(What::Read.as_str()),
        answered: counted(What::Answered.as_str()),
        blocked: counted(What::Blocked.as_str()),
        failed: counted(What::Failed.as_str()),
        case_opened: counted(What::CaseOpened.as_str()),
    }
}

fn in_the_way() -> StoreError {
    StoreError::Unavailable { reason: "other transactions held the counter".into() }
}

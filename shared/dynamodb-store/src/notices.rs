//! The port `Notices`.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::message::RequestKey;
use domain::notice::{DueNotice, Notice, NoticeId, Notices};
use domain::ports::StoreError;
use domain::retention;
use domain::time::Timestamp;

use crate::item::{self, Item};
use crate::{Table, error, key};

impl Notices for Table {
    async fn notice(&self, id: &NoticeId) -> Result<Option<Notice>, StoreError> {
        self.get(&key::notice(id)).await?.as_ref().map(to_notice).transpose()
    }

    async fn save_notice(&self, notice: &Notice, due_at: Option<Timestamp>) -> Result<bool, StoreError> {
        failpoint::around!("table.save_notice", self.put_at(self.of_notice(notice, due_at)?, notice.revision).await)
    }

    async fn note_request(&self, request: &RequestKey) -> Result<bool, StoreError> {
        let mut item = item::keyed(&key::marker(&request.key));
        item.insert("fingerprint".into(), AttributeValue::S(request.fingerprint.as_str().into()));
        item::expire(&mut item, Some(request.kept_until));
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) OR fingerprint = :same")
            .expression_attribute_values(":same", AttributeValue::S(request.fingerprint.as_str().into()));
        match put.send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(service)) if service.err().is_conditional_check_failed_exception() => Ok(false),
            Err(other) => Err(error::of(other)),
        }
    }

    async fn due_notices(&self, now: Timestamp, limit: usize) -> Result<Vec<DueNotice>, StoreError> {
        let mut due = Vec::new();
        for shard in 0..key::NOTICE_SHARDS {
            due.extend(self.due_in(key::notices_partition(shard), now, limit).await?.iter().filter_map(to_due));
        }
        due.sort_by_key(|notice| notice.due_at);
        due.truncate(limit);
        Ok(due)
    }

    async fn postpone_notice(&self, due: &DueNotice, until: Timestamp) -> Result<(), StoreError> {
        let sort = |at| key::notice_sort(at, &due.notice);
        let partition = key::notices_partition(key::notice_shard(&due.notice));
        self.move_due(&key::notice(&due.notice), partition, sort(due.due_at), sort(until)).await
    }
}

impl Table {
    /// The item of a notice at its next revision, with its place among what should be looked at.
    pub(crate) fn of_notice(&self, notice: &Notice, due_at: Option<Timestamp>) -> Result<Item, StoreError> {
        let mut item = item::keyed(&key::notice(&notice.id));
        item.insert("revision".into(), AttributeValue::N((notice.revision + 1).to_string()));
        item.insert("notice".into(), item::encode(notice)?);
        item::expire(&mut item, retention::ends_at(self.retention.messages, notice.created_at));
        if let Some(at) = due_at {
            item.insert("due_pk".into(), AttributeValue::S(key::notices_partition(key::notice_shard(&notice.id))));
            item.insert("due_sk".into(), AttributeValue::S(key::notice_sort(at, &notice.id)));
        }
        Ok(item)
    }
}

fn to_notice(item: &Item) -> Result<Notice, StoreError> {
    let mut notice: Notice = item::decode(item, "notice")?;
    notice.revision = item::number(item, "revision").ok_or_else(|| item::corrupt(item, "no revision"))?;
    Ok(notice)
}

/// Reads a place in the index. One that cannot be read must not keep the others.
fn to_due(item: &Item) -> Option<DueNotice> {
    let sort = item.get("due_sk").and_then(|value| value.as_s().ok());
    let Some((due_at, notice)) = sort.and_then(|sort| key::parse_notice_sort(sort)) else {
        let err = error::corrupt(item.get("pk"), item.get("sk"), "due_sk names no notice");
        tracing::error!(error = %err, "a notice cannot be looked at");
        return None;
    };
    Some(DueNotice { notice, due_at })
}

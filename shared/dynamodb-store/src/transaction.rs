//! Several writes that happen together or not at all, and what made them not happen.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use domain::ports::StoreError;

use crate::Table;
use crate::error;
use crate::item::Item;

/// How a transaction ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Written,
    /// Conditions failed or another transaction was in the way: what came of each write, in order.
    Cancelled(Vec<Verdict>),
}

/// What came of one write of a cancelled transaction.
#[derive(Debug)]
pub(crate) enum Verdict {
    Fine,
    /// Its condition failed; the item that stood there, when it was asked for.
    Refused(Option<Item>),
    /// Another transaction held the item.
    Conflict,
}

/// How a transaction of several independent parts ended.
#[derive(Debug)]
pub(crate) enum EndedTogether {
    Written,
    /// Nothing was written: for each write, in order, whether it was in the way.
    Cancelled(Vec<bool>),
}

impl Table {
    pub(crate) async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<Ended, StoreError> {
        match self.send(writes).await? {
            None => Ok(Ended::Written),
            Some(reasons) => reasons.into_iter().map(verdict).collect::<Result<_, _>>().map(Ended::Cancelled),
        }
    }

    /// Makes a transaction whose parts have nothing to do with one another.
    pub(crate) async fn transact_together(&self, writes: Vec<TransactWriteItem>) -> Result<EndedTogether, StoreError> {
        let was_in_the_way = |reason: CancellationReason| reason.code.is_some_and(|code| code != "None");
        Ok(match self.send(writes).await? {
            None => EndedTogether::Written,
            Some(reasons) => EndedTogether::Cancelled(reasons.into_iter().map(was_in_the_way).collect()),
        })
    }

    /// Sends a transaction and returns why it was cancelled, if it was.
    async fn send(&self, writes: Vec<TransactWriteItem>) -> Result<Option<Vec<CancellationReason>>, StoreError> {
        let sent = self.client.transact_write_items().set_transact_items(Some(writes)).send().await;
        let Err(failed) = sent else { return Ok(None) };
        cancellation(&failed).map(Some).ok_or_else(|| error::of(failed))
    }
}

fn cancellation(failed: &SdkError<TransactWriteItemsError>) -> Option<Vec<CancellationReason>> {
    if let SdkError::ServiceError(service) = failed
        && let TransactWriteItemsError::TransactionCanceledException(cancelled) = service.err()
    {
        return Some(cancelled.cancellation_reasons().to_vec());
    }
    None
}

fn verdict(reason: CancellationReason) -> Result<Verdict, StoreError> {
    let message = || reason.message.clone().unwrap_or_default();
    match reason.code.as_deref() {
        None | Some("None") => Ok(Verdict::Fine),
        Some("ConditionalCheckFailed") => Ok(Verdict::Refused(reason.item)),
        Some("TransactionConflict" | "DuplicateItem") => Ok(Verdict::Conflict),
        Some("ValidationError" | "ItemCollectionSizeLimitExceeded") => Err(StoreError::Refused { reason: message() }),
        Some(code) => Err(StoreError::Unavailable { reason: format!("{code}: {}", message()) }),
    }
}

/// Builders that cannot be incomplete, because this file fills every required field.
pub(crate) fn put(put: aws_sdk_dynamodb::types::builders::PutBuilder) -> Result<TransactWriteItem, StoreError> {
    let put: Put = put.build().map_err(|err| error::build(&err))?;
    Ok(TransactWriteItem::builder().put(put).build())
}

pub(crate) fn update(update: aws_sdk_dynamodb::types::builders::UpdateBuilder) -> Result<TransactWriteItem, StoreError> {
    let update: Update = update.build().map_err(|err| error::build(&err))?;
    Ok(TransactWriteItem::builder().update(update).build())
}

pub(crate) fn delete(delete: aws_sdk_dynamodb::types::builders::DeleteBuilder) -> Result<TransactWriteItem, StoreError> {
    let delete: Delete = delete.build().map_err(|err| error::build(&err))?;
    Ok(TransactWriteItem::builder().delete(delete).build())
}

/// Asks for the item that stood in the way.
pub(crate) const SHOW: ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure::AllOld;

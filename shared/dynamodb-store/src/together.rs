//! Several conversations in one call: read by `BatchGetItem`, written by one transaction.
//!
//! A transaction of several recordings is a bet that none is in the way. When it is lost, nothing was written, and those that were in the way
//! are recorded by themselves, so that each ends as if it had been alone.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{KeysAndAttributes, TransactWriteItem};
use domain::erase::Standing;
use domain::history::Entry;
use domain::id::{ConversationId, PageId};
use domain::ports::{History, Recorded, Recording, StoreError};
use futures::{StreamExt, stream};

use crate::item::Item;
use crate::transaction::EndedTogether;
use crate::{Table, error, item, key};

/// The most keys of one `BatchGetItem`, and the most writes of one transaction.
const MOST_KEYS: usize = 100;
const MOST_WRITES: usize = 100;

/// The longest raw event that is written together with others: a transaction takes 4 MB, and a row is a few times as long as its event.
const LONGEST_RAW: usize = 4 * 1024;

/// How often keys are asked for that a call left out.
const READS: u32 = 3;

/// How often what was not in the way is written together, before each recording is left to itself.
const BETS: u32 = 2;

/// How many calls are made side by side: more connections than this cost more than they bring.
const SIDE_BY_SIDE: usize = 8;

/// What became of a recording, with its place among all.
type Ended = (usize, Result<Recorded, StoreError>);

/// A recording that may be written together with others.
struct Part<'a> {
    place: usize,
    recording: &'a Recording<'a>,
    writes: Vec<TransactWriteItem>,
}

impl Table {
    pub(crate) async fn read_together(&self, ids: &[ConversationId]) -> Vec<Result<Standing, StoreError>> {
        if let [id] = ids {
            return vec![self.standing(id).await];
        }
        let chunks: Vec<_> = ids.chunks(MOST_KEYS).map(|ids| self.read_chunk(ids)).collect();
        let read: Vec<Vec<_>> = stream::iter(chunks).buffered(SIDE_BY_SIDE).collect().await;
        read.into_iter().flatten().collect()
    }

    async fn read_chunk(&self, ids: &[ConversationId]) -> Vec<Result<Standing, StoreError>> {
        match self.batch_get(ids).await {
            Ok(found) => {
                let standing = |id| found.get(&key::conversation(id).pk).map_or(Ok(Standing::Nothing), item::to_standing);
                ids.iter().map(standing).collect()
            }
            Err(StoreError::Unavailable { reason }) => {
                ids.iter().map(|_| Err(StoreError::Unavailable { reason: reason.clone() })).collect()
            }
            // What the table refuses about one must not cost the others.
            Err(StoreError::Refused { .. } | StoreError::Corrupt { .. }) => {
                let reads: Vec<_> = ids.iter().map(|id| self.standing(id)).collect();
                stream::iter(reads).buffered(SIDE_BY_SIDE).collect().await
            }
        }
    }

    /// Reads summaries by their partitions.
    async fn batch_get(&self, ids: &[ConversationId]) -> Result<BTreeMap<String, Item>, StoreError> {
        // The table takes each key once.
        let distinct: BTreeSet<&ConversationId> = ids.iter().collect();
        let keys = distinct.into_iter().map(|id| item::key_of(&key::conversation(id))).collect();
        let wanted = KeysAndAttributes::builder().consistent_read(true).set_keys(Some(keys));
        let mut wanted = wanted.build().map_err(|err| error::build(&err))?;
        let mut found = BTreeMap::new();
        for _ in 0..READS {
            let output = self.client.batch_get_item().request_items(&self.name, wanted).send().await.map_err(error::of)?;
            let items = output.responses.and_then(|mut tables| tables.remove(&self.name)).unwrap_or_default();
            let partition = |item: &Item| item.get("pk").and_then(|pk| pk.as_s().ok()).cloned();
            found.extend(items.into_iter().filter_map(|item| Some((partition(&item)?, item))));
            match output.unprocessed_keys.and_then(|mut tables| tables.remove(&self.name)) {
                Some(left) if !left.keys.is_empty() => wanted = left,
                Some(_) | None => return Ok(found),
            }
        }
        Err(StoreError::Unavailable { reason: "the table left some conversations out".into() })
    }

    pub(crate) async fn record_together(&self, recordings: &[Recording<'_>]) -> Vec<Result<Recorded, StoreError>> {
        if let [recording] = recordings {
            return vec![self.record(recording).await];
        }
        let unlisted = self.register_pages(recordings).await;
        let mut seen = BTreeSet::new();
        let (mut parts, mut alone) = (Vec::new(), Vec::new());
        for (place, recording) in recordings.iter().enumerate() {
            let conversation = recording.conversation;
            let is_part = seen.insert(&conversation.id) && is_short(recording) && !unlisted.contains(&conversation.page);
            match self.writes(recording) {
                Ok(writes) if is_part => parts.push(Part { place, recording, writes }),
                // What cannot be written tells its own reason there.
                Ok(_) | Err(_) => alone.push((place, recording)),
            }
        }
        let transactions: Vec<_> = transactions(parts).into_iter().map(|parts| self.record_parts(parts)).collect();
        let ended: Vec<Vec<Ended>> = stream::iter(transactions).buffer_unordered(SIDE_BY_SIDE).collect().await;
        let mut ends: BTreeMap<usize, _> = ended.into_iter().flatten().collect();
        // After the others, for one of them may be of the same conversation.
        ends.extend(self.record_each(alone).await);
        ends.into_values().collect()
    }

    /// Makes the Pages of new conversations listable, and returns those with which that failed.
    async fn register_pages(&self, recordings: &[Recording<'_>]) -> BTreeSet<PageId> {
        let new = recordings.iter().map(|recording| recording.conversation).filter(|conversation| conversation.version == 0);
        let pages: BTreeSet<&PageId> = new.map(|conversation| &conversation.page).collect();
        let mut unlisted = BTreeSet::new();
        for page in pages {
            if self.register_page(page).await.is_err() {
                unlisted.insert(page.clone());
            }
        }
        unlisted
    }

    fn writes(&self, recording: &Recording<'_>) -> Result<Vec<TransactWriteItem>, StoreError> {
        let conversation = recording.conversation;
        match recording.entry {
            None => Ok(vec![self.conversation_write(conversation)?]),
            Some((Entry::Message(message), dedupe)) => self.message_writes(conversation, message, dedupe, 0),
            Some((Entry::Event(event), dedupe)) => {
                self.event_writes(Some(conversation), event, &key::event(&conversation.id, &event.id), dedupe)
            }
        }
    }

    async fn record_parts(&self, mut parts: Vec<Part<'_>>) -> Vec<Ended> {
        let mut alone = Vec::new();
        for _ in 0..BETS {
            if parts.len() < 2 {
                break;
            }
            let writes = parts.iter().flat_map(|part| part.writes.iter().cloned()).collect();
            match failpoint::around!("table.record_together", self.transact_together(writes).await) {
                Ok(EndedTogether::Written) => {
                    let written = parts.into_iter().map(|part| (part.place, Ok(Recorded::New)));
                    return written.chain(self.record_each(alone).await).collect();
                }
                Ok(EndedTogether::Cancelled(in_the_way)) => {
                    let mut verdicts = in_the_way.into_iter();
                    let (troubled, fine) = parts.into_iter().partition(|part| {
                        // All of its verdicts are taken, whatever the first one says.
                        verdicts.by_ref().take(part.writes.len()).filter(|was_in_the_way| *was_in_the_way).count() > 0
                    });
                    let troubled: Vec<Part<'_>> = troubled;
                    alone.extend(troubled.iter().map(|part| (part.place, part.recording)));
                    parts = fine;
                }
                // It may have been written. Asking again for each would only add to the load; the events come again, and are known then.
                Err(StoreError::Unavailable { reason }) => {
                    let unknown = parts.into_iter().map(|part| (part.place, Err(StoreError::Unavailable { reason: reason.clone() })));
                    return unknown.chain(self.record_each(alone).await).collect();
                }
                Err(StoreError::Refused { .. } | StoreError::Corrupt { .. }) => break,
            }
        }
        alone.extend(parts.iter().map(|part| (part.place, part.recording)));
        self.record_each(alone).await
    }

    async fn record_each(&self, recordings: Vec<(usize, &Recording<'_>)>) -> Vec<Ended> {
        let record = async |(place, recording)| (place, self.record(recording).await);
        let recorded: Vec<_> = recordings.into_iter().map(record).collect();
        stream::iter(recorded).buffer_unordered(SIDE_BY_SIDE).collect().await
    }
}

/// Tells whether a recording is short enough that as many as one transaction takes fit into it.
fn is_short(recording: &Recording<'_>) -> bool {
    match recording.entry {
        None => true,
        Some((Entry::Message(message), _)) => message.raw.as_ref().is_none_or(|raw| raw.len() <= LONGEST_RAW),
        Some((Entry::Event(event), _)) => event.raw.len() <= LONGEST_RAW,
    }
}

/// Cuts parts into transactions, each as large as one may be.
fn transactions(parts: Vec<Part<'_>>) -> Vec<Vec<Part<'_>>> {
    let mut transactions = Vec::new();
    let mut writes = MOST_WRITES;
    for part in parts {
        writes += part.writes.len();
        if writes > MOST_WRITES {
            writes = part.writes.len();
            transactions.push(Vec::new());
        }
        if let Some(last) = transactions.last_mut() {
            last.push(part);
        }
    }
    transactions
}

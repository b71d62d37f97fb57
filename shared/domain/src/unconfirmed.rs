//! What became of a send whose answer never came, when its echo does not come either: the platform's own record is asked.
//!
//! Only when the echo stays out and the record says that nothing was sent is a message sent again. When nobody can tell, a person decides.
//!
//! The record shows a template without its words, or with some of them. So a message that left by a form is taken as sent only when its very
//! words stand there, and as not sent only when nothing stands there that we do not know. That Meta refuses the receipt of an order number
//! which it has had is unconfirmed, and not relied on.

use std::time::Duration;

use crate::content::Content;
use crate::id::{DedupeKey, PlatformMessageId};
use crate::message::{Message, Part};
use crate::ports::{History, ProfileError, RecordedSend, StoreError, ThreadRecord, ThreadRecordApi};
use crate::time::Timestamp;

/// How far our clock and the platform's may be apart; the record has whole seconds, too.
const CLOCK_SKEW: Duration = Duration::from_secs(10);

/// How long the record is asked when it does not answer: what follows in the conversation waits so long at most.
const ASK_FOR: Duration = Duration::from_mins(10);

/// What the record tells of the first part that is in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It left.
    Left {
        part: usize,
        platform_id: PlatformMessageId,
        at: Timestamp,
    },
    DidNotLeave,
    /// The record did not answer this time.
    AskAgain,
    /// The record does not reach back far enough, or is closed to us.
    NobodyKnows {
        reason: String,
    },
}

/// Asks the platform's record about `message`, which is in doubt since `since`.
pub async fn ask(
    history: &impl History,
    api: &impl ThreadRecordApi,
    message: &Message,
    since: Timestamp,
    now: Timestamp,
) -> Result<Verdict, StoreError> {
    let Some((index, part)) = message.sending.as_ref().and_then(|sending| sending.next_part()) else { return Ok(Verdict::AskAgain) };
    // From its acceptance on: when exactly it was tried is not known of a worker that stopped.
    let asked = api.sent_since(&message.page, &message.user, message.occurred_at.minus(CLOCK_SKEW)).await;
    let record = match asked {
        Ok(record) => record,
        Err(ProfileError::Unavailable { .. } | ProfileError::AskedToWait { .. }) if now.since(since) < ASK_FOR => {
            return Ok(Verdict::AskAgain);
        }
        Err(ProfileError::Unavailable { reason } | ProfileError::AskedToWait { reason, .. } | ProfileError::Refused { reason }) => {
            return Ok(for_a_person(&format!("Meta's record could not be read: {reason}")));
        }
    };
    let mut strangers = 0_usize;
    for send in &record.sends {
        let says_it = says(part, send);
        if (says_it || part.forms.is_some()) && may_be(history, message, send).await? {
            if says_it {
                return Ok(Verdict::Left { part: index, platform_id: send.platform_id.clone(), at: send.at });
            }
            strangers += 1;
        }
    }
    if strangers > 0 {
        return Ok(for_a_person("Meta's record shows a message that Shopbell does not know, and not what its template said"));
    }
    Ok(not_found(&record))
}

/// Tells whether an entry of the record has the words of a part, in one of its forms.
fn says(part: &Part, send: &RecordedSend) -> bool {
    let inside = part.forms.as_ref().and_then(|forms| match &forms.inside {
        Content::Text { text } | Content::Buttons { text, .. } => Some(text),
        Content::Receipt(_) => None,
    });
    [Some(&part.text), inside].into_iter().flatten().any(|text| text.trim() == send.text.trim())
}

/// Tells whether an entry of the record may be the message: it is when no message of the history has its id.
async fn may_be(history: &impl History, message: &Message, send: &RecordedSend) -> Result<bool, StoreError> {
    if message.platform_ids.contains(&send.platform_id) {
        return Ok(false);
    }
    let key = DedupeKey::of_message(&message.page, &send.platform_id);
    Ok(history.message_by_key(&key).await?.is_none())
}

fn not_found(record: &ThreadRecord) -> Verdict {
    if record.complete {
        Verdict::DidNotLeave
    } else {
        for_a_person("Meta's record shows only the newest messages, and this one may stand further back")
    }
}

fn for_a_person(cause: &str) -> Verdict {
    let reason = format!(
        "Nobody can tell whether it left. {cause}. Look into the thread in Meta Business Suite, and write again if it is not there."
    );
    Verdict::NobodyKnows { reason }
}

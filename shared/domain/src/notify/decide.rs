//! Deciding about a notice: by which way it leaves now, and what came of the way that it took.

use std::time::Duration;

use super::Ports;
use super::announcing;
use super::counting;
use super::look::{CLOCKS_DIFFER, Look, look};
use super::take::{TakeError, correct};
use super::tell::{TellError, tell};
use crate::announce::EventQueueError;
use crate::content::Receipt;
use crate::conversation::Conversation;
use crate::history::{Entry, TimelineEvent};
use crate::id::{ConversationId, DedupeKey, MessageId};
use crate::mail::{MailError, Mailer};
use crate::message::{End, Message, MessageState, Outcome};
use crate::notice::{Notice, NoticeId, NoticeKind, NoticeState, Notices, Step as Reach, WaitsFor};
use crate::orders::{Order, Parcel};
use crate::ports::{History, Recorded, Recording, StoreError};
use crate::retry::{Retry, Retryable};
use crate::rollout::{RolloutError, What};
use crate::time::Timestamp;
use crate::way_out::{Decision, WayOut, way_out};

/// How often a decision is made again after losing a race for a row.
const ATTEMPTS: u32 = 10;

/// When a notice whose message is on its way is looked at again, beside the job that tells of the message's end.
const LOOK_AGAIN: Duration = Duration::from_hours(1);

/// How long a mail server may take to answer; after this nobody can tell whether it took an e-mail.
const MAILING: Duration = Duration::from_mins(10);

/// When a notice that has just left by e-mail is looked at again, unless all that follows from it is done before.
const LOOK_SOON: Duration = Duration::from_mins(1);

/// When a notice that the mail server did not take is tried again.
const MAIL_AGAIN: Duration = Duration::from_mins(5);

/// How long the customer's doings are followed after a notice: what they answer within it is counted.
pub(super) const FOLLOWED: Duration = Duration::from_hours(7 * 24);

/// What became of deciding about a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// As it stands now.
    Notice(Box<Notice>),
    /// There is none, or none any more.
    Gone,
}

#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    #[error("the notice could not be read or written")]
    Store(#[source] StoreError),
    #[error("the notice's order could not be read or written")]
    Order(#[source] TakeError),
    #[error("the notice's message could not be accepted")]
    Tell(#[source] TellError),
    #[error("the notice's e-mail did not leave")]
    Mail(#[source] MailError),
    /// It is stored, and announced when the notice is decided about again.
    #[error("what became of the notice was not announced")]
    Announce(#[source] EventQueueError),
    #[error("what became of the notice was not counted")]
    Count(#[source] RolloutError),
    #[error("the notice changed {ATTEMPTS} times while it was decided about")]
    Busy,
}

impl Retryable for DecideError {
    fn retry(&self) -> Retry {
        match self {
            Self::Store(err) => err.retry(),
            Self::Order(err) => err.retry(),
            Self::Tell(err) => err.retry(),
            Self::Mail(err) => err.retry(),
            Self::Announce(err) => err.retry(),
            Self::Count(err) => err.retry(),
            Self::Busy => Retry::Backoff,
        }
    }
}

/// How one look at a notice ended.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and a box of it would be read and written as often")]
enum Turn {
    Done(Notice),
    /// Something changed: look again.
    Again,
}

/// Decides about a notice, or takes in what became of it. Doing it again changes nothing.
pub async fn decide(world: &impl Ports, id: &NoticeId) -> Result<Decided, DecideError> {
    for _ in 0..ATTEMPTS {
        let Some(notice) = world.store().notice(id).await.map_err(DecideError::Store)? else { return Ok(Decided::Gone) };
        // Boxed: the futures of all that may happen to a notice are large together.
        let turn = match &notice.state {
            NoticeState::Undecided | NoticeState::Waiting { .. } => Box::pin(choose(world, notice)).await?,
            NoticeState::Message { conversation, message } => {
                let (conversation, message) = (conversation.clone(), message.clone());
                Box::pin(follow(world, notice, &conversation, &message)).await?
            }
            NoticeState::Mailing { since } => {
                let since = *since;
                mailing(world, notice, since).await?
            }
            NoticeState::Mailed { .. } if notice.announced < notice.reached.len() => {
                left(world, &notice).await?;
                Turn::Done(notice)
            }
            NoticeState::Mailed { .. } | NoticeState::HeldOut | NoticeState::Dropped { .. } | NoticeState::Failed { .. } => {
                Turn::Done(notice)
            }
        };
        if let Turn::Done(mut notice) = turn {
            announce(world, &mut notice).await?;
            return Ok(Decided::Notice(Box::new(notice)));
        }
    }
    Err(DecideError::Busy)
}

/// Chooses a way and takes it.
async fn choose(world: &impl Ports, mut notice: Notice) -> Result<Turn, DecideError> {
    let Some(look) = look(world, &notice).await? else {
        notice.state = NoticeState::Dropped { reason: "The order is not stored any more.".into() };
        return save(world, notice).await;
    };
    if notice.kind == NoticeKind::Problem
        && look.situation.not_worth.is_none()
        && let Some(conversation) = &look.conversation
    {
        open_case(world, &notice, &look.order, conversation).await?;
    }
    notice.rollout.clone_from(&look.rollout);
    let (way, reason) = way_out(&look.situation);
    notice.decided(Decision { at: world.now(), way, reason: reason.clone() });
    match way {
        WayOut::ReceiptTemplate | WayOut::TextWithButtons | WayOut::UtilityTemplate => leave(world, notice, &look, way).await,
        WayOut::Email => mail(world, notice, &look).await,
        WayOut::WaitForLink => wait(world, notice, WaitsFor::Link, reason).await,
        WayOut::WaitForWindow => {
            if let Some(conversation) = &look.conversation
                && !follows(world, conversation, notice.expires_at).await?
            {
                return Ok(Turn::Again);
            }
            wait(world, notice, WaitsFor::Window, reason).await
        }
        WayOut::HoldOut => {
            notice.state = NoticeState::HeldOut;
            if let Some(conversation) = &look.conversation
                && !follows(world, conversation, world.now().plus(FOLLOWED)).await?
            {
                return Ok(Turn::Again);
            }
            save(world, notice).await
        }
        WayOut::Drop => {
            notice.state = NoticeState::Dropped { reason };
            save(world, notice).await
        }
        WayOut::GiveUp => fail(world, notice, reason).await,
    }
}

async fn wait(world: &impl Ports, mut notice: Notice, on: WaitsFor, reason: String) -> Result<Turn, DecideError> {
    notice.state = NoticeState::Waiting { on, reason };
    notice.reach(Reach::Waiting, world.now());
    save(world, notice).await
}

async fn fail(world: &impl Ports, mut notice: Notice, reason: String) -> Result<Turn, DecideError> {
    notice.state = NoticeState::Failed { reason };
    notice.reach(Reach::Failed, world.now());
    count(world, &notice, What::Failed).await?;
    save(world, notice).await
}

/// Makes the notice a message of its conversation.
async fn leave(world: &impl Ports, mut notice: Notice, look: &Look, way: WayOut) -> Result<Turn, DecideError> {
    let Some(conversation) = &look.conversation else { return Ok(Turn::Again) };
    if !follows(world, conversation, world.now().plus(FOLLOWED)).await? {
        return Ok(Turn::Again);
    }
    Box::pin(earlier_first(world, &notice, &look.order)).await?;
    let Some(message) = tell(world, &notice, look, conversation, way).await.map_err(DecideError::Tell)? else {
        // The window closed in this moment.
        return Ok(Turn::Again);
    };
    if notice.kind == NoticeKind::Receipt {
        // Of the message, which may have been accepted by somebody who did not get as far as this, and knew the order as it was then.
        notice.shown = Some(message.receipt().map_or_else(|| look.order.receipt_digest(), Receipt::digest));
    }
    notice.state = NoticeState::Message { conversation: conversation.id.clone(), message: message.id };
    save(world, notice).await
}

/// Decides about what the order had to tell before: the parcel's news does not overtake the receipt.
async fn earlier_first(world: &impl Ports, notice: &Notice, order: &Order) -> Result<(), DecideError> {
    for id in &order.before(notice) {
        let earlier = world.store().notice(id).await.map_err(DecideError::Store)?;
        if earlier.is_some_and(|earlier| matches!(earlier.state, NoticeState::Undecided | NoticeState::Waiting { .. })) {
            by_itself(decide(world, id).await)?;
        }
    }
    Ok(())
}

/// Leaves a notice that cannot leave by e-mail now to itself: it is tried again, and holds none of the others up.
pub(super) fn by_itself(decided: Result<Decided, DecideError>) -> Result<(), DecideError> {
    match decided {
        Ok(_) | Err(DecideError::Mail(_)) => Ok(()),
        Err(err) => Err(err),
    }
}

/// Takes in what became of the notice's message.
async fn follow(world: &impl Ports, mut notice: Notice, conversation: &ConversationId, message: &MessageId) -> Result<Turn, DecideError> {
    let stored = world.store().message(conversation, message).await.map_err(DecideError::Store)?;
    let conversation = world.store().conversation(conversation).await.map_err(DecideError::Store)?;
    let Some((message, conversation)) = stored.zip(conversation) else {
        notice.state = NoticeState::Dropped { reason: "The conversation was erased.".into() };
        return save(world, notice).await;
    };
    match message.sending.as_ref().map(|sending| &sending.outcome) {
        Some(Outcome::Failed { reason, end }) => {
            let reason = reason.clone();
            match end {
                End::Refused => refused(world, notice, &conversation, reason).await,
                End::OutOfReach => {
                    count(world, &notice, What::Blocked).await?;
                    // Whoever writes again is in reach again: then a form for inside the window may be taken.
                    let inside = [WayOut::ReceiptTemplate, WayOut::TextWithButtons];
                    if notice.way().is_none_or(|way| inside.contains(&way)) {
                        notice.refused.extend(inside);
                    }
                    notice.refused.push(WayOut::UtilityTemplate);
                    refused(world, notice, &conversation, reason).await
                }
                End::GivenUp => {
                    // What was not to be told is not corrected either.
                    notice.shown = None;
                    fail(world, notice, reason).await
                }
            }
        }
        Some(Outcome::Sent { at }) => {
            let at = *at;
            sent(world, notice, &message, &conversation, at).await
        }
        Some(Outcome::Unconfirmed { for_a_person: true, .. }) | None => save(world, notice).await,
        Some(Outcome::Queued { .. } | Outcome::Sending { .. } | Outcome::Waiting { .. } | Outcome::Unconfirmed { .. }) => {
            save(world, notice).await
        }
    }
}

/// The message never left by its way: another one is chosen. A window that closed in between refuses no form.
async fn refused(world: &impl Ports, mut notice: Notice, conversation: &Conversation, reason: String) -> Result<Turn, DecideError> {
    let way = notice.way().unwrap_or(WayOut::TextWithButtons);
    let is_open = conversation.window_ends_at.is_some_and(|end| world.now().plus(CLOCKS_DIFFER) < end);
    if (way == WayOut::UtilityTemplate || is_open) && !notice.refused.contains(&way) {
        notice.refused.push(way);
    }
    notice.tries = notice.tries.saturating_add(1);
    notice.shown = None;
    notice.decided(Decision { at: world.now(), way, reason });
    notice.state = NoticeState::Undecided;
    match save(world, notice).await? {
        Turn::Done(_) | Turn::Again => Ok(Turn::Again),
    }
}

async fn sent(
    world: &impl Ports,
    mut notice: Notice,
    message: &Message,
    conversation: &Conversation,
    at: Timestamp,
) -> Result<Turn, DecideError> {
    let state = message.state(conversation.marks);
    let mut is_news = false;
    if notice.reach(Reach::Sent, at) {
        is_news = true;
        left(world, &notice).await?;
    }
    if matches!(state, MessageState::Delivered | MessageState::Read) && notice.reach(Reach::Delivered, world.now()) {
        is_news = true;
        count(world, &notice, What::Delivered).await?;
    }
    if state == MessageState::Read && notice.reach(Reach::Read, world.now()) {
        is_news = true;
        count(world, &notice, What::Read).await?;
    }
    if is_news { save(world, notice).await } else { Ok(Turn::Done(notice)) }
}

/// Sees to what follows once a notice has left. Doing it again changes nothing.
async fn left(world: &impl Ports, notice: &Notice) -> Result<(), DecideError> {
    count(world, notice, What::Sent).await?;
    if notice.kind == NoticeKind::Receipt
        && let Some(correction) = correct(world.store(), &notice.order, world.now()).await.map_err(DecideError::Order)?
    {
        by_itself(Box::pin(decide(world, &correction)).await)?;
    }
    Ok(())
}

/// Hands the notice to the mail server. It is written down before, so that nobody hands it over twice.
async fn mail(world: &impl Ports, mut notice: Notice, look: &Look) -> Result<Turn, DecideError> {
    let Some(email) = look.email(&notice) else { return Ok(Turn::Again) };
    notice.state = NoticeState::Mailing { since: world.now() };
    let Turn::Done(mut notice) = save(world, notice).await? else { return Ok(Turn::Again) };
    match world.mail().send(&email).await {
        Ok(()) => {
            notice.state = NoticeState::Mailed { at: world.now() };
            notice.reach(Reach::Sent, world.now());
            // Before anything else may fail: it has left.
            save(world, notice).await.map(|_| Turn::Again)
        }
        Err(MailError::Refused { reason }) => {
            notice.refused.push(WayOut::Email);
            notice.decided(Decision { at: world.now(), way: WayOut::Email, reason: format!("The mail server refused it: {reason}.") });
            notice.state = NoticeState::Undecided;
            save(world, notice).await.map(|_| Turn::Again)
        }
        Err(MailError::Unknown { reason }) => fail(world, notice, unknown_in_words(&reason)).await,
        Err(err @ MailError::NotTaken { .. }) => {
            notice.state = NoticeState::Undecided;
            // Whoever asks for it next is the sweep: a server that is down, or does not let us in, is not asked for each notice all the time.
            let again_at = world.now().plus(MAIL_AGAIN);
            world.store().save_notice(&notice, Some(again_at)).await.map_err(DecideError::Store)?;
            Err(DecideError::Mail(err))
        }
    }
}

/// Somebody was handing it to the mail server and never said what came of it.
async fn mailing(world: &impl Ports, notice: Notice, since: Timestamp) -> Result<Turn, DecideError> {
    if world.now().since(since) < MAILING {
        return Ok(Turn::Done(notice));
    }
    fail(world, notice, unknown_in_words("no answer of it was seen")).await
}

fn unknown_in_words(reason: &str) -> String {
    format!("Nobody can tell whether the mail server took it ({reason}); it is not sent twice. Look into the mail server's log.")
}

/// Sees to it that what the customer does is told until then. Tells whether the conversation is still the one that was read.
async fn follows(world: &impl Ports, conversation: &Conversation, until: Timestamp) -> Result<bool, DecideError> {
    /// A little less is as good, and spares a write.
    const ENOUGH: Duration = Duration::from_hours(24);
    if conversation.notices_until.is_some_and(|known| known.plus(ENOUGH) >= until && known > world.now()) {
        return Ok(true);
    }
    let followed = Conversation { notices_until: Some(until), ..conversation.clone() };
    let recorded = world.store().record(&Recording { conversation: &followed, entry: None }).await.map_err(DecideError::Store)?;
    // Written or not, it has another version by now.
    Ok(match recorded {
        Recorded::New | Recorded::Duplicate | Recorded::Stale => false,
    })
}

/// Puts the trouble on the conversation's timeline, once, and opens a case for a person.
async fn open_case(world: &impl Ports, notice: &Notice, order: &Order, conversation: &Conversation) -> Result<(), DecideError> {
    let key = DedupeKey::of_content(&["parcel_problem", notice.id.as_str()]);
    let words = notice.parcel.and_then(|place| order.parcels.get(place)).map(Parcel::trouble_in_words).unwrap_or_default();
    let raw = serde_json::json!({ "order_id": order.id, "order_number": order.number, "notification_id": notice.id, "reason": words });
    let event = TimelineEvent {
        id: MessageId::derived(notice.created_at, &key),
        page: notice.page.clone(),
        conversation: Some(conversation.id.clone()),
        kind: "parcel_problem".into(),
        occurred_at: notice.created_at,
        raw: raw.to_string(),
    };
    let mut current = conversation.clone();
    for _ in 0..ATTEMPTS {
        let mut opened = current.clone();
        opened.open_case(notice.created_at, &words);
        let entry = Entry::Event(event.clone());
        let recording = Recording { conversation: &opened, entry: Some((&entry, &key)) };
        let recorded = world.store().record(&recording).await.map_err(DecideError::Store)?;
        let stands = match recorded {
            Recorded::New => opened,
            Recorded::Duplicate => current,
            Recorded::Stale => {
                let stored = world.store().conversation(&conversation.id).await.map_err(DecideError::Store)?;
                let Some(stored) = stored else { return Ok(()) };
                current = stored;
                continue;
            }
        };
        if stands.case.opened_at == notice.created_at {
            // Also when it was recorded before: the announcement may have failed, and the same one has one id.
            announcing::conversation_opened(world, &stands).await?;
        }
        return Ok(());
    }
    Err(DecideError::Busy)
}

/// Counts for the rollout that the notice is part of, if it is.
async fn count(world: &impl Ports, notice: &Notice, what: What) -> Result<(), DecideError> {
    counting::count(world, notice, what, world.now()).await.map_err(DecideError::Count)
}

/// Writes a notice. What was written goes on with its new revision.
async fn save(world: &impl Ports, mut notice: Notice) -> Result<Turn, DecideError> {
    if !world.store().save_notice(&notice, due_at(&notice, world.now())).await.map_err(DecideError::Store)? {
        return Ok(Turn::Again);
    }
    notice.revision += 1;
    Ok(Turn::Done(notice))
}

/// Announces what the shop's own programs were not told yet. It is noted after it was done: what is announced twice has one id.
async fn announce(world: &impl Ports, notice: &mut Notice) -> Result<(), DecideError> {
    let untold = notice.reached.get(notice.announced..).unwrap_or_default();
    if untold.is_empty() {
        return Ok(());
    }
    for reached in untold {
        announcing::announce(world, notice, *reached).await?;
    }
    notice.announced = notice.reached.len();
    // A lost race is somebody who announces the same.
    world.store().save_notice(notice, due_at(notice, world.now())).await.map_err(DecideError::Store)?;
    Ok(())
}

/// When a notice in its state should be looked at again.
fn due_at(notice: &Notice, now: Timestamp) -> Option<Timestamp> {
    match &notice.state {
        NoticeState::Undecided => Some(now),
        NoticeState::Waiting { .. } => Some(notice.expires_at),
        NoticeState::Message { .. } if notice.has_reached(Reach::Sent) => None,
        NoticeState::Message { .. } => Some(now.plus(LOOK_AGAIN)),
        NoticeState::Mailing { since } => Some(since.plus(MAILING)),
        // What follows from it was broken off.
        NoticeState::Mailed { .. } if notice.announced < notice.reached.len() => Some(now.plus(LOOK_SOON)),
        NoticeState::Mailed { .. } | NoticeState::HeldOut | NoticeState::Dropped { .. } | NoticeState::Failed { .. } => None,
    }
}

//! The conversation: one per identity, for ever, with the summary that an inbox shows.

use serde::{Deserialize, Serialize};

use crate::id::{AppId, ConversationId, PageId, UserId};
use crate::message::{MessageState, WaitingFor};
use crate::time::Timestamp;
use crate::window::{self, OpeningAction};

/// The summary of a conversation. It moves in the same transaction as the entry that moved it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    pub id: ConversationId,
    pub page: PageId,
    pub user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_checked_at: Option<Timestamp>,
    pub case: Case,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    pub unread_count: u32,
    pub created_at: Timestamp,
    pub last_activity_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_inbound_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_outbound_at: Option<Timestamp>,
    /// When the customer wrote the first message that nobody has answered yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered_since: Option<Timestamp>,
    /// Our estimate; the platform's verdict corrects it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_ends_at: Option<Timestamp>,
    #[serde(default)]
    pub marks: Marks,
    /// The app that holds the thread, when it is known to be another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread_owner: Option<AppId>,
    /// What the oldest message of ours that has not left waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<WaitingFor>,
    /// Until when the customer's doings are told to `notify`, because of a notice that waits for them or that they had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notices_until: Option<Timestamp>,
    /// What is not younger was erased, and is not taken again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<Timestamp>,
    /// Grows with every write; zero when it is not stored yet.
    pub version: u64,
}

/// A question of the customer from its opening to its resolution. Reports count cases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// 1 for the first case of a conversation.
    pub number: u32,
    pub status: Status,
    pub opened_at: Timestamp,
    /// What a person should see to, when it is not what the customer wrote: the last trouble with a parcel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Case {
    const fn open(number: u32, at: Timestamp) -> Self {
        Self { number, status: Status::Open, opened_at: at, reason: None }
    }
}

/// Whether somebody has to do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Open,
    Resolved,
}

impl Status {
    pub const ALL: [Self; 2] = [Self::Open, Self::Resolved];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
        }
    }

    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == value)
    }
}

/// How far what we sent was delivered and read. Marks only move forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Marks {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_up_to: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_up_to: Option<Timestamp>,
}

impl Marks {
    /// Returns what became of a message that the platform took at `sent_at`.
    #[must_use]
    pub fn state_of(self, sent_at: Timestamp) -> MessageState {
        if self.read_up_to.is_some_and(|mark| mark >= sent_at) {
            MessageState::Read
        } else if self.delivered_up_to.is_some_and(|mark| mark >= sent_at) {
            MessageState::Delivered
        } else {
            MessageState::Sent
        }
    }
}

impl Conversation {
    /// Starts the conversation of `user` with `page`; its first case opens with it.
    #[must_use]
    pub fn begin(page: PageId, user: UserId, at: Timestamp) -> Self {
        Self {
            id: ConversationId::of(&page, &user),
            page,
            user,
            name: None,
            name_checked_at: None,
            case: Case::open(1, at),
            assignee: None,
            unread_count: 0,
            created_at: at,
            last_activity_at: at,
            last_inbound_at: None,
            last_outbound_at: None,
            unanswered_since: None,
            window_ends_at: None,
            marks: Marks::default(),
            thread_owner: None,
            waiting_for: None,
            notices_until: None,
            erased_at: None,
            version: 0,
        }
    }

    #[must_use]
    pub const fn status(&self) -> Status {
        self.case.status
    }

    /// Notes an action of the customer that opens the window; a late one never shortens it.
    pub fn open_window(&mut self, action: OpeningAction, at: Timestamp) {
        self.window_ends_at = self.window_ends_at.max(Some(window::ends_at(action, at)));
    }

    /// Notes something that the customer wrote: it is unread, and reopens the work when the last case is closed.
    pub fn customer_wrote(&mut self, at: Timestamp) {
        self.last_activity_at = self.last_activity_at.max(at);
        self.last_inbound_at = self.last_inbound_at.max(Some(at));
        self.unread_count = self.unread_count.saturating_add(1);
        // What comes late may have been answered before it came.
        if self.last_outbound_at.is_none_or(|answered| answered < at) {
            self.unanswered_since = Some(self.unanswered_since.map_or(at, |since| since.min(at)));
        }
        if self.case.status == Status::Resolved {
            self.case = Case::open(self.case.number.saturating_add(1), at);
        }
    }

    /// Opens a case that the customer has not asked for, when the last one is closed, and notes what a person should see to.
    pub fn open_case(&mut self, at: Timestamp, reason: &str) {
        self.last_activity_at = self.last_activity_at.max(at);
        if self.case.status == Status::Resolved {
            self.case = Case::open(self.case.number.saturating_add(1), at);
        }
        self.case.reason = Some(reason.to_owned());
    }

    /// Notes something that the Page's side wrote. A person who answers has read what came before.
    pub fn page_wrote(&mut self, by_a_person: bool, at: Timestamp) {
        self.last_activity_at = self.last_activity_at.max(at);
        self.last_outbound_at = self.last_outbound_at.max(Some(at));
        if by_a_person && self.last_inbound_at.is_none_or(|inbound| inbound <= at) {
            self.unread_count = 0;
        }
    }

    /// Notes that all that the customer wrote has an answer, and returns since when it had none.
    pub const fn answered(&mut self) -> Option<Timestamp> {
        self.unanswered_since.take()
    }

    /// Notes an answer that was seen from afar: it answers what the customer wrote before it.
    pub fn answered_at(&mut self, at: Timestamp) {
        if self.unanswered_since.is_some_and(|since| since <= at) {
            self.unanswered_since = self.last_inbound_at.filter(|inbound| at < *inbound);
        }
    }

    /// Moves the delivered mark forward, and tells whether it moved.
    pub fn delivered_up_to(&mut self, mark: Timestamp) -> bool {
        forward(&mut self.marks.delivered_up_to, mark)
    }

    /// Moves the read mark forward, and tells whether it moved.
    pub fn read_up_to(&mut self, mark: Timestamp) -> bool {
        forward(&mut self.marks.read_up_to, mark)
    }
}

fn forward(mark: &mut Option<Timestamp>, to: Timestamp) -> bool {
    let moves = mark.is_none_or(|known| known < to);
    if moves {
        *mark = Some(to);
    }
    moves
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn conversation() -> Conversation {
        Conversation::begin(PageId::new("1").unwrap(), UserId::new("2").unwrap(), Timestamp::from_millis(1000))
    }

    #[test]
    fn a_question_after_a_resolved_one_opens_the_next_case() {
        let mut conversation = conversation();
        conversation.customer_wrote(Timestamp::from_millis(1000));
        assert_eq!(conversation.case.number, 1);
        conversation.case.status = Status::Resolved;
        conversation.customer_wrote(Timestamp::from_millis(2000));
        assert_eq!((conversation.case.number, conversation.status()), (2, Status::Open));
        assert_eq!(conversation.case.opened_at, Timestamp::from_millis(2000));
    }

    #[test]
    fn an_answer_of_a_person_clears_unread_and_one_of_a_bot_does_not() {
        let mut conversation = conversation();
        conversation.customer_wrote(Timestamp::from_millis(1000));
        conversation.page_wrote(false, Timestamp::from_millis(1500));
        assert_eq!(conversation.unread_count, 1);
        conversation.page_wrote(true, Timestamp::from_millis(2000));
        assert_eq!(conversation.unread_count, 0);
    }

    #[test]
    fn an_answer_that_is_older_than_the_question_leaves_it_unread() {
        let mut conversation = conversation();
        conversation.customer_wrote(Timestamp::from_millis(3000));
        conversation.page_wrote(true, Timestamp::from_millis(2000));
        assert_eq!(conversation.unread_count, 1);
        assert_eq!(conversation.last_activity_at, Timestamp::from_millis(3000));
    }

    #[test]
    fn the_first_question_without_an_answer_counts_and_an_answer_ends_it() {
        let mut conversation = conversation();
        conversation.customer_wrote(Timestamp::from_millis(3000));
        conversation.customer_wrote(Timestamp::from_millis(2000));
        conversation.customer_wrote(Timestamp::from_millis(4000));
        assert_eq!(conversation.unanswered_since, Some(Timestamp::from_millis(2000)));
        assert_eq!(conversation.answered(), Some(Timestamp::from_millis(2000)));
        assert_eq!((conversation.answered(), conversation.unanswered_since), (None, None));
    }

    #[test]
    fn an_answer_from_afar_leaves_open_what_was_asked_after_it() {
        let mut conversation = conversation();
        conversation.customer_wrote(Timestamp::from_millis(1000));
        conversation.answered_at(Timestamp::from_millis(999));
        assert_eq!(conversation.unanswered_since, Some(Timestamp::from_millis(1000)), "it is older than the question");
        conversation.customer_wrote(Timestamp::from_millis(3000));
        conversation.answered_at(Timestamp::from_millis(2000));
        assert_eq!(conversation.unanswered_since, Some(Timestamp::from_millis(3000)));
        conversation.answered_at(Timestamp::from_millis(3000));
        assert_eq!(conversation.unanswered_since, None);
    }

    #[test]
    fn a_question_that_comes_after_its_answer_is_answered() {
        let mut conversation = conversation();
        conversation.page_wrote(true, Timestamp::from_millis(2000));
        conversation.customer_wrote(Timestamp::from_millis(1500));
        assert_eq!(conversation.unanswered_since, None);
        conversation.customer_wrote(Timestamp::from_millis(2001));
        assert_eq!(conversation.unanswered_since, Some(Timestamp::from_millis(2001)));
    }

    proptest! {
        #[test]
        fn marks_and_window_only_move_forward(steps in proptest::collection::vec(0_i64..10_000_000, 1..40)) {
            let mut conversation = conversation();
            for step in &steps {
                let at = Timestamp::from_millis(*step);
                conversation.delivered_up_to(at);
                conversation.read_up_to(at);
                conversation.open_window(OpeningAction::Ordinary, at);
            }
            let latest = Timestamp::from_millis(*steps.iter().max().unwrap());
            prop_assert_eq!(conversation.marks.delivered_up_to, Some(latest));
            prop_assert_eq!(conversation.marks.read_up_to, Some(latest));
            prop_assert_eq!(conversation.window_ends_at, Some(window::ends_at(OpeningAction::Ordinary, latest)));
        }
    }
}

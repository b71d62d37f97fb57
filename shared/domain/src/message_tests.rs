use super::*;
use proptest::prelude::*;
use proptest::sample::subsequence;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn mid(number: usize) -> PlatformMessageId {
    PlatformMessageId::new(format!("m_{number}")).unwrap()
}

fn love(ms: i64) -> Reacted {
    Reacted { reaction: Some(Reaction { name: "love".into(), emoji: None }), at: at(ms) }
}

fn message(parts: usize, outcome: Outcome) -> Message {
    let (page, user) = (PageId::new("1").unwrap(), UserId::new("2").unwrap());
    let part = |number| Part::new(format!("part {number}"), None);
    Message {
        id: MessageId::new(at(1000), 1),
        conversation: ConversationId::of(&page, &user),
        page,
        user,
        direction: Direction::Outbound,
        kind: MessageKind::Text,
        author: Author { kind: AuthorKind::Agent, id: None, name: None },
        occurred_at: at(1000),
        text: Some("Hello".into()),
        attachments: Vec::new(),
        payload: None,
        reply_to: None,
        referral: None,
        platform_ids: Vec::new(),
        app: None,
        standby: false,
        reaction: None,
        edits: Vec::new(),
        unsent_at: None,
        sending: Some(Sending { outcome, attempts: 1, decided: None, parts: (0..parts).map(part).collect() }),
        request: None,
        notice: None,
        raw: Some("{}".into()),
        revision: 1,
    }
}

fn sending() -> Outcome {
    Outcome::Sending { lease_until: at(61_000) }
}

fn outcome(message: &Message) -> &Outcome {
    &message.sending.as_ref().unwrap().outcome
}

/// Something that happens to a message of ours.
#[derive(Debug, Clone)]
enum Happening {
    Taken(usize),
    Echoed(usize),
    Changed(MessageChange),
}

impl Happening {
    fn happen(&self, message: &mut Message) {
        match self {
            Self::Taken(part) => message.part_taken(*part, &mid(*part), at(2000 + part_ms(*part))),
            Self::Echoed(part) => message.part_echoed(*part, &mid(*part), at(2500 + part_ms(*part))),
            Self::Changed(change) => message.apply(change),
        };
    }
}

fn part_ms(part: usize) -> i64 {
    i64::try_from(part).unwrap() * 100
}

/// The same things in two orders. The calls keep theirs: a part is sent when the one before it is taken.
fn orders() -> impl Strategy<Value = (usize, Vec<Happening>, Vec<Happening>)> {
    (1_usize..4).prop_flat_map(|parts| {
        let mut happenings: Vec<Happening> = (0..parts).map(Happening::Echoed).collect();
        happenings.extend((0..parts).map(Happening::Echoed));
        happenings.push(Happening::Changed(MessageChange::Reaction(love(3000))));
        happenings.push(Happening::Changed(MessageChange::Reaction(Reacted { reaction: None, at: at(3100) })));
        happenings.push(Happening::Changed(MessageChange::Unsend { at: at(3200) }));
        let most = happenings.len();
        subsequence(happenings, 0..=most).prop_flat_map(move |some| (Just(parts), with_calls(parts, some.clone()), with_calls(parts, some)))
    })
}

fn with_calls(parts: usize, others: Vec<Happening>) -> impl Strategy<Value = Vec<Happening>> {
    let places = proptest::collection::vec(any::<prop::sample::Index>(), parts);
    (Just(others).prop_shuffle(), places).prop_map(move |(others, places)| {
        let mut places: Vec<usize> = places.iter().map(|place| place.index(others.len() + 1)).collect();
        places.sort_unstable();
        let mut all = others;
        for (part, place) in places.into_iter().enumerate().rev() {
            all.insert(place, Happening::Taken(part));
        }
        all
    })
}

proptest! {
    #[test]
    fn answers_echoes_and_changes_end_the_same_in_any_order((parts, one, other) in orders()) {
        let ends = [one, other].map(|happenings| {
            let mut message = message(parts, sending());
            for happening in &happenings {
                happening.happen(&mut message);
            }
            message.platform_ids.sort();
            message
        });
        let is_sent = matches!(outcome(&ends[0]), Outcome::Sent { .. });
        prop_assert!(is_sent);
        prop_assert_eq!(&ends[0], &ends[1]);
    }

    #[test]
    fn what_was_sent_stays_sent((parts, happenings, _) in orders(), again in orders()) {
        let mut message = message(parts, sending());
        let mut was_sent = false;
        for happening in happenings.iter().chain(&again.1) {
            happening.happen(&mut message);
            let is_sent = matches!(outcome(&message), Outcome::Sent { .. });
            prop_assert!(is_sent || !was_sent);
            was_sent = is_sent;
        }
    }

    #[test]
    fn a_repetition_changes_nothing_and_says_so((parts, happenings, _) in orders()) {
        let mut message = message(parts, sending());
        for happening in &happenings {
            happening.happen(&mut message);
        }
        let before = message.clone();
        for happening in &happenings {
            if let Happening::Echoed(part) = happening {
                prop_assert!(!message.part_echoed(*part, &mid(*part), at(2500 + part_ms(*part))));
            }
            if let Happening::Changed(change) = happening {
                prop_assert!(!message.apply(change));
            }
        }
        prop_assert_eq!(message, before);
    }

    #[test]
    fn the_latest_reaction_counts(moments in proptest::collection::vec(0_i64..50, 1..10)) {
        let mut message = message(1, sending());
        for ms in &moments {
            message.apply(&MessageChange::Reaction(love(*ms)));
        }
        prop_assert_eq!(message.reaction.unwrap().at, at(*moments.iter().max().unwrap()));
    }

    #[test]
    fn the_metadata_of_a_part_is_read_back(index in 0_usize..10, parts in 1_usize..11, random: u128) {
        let id = MessageId::new(at(1_795_255_200_000), random);
        let index = index % parts;
        prop_assert_eq!(parse_part_metadata(&part_metadata(&id, index, parts)), Some((id, index)));
    }
}

#[test]
fn metadata_that_we_did_not_write_names_no_message() {
    for foreign in ["", "order-7", "msg_", "msg_01ARZ3NDEKTSV4RRFFQ69G5FAV/", "msg_01ARZ3NDEKTSV4RRFFQ69G5FAV/x", "msg_x/1", "/1"] {
        assert_eq!(parse_part_metadata(foreign), None, "{foreign}");
    }
}

#[test]
fn a_message_is_sent_when_every_part_is() {
    let mut message = message(2, sending());
    assert!(message.part_taken(0, &mid(0), at(2000)));
    assert_eq!(outcome(&message), &sending());
    assert_eq!(message.sending.as_ref().unwrap().next_part().map(|(index, _)| index), Some(1));
    assert!(message.part_taken(1, &mid(1), at(2100)));
    assert_eq!(outcome(&message), &Outcome::Sent { at: at(2100) });
    assert_eq!(message.platform_ids, [mid(0), mid(1)]);
}

#[test]
fn the_echo_tells_the_moment_whichever_comes_first() {
    for echo_first in [true, false] {
        let mut message = message(1, sending());
        for echo in [echo_first, !echo_first] {
            if echo {
                message.part_echoed(0, &mid(0), at(2500));
            } else {
                message.part_taken(0, &mid(0), at(2000));
            }
        }
        assert_eq!(outcome(&message), &Outcome::Sent { at: at(2500) });
    }
}

#[test]
fn a_part_that_is_not_there_and_a_message_that_does_not_leave_through_us_take_nothing() {
    let mut ours = message(1, sending());
    assert!(!ours.part_taken(1, &mid(1), at(2000)));
    assert!(ours.platform_ids.is_empty());
    let mut foreign = Message { sending: None, ..message(1, sending()) };
    assert!(!foreign.part_echoed(0, &mid(0), at(2000)));
}

#[test]
fn the_rest_of_a_message_goes_on_when_the_part_in_doubt_has_left() {
    let unconfirmed = || Outcome::Unconfirmed { since: at(2000), reason: "timeout".into(), for_a_person: false };
    let mut message = message(3, unconfirmed());
    assert!(message.part_echoed(0, &mid(0), at(2000)));
    assert_eq!(outcome(&message), &Outcome::Queued { reason: None });

    message.sending.as_mut().unwrap().outcome = unconfirmed();
    assert!(!message.part_echoed(0, &mid(0), at(2000)), "the first part again says nothing of the second");
    assert_eq!(outcome(&message), &unconfirmed());
}

#[test]
fn whatever_was_thought_of_it_what_the_platform_took_is_sent() {
    for outcome_before in [
        Outcome::Queued { reason: Some("no connection".into()) },
        sending(),
        Outcome::Waiting { on: WaitingFor::Window, reason: "closed".into() },
        Outcome::Unconfirmed { since: at(2000), reason: "timeout".into(), for_a_person: false },
        Outcome::Failed { reason: "gave up".into(), end: End::Refused },
    ] {
        let mut message = message(1, outcome_before);
        assert!(message.part_echoed(0, &mid(0), at(2500)));
        assert_eq!(outcome(&message), &Outcome::Sent { at: at(2500) });
    }
}

#[test]
fn a_part_that_left_twice_is_found_by_both_ids() {
    let mut message = message(1, sending());
    message.part_taken(0, &mid(0), at(2000));
    assert!(message.part_echoed(0, &mid(7), at(2500)));
    assert_eq!(message.platform_ids, [mid(0), mid(7)]);
}

#[test]
fn edits_keep_what_they_replaced_and_late_ones_do_nothing() {
    let edit = |number, text: &str| MessageChange::Edit { number, text: text.into(), at: at(3000) };
    let mut message = message(1, sending());
    assert!(message.apply(&edit(1, "Hello!")));
    assert!(message.apply(&edit(3, "Hello?")));
    assert!(!message.apply(&edit(2, "late")));
    assert!(!message.apply(&edit(3, "again")));
    assert_eq!(message.text.as_deref(), Some("Hello?"));
    let replaced: Vec<_> = message.edits.iter().map(|edit| (edit.number, edit.text.as_deref().unwrap())).collect();
    assert_eq!(replaced, [(1, "Hello"), (3, "Hello!")]);
}

#[test]
fn an_endless_edit_is_cut_between_characters() {
    let mut message = message(1, sending());
    message.apply(&MessageChange::Edit { number: 1, text: "€".repeat(LONGEST_EDIT), at: at(3000) });
    assert_eq!(message.text.unwrap(), "€".repeat(LONGEST_EDIT / 3));
}

#[test]
fn an_unsent_message_has_no_words_and_takes_no_edit() {
    let mut message = message(1, sending());
    message.apply(&MessageChange::Edit { number: 1, text: "Hello!".into(), at: at(3000) });
    assert!(message.apply(&MessageChange::Unsend { at: at(4000) }));
    assert!(!message.apply(&MessageChange::Unsend { at: at(5000) }));
    assert!(!message.apply(&MessageChange::Edit { number: 2, text: "late".into(), at: at(3500) }));
    assert_eq!((message.text, message.raw, message.edits.len()), (None, None, 0));
    assert_eq!(message.unsent_at, Some(at(4000)));
}

#[test]
fn a_late_reaction_and_the_same_reaction_do_nothing() {
    let mut message = message(1, sending());
    assert!(message.apply(&MessageChange::Reaction(love(3000))));
    assert!(!message.apply(&MessageChange::Reaction(love(3000))));
    assert!(!message.apply(&MessageChange::Reaction(Reacted { reaction: None, at: at(2999) })));
    assert!(message.apply(&MessageChange::Reaction(Reacted { reaction: None, at: at(3001) })));
}

#[test]
fn the_state_follows_from_the_outcome_and_the_marks() {
    let marks = |delivered, read| Marks { delivered_up_to: Some(at(delivered)), read_up_to: Some(at(read)) };
    let sent = || Outcome::Sent { at: at(2000) };
    for (outcome, marks, state, reason) in [
        (Outcome::Queued { reason: None }, marks(9000, 9000), MessageState::Queued, None),
        (Outcome::Queued { reason: Some("so".into()) }, marks(0, 0), MessageState::Queued, Some("so")),
        (sending(), marks(9000, 9000), MessageState::Sending, None),
        (sent(), marks(1999, 1999), MessageState::Sent, None),
        (sent(), marks(2000, 1999), MessageState::Delivered, None),
        (sent(), marks(2000, 2000), MessageState::Read, None),
        (sent(), marks(0, 2000), MessageState::Read, None),
        (Outcome::Waiting { on: WaitingFor::Page, reason: "so".into() }, marks(0, 0), MessageState::Waiting, Some("so")),
        (
            Outcome::Unconfirmed { since: at(2000), reason: "so".into(), for_a_person: false },
            marks(0, 0),
            MessageState::Unconfirmed,
            Some("so"),
        ),
        (Outcome::Failed { reason: "so".into(), end: End::Refused }, marks(9000, 9000), MessageState::Failed, Some("so")),
    ] {
        let message = message(1, outcome);
        assert_eq!((message.state(marks), message.state_reason()), (state, reason));
    }
    let foreign = Message { sending: None, ..message(1, sending()) };
    assert_eq!(foreign.state(marks(1000, 0)), MessageState::Delivered);
    assert_eq!(foreign.state_reason(), None);
    let theirs = Message { direction: Direction::Inbound, ..foreign };
    assert_eq!(theirs.state(marks(9000, 9000)), MessageState::Received);
}

#[test]
fn a_message_is_read_back_as_it_was_written() {
    let mut message = message(2, Outcome::Waiting { on: WaitingFor::Thread, reason: "held".into() });
    message.part_echoed(0, &mid(0), at(2000));
    message.apply(&MessageChange::Reaction(love(3000)));
    message.apply(&MessageChange::Edit { number: 1, text: "Hello!".into(), at: at(3000) });
    let written = serde_json::to_string(&message).unwrap();
    assert_eq!(serde_json::from_str::<Message>(&written).unwrap(), message);
}

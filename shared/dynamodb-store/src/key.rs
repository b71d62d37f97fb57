//! Every key pattern of the table, and no other place spells one.
//!
//! | what | `pk` | `sk` |
//! | --- | --- | --- |
//! | conversation, or its tombstone | `CNV#<conversation>` | `C#` |
//! | pending message | `CNV#<conversation>` | `C#OUT#<ulid>` |
//! | message | `CNV#<conversation>` | `M#<ulid>` |
//! | event of a conversation | `CNV#<conversation>` | `E#<ulid>` |
//! | the rest of a long raw event | as its row | `<sk of the row>#RAW#<nn>` |
//! | what was recorded under a dedupe key | `KEY#<dedupe key>` | `K#` |
//! | event of a Page | `PAGE#<page>#<yyyy-mm-dd>` | `E#<ulid>` |
//! | Page | `PAGES` | `<page>`: a sort key has 1024 bytes, which an id may fill |
//! | parked work | `PARKED#<yyyy-mm-dd>` | `W#<ulid>` |
//! | where a message stands about which a person may decide | `MSG#<ulid>` | `L#` |
//! | hold of a Page | `HOLDS` | `<page>` |
//! | what the sweep knows of a Page | `WATCHES` | `<page>` |
//! | utility template of a Page | `TEMPLATES` | `<page>#<name>#<language>` |
//! | a person's request to be deleted | `DELETION#<code>` | `D#` |
//! | order with its parcels | `ORD#<order>` | `O#` |
//! | notice | `NTF#<notice>` | `N#` |
//! | a name that an order is found by | `ALIAS#<digest>` | `A#` |
//! | event whose order is not known yet | `ALIAS#<digest>` | `S#<ms, 15 digits>#<digest>` |
//! | whose thread a customer's name leads to | `WHO#<digest>` | `C#` |
//! | order of a customer's name | `WHO#<digest>` | `O#<order>` |
//! | order beside a conversation | `CNV#<conversation>` | `O#<order>` |
//! | entry of a ledger of consent | `CONSENT#<digest of whose>` | `C#<ulid>` |
//! | words that links refer to | `WORDS#<digest>` | `W#` |
//! | rollout | `ROLLOUTS` | `<rollout>` |
//! | notice in a rollout | `MEMBER#<rollout>#<notice>` | `M#` |
//! | a part of what is counted of an arm | `ROLLOUT#<rollout>` | `N#<arm>#<shard>` |
//! | endpoint of the shop's developer | `ENDPOINTS` | `<endpoint>` |
//! | delivery of an announcement to an endpoint | `ENDPOINT#<endpoint>` | `A#<ulid>` |
//!
//! | index | partition | sort |
//! | --- | --- | --- |
//! | `inbox` | `inbox_pk` = `INBOX#<page>#<status>#<shard>` | `inbox_sk` = `<ms, 15 digits>#<conversation>` |
//! | `due` | `due_pk` = `DUE#<shard>`, or `HELD#<page>` while the Page is on hold | `due_sk` = `<ms, 15 digits>#<conversation>#<ulid>` |
//! | `due` | `due_pk` = `NOTICES#<shard>` | `due_sk` = `<ms, 15 digits>#<notice>` |
//! | `unanswered` | `unanswered_pk` = `UNANSWERED#<shard>`, while the customer waits for an answer | `unanswered_sk` = `<ms, 15 digits>#<conversation>` |

use domain::announce::{AnnouncementId, EndpointId};
use domain::consent::{self, Subject, WordsId};
use domain::conversation::Status;
use domain::deletion::ConfirmationCode;
use domain::id::{ConversationId, DedupeKey, MessageId, PageId};
use domain::notice::{NoticeId, OrderId};
use domain::rollout::{Arm, RolloutId};
use domain::template::PageTemplate;
use domain::time::Timestamp;

/// The index of conversations by activity.
pub const INBOX_INDEX: &str = "inbox";
/// The sparse index of what is due.
pub const DUE_INDEX: &str = "due";
/// The sparse index of the conversations that wait for an answer.
pub const UNANSWERED_INDEX: &str = "unanswered";

/// Over how many partitions one Page's conversations of one status are spread. Each takes 1,000 writes a second.
pub const INBOX_SHARDS: u32 = 4;
/// Over how many partitions what is due is spread.
pub const DUE_SHARDS: u32 = 8;
/// Over how many partitions the conversations that wait for an answer are spread.
pub const UNANSWERED_SHARDS: u32 = 4;
/// Over how many items what is counted of an arm is spread. Of two transactions on one item at once, one fails.
pub const COUNTER_SHARDS: u32 = 8;

/// Over how many partitions the notices are spread that should be looked at.
pub const NOTICE_SHARDS: u32 = 4;

/// Where the summary and the pending messages of a conversation start: one query reads both.
pub const OPEN_PREFIX: &str = "C#";
/// Where the messages of a conversation start.
pub const MESSAGE_PREFIX: &str = "M#";
/// The partition of the Pages: configuration, a handful of rows.
pub const PAGES: &str = "PAGES";
/// The partition of the Pages that are on hold.
pub const HOLDS: &str = "HOLDS";
/// The partition of what the sweep knows of the Pages.
pub const WATCHES: &str = "WATCHES";
/// The partition of the rollouts: two for each Page at most.
pub const ROLLOUTS: &str = "ROLLOUTS";

/// The partition of the Pages' utility templates: some dozens a Page.
pub const TEMPLATES: &str = "TEMPLATES";
/// The partition of the endpoints of the shop's developer: a handful of rows.
pub const ENDPOINTS: &str = "ENDPOINTS";
/// Where the deliveries of an endpoint start.
pub const DELIVERY_PREFIX: &str = "A#";

const PENDING_PREFIX: &str = "C#OUT#";
const PARKED_PREFIX: &str = "W#";
/// Where the orders beside a conversation, or of a customer's name, start.
pub const TIED_PREFIX: &str = "O#";
/// Where what is kept under a name starts.
pub const KEPT_PREFIX: &str = "S#";

/// The primary key of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub pk: String,
    pub sk: String,
}

fn key(pk: impl Into<String>, sk: impl Into<String>) -> Key {
    Key { pk: pk.into(), sk: sk.into() }
}

#[must_use]
pub fn conversation_partition(id: &ConversationId) -> String {
    format!("CNV#{id}")
}

#[must_use]
pub fn conversation(id: &ConversationId) -> Key {
    key(conversation_partition(id), OPEN_PREFIX)
}

#[must_use]
pub fn pending(conversation: &ConversationId, message: &MessageId) -> Key {
    key(conversation_partition(conversation), format!("{PENDING_PREFIX}{}", message.sort_key()))
}

/// Reads the message out of a pending item's sort key.
#[must_use]
pub fn pending_message(sk: &str) -> Option<MessageId> {
    MessageId::parse(&format!("msg_{}", sk.strip_prefix(PENDING_PREFIX)?))
}

/// Reads the moment out of the sort key of a conversation's row, or of what belongs to one; nothing for the summary.
#[must_use]
pub fn row_moment(sk: &str) -> Option<Timestamp> {
    sk.split('#').find_map(|field| MessageId::parse(&format!("msg_{field}"))).map(|id| id.moment())
}

#[must_use]
pub fn message(conversation: &ConversationId, message: &MessageId) -> Key {
    key(conversation_partition(conversation), format!("{MESSAGE_PREFIX}{}", message.sort_key()))
}

#[must_use]
pub fn event(conversation: &ConversationId, id: &MessageId) -> Key {
    key(conversation_partition(conversation), format!("E#{}", id.sort_key()))
}

#[must_use]
pub fn page_event(page: &PageId, at: Timestamp, id: &MessageId) -> Key {
    key(format!("PAGE#{page}#{}", day(at)), format!("E#{}", id.sort_key()))
}

#[must_use]
pub fn page(page: &PageId) -> Key {
    key(PAGES, page.as_str())
}

#[must_use]
pub fn marker(dedupe: &DedupeKey) -> Key {
    key(format!("KEY#{}", dedupe.as_str()), "K#")
}

#[must_use]
pub fn parked(received_at: Timestamp, id: &MessageId) -> Key {
    key(parked_partition(received_at), format!("{PARKED_PREFIX}{}", id.sort_key()))
}

/// The parked work of a day.
#[must_use]
pub fn parked_partition(day_of: Timestamp) -> String {
    format!("PARKED#{}", day(day_of))
}

/// Reads the id out of the sort key of parked work; nothing when it is a piece of it.
#[must_use]
pub fn parked_id(sk: &str) -> Option<MessageId> {
    MessageId::parse(&format!("msg_{}", sk.strip_prefix(PARKED_PREFIX)?))
}

/// What sorts after all pieces of the row at `of`, and before the next row.
#[must_use]
pub fn after_pieces(of: &Key) -> String {
    format!("{}#~", of.sk)
}

/// Where a message stands, by its id alone.
#[must_use]
pub fn locator(message: &MessageId) -> Key {
    key(format!("MSG#{}", message.sort_key()), "L#")
}

#[must_use]
pub fn hold(page: &PageId) -> Key {
    key(HOLDS, page.as_str())
}

#[must_use]
pub fn watch(page: &PageId) -> Key {
    key(WATCHES, page.as_str())
}

#[must_use]
pub fn template(template: &PageTemplate) -> Key {
    key(TEMPLATES, format!("{}{}#{}", templates_prefix(&template.page), template.name, template.language))
}

/// Where the templates of a Page start.
#[must_use]
pub fn templates_prefix(page: &PageId) -> String {
    format!("{page}#")
}

#[must_use]
pub fn deletion(code: &ConfirmationCode) -> Key {
    key(format!("DELETION#{code}"), "D#")
}

#[must_use]
pub fn order(id: &OrderId) -> Key {
    key(format!("ORD#{id}"), "O#")
}

#[must_use]
pub fn notice(id: &NoticeId) -> Key {
    key(format!("NTF#{id}"), "N#")
}

/// The partition of a name that an order is found by.
#[must_use]
pub fn alias_partition(alias: &DedupeKey) -> String {
    format!("ALIAS#{}", alias.as_str())
}

#[must_use]
pub fn alias(alias: &DedupeKey) -> Key {
    key(alias_partition(alias), "A#")
}

/// An event that is kept under a name until its order is known.
#[must_use]
pub fn kept_event(alias: &DedupeKey, at: Timestamp, event: &DedupeKey) -> Key {
    key(alias_partition(alias), format!("{KEPT_PREFIX}{}#{}", moment(at), event.as_str()))
}

/// The partition of a customer's name.
#[must_use]
pub fn who_partition(name: &DedupeKey) -> String {
    format!("WHO#{}", name.as_str())
}

#[must_use]
pub fn whose_thread(name: &DedupeKey) -> Key {
    key(who_partition(name), "C#")
}

#[must_use]
pub fn whose_order(name: &DedupeKey, order: &OrderId) -> Key {
    key(who_partition(name), format!("{TIED_PREFIX}{order}"))
}

#[must_use]
pub fn tied_order(conversation: &ConversationId, order: &OrderId) -> Key {
    key(conversation_partition(conversation), format!("{TIED_PREFIX}{order}"))
}

/// Reads the order out of the sort key of its place beside a conversation, or under a customer's name.
#[must_use]
pub fn order_of(sk: &str) -> Option<OrderId> {
    OrderId::parse(sk.strip_prefix(TIED_PREFIX)?)
}

#[must_use]
pub fn notices_partition(shard: u32) -> String {
    format!("NOTICES#{shard}")
}

#[must_use]
pub fn notice_shard(id: &NoticeId) -> u32 {
    spread(id.as_str()) % NOTICE_SHARDS
}

#[must_use]
pub fn notice_sort(at: Timestamp, id: &NoticeId) -> String {
    format!("{}#{id}", moment(at))
}

/// Reads [`notice_sort`] back.
#[must_use]
pub fn parse_notice_sort(sk: &str) -> Option<(Timestamp, NoticeId)> {
    let (at, id) = sk.split_once('#')?;
    Some((Timestamp::from_millis(at.parse().ok()?), NoticeId::parse(id)?))
}

/// The ledger of consent of a subject.
#[must_use]
pub fn consent_partition(subject: &Subject) -> String {
    format!("CONSENT#{}", subject.digest())
}

#[must_use]
pub fn consent(entry: &consent::Entry) -> Key {
    key(consent_partition(&entry.subject), format!("C#{}", entry.id().sort_key()))
}

#[must_use]
pub fn words(id: &WordsId) -> Key {
    key(format!("WORDS#{id}"), "W#")
}

#[must_use]
pub fn rollout(id: &RolloutId) -> Key {
    key(ROLLOUTS, id.as_str())
}

#[must_use]
pub fn member(rollout: &RolloutId, notice: &NoticeId) -> Key {
    key(format!("MEMBER#{rollout}#{notice}"), "M#")
}

/// The counters of a rollout.
#[must_use]
pub fn counters_partition(rollout: &RolloutId) -> String {
    format!("ROLLOUT#{rollout}")
}

/// The item that counts what happens to a notice.
#[must_use]
pub fn counter(rollout: &RolloutId, arm: Arm, notice: &NoticeId) -> Key {
    let shard = spread(notice.as_str()) % COUNTER_SHARDS;
    key(counters_partition(rollout), format!("N#{}#{shard}", arm.as_str()))
}

/// Reads the arm out of the sort key of [`counter`].
#[must_use]
pub fn counter_arm(sk: &str) -> Option<Arm> {
    Arm::parse(sk.strip_prefix("N#")?.split('#').next()?)
}

#[must_use]
pub fn endpoint(id: &EndpointId) -> Key {
    key(ENDPOINTS, id.as_str())
}

/// The deliveries to an endpoint.
#[must_use]
pub fn delivery_partition(endpoint: &EndpointId) -> String {
    format!("ENDPOINT#{endpoint}")
}

#[must_use]
pub fn delivery(endpoint: &EndpointId, announcement: &AnnouncementId) -> Key {
    key(delivery_partition(endpoint), format!("{DELIVERY_PREFIX}{}", announcement.sort_key()))
}

/// The partition of what waits for a Page. One is enough: no more comes to wait than a Page may send.
#[must_use]
pub fn held_partition(page: &PageId) -> String {
    format!("HELD#{page}")
}

/// A piece of what did not fit into the row at `of`.
#[must_use]
pub fn piece(of: &Key, number: usize) -> Key {
    key(of.pk.clone(), format!("{}#RAW#{number:02}", of.sk))
}

#[must_use]
pub fn inbox_partition(page: &PageId, status: Status, shard: u32) -> String {
    format!("INBOX#{page}#{}#{shard}", status.as_str())
}

#[must_use]
pub fn inbox_sort(last_activity_at: Timestamp, conversation: &ConversationId) -> String {
    format!("{}#{conversation}", moment(last_activity_at))
}

#[must_use]
pub fn inbox_shard(conversation: &ConversationId) -> u32 {
    spread(conversation.as_str()) % INBOX_SHARDS
}

#[must_use]
pub fn due_partition(shard: u32) -> String {
    format!("DUE#{shard}")
}

#[must_use]
pub fn due_shard(conversation: &ConversationId) -> u32 {
    spread(conversation.as_str()) % DUE_SHARDS
}

#[must_use]
pub fn due_sort(at: Timestamp, conversation: &ConversationId, message: &MessageId) -> String {
    format!("{}#{conversation}#{}", moment(at), message.sort_key())
}

/// The end of what is due at `now`.
#[must_use]
pub fn due_until(now: Timestamp) -> String {
    format!("{}~", moment(now))
}

/// Reads [`due_sort`] back.
#[must_use]
pub fn parse_due_sort(sk: &str) -> Option<(Timestamp, ConversationId, MessageId)> {
    let mut fields = sk.split('#');
    let at = Timestamp::from_millis(fields.next()?.parse().ok()?);
    let conversation = ConversationId::parse(fields.next()?)?;
    let message = MessageId::parse(&format!("msg_{}", fields.next()?))?;
    Some((at, conversation, message))
}

#[must_use]
pub fn unanswered_partition(shard: u32) -> String {
    format!("UNANSWERED#{shard}")
}

#[must_use]
pub fn unanswered_shard(conversation: &ConversationId) -> u32 {
    spread(conversation.as_str()) % UNANSWERED_SHARDS
}

#[must_use]
pub fn unanswered_sort(since: Timestamp, conversation: &ConversationId) -> String {
    format!("{}#{conversation}", moment(since))
}

/// Reads the moment out of [`unanswered_sort`].
#[must_use]
pub fn parse_unanswered_sort(sk: &str) -> Option<Timestamp> {
    sk.split('#').next()?.parse().ok().map(Timestamp::from_millis)
}

/// A moment that sorts as text: fifteen digits reach to the year 9999, as far as a [`Timestamp`] does.
fn moment(at: Timestamp) -> String {
    format!("{:015}", at.as_millis())
}

fn day(at: Timestamp) -> String {
    at.to_rfc3339().chars().take(10).collect()
}

/// A number that spreads ids evenly: FNV-1a.
fn spread(id: &str) -> u32 {
    id.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::UserId;

    fn ids() -> (PageId, ConversationId, MessageId) {
        let page = PageId::new("108234567890123").unwrap();
        let conversation = ConversationId::of(&page, &UserId::new("7402918836412905").unwrap());
        (page, conversation, MessageId::new(Timestamp::from_millis(1_795_255_200_000), 7))
    }

    #[test]
    fn what_is_written_into_a_sort_key_is_read_back() {
        let (_, conversation, message) = ids();
        let at = Timestamp::from_millis(1_795_255_200_000);
        assert_eq!(pending_message(&pending(&conversation, &message).sk), Some(message.clone()));
        assert_eq!(parse_unanswered_sort(&unanswered_sort(at, &conversation)), Some(at));
        assert_eq!(parse_due_sort(&due_sort(at, &conversation, &message)), Some((at, conversation, message)));
    }

    #[test]
    fn one_query_reads_a_conversation_and_what_it_has_pending_and_nothing_else() {
        let (_, id, message_id) = ids();
        assert!(conversation(&id).sk.starts_with(OPEN_PREFIX));
        assert!(pending(&id, &message_id).sk.starts_with(OPEN_PREFIX));
        assert!(!message(&id, &message_id).sk.starts_with(OPEN_PREFIX));
        assert!(!event(&id, &message_id).sk.starts_with(OPEN_PREFIX));
    }

    #[test]
    fn due_moments_sort_as_time_does_and_end_inclusively() {
        let (_, conversation, message) = ids();
        let now = Timestamp::from_millis(999);
        assert!(due_sort(now, &conversation, &message) < due_until(now));
        assert!(due_sort(Timestamp::from_millis(1000), &conversation, &message) > due_until(now));
    }

    #[test]
    fn the_arm_is_read_out_of_a_counters_key() {
        let rollout = RolloutId::of(&ids().0, domain::rollout::Kind::Receipt);
        let notice = NoticeId::of(&domain::notice::OrderId::of(&ids().0, "1001"), "receipt");
        for arm in Arm::ALL {
            assert_eq!(counter_arm(&counter(&rollout, arm, &notice).sk), Some(arm));
        }
    }

    #[test]
    fn conversations_spread_over_the_shards() {
        let page = PageId::new("1").unwrap();
        let mut seen = [0_u32; INBOX_SHARDS as usize];
        for user in 0..4000_u32 {
            let id = ConversationId::of(&page, &UserId::new(user.to_string()).unwrap());
            seen[inbox_shard(&id) as usize] += 1;
        }
        assert!(seen.iter().all(|count| (800..1200).contains(count)), "{seen:?}");
    }
}

//! From what a shop tells to notices: each once, and by the way that policy allows.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers stop a test that cannot go on")]

use std::time::Duration;

use domain::announce::{AnnouncementKind, Endpoints, EventJob};
use domain::consent::{Channel, Consents, Entry, Origin, Purpose, Subject};
use domain::content::Content;
use domain::deliver::drain;
use domain::email::EmailHash;
use domain::id::{ConversationId, PageId};
use domain::inbound::{EventKind, Referral};
use domain::ingest::ingest;
use domain::intervene::{Decision, InterveneError, Intervention, intervene};
use domain::job::OrdersJob;
use domain::link::{self, LinkTarget};
use domain::mail::MailError;
use domain::message::{Message, MessageState};
use domain::money::{Currency, Money};
use domain::notice::{Notice, NoticeId, NoticeKind, NoticeState, Notices, OrderId, Step, WaitsFor};
use domain::notify::{self, Taken, World, take};
use domain::order::{Buyer, OrderFacts, OrderNames, PassedConsent, ShipmentFacts, Totals};
use domain::orders::{Orders, customer_name};
use domain::parcel::ParcelStatus;
use domain::ports::{Clock, History, Inbox, Order as Sorting, SendError, StoreError};
use domain::retry::{Retry, Retryable};
use domain::rollout::{self, Kind, Rollouts, Setting, Share};
use domain::secret::Secret;
use domain::shop::{ShopEvent, ShopEventKind, Source};
use domain::template::{PageTemplate, TemplateStatus, Templates, wording};
use domain::way_out::WayOut;
use futures::future::join_all;
use testkit::events::{customer_says, event, read_up_to};
use testkit::ids::{MIA, PAGE, at, conversation_of, page, user};
use testkit::{Call, FakeEventQueue, FakeMail, FakeQueue, FakeSendApi, FakeStore, ManualClock};

const DAY: Duration = Duration::from_hours(24);

/// A shop with everything around it.
struct Desk {
    store: FakeStore,
    queue: FakeQueue,
    mail: FakeMail,
    events: FakeEventQueue,
    api: FakeSendApi,
    clock: ManualClock,
    secrets: Vec<Secret>,
}

fn mia() -> ConversationId {
    conversation_of(MIA)
}

fn euros(amount: i64) -> Money {
    Money::new(amount, Currency::parse("EUR").unwrap())
}

fn buyer() -> Buyer {
    Buyer { name: Some("Mia Keller".into()), email: Some("mia@example.com".into()), ..Buyer::default() }
}

/// A buyer whose checkout knew the thread.
fn known() -> Buyer {
    Buyer { user: Some(user(MIA)), ..buyer() }
}

fn agreed(buyer: Buyer, messenger: bool, email: bool) -> Buyer {
    let consent = PassedConsent { messenger: Some(messenger), email: Some(email), words: Some("Send me news".into()) };
    Buyer { consent: Some(consent), ..buyer }
}

fn facts(number: &str, total: i64, buyer: Buyer) -> OrderFacts {
    OrderFacts {
        names: OrderNames { number: Some(number.into()), external_id: Some(format!("id-{number}")) },
        totals: Some(Totals { total: euros(total), subtotal: None, shipping: None, tax: None }),
        merchant: Some("Lamp Shop".into()),
        url: Some(format!("https://shop.example/o/{number}")),
        buyer,
        ..OrderFacts::default()
    }
}

impl Desk {
    fn new() -> Self {
        Self {
            store: FakeStore::default(),
            queue: FakeQueue::default(),
            mail: FakeMail::default(),
            events: FakeEventQueue::default(),
            api: FakeSendApi::default(),
            clock: ManualClock::new(at(0)),
            secrets: vec![Secret::new("a link secret of enough length").unwrap()],
        }
    }

    fn world(&self) -> World<'_, FakeStore, FakeQueue, FakeMail, FakeEventQueue> {
        World { store: &self.store, queue: &self.queue, mail: &self.mail, events: &self.events, clock: &self.clock, random: 7 }
    }

    fn event(&self, kind: ShopEventKind) -> ShopEvent {
        ShopEvent { source: Source::Shopify, shop: "lamp".into(), page: None, occurred_at: self.clock.now(), kind }
    }

    /// Takes an event and decides what follows, as the function does.
    async fn tell(&self, kind: ShopEventKind) {
        self.take(&self.event(kind)).await;
        self.work().await;
    }

    async fn take(&self, event: &ShopEvent) {
        if let Taken::Order { undecided, .. } = take(&self.store, &page(PAGE), event, self.clock.now()).await.unwrap() {
            for notice in undecided {
                self.decide(&notice).await;
            }
        }
    }

    /// Decides about a notice, again when another worker was in the way, as a job that is given back is.
    async fn decide(&self, notice: &NoticeId) {
        for _ in 0..100 {
            match notify::decide(&self.world(), notice).await {
                Ok(_) => return,
                Err(err) => assert_eq!(err.retry(), Retry::Backoff, "{err:?}"),
            }
        }
        panic!("nobody got through");
    }

    async fn placed(&self, number: &str, total: i64, buyer: Buyer) {
        self.tell(ShopEventKind::OrderPlaced(Box::new(facts(number, total, buyer)))).await;
    }

    async fn parcel(&self, number: &str, status: ParcelStatus) {
        let shipment = ShipmentFacts {
            order: OrderNames { number: Some(number.into()), external_id: None },
            external_id: "ship-1".into(),
            tracking_number: Some("0034".into()),
            tracking_url: Some("https://parcel.example/0034".into()),
            carrier: Some("DHL".into()),
            status,
            detail: None,
            is_late: false,
            expected_on: None,
        };
        self.tell(ShopEventKind::ShipmentUpdated(Box::new(shipment))).await;
    }

    async fn ingest(&self, event: domain::inbound::InboundEvent) {
        ingest(&self.store, &self.queue, &event, self.clock.now()).await.unwrap();
        self.work().await;
    }

    async fn says(&self, text: &str) {
        self.ingest(customer_says(text).at(self.clock.now()).build()).await;
    }

    /// The customer taps a link with this target.
    async fn taps(&self, target: &LinkTarget) {
        let reference = link::make(self.secrets.first().unwrap(), target, self.clock.now().plus(DAY)).unwrap();
        self.refers(reference.as_str()).await;
    }

    async fn refers(&self, reference: &str) {
        let referral =
            Referral { reference: Some(reference.into()), source: Some("SHORTLINK".into()), kind: None, ad_id: None, product_id: None };
        self.ingest(event(EventKind::Referral(referral)).at(self.clock.now()).build()).await;
    }

    /// Works every job until none is left: notices, and what leaves.
    async fn work(&self) {
        loop {
            let drained = drain(&self.store, &self.api, &self.clock, &mia(), None).await;
            for notice in drained.map(|drained| drained.ended_notices).unwrap_or_default() {
                notify::decide(&self.world(), &notice).await.unwrap();
            }
            let jobs = self.queue.take_orders_jobs();
            if jobs.is_empty() {
                return;
            }
            for job in jobs {
                match job {
                    OrdersJob::Decide { notice } => drop(notify::decide(&self.world(), &notice).await.unwrap()),
                    OrdersJob::CustomerActed(act) => drop(notify::customer_acted(&self.world(), &self.secrets, &act).await.unwrap()),
                    OrdersJob::Marks { conversation } => notify::marks(&self.world(), &conversation).await.unwrap(),
                }
            }
        }
    }

    /// The sweep finds what is due.
    async fn sweep(&self) {
        notify::relay_notices(&self.store, &self.queue, self.clock.now(), 100).await.unwrap();
        self.work().await;
    }

    async fn notice(&self, number: &str, event: &str) -> Notice {
        let id = NoticeId::of(&OrderId::of(&page(PAGE), number), event);
        self.store.notice(&id).await.unwrap().unwrap()
    }

    async fn ways(&self, number: &str, event: &str) -> Vec<WayOut> {
        self.notice(number, event).await.decisions.into_iter().map(|decision| decision.way).collect()
    }

    /// The shop's messages to Mia, oldest first.
    async fn messages(&self) -> Vec<Message> {
        let all = self.store.messages(&mia(), Sorting::OldestFirst, None, 100).await.unwrap();
        all.into_iter().filter(|message| message.notice.is_some()).collect()
    }

    async fn kinds(&self) -> Vec<NoticeKind> {
        let mut kinds = Vec::new();
        for message in self.messages().await {
            let notice = self.store.notice(&message.notice.unwrap()).await.unwrap().unwrap();
            kinds.push(notice.kind);
        }
        kinds
    }

    async fn approve_templates(&self) {
        for kind in NoticeKind::ALL {
            self.approve_template(kind).await;
        }
    }

    async fn approve_template(&self, kind: NoticeKind) {
        let template = PageTemplate {
            page: page(PAGE),
            name: wording(kind, None).unwrap().name.clone(),
            language: "en".into(),
            status: TemplateStatus::Approved,
            reason: None,
            has_button: Some(false),
            at: at(0),
        };
        assert!(self.store.put_template(&template).await.unwrap());
    }

    fn announced(&self) -> Vec<AnnouncementKind> {
        let jobs = self.events.jobs().into_iter();
        jobs.filter_map(|job| match job {
            EventJob::Announce { announcement } => Some(announcement.kind),
            EventJob::Deliver { .. } => None,
        })
        .collect()
    }
}

fn target(order: &str) -> LinkTarget {
    LinkTarget { page: page(PAGE), order: Some(order.into()), email: None, customer_id: None, consent: None }
}

#[tokio::test]
async fn the_same_order_fifty_times_at_once_makes_one_receipt() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let event = desk.event(ShopEventKind::OrderPlaced(Box::new(facts("20418", 9134, known()))));
    join_all((0..50).map(|_| desk.take(&event))).await;
    desk.work().await;
    let messages = desk.messages().await;
    assert_eq!(messages.len(), 1);
    let forms = messages[0].sending.as_ref().unwrap().parts[0].forms.clone().unwrap();
    let Content::Receipt(receipt) = forms.inside else { panic!("it is no receipt") };
    assert_eq!((receipt.order_number.as_str(), receipt.totals.total), ("20418", euros(9134)));
    assert_eq!(desk.ways("20418", "receipt").await, [WayOut::ReceiptTemplate]);
    assert_eq!(desk.api.calls().len(), 1);
}

#[tokio::test]
async fn a_customer_who_is_not_known_gets_the_receipt_when_they_tap_the_link() {
    let desk = Desk::new();
    desk.placed("20418", 9134, buyer()).await;
    let waiting = desk.notice("20418", "receipt").await;
    assert!(matches!(waiting.state, NoticeState::Waiting { on: WaitsFor::Link, .. }), "{:?}", waiting.state);
    desk.clock.advance(DAY * 3);
    desk.taps(&target("20418")).await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt]);
    assert_eq!(desk.ways("20418", "receipt").await, [WayOut::WaitForLink, WayOut::ReceiptTemplate]);
    desk.taps(&target("20418")).await;
    assert_eq!(desk.messages().await.len(), 1, "a second tap tells nothing twice");
}

#[tokio::test]
async fn a_link_that_says_whose_it_is_brings_all_orders_of_that_customer_and_one_of_an_order_only_that() {
    let desk = Desk::new();
    desk.placed("20418", 9134, buyer()).await;
    desk.placed("20419", 100, buyer()).await;
    desk.taps(&target("20419")).await;
    desk.placed("20420", 100, buyer()).await;
    assert_eq!(desk.messages().await.len(), 1, "whoever has the link of an order is not its customer yet");
    let email = domain::email::EmailHash::of("mia@example.com");
    desk.taps(&LinkTarget { order: None, email, ..target("") }).await;
    assert_eq!(desk.messages().await.len(), 3);
    desk.placed("20421", 100, buyer()).await;
    assert_eq!(desk.messages().await.len(), 4, "the next order of the same address finds the thread by itself");
}

#[tokio::test]
async fn a_link_that_was_tapped_before_the_checkout_and_lies_in_the_cart_ties_the_order() {
    let desk = Desk::new();
    let before = LinkTarget { order: None, customer_id: Some("c1".into()), ..target("") };
    let reference = link::make(desk.secrets.first().unwrap(), &before, desk.clock.now().plus(DAY)).unwrap();
    desk.placed("20418", 9134, Buyer { reference: Some("sb1-made-up".into()), ..buyer() }).await;
    desk.refers("sb1-made-up").await;
    assert!(desk.messages().await.is_empty(), "it is none of ours");
    desk.placed("20419", 9134, Buyer { reference: Some(reference.as_str().into()), ..buyer() }).await;
    desk.refers(reference.as_str()).await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt]);
}

#[tokio::test]
async fn a_link_that_was_tapped_before_the_order_was_told_ties_it_all_the_same() {
    let desk = Desk::new();
    desk.taps(&target("20418")).await;
    desk.placed("20418", 9134, buyer()).await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt]);
}

#[tokio::test]
async fn a_link_that_was_tampered_with_or_has_expired_ties_nothing_and_opens_the_conversation() {
    let desk = Desk::new();
    desk.placed("20418", 9134, buyer()).await;
    let reference = link::make(desk.secrets.first().unwrap(), &target("20418"), desk.clock.now().plus(DAY)).unwrap();
    desk.refers(&format!("{}x", reference.as_str())).await;
    desk.clock.advance(DAY * 2);
    desk.refers(reference.as_str()).await;
    assert!(desk.messages().await.is_empty());
    assert!(desk.store.conversation(&mia()).await.unwrap().is_some());
}

#[tokio::test]
async fn an_order_stays_whose_it_was_when_its_link_is_passed_on() {
    let desk = Desk::new();
    desk.placed("20418", 9134, buyer()).await;
    desk.taps(&target("20418")).await;
    let other = event(EventKind::Referral(Referral {
        reference: Some(link::make(desk.secrets.first().unwrap(), &target("20418"), at(9_999)).unwrap().as_str().into()),
        source: None,
        kind: None,
        ad_id: None,
        product_id: None,
    }));
    desk.ingest(other.by(testkit::ids::JONAS).at(at(5)).build()).await;
    let order = desk.store.order(&OrderId::of(&page(PAGE), "20418")).await.unwrap().unwrap();
    assert_eq!(order.conversation, Some(mia()));
}

#[tokio::test]
async fn a_parcel_is_told_once_a_step_and_never_backwards() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, known()).await;
    for status in [
        ParcelStatus::LabelCreated,
        ParcelStatus::InTransit,
        ParcelStatus::InTransit,
        ParcelStatus::Delivered,
        ParcelStatus::OutForDelivery,
        ParcelStatus::InTransit,
    ] {
        desk.clock.advance(Duration::from_mins(1));
        desk.parcel("20418", status).await;
    }
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt, NoticeKind::Shipped, NoticeKind::Delivered]);
}

#[tokio::test]
async fn outside_the_window_a_notice_waits_for_the_customer_and_is_dropped_when_it_is_old_news() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.clock.advance(DAY * 2);
    desk.placed("20418", 9134, known()).await;
    desk.parcel("20418", ParcelStatus::InTransit).await;
    desk.parcel("20418", ParcelStatus::Delivered).await;
    assert!(matches!(desk.notice("20418", "receipt").await.state, NoticeState::Waiting { on: WaitsFor::Window, .. }));
    assert!(desk.messages().await.is_empty());
    desk.says("Where is it?").await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt, NoticeKind::Delivered]);
    assert!(matches!(desk.notice("20418", "shipped:shopify:ship-1").await.state, NoticeState::Dropped { .. }));
}

#[tokio::test]
async fn outside_the_window_an_approved_template_goes_to_who_asked_for_it() {
    let desk = Desk::new();
    desk.approve_templates().await;
    desk.says("Hi").await;
    desk.clock.advance(DAY * 2);
    desk.placed("20418", 9134, agreed(known(), true, false)).await;
    assert_eq!(desk.ways("20418", "receipt").await, [WayOut::UtilityTemplate]);
    assert!(matches!(desk.notice("20418", "receipt").await.state, NoticeState::Message { .. }));
    desk.placed("20419", 9134, Buyer { email: Some("other@example.com".into()), ..known() }).await;
    assert_eq!(desk.ways("20419", "receipt").await, [WayOut::WaitForWindow], "nobody asked under that name");
}

#[tokio::test]
async fn what_meta_refuses_takes_the_next_way() {
    let desk = Desk { mail: FakeMail::set(), ..Desk::new() };
    desk.approve_templates().await;
    desk.says("Hi").await;
    desk.clock.advance(DAY * 2);
    desk.api.refuse(SendError::Refused { reason: "A parameter of the template is not allowed (100/1893043).".into() });
    desk.placed("20418", 9134, agreed(known(), true, true)).await;
    let notice = desk.notice("20418", "receipt").await;
    assert!(matches!(notice.state, NoticeState::Mailed { .. }), "{:?}", notice.decisions);
    assert_eq!(notice.refused, [WayOut::UtilityTemplate]);
    assert!(notice.decisions.iter().any(|decision| decision.reason.contains("1893043")), "the reason is kept");
    let mails = desk.mail.taken();
    assert_eq!(mails.len(), 1);
    assert_eq!((mails[0].to.as_str(), mails[0].subject.as_str()), ("mia@example.com", "Lamp Shop: #20418"));
}

#[tokio::test]
async fn an_email_of_which_nobody_knows_is_not_sent_twice() {
    let desk = Desk { mail: FakeMail::set(), ..Desk::new() };
    desk.says("Hi").await;
    desk.clock.advance(DAY * 2);
    desk.mail.refuse(MailError::Unknown { reason: "the connection was lost".into() });
    desk.placed("20418", 9134, agreed(known(), false, true)).await;
    let NoticeState::Failed { reason } = desk.notice("20418", "receipt").await.state else { panic!("it has not failed") };
    assert!(reason.contains("not sent twice"), "{reason}");
    desk.sweep().await;
    assert!(desk.mail.taken().is_empty());
}

#[tokio::test]
async fn stop_ends_notices_and_not_the_conversation_and_start_brings_them_back() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.clock.advance(Duration::from_secs(1));
    desk.says("STOP").await;
    desk.clock.advance(Duration::from_secs(1));
    desk.placed("20418", 9134, agreed(known(), true, true)).await;
    assert!(matches!(desk.notice("20418", "receipt").await.state, NoticeState::Dropped { .. }), "the checkout does not outdo it");
    assert!(desk.store.conversation(&mia()).await.unwrap().unwrap().window_ends_at.is_some());
    desk.clock.advance(Duration::from_secs(1));
    desk.says("START").await;
    desk.parcel("20418", ParcelStatus::InTransit).await;
    assert_eq!(desk.kinds().await, [NoticeKind::Shipped]);
}

#[tokio::test]
async fn a_stop_reaches_what_is_on_its_way_already() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.api.refuse(SendError::Waits { on: domain::message::WaitingFor::Thread, reason: "another app has it".into() });
    desk.placed("20418", 9134, known()).await;
    assert!(matches!(desk.notice("20418", "receipt").await.state, NoticeState::Message { .. }));
    desk.clock.advance(Duration::from_secs(1));
    let calls = desk.api.calls().len();
    desk.says("STOP").await;
    desk.work().await;
    assert_eq!(desk.api.calls().len(), calls, "nothing leaves");
    assert!(matches!(desk.notice("20418", "receipt").await.state, NoticeState::Dropped { .. }));
}

#[tokio::test]
async fn a_no_that_the_shop_passes_on_reaches_what_is_on_its_way_already() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.api.refuse(SendError::Waits { on: domain::message::WaitingFor::Thread, reason: "another app has it".into() });
    desk.placed("20418", 9134, known()).await;
    desk.clock.advance(Duration::from_secs(1));
    let calls = desk.api.calls().len();
    let email = EmailHash::of("mia@example.com").unwrap();
    let no = Entry {
        subject: Subject::Email { page: page(PAGE), email },
        at: desk.clock.now(),
        purpose: Purpose::OrderUpdates,
        channel: Channel::Messenger,
        given: false,
        words: String::new(),
        origin: Origin::Api,
        event: String::new(),
    };
    desk.store.append(&no).await.unwrap();
    desk.says("Is anybody there?").await;
    assert_eq!(desk.api.calls().len(), calls, "nothing leaves");
    assert!(matches!(desk.notice("20418", "receipt").await.state, NoticeState::Dropped { .. }));
}

#[tokio::test]
async fn a_notice_that_a_person_gives_up_has_ended_and_takes_no_other_way() {
    let desk = Desk { mail: FakeMail::set(), ..Desk::new() };
    desk.says("Hi").await;
    desk.api.refuse(SendError::Waits { on: domain::message::WaitingFor::Thread, reason: "another app has it".into() });
    desk.placed("20418", 9134, agreed(known(), true, true)).await;
    let message = desk.messages().await.remove(0).id;
    let calls = desk.api.calls().len();
    let decide = async |decision| {
        let intervention = Intervention { decision, by: "Anna", request: None };
        intervene(&desk.store, &desk.queue, &message, &intervention, desk.clock.now()).await
    };
    decide(Decision::Discard).await.unwrap();
    desk.clock.advance(Duration::from_hours(2));
    desk.sweep().await;
    let NoticeState::Failed { reason } = desk.notice("20418", "receipt").await.state else { panic!("it went on") };
    assert!(reason.contains("Given up by Anna"), "{reason}");
    assert_eq!((desk.api.calls().len(), desk.mail.taken().len()), (calls, 0));
    assert!(matches!(decide(Decision::Resend).await, Err(InterveneError::NoticeWentOn)));
    desk.placed("20418", 8000, agreed(known(), true, true)).await;
    assert_eq!(desk.messages().await.len(), 1, "what was not to be told is not corrected");
}

#[tokio::test]
async fn what_was_refused_as_a_notice_is_not_sent_again_beside_the_way_that_it_took() {
    let desk = Desk { mail: FakeMail::set(), ..Desk::new() };
    desk.says("Hi").await;
    desk.api.refuse(SendError::OutOfReach { reason: "551".into() });
    desk.placed("20418", 9134, agreed(known(), true, true)).await;
    assert_eq!(desk.mail.taken().len(), 1);
    let message = desk.messages().await.remove(0).id;
    let intervention = Intervention { decision: Decision::Resend, by: "Anna", request: None };
    let again = intervene(&desk.store, &desk.queue, &message, &intervention, desk.clock.now()).await;
    assert!(matches!(again, Err(InterveneError::NoticeWentOn)), "{again:?}");
}

#[tokio::test]
async fn an_empty_box_at_the_next_checkout_does_not_undo_a_stop() {
    let desk = Desk { mail: FakeMail::set(), ..Desk::new() };
    desk.says("Hi").await;
    desk.clock.advance(Duration::from_secs(1));
    desk.says("STOP").await;
    desk.clock.advance(Duration::from_secs(1));
    desk.placed("20418", 9134, agreed(known(), false, true)).await;
    desk.placed("20419", 9134, known()).await;
    for number in ["20418", "20419"] {
        assert_eq!(desk.ways(number, "receipt").await, [WayOut::Drop], "{number}");
    }
    assert!(desk.mail.taken().is_empty());
}

#[tokio::test]
async fn who_is_out_of_reach_gets_no_second_form_and_counts_as_blocked() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let all = Setting { share: Some(Share::EVERYBODY), ..Setting::default() };
    rollout::set(&desk.store, &page(PAGE), Kind::Receipt, &all, at(0)).await.unwrap();
    desk.api.refuse(SendError::OutOfReach { reason: "They blocked the Page. (Meta error 551)".into() });
    desk.placed("20418", 9134, agreed(known(), true, false)).await;
    assert_eq!(desk.api.calls().len(), 1);
    assert_eq!(desk.ways("20418", "receipt").await.last(), Some(&WayOut::GiveUp));
    let report = desk.store.report(&rollout::RolloutId::of(&page(PAGE), Kind::Receipt)).await.unwrap();
    assert_eq!((report.notified.blocked, report.notified.sent), (1, 0));
}

#[tokio::test]
async fn the_same_trouble_of_a_parcel_is_told_each_time_that_it_happens() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, known()).await;
    for status in [ParcelStatus::OutForDelivery, ParcelStatus::AttemptFailed, ParcelStatus::OutForDelivery, ParcelStatus::AttemptFailed] {
        desk.clock.advance(Duration::from_mins(1));
        desk.parcel("20418", status).await;
        desk.parcel("20418", status).await;
    }
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt, NoticeKind::OutForDelivery, NoticeKind::Problem, NoticeKind::Problem]);
}

#[tokio::test]
async fn another_shop_with_the_same_number_is_refused_and_changes_nothing() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, known()).await;
    let event = desk.event(ShopEventKind::OrderPlaced(Box::new(facts("20418", 7700, buyer()))));
    let other = ShopEvent { shop: "lamp-fr".into(), ..event };
    let err = take(&desk.store, &page(PAGE), &other, desk.clock.now()).await.unwrap_err();
    assert_eq!(err.retry(), Retry::Never);
    assert!(err.to_string().contains("20418") && err.to_string().contains("lamp"), "{err}");
    assert_eq!(desk.messages().await.len(), 1);
}

#[tokio::test]
async fn a_carrier_that_writes_the_number_otherwise_means_the_parcel_that_it_names() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, known()).await;
    desk.parcel("20418", ParcelStatus::InTransit).await;
    let tracker = ShipmentFacts {
        order: OrderNames { number: Some("Order 20418".into()), external_id: None },
        external_id: "trk_1".into(),
        tracking_number: Some("0034".into()),
        tracking_url: None,
        carrier: None,
        status: ParcelStatus::OutForDelivery,
        detail: None,
        is_late: false,
        expected_on: None,
    };
    desk.clock.advance(Duration::from_secs(5));
    let event = ShopEvent { source: Source::Aftership, ..desk.event(ShopEventKind::ShipmentUpdated(Box::new(tracker))) };
    desk.take(&event).await;
    desk.work().await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt, NoticeKind::Shipped, NoticeKind::OutForDelivery]);
}

#[tokio::test]
async fn a_receipt_that_left_is_corrected_by_another_one() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, known()).await;
    desk.tell(ShopEventKind::OrderChanged(Box::new(facts("20418", 8000, known())))).await;
    desk.tell(ShopEventKind::OrderChanged(Box::new(facts("20418", 8000, known())))).await;
    let numbers: Vec<String> = desk.messages().await.iter().filter_map(receipt_number).collect();
    assert_eq!(numbers, ["20418", "20418-2"]);
}

fn receipt_number(message: &Message) -> Option<String> {
    match &message.sending.as_ref()?.parts.first()?.forms.as_ref()?.inside {
        Content::Receipt(receipt) => Some(receipt.order_number.clone()),
        Content::Text { .. } | Content::Buttons { .. } => None,
    }
}

#[tokio::test]
async fn a_parcels_news_that_is_worked_first_does_not_overtake_the_receipt() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, buyer()).await;
    desk.parcel("20418", ParcelStatus::InTransit).await;
    assert!(desk.messages().await.is_empty(), "nobody knows whose order it is");
    let name = customer_name(&page(PAGE), "order", OrderId::of(&page(PAGE), "20418").as_str());
    desk.store.acquaint(&name, &mia()).await.unwrap();
    let order = desk.store.order(&OrderId::of(&page(PAGE), "20418")).await.unwrap().unwrap();
    for notice in order.notices.iter().rev() {
        desk.decide(notice).await;
    }
    desk.work().await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt, NoticeKind::Shipped]);
}

#[tokio::test]
async fn what_comes_before_its_order_is_kept_and_taken_with_it() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let early = ShipmentFacts {
        order: OrderNames { number: None, external_id: Some("id-20418".into()) },
        external_id: "ship-1".into(),
        tracking_number: Some("0034".into()),
        tracking_url: None,
        carrier: None,
        status: ParcelStatus::InTransit,
        detail: None,
        is_late: false,
        expected_on: None,
    };
    desk.tell(ShopEventKind::ShipmentUpdated(Box::new(early))).await;
    assert!(desk.messages().await.is_empty());
    desk.placed("20418", 9134, known()).await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt, NoticeKind::Shipped]);
}

#[tokio::test]
async fn a_carriers_tracker_joins_the_order_by_its_tracking_number() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, known()).await;
    desk.parcel("20418", ParcelStatus::InTransit).await;
    let tracker = ShipmentFacts {
        order: OrderNames::default(),
        external_id: "trk_1".into(),
        tracking_number: Some("00 34".into()),
        tracking_url: None,
        carrier: None,
        status: ParcelStatus::Delivered,
        detail: None,
        is_late: false,
        expected_on: None,
    };
    let event = ShopEvent { source: Source::Easypost, ..desk.event(ShopEventKind::ShipmentUpdated(Box::new(tracker))) };
    desk.clock.advance(Duration::from_secs(5));
    desk.take(&ShopEvent { occurred_at: desk.clock.now(), ..event }).await;
    desk.work().await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt, NoticeKind::Shipped, NoticeKind::Delivered]);
}

#[tokio::test]
async fn trouble_with_a_parcel_opens_a_case_with_its_reason() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let conversation = desk.store.conversation(&mia()).await.unwrap().unwrap();
    let decision = domain::triage::Decision { status: Some(domain::conversation::Status::Resolved), ..Default::default() };
    domain::triage::decide(&desk.store, &conversation.id, &decision).await.unwrap();
    desk.placed("20418", 9134, known()).await;
    desk.parcel("20418", ParcelStatus::AttemptFailed).await;
    desk.parcel("20418", ParcelStatus::AttemptFailed).await;
    let conversation = desk.store.conversation(&mia()).await.unwrap().unwrap();
    assert_eq!((conversation.case.number, conversation.status()), (2, domain::conversation::Status::Open));
    assert!(conversation.case.reason.unwrap().contains("could not be handed over"));
    let events = desk.store.events();
    let told: Vec<&str> = events.iter().filter(|event| event.kind == "parcel_problem").map(|event| event.raw.as_str()).collect();
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("could not be handed over"), "{}", told[0]);
}

#[tokio::test]
async fn a_case_whose_announcement_failed_is_announced_when_the_job_comes_again() {
    let desk = Desk::new();
    desk.store.put_endpoint(&testkit::announcements::endpoint_at("https://shop.example/", 1)).await.unwrap();
    desk.says("Hi").await;
    let decision = domain::triage::Decision { status: Some(domain::conversation::Status::Resolved), ..Default::default() };
    domain::triage::decide(&desk.store, &mia(), &decision).await.unwrap();
    desk.placed("20418", 9134, known()).await;
    desk.clock.advance(Duration::from_secs(1));
    desk.events.refuse();
    desk.parcel("20418", ParcelStatus::AttemptFailed).await;
    assert_eq!(desk.announced().iter().filter(|kind| **kind == AnnouncementKind::ConversationOpened).count(), 1);
}

#[tokio::test]
async fn a_question_that_names_an_order_is_tied_to_it_and_gets_none_of_its_news() {
    let desk = Desk::new();
    desk.placed("20418", 9134, buyer()).await;
    desk.says("Where is my order #20418?").await;
    let tied = desk.store.tied_orders(&mia()).await.unwrap();
    assert_eq!(tied.len(), 1);
    assert_eq!(tied[0].named_in.len(), 1);
    assert!(desk.messages().await.is_empty(), "to name a number is not to own it");
}

#[tokio::test]
async fn what_became_of_a_notice_is_seen_from_its_message() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, known()).await;
    let message = desk.messages().await.remove(0);
    desk.clock.advance(Duration::from_secs(9));
    desk.ingest(read_up_to(desk.clock.now()).at(desk.clock.now()).build()).await;
    let conversation = desk.store.conversation(&mia()).await.unwrap().unwrap();
    assert_eq!(message.state(conversation.marks), MessageState::Read);
    let reached: Vec<_> = desk.notice("20418", "receipt").await.reached.iter().map(|reached| reached.step).collect();
    assert_eq!(reached, [Step::Sent, Step::Delivered, Step::Read]);
    assert!(desk.announced().is_empty(), "nobody listens");
}

#[tokio::test]
async fn a_rollout_holds_its_hold_out_back_and_counts_both_arms() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let setting = |points| Setting { share: Share::from_basis_points(points), ..Setting::default() };
    rollout::set(&desk.store, &page(PAGE), Kind::Receipt, &setting(0), at(0)).await.unwrap();
    desk.placed("20418", 9134, agreed(known(), true, false)).await;
    assert_eq!(desk.notice("20418", "receipt").await.state, NoticeState::HeldOut);
    desk.says("And my receipt?").await;
    let id = rollout::RolloutId::of(&page(PAGE), Kind::Receipt);
    let report = desk.store.report(&id).await.unwrap();
    assert_eq!((report.hold_out.chosen, report.hold_out.answered, report.notified.chosen), (1, 1, 0));
    rollout::set(&desk.store, &page(PAGE), Kind::Receipt, &setting(10_000), at(1)).await.unwrap();
    desk.placed("20419", 9134, agreed(known(), true, false)).await;
    let report = desk.store.report(&id).await.unwrap();
    assert_eq!((report.notified.chosen, report.notified.sent), (1, 1));
    desk.placed("20420", 9134, Buyer { email: None, ..known() }).await;
    assert_eq!(desk.store.report(&id).await.unwrap().notified.chosen, 1, "only those who agreed are counted");
    rollout::set(&desk.store, &page(PAGE), Kind::Receipt, &setting(0), at(2)).await.unwrap();
    desk.placed("20421", 9134, Buyer { email: None, ..known() }).await;
    assert_eq!(desk.notice("20421", "receipt").await.state, NoticeState::HeldOut, "nobody is nobody");
}

#[tokio::test]
async fn what_was_stored_and_never_decided_is_found_by_the_sweep() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let event = desk.event(ShopEventKind::OrderPlaced(Box::new(facts("20418", 9134, known()))));
    take(&desk.store, &page(PAGE), &event, desk.clock.now()).await.unwrap();
    assert!(desk.messages().await.is_empty());
    desk.sweep().await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt]);
}

#[tokio::test]
async fn a_notice_that_waited_too_long_is_dropped() {
    let desk = Desk::new();
    desk.placed("20418", 9134, buyer()).await;
    desk.clock.advance(DAY * 31);
    desk.sweep().await;
    assert!(matches!(desk.notice("20418", "receipt").await.state, NoticeState::Dropped { .. }));
}

#[tokio::test]
async fn consent_that_a_checkout_passed_stands_in_the_ledger_once() {
    let desk = Desk::new();
    for _ in 0..3 {
        desk.placed("20418", 9134, agreed(buyer(), true, false)).await;
        desk.clock.advance(Duration::from_secs(5));
    }
    let email = domain::email::EmailHash::of("mia@example.com").unwrap();
    let entries = desk.store.entries(&Subject::Email { page: PageId::new(PAGE).unwrap(), email }).await.unwrap();
    let said: Vec<(Channel, bool, Origin)> = entries.iter().map(|entry: &Entry| (entry.channel, entry.given, entry.origin)).collect();
    assert_eq!(said, [(Channel::Messenger, true, Origin::Checkout), (Channel::Email, false, Origin::Checkout)]);
    assert!(entries.iter().all(|entry| entry.purpose == Purpose::OrderUpdates && entry.words == "Send me news"));
}

/// A parcel with this number, as `source` tells of it under its own id.
fn parcel_of(order: Option<&str>, id: &str, number: &str, status: ParcelStatus) -> ShopEventKind {
    ShopEventKind::ShipmentUpdated(Box::new(ShipmentFacts {
        order: OrderNames { number: order.map(Into::into), external_id: None },
        external_id: id.into(),
        tracking_number: Some(number.into()),
        tracking_url: None,
        carrier: Some("DHL".into()),
        status,
        detail: None,
        is_late: false,
        expected_on: None,
    }))
}

impl Desk {
    fn by_carrier(&self, id: &str, number: &str, status: ParcelStatus) -> ShopEvent {
        ShopEvent { source: Source::Easypost, shop: String::new(), ..self.event(parcel_of(None, id, number, status)) }
    }

    async fn carrier_tells(&self, id: &str, number: &str, status: ParcelStatus) {
        self.clock.advance(Duration::from_mins(1));
        self.take(&self.by_carrier(id, number, status)).await;
        self.work().await;
    }
}

#[tokio::test]
async fn what_was_kept_is_taken_also_when_whoever_named_its_order_ended_before() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, known()).await;
    desk.carrier_tells("trk_1", "0034", ParcelStatus::Delivered).await;
    let named = desk.event(parcel_of(Some("20418"), "ship-1", "0034", ParcelStatus::InTransit));
    desk.store.fail(Call::KeptEvents, 1, StoreError::Unavailable { reason: "throttled".into() });
    take(&desk.store, &page(PAGE), &named, desk.clock.now()).await.unwrap_err();
    assert!(!desk.kinds().await.contains(&NoticeKind::Delivered));
    desk.take(&named).await;
    desk.work().await;
    assert!(desk.kinds().await.contains(&NoticeKind::Delivered));
}

#[tokio::test]
async fn a_change_that_comes_while_its_receipt_leaves_is_corrected() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.take(&desk.event(ShopEventKind::OrderPlaced(Box::new(facts("20418", 9134, known()))))).await;
    // Another worker read the order before the receipt was accepted, and writes it now: it owes nothing that it could see.
    let id = OrderId::of(&page(PAGE), "20418");
    let mut order = desk.store.order(&id).await.unwrap().unwrap();
    order.facts.totals = Some(Totals { total: euros(8000), subtotal: None, shipping: None, tax: None });
    let writing = domain::orders::Writing { order: &order, notices: &[], aliases: &[], names: &[] };
    desk.store.save_order(&writing).await.unwrap();
    desk.work().await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt, NoticeKind::Receipt]);
    desk.clock.advance(Duration::from_mins(1));
    desk.placed("20418", 8000, known()).await;
    assert_eq!(desk.kinds().await.len(), 2, "once");
}

#[tokio::test]
async fn a_receipt_whose_worker_ended_is_corrected_when_the_order_changed_meanwhile() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let event = |total| ShopEventKind::OrderPlaced(Box::new(facts("20418", total, known())));
    let taken = take(&desk.store, &page(PAGE), &desk.event(event(9134)), desk.clock.now()).await.unwrap();
    let Taken::Order { undecided, .. } = taken else { panic!("{taken:?}") };
    // The message is accepted, and the notice does not know of it.
    desk.store.fail(Call::SaveNotice, 1, StoreError::Unavailable { reason: "gone".into() });
    notify::decide(&desk.world(), &undecided[0]).await.unwrap_err();
    desk.clock.advance(Duration::from_secs(1));
    desk.tell(event(8000)).await;
    let receipts: Vec<i64> = desk.messages().await.iter().map(|message| message.receipt().unwrap().totals.total.amount).collect();
    assert_eq!(receipts, [9134, 8000]);
}

#[tokio::test]
async fn news_that_waited_behind_another_app_is_not_told_when_it_is_old() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, known()).await;
    desk.api.refuse(SendError::Waits { on: domain::message::WaitingFor::Thread, reason: "another app has it".into() });
    desk.parcel("20418", ParcelStatus::InTransit).await;
    let before = desk.api.calls().len();
    desk.clock.advance(Duration::from_hours(1));
    desk.parcel("20418", ParcelStatus::Delivered).await;
    desk.clock.advance(Duration::from_hours(1));
    desk.says("Thank you!").await;
    desk.work().await;
    assert!(matches!(desk.notice("20418", "shipped:shopify:ship-1").await.state, NoticeState::Dropped { .. }));
    assert!(matches!(desk.notice("20418", "delivered:shopify:ship-1").await.state, NoticeState::Message { .. }));
    assert_eq!(desk.api.calls().len(), before + 1, "only the delivery");
}

#[tokio::test]
async fn a_mail_server_that_takes_nothing_holds_no_other_notice_up() {
    let desk = Desk { mail: FakeMail::set(), ..Desk::new() };
    desk.says("Hi").await;
    desk.clock.advance(DAY * 2);
    desk.mail.refuse(MailError::NotTaken { reason: "it answered 535".into() });
    let event = desk.event(ShopEventKind::OrderPlaced(Box::new(facts("20418", 9134, agreed(known(), true, true)))));
    let taken = take(&desk.store, &page(PAGE), &event, desk.clock.now()).await.unwrap();
    let Taken::Order { undecided, .. } = taken else { panic!("{taken:?}") };
    notify::decide(&desk.world(), &undecided[0]).await.unwrap_err();
    desk.approve_template(NoticeKind::Shipped).await;
    desk.mail.refuse(MailError::NotTaken { reason: "it answered 535".into() });
    let shipped = desk.event(parcel_of(Some("20418"), "ship-1", "0034", ParcelStatus::InTransit));
    let taken = take(&desk.store, &page(PAGE), &shipped, desk.clock.now()).await.unwrap();
    let Taken::Order { undecided, .. } = taken else { panic!("{taken:?}") };
    notify::decide(&desk.world(), undecided.last().unwrap()).await.unwrap();
    assert_eq!(desk.kinds().await, [NoticeKind::Shipped]);
    assert!(desk.mail.taken().is_empty());
}

#[tokio::test]
async fn what_follows_from_an_e_mail_that_left_is_made_up_for_when_it_is_broken_off() {
    let desk = Desk { mail: FakeMail::set(), ..Desk::new() };
    desk.store.put_endpoint(&testkit::announcements::endpoint_at("https://shop.example/", 1)).await.unwrap();
    desk.says("Hi").await;
    desk.clock.advance(DAY * 2);
    desk.events.refuse();
    let event = desk.event(ShopEventKind::OrderPlaced(Box::new(facts("20418", 9134, agreed(known(), false, true)))));
    let taken = take(&desk.store, &page(PAGE), &event, desk.clock.now()).await.unwrap();
    let Taken::Order { undecided, .. } = taken else { panic!("{taken:?}") };
    notify::decide(&desk.world(), &undecided[0]).await.unwrap_err();
    let sent = || desk.announced().iter().filter(|kind| **kind == AnnouncementKind::NotificationSent).count();
    assert_eq!((desk.mail.taken().len(), sent()), (1, 0));
    desk.clock.advance(Duration::from_mins(2));
    desk.sweep().await;
    assert_eq!((desk.mail.taken().len(), sent()), (1, 1), "it left once, and is announced");
    desk.clock.advance(Duration::from_mins(2));
    desk.placed("20418", 8000, agreed(known(), false, true)).await;
    assert_eq!(desk.mail.taken().len(), 1, "an e-mail is not repeated");
}

#[tokio::test]
async fn a_mail_server_that_does_not_let_us_in_is_asked_every_five_minutes() {
    let desk = Desk { mail: FakeMail::set(), ..Desk::new() };
    desk.says("Hi").await;
    desk.clock.advance(DAY * 2);
    desk.mail.refuse(MailError::NotTaken { reason: "it answered 535".into() });
    let event = desk.event(ShopEventKind::OrderPlaced(Box::new(facts("20418", 9134, agreed(known(), false, true)))));
    let taken = take(&desk.store, &page(PAGE), &event, desk.clock.now()).await.unwrap();
    let Taken::Order { undecided, .. } = taken else { panic!("{taken:?}") };
    notify::decide(&desk.world(), &undecided[0]).await.unwrap_err();
    desk.clock.advance(Duration::from_mins(4));
    desk.sweep().await;
    assert!(desk.mail.taken().is_empty());
    desk.clock.advance(Duration::from_mins(1));
    desk.sweep().await;
    assert_eq!(desk.mail.taken().len(), 1);
}

#[tokio::test]
async fn an_order_that_stands_again_gets_the_receipt_that_was_dropped() {
    let desk = Desk::new();
    desk.placed("20418", 9134, buyer()).await;
    let names = OrderNames { number: Some("20418".into()), external_id: None };
    desk.clock.advance(Duration::from_mins(1));
    desk.tell(ShopEventKind::OrderCancelled { order: names, reason: None, refunds: Vec::new() }).await;
    desk.says("Hi").await;
    desk.taps(&target("20418")).await;
    assert!(matches!(desk.notice("20418", "receipt").await.state, NoticeState::Dropped { .. }));
    desk.clock.advance(Duration::from_mins(1));
    desk.placed("20418", 9134, buyer()).await;
    desk.placed("20418", 9134, buyer()).await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt]);
}

#[tokio::test]
async fn who_was_out_of_reach_outside_the_window_gets_the_notice_when_they_write() {
    let desk = Desk::new();
    desk.approve_templates().await;
    desk.says("Hi").await;
    desk.clock.advance(DAY * 2);
    desk.api.refuse(SendError::OutOfReach { reason: "551".into() });
    desk.placed("20418", 9134, agreed(known(), true, false)).await;
    assert!(matches!(desk.notice("20418", "receipt").await.state, NoticeState::Waiting { on: WaitsFor::Window, .. }));
    desk.says("Did my order arrive?").await;
    assert!(matches!(desk.notice("20418", "receipt").await.state, NoticeState::Message { .. }));
}

#[tokio::test]
async fn trouble_of_a_parcel_that_has_arrived_opens_no_case() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let decision = domain::triage::Decision { status: Some(domain::conversation::Status::Resolved), ..Default::default() };
    domain::triage::decide(&desk.store, &mia(), &decision).await.unwrap();
    desk.placed("20418", 9134, buyer()).await;
    desk.parcel("20418", ParcelStatus::Exception).await;
    desk.clock.advance(Duration::from_mins(1));
    desk.parcel("20418", ParcelStatus::Delivered).await;
    desk.taps(&target("20418")).await;
    assert!(desk.store.conversation(&mia()).await.unwrap().unwrap().case.reason.is_none());
}

#[tokio::test]
async fn a_receipt_comes_before_the_news_of_a_parcel_that_was_told_first() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.parcel("20418", ParcelStatus::InTransit).await;
    desk.placed("20418", 9134, known()).await;
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt, NoticeKind::Shipped]);
}

#[tokio::test]
async fn two_purchases_under_one_number_are_two() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let purchase = |id: &str, total| {
        let names = OrderNames { number: Some("user_42".into()), external_id: Some(id.into()) };
        ShopEventKind::OrderPlaced(Box::new(OrderFacts { names, ..facts("user_42", total, known()) }))
    };
    for _ in 0..2 {
        desk.tell(purchase("pi_00000001", 10_000)).await;
        desk.tell(purchase("pi_00000002", 5_000)).await;
    }
    assert_eq!(desk.kinds().await, [NoticeKind::Receipt; 2]);
    let second = desk.store.order(&OrderId::of(&page(PAGE), "user_42.00000002")).await.unwrap().unwrap();
    assert_eq!(second.facts.totals.unwrap().total, euros(5_000));
}

#[tokio::test]
async fn a_second_payment_after_one_that_failed_is_for_the_same_order() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let told = |id: &str| {
        let names = OrderNames { number: Some("20418".into()), external_id: Some(id.into()) };
        Box::new(OrderFacts { names, ..facts("20418", 9134, known()) })
    };
    desk.tell(ShopEventKind::OrderChanged(told("pi_1"))).await;
    desk.tell(ShopEventKind::OrderPlaced(told("pi_2"))).await;
    let messages = desk.messages().await;
    assert_eq!(messages.iter().map(|message| message.receipt().unwrap().order_number.as_str()).collect::<Vec<_>>(), ["20418"]);
}

#[tokio::test]
async fn a_parcel_with_the_goods_of_two_orders_stands_in_the_way_of_neither() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let shipped = |number: Option<&str>, id: &str| {
        let ShopEventKind::ShipmentUpdated(told) = parcel_of(number, &format!("ship-{id}"), "0034", ParcelStatus::InTransit) else {
            panic!("it is a parcel")
        };
        let order = OrderNames { external_id: Some(id.into()), ..told.order.clone() };
        desk.event(ShopEventKind::ShipmentUpdated(Box::new(ShipmentFacts { order, ..*told })))
    };
    desk.take(&shipped(None, "id-20419")).await;
    desk.placed("20418", 9134, known()).await;
    desk.take(&shipped(Some("20418"), "id-20418")).await;
    desk.placed("20419", 9134, known()).await;
    for number in ["20418", "20419"] {
        let order = desk.store.order(&OrderId::of(&page(PAGE), number)).await.unwrap().unwrap();
        assert_eq!(order.parcels.len(), 1, "{number}");
    }
}

#[tokio::test]
async fn parcels_without_numbers_that_come_before_their_order_are_all_taken() {
    let desk = Desk::new();
    desk.says("Hi").await;
    let parcel = |id: &str, status| {
        let ShopEventKind::ShipmentUpdated(told) = parcel_of(None, id, "", status) else { panic!("it is a parcel") };
        let order = OrderNames { number: None, external_id: Some("id-20418".into()) };
        desk.event(ShopEventKind::ShipmentUpdated(Box::new(ShipmentFacts { order, tracking_number: None, ..*told })))
    };
    desk.take(&parcel("ship-1", ParcelStatus::Delivered)).await;
    desk.clock.advance(Duration::from_mins(1));
    desk.take(&parcel("ship-2", ParcelStatus::InTransit)).await;
    desk.placed("20418", 9134, known()).await;
    let order = desk.store.order(&OrderId::of(&page(PAGE), "20418")).await.unwrap().unwrap();
    assert_eq!(order.parcels.len(), 2);
}

#[tokio::test]
async fn a_tracking_number_that_a_carrier_uses_again_is_of_the_new_parcel() {
    let desk = Desk::new();
    desk.says("Hi").await;
    desk.placed("20418", 9134, known()).await;
    desk.tell(parcel_of(Some("20418"), "ship-1", "0034", ParcelStatus::InTransit)).await;
    desk.carrier_tells("trk_1", "0034", ParcelStatus::Delivered).await;
    desk.clock.advance(DAY);
    desk.placed("20419", 5000, known()).await;
    desk.carrier_tells("trk_2", "0034", ParcelStatus::LabelCreated).await;
    // The old order is told of once more before the new one names the number.
    desk.tell(parcel_of(Some("20418"), "ship-1", "0034", ParcelStatus::InTransit)).await;
    desk.carrier_tells("trk_2", "0034", ParcelStatus::OutForDelivery).await;
    desk.clock.advance(Duration::from_mins(1));
    desk.tell(parcel_of(Some("20419"), "ship-2", "0034", ParcelStatus::InTransit)).await;
    desk.notice("20419", "out_for_delivery:shopify:ship-2").await;
    desk.carrier_tells("trk_2", "0034", ParcelStatus::Delivered).await;
    let of = |order: &str| OrderId::of(&page(PAGE), order);
    let parcels = desk.store.order(&of("20419")).await.unwrap().unwrap().parcels;
    assert_eq!(parcels.iter().map(|parcel| parcel.progress.status()).collect::<Vec<_>>(), [ParcelStatus::Delivered]);
    assert_eq!(desk.store.order(&of("20418")).await.unwrap().unwrap().parcels.len(), 1);
}

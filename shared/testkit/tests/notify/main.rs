//! From what a shop tells to notices: each once, and by the way that policy allows.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers stop a test that cannot go on")]

mod consent;
mod customers;
mod email;
mod orders;
mod parcels;
mod ways;

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

fn receipt_number(message: &Message) -> Option<String> {
    message.receipt().map(|receipt| receipt.order_number.clone())
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

//! `replay`: puts parked work back where it came from, and takes it off the parked work once its queue has it.

use std::collections::BTreeMap;

use domain::announce::{EventJob, EventQueue};
use domain::deletion::DeletionRequest;
use domain::job::{Occasion, OrdersJob, OutboundJob};
use domain::notify::OrdersJobs;
use domain::ports::{OutboundQueue, Parked, ParkedRow, ParkedWork};
use domain::shop::ShopDelivery;
use domain::time::Timestamp;
use dynamodb_store::Table;
use lambda_support::aws::Aws;
use lambda_support::clock::random;
use serde_json::json;
use serde_json::value::RawValue;
use sqs_jobs::events::{self, EventsQueue};
use sqs_jobs::intake::{self, IntakeQueue, QueueBody};
use sqs_jobs::orders::{self, OrdersQueue};
use sqs_jobs::outbound::{self, OutboundJobs};
use sqs_jobs::shop::{self, ShopQueue};

use crate::failure::Failure;
use crate::{Desk, config};

/// How many rows are read at once.
const A_PAGE: usize = 25;

/// How many rows are shown before the question.
const SHOWN: usize = 25;

/// What stands in the place of the gateway's id of a request.
const REQUEST_ID: &str = "replay";

/// The table, the queues, and the mark of this run.
struct Replay {
    table: Table,
    inbound: IntakeQueue,
    outbound: OutboundJobs,
    shops: ShopQueue,
    orders: OrdersQueue,
    events: EventsQueue,
    mark: String,
}

/// Which rows are meant.
pub(crate) struct Choice {
    pub(crate) day: Timestamp,
    pub(crate) kind: Option<String>,
    pub(crate) id: Option<String>,
}

impl Choice {
    fn takes(&self, row: &ParkedRow) -> bool {
        self.kind.as_ref().is_none_or(|kind| *kind == row.work.kind) && self.id.as_ref().is_none_or(|id| id == row.id.as_str())
    }
}

/// What came of a row.
enum Replayed {
    Back,
    /// It failed again already, and is parked anew.
    ParkedAgain,
    /// It cannot go back, for this reason.
    Stays(String),
}

pub(crate) async fn replay(desk: &mut Desk<'_>, choice: &Choice) -> Result<(), Failure> {
    let aws = Aws::from_environment(desk.environment)?;
    let replay = Replay {
        table: config::table(desk.environment, &aws)?,
        inbound: IntakeQueue::new(aws.sqs(), config::inbound_queue(desk.environment)?),
        outbound: OutboundJobs::new(aws.sqs(), config::outbound_queue(desk.environment)?),
        shops: ShopQueue::new(aws.sqs(), config::orders_queue(desk.environment)?),
        orders: OrdersQueue::new(aws.sqs(), config::orders_queue(desk.environment)?),
        events: EventsQueue::new(aws.sqs(), config::events_queue(desk.environment)?),
        mark: format!("{:020x}", random()),
    };
    let counted = replay.list(desk, choice).await?;
    if counted == 0 {
        desk.terminal.say("There is no such parked work.");
        return Ok(());
    }
    desk.plan(&format!("put {counted} back into their queues, and take each off the parked work once its queue has it"));
    desk.confirm("Do it?")?;
    replay.put_back(desk, choice, counted).await
}

impl Replay {
    /// Shows what there is, without its words, and counts it.
    async fn list(&self, desk: &mut Desk<'_>, choice: &Choice) -> Result<usize, Failure> {
        let (mut after, mut counted) = (None, 0);
        loop {
            let rows = self.table.parked_on(choice.day, after.as_ref(), A_PAGE).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.id.clone());
            for row in rows.iter().filter(|row| choice.takes(row)) {
                counted += 1;
                if counted <= SHOWN {
                    desk.terminal.say(&format!("  {}", described(row)));
                }
            }
        }
        if counted > SHOWN {
            desk.terminal.say(&format!("  … and {} more", counted - SHOWN));
        }
        Ok(counted)
    }

    /// Puts at most `most` rows back: work that fails again meanwhile is parked on the same day, and must not go round for ever.
    async fn put_back(&self, desk: &mut Desk<'_>, choice: &Choice, most: usize) -> Result<(), Failure> {
        let (mut after, mut tried) = (None, 0);
        let mut ends: BTreeMap<&str, usize> = BTreeMap::new();
        while tried < most {
            let rows = self.table.parked_on(choice.day, after.as_ref(), A_PAGE).await?;
            let Some(last) = rows.last() else { break };
            after = Some(last.id.clone());
            for row in rows.iter().filter(|row| choice.takes(row)).take(most - tried) {
                tried += 1;
                let end = match self.row(desk.clock.now(), row).await? {
                    Replayed::Back => "put back",
                    Replayed::ParkedAgain => "failed again and parked anew",
                    Replayed::Stays(reason) => {
                        desk.terminal.say(&format!("  {} stays: {reason}", row.id));
                        "left as they are"
                    }
                };
                *ends.entry(end).or_default() += 1;
            }
        }
        let told: Vec<String> = ends.iter().map(|(end, count)| format!("{count} {end}")).collect();
        desk.done("replay", &told.join(", "));
        Ok(())
    }

    async fn row(&self, now: Timestamp, row: &ParkedRow) -> Result<Replayed, Failure> {
        let origin = match Origin::of(&row.work) {
            Ok(origin) => origin,
            Err(reason) => return Ok(Replayed::Stays(reason)),
        };
        if !self.table.mark_parked(row, &self.mark).await? {
            return Ok(Replayed::Stays(String::from("somebody removed it in the meantime")));
        }
        self.put(origin, row.work.received_at, now).await?;
        Ok(if self.table.unpark(row, &self.mark).await? { Replayed::Back } else { Replayed::ParkedAgain })
    }

    async fn put(&self, origin: Origin, received_at: Timestamp, now: Timestamp) -> Result<(), Failure> {
        let told = |err: &dyn std::error::Error| Failure::Nothing(err.to_string());
        match origin {
            Origin::Delivery(body) => self.inbound.put(body, received_at, REQUEST_ID).await.map_err(|err| told(&err)),
            Origin::Deletion(request) => self.inbound.put_deletion(&request, received_at, REQUEST_ID).await.map_err(|err| told(&err)),
            Origin::ShopDelivery(delivery) => self.shops.put(&delivery).await.map_err(|err| told(&err)),
            Origin::OrdersJob(job) => self.orders.put(&job).await.map_err(|err| told(&err)),
            Origin::EventJob(job) => self.events.enqueue(&job).await.map_err(|err| told(&err)),
            Origin::OutboundJob(job) => Ok(self.outbound.enqueue(&job, &Occasion::Replayed(now)).await?),
        }
    }
}

/// What parked work was, and thereby the queue that it came from.
enum Origin {
    Delivery(QueueBody),
    Deletion(DeletionRequest),
    ShopDelivery(ShopDelivery),
    OrdersJob(OrdersJob),
    EventJob(EventJob),
    OutboundJob(OutboundJob),
}

impl Origin {
    fn of(work: &Parked) -> Result<Self, String> {
        let text = std::str::from_utf8(&work.body).ok();
        let (found, what) = match work.kind.as_str() {
            "meta.deletion" => (text.and_then(|text| intake::deletion(text).ok()).map(Self::Deletion), "request to be deleted"),
            "shop.delivery" => (shop::from_parked(&work.body).map(Self::ShopDelivery), "delivery of a shop's"),
            "orders.job" => (orders::from_parked(&work.body).map(Self::OrdersJob), "job about orders"),
            "events.job" => (text.and_then(|text| events::read(text).ok()).map(Self::EventJob), "job about announcements"),
            "outbound.job" => (text.and_then(|text| outbound::read(text).ok()).map(Self::OutboundJob), "job about a message"),
            _ => {
                let body = QueueBody::of(&delivery(work)?);
                return body.map(Self::Delivery).ok_or_else(|| String::from("it is longer than a queue takes"));
            }
        };
        found.ok_or_else(|| format!("it is no {what} that this version knows"))
    }
}

/// Makes a delivery of inbound work: of an element, one with an envelope of its Page around it.
fn delivery(work: &Parked) -> Result<Vec<u8>, String> {
    match work.kind.as_str() {
        "meta.job" | "meta.delivery" => Ok(work.body.clone()),
        "meta.element" => element(work),
        other => Err(format!("this version does not know where {other} came from")),
    }
}

/// Wraps an element as it came. Which array it came in is not kept: a change is known by its `field`; a message of `standby` comes back as one
/// of `messaging`.
fn element(work: &Parked) -> Result<Vec<u8>, String> {
    let text = std::str::from_utf8(&work.body).map_err(|_| String::from("it is not text"))?;
    let raw: &RawValue = serde_json::from_str(text).map_err(|_| String::from("it is not JSON"))?;
    // What could not even be opened was parked whole: its kind stands before its reason.
    match work.reason.split_once(':').map_or("", |(kind, _)| kind) {
        "envelope" => return Ok(work.body.clone()),
        "entry" => return Ok(format!(r#"{{"object":"page","entry":[{}]}}"#, raw.get()).into_bytes()),
        _ => {}
    }
    let is_change = serde_json::from_str::<serde_json::Value>(text).is_ok_and(|value| value.get("field").is_some());
    let list = if is_change { "changes" } else { "messaging" };
    let page = work.page.as_ref().map(|page| format!(r#""id":{},"#, json!(page.as_str()))).unwrap_or_default();
    let time = work.received_at.as_millis();
    // Put together as text, so that the element stays as it came.
    Ok(format!(r#"{{"object":"page","entry":[{{{page}"time":{time},"{list}":[{}]}}]}}"#, raw.get()).into_bytes())
}

/// Tells what a row is, never what it says.
fn described(row: &ParkedRow) -> String {
    let work = &row.work;
    let page = work.page.as_ref().map(|page| format!(" of Page {page}")).unwrap_or_default();
    format!("{}: {}{page}, {} bytes, received {}: {}", row.id, work.kind, work.body.len(), work.received_at.in_words(), work.reason)
}

#[cfg(test)]
mod tests {
    use domain::id::PageId;
    use meta_webhooks::{Item, VerifiedBody};

    use super::*;

    #[test]
    fn a_request_to_be_deleted_goes_back_as_one_and_what_is_none_stays() {
        let parked = |body: &str| Parked {
            kind: "meta.deletion".into(),
            reason: String::new(),
            body: body.into(),
            page: None,
            received_at: Timestamp::from_millis(0),
        };
        let asked = Origin::of(&parked(r#"{"code":"3f9c2e3f9c2e3f9c2e3f9c2e3f9c2e3f","user":"10223344556677889"}"#));
        assert!(matches!(asked, Ok(Origin::Deletion(_))));
        assert!(Origin::of(&parked("{}")).is_err());
    }

    const ELEMENT: &str =
        r#"{"sender":{"id":"7"},"recipient":{"id":"1"},"timestamp":1795255200000,"message":{"mid":"m_1","text":"Hi\u00e4"}}"#;

    fn parked(reason: &str, body: &str, page: Option<&str>) -> Parked {
        let received_at = Timestamp::from_millis(1_795_255_200_000);
        Parked { kind: "meta.element".into(), reason: reason.into(), body: body.into(), page: page.and_then(PageId::new), received_at }
    }

    fn items(work: &Parked) -> Vec<Item> {
        let body = delivery(work).unwrap();
        meta_webhooks::parse(VerifiedBody::from_intake_queue(&body), work.received_at).unwrap().items
    }

    #[test]
    fn an_element_comes_back_as_it_came_in_an_envelope_of_its_page() {
        for page in [Some("1"), None] {
            let items = items(&parked("the event could not be stored: x", ELEMENT, page));
            let [Item::Event(event)] = items.as_slice() else { panic!("{items:?}") };
            assert_eq!((event.raw.as_str(), event.page.as_str(), event.kind_name()), (ELEMENT, "1", "message"));
        }
    }

    #[test]
    fn a_change_comes_back_as_a_change() {
        let change = r#"{"field":"feed","value":{"item":"status","verb":"add"}}"#;
        let items = items(&parked("feed: value: expected an object", change, Some("1")));
        let [Item::Event(event)] = items.as_slice() else { panic!("{items:?}") };
        assert_eq!((event.kind_name(), event.raw.as_str()), ("feed", change));
    }

    #[test]
    fn an_entry_comes_back_as_an_entry() {
        let entry = format!(r#"{{"id":"1","time":1795255200000,"messaging":[{ELEMENT}]}}"#);
        assert_eq!(items(&parked("entry: expected an entry", &entry, Some("1"))).len(), 1);
    }

    #[test]
    fn what_is_of_no_known_kind_stays() {
        let work = Parked { kind: "whatsapp.delivery".into(), ..parked("", "{}", None) };
        assert!(delivery(&work).unwrap_err().contains("whatsapp.delivery"));
    }
}

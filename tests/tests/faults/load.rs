//! What is done to a stack while a fault is on, and what must stand there afterwards.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt, stream};
use messenger_simulator::{ActiveFault, Faults, SendFault, WebhookFaults};
use serde_json::{Value as Json, json};

use super::program::{PAGES, Program, START_MS};
use super::table::Tally;

/// When the first customer wrote.
const FIRST_MS: i64 = 1_795_000_000_000;

/// How many calls are made at a time.
const AT_A_TIME: usize = 8;

/// How far the clock is moved at once, and between two looks; how often it is looked until what is missing counts as lost: three hours.
const STEP: Duration = Duration::from_secs(15);
const A_LOOK: usize = 3;
const LOOKS: usize = 240;

/// After everything has come: time in which whatever may come twice does. Longer than any lease, hold and round of the sweep.
const LINGER: Duration = Duration::from_mins(15);
const LINGER_STEP: Duration = Duration::from_secs(30);

/// Outbound states in which nothing more is on its way.
const ENDED: [&str; 3] = ["sent", "delivered", "read"];

/// A customer with everything that went in for them.
#[derive(Debug, Clone)]
pub(crate) struct Customer {
    pub(crate) psid: String,
    pub(crate) page: &'static str,
    /// The ids of what they wrote, in the order of its moments.
    pub(crate) wrote: Vec<String>,
    /// The texts of the replies, in the order in which they were accepted.
    pub(crate) replies: Vec<String>,
    /// The templates of the notices, in order.
    pub(crate) notices: Vec<&'static str>,
}

/// The customers of a run and what went in.
pub(crate) struct Load {
    pub(crate) customers: Vec<Customer>,
    pub(crate) next: i64,
    /// How far the customers' clocks have gone beside the count of their messages.
    pub(crate) gone: Duration,
}

impl Load {
    /// Customers spread over the Pages.
    pub(crate) fn new(customers: usize) -> Self {
        Self::on(customers, &PAGES)
    }

    pub(crate) fn on(customers: usize, pages: &[&'static str]) -> Self {
        let customer = |number: usize| Customer {
            psid: format!("7{number:015}"),
            page: pages[number % pages.len()],
            wrote: Vec::new(),
            replies: Vec::new(),
            notices: Vec::new(),
        };
        Self { customers: (0..customers).map(customer).collect(), next: 0, gone: Duration::ZERO }
    }

    /// Makes the next message of a customer.
    pub(crate) fn message(&mut self, customer: usize) -> Vec<u8> {
        let number = self.next;
        let second = number + i64::try_from(self.gone.as_secs()).unwrap();
        self.next += 1;
        let customer = &mut self.customers[customer];
        let mid = format!("m_{number:05}");
        customer.wrote.push(mid.clone());
        body(customer, second, "message", json!({ "mid": mid, "text": format!("message {number}") }))
    }

    /// Makes one delivery with a message of each customer.
    pub(crate) fn together(&mut self) -> Vec<u8> {
        let bodies: Vec<Json> =
            (0..self.customers.len()).map(|customer| serde_json::from_slice(&self.message(customer)).unwrap()).collect();
        let entries: Vec<Json> = bodies.iter().map(|body| body["entry"][0].clone()).collect();
        json!({ "object": "page", "entry": entries }).to_string().into_bytes()
    }

    /// Makes `count` deliveries in turns of the customers, a fifth of them twice, in any order.
    pub(crate) fn messages(&mut self, count: usize) -> Vec<Vec<u8>> {
        let customers = self.customers.len();
        let mut bodies: Vec<Vec<u8>> = (0..count).map(|number| self.message(number % customers)).collect();
        bodies.extend(bodies.clone().into_iter().step_by(5));
        shuffle(&mut bodies);
        bodies
    }

    /// Delivers bodies, eight at a time, each until it is taken. `each` is called with the number of every one that was.
    pub(crate) async fn deliver(program: &Program, bodies: &[Vec<u8>], each: impl AsyncFn(usize)) {
        stream::iter(bodies.iter().enumerate())
            .for_each_concurrent(AT_A_TIME, |(number, body)| {
                let each = &each;
                async move {
                    program.deliver(body).await;
                    each(number).await;
                }
            })
            .await;
    }

    /// The conversation of each customer, once all are there.
    pub(crate) async fn conversations(&self, program: &Program) -> BTreeMap<String, Json> {
        for _ in 0..LOOKS {
            let rows = program.all("/v1/conversations").await;
            let found: BTreeMap<String, Json> =
                rows.into_iter().map(|row| (row["identity"]["id"].as_str().unwrap().to_owned(), row)).collect();
            if self.customers.iter().all(|customer| found.contains_key(&customer.psid)) {
                return found;
            }
            program.advance(STEP).await;
        }
        panic!("conversations are missing");
    }

    /// Replies `each` times to every customer in order, eight customers at a time.
    pub(crate) async fn reply(&mut self, program: &Program, each: usize, accepted: impl AsyncFn()) {
        let conversations = self.conversations(program).await;
        stream::iter(&mut self.customers)
            .for_each_concurrent(AT_A_TIME, |customer| {
                let (accepted, id) = (&accepted, conversations[&customer.psid]["id"].as_str().unwrap());
                async move {
                    for _ in 0..each {
                        let text = format!("reply {} to {}", customer.replies.len(), customer.psid);
                        program.reply(id, &text).await;
                        customer.replies.push(text);
                        accepted().await;
                    }
                }
            })
            .await;
    }

    /// Waits until everything has come and all replies have ended, moving the clock; then some time longer. Tells what came.
    pub(crate) async fn settle(&self, program: &Program) -> Tally {
        let mut left = LOOKS;
        loop {
            let (tally, open) = self.look(program).await;
            if tally.lost.is_empty() && open.is_empty() {
                break;
            }
            left -= 1;
            if left == 0 {
                // A reply whose end nobody sees has none.
                assert!(open.is_empty(), "some replies have no end: {open:#?} {tally:?}");
                return tally;
            }
            pass(program).await;
        }
        for _ in 0..LINGER.as_secs() / LINGER_STEP.as_secs() {
            program.advance(LINGER_STEP).await;
        }
        self.look(program).await.0
    }

    /// Looks once; also tells the replies that have not ended.
    pub(crate) async fn look(&self, program: &Program) -> (Tally, Vec<Json>) {
        let mut tally = Tally {
            messages: self.customers.iter().map(|one| one.wrote.len() + one.replies.len() + one.notices.len()).sum(),
            ..Tally::default()
        };
        let mut open = Vec::new();
        let conversations = program.all("/v1/conversations").await;
        for customer in &self.customers {
            let psid = &customer.psid;
            let row = conversations.iter().find(|row| row["identity"]["id"] == **psid);
            let Some(id) = row.and_then(|row| row["id"].as_str()) else {
                tally.compare(&format!("inbox of {psid}"), &customer.wrote, &[]);
                continue;
            };
            let rows = program.all(&format!("/v1/conversations/{id}/messages")).await;
            let of = |direction: &str| rows.iter().filter(|row| row["direction"] == direction).cloned().collect::<Vec<Json>>();
            let (inbound, mut outbound) = (of("inbound"), of("outbound"));
            open.extend(outbound.iter().filter(|row| !ENDED.contains(&row["state"].as_str().unwrap_or_default())).cloned());
            outbound.retain(|row| row["kind"] == "text");
            let notices: Vec<String> = customer.notices.iter().map(|kind| (*kind).to_owned()).collect();
            tally.compare(&format!("notices of {psid}"), &notices, &program.notices_to(psid).await);
            let mids: Vec<String> = inbound.iter().map(|row| row["platform_ids"][0].as_str().unwrap_or_default().to_owned()).collect();
            tally.compare(&format!("inbox of {psid}"), &customer.wrote, &mids);
            let texts: Vec<String> = outbound.iter().map(|row| row["text"].as_str().unwrap_or_default().to_owned()).collect();
            tally.compare(&format!("history of {psid}"), &customer.replies, &texts);
            tally.compare(&format!("phone of {psid}"), &customer.replies, &program.received_by(psid).await);
        }
        (tally, open)
    }

    /// Does everything that passes each step of intake and sending: messages and what belongs to them, replies that leave, wait, are
    /// tried again, and are in doubt.
    pub(crate) async fn everything(&mut self, program: &Program) {
        let first = self.customers[0].clone();
        // A delivery of several conversations, whose events are written together.
        // Waited for: else single deliveries begin some of its conversations, and what is left is not written together.
        let together = self.together();
        program.deliver(&together).await;
        self.conversations(program).await;
        // Before the message that it changes, and what can never be read.
        let reaction = json!({ "reaction": "love", "emoji": "❤", "action": "react", "mid": "m_00003" });
        program.deliver(&body(&first, 9_000, "reaction", reaction)).await;
        program.deliver(&body(&first, 9_001, "message", json!("no message"))).await;
        let bodies = self.messages(4 * self.customers.len());
        Self::deliver(program, &bodies, async |_| ()).await;
        self.conversations(program).await;
        program.deliver(&body(&first, 9_002, "brand_new_kind", json!({ "some": "thing" }))).await;

        let [waits, doubt, again] = [0, 1, 2].map(|customer| self.customers[customer].psid.clone());
        let sends =
            // Twice: inside the window, and as a person's answer after it.
            vec![ActiveFault::next(2, SendFault::WindowClosed).to(&waits), ActiveFault::next(1, SendFault::TemporaryFailure).to(&again)];
        program.faults(&Faults { sends, ..Faults::none() }).await;
        self.reply(program, 2, async || ()).await;
        self.wait_for(program, &waits, "waiting").await;
        let wakes = self.message(0);
        program.deliver(&wakes).await;
        self.until_ended(program).await;
        self.notices(program).await;
        // A template whose echo is lost as well as its answer is in doubt for good: Meta's record does not show what it said.
        self.until_ended(program).await;

        let webhooks = WebhookFaults { drop_echo: true, ..WebhookFaults::default() };
        program.faults(&Faults { sends: vec![ActiveFault::next(1, SendFault::AcceptedThenUnknown).to(&doubt)], webhooks }).await;
        self.reply(program, 1, async || ()).await;
        self.until_ended(program).await;
        program.faults(&Faults::none()).await;
    }

    /// Tells of an order whose customer is found by its link, and of its parcel, first by the carrier.
    async fn notices(&mut self, program: &Program) {
        let customer = self.customers[0].clone();
        let page = customer.page;
        // Not when the others wrote, whose window is closed.
        let now = (START_MS - FIRST_MS) / 1000;
        let tracker = json!({ "id": "trk_1", "object": "Tracker", "tracking_code": "0034", "status": "in_transit", "carrier": "DHL" });
        let event = json!({ "id": "evt_1", "object": "Event", "description": "tracker.updated", "mode": "production", "result": tracker });
        program.carrier_tells(page, &event).await;
        let receipt = json!({
            "type": "receipt", "page_id": page, "order": { "number": "F10418", "currency": "EUR", "total": 9134 },
            "recipient": { "name": "Mia Keller", "email": "mia@example.com" },
        });
        program.call("/v1/notifications", &receipt, "receipt").await;
        let link = program.call("/v1/links", &json!({ "page_id": page, "order_number": "F10418" }), "link").await;
        let referral = json!({ "ref": link["reference"], "source": "SHORTLINK", "type": "OPEN_THREAD" });
        program.deliver(&body(&customer, now, "referral", referral)).await;
        let parcel = json!({ "status": "out_for_delivery", "tracking_number": "0034", "tracking_url": "https://parcel.example/0034" });
        let shipping = json!({ "type": "shipping", "page_id": page, "order": { "number": "F10418" }, "parcel": parcel });
        program.call("/v1/notifications", &shipping, "shipping").await;
        self.customers[0].wrote.push(String::from("m_question"));
        let question = json!({ "mid": "m_question", "text": "Where is #F10418?" });
        program.deliver(&body(&customer, now + 1, "message", question)).await;
        self.customers[0].notices = vec!["receipt", "button"];
    }

    /// Waits until a reply of a customer has a state; in vain when a crash came between.
    pub(crate) async fn wait_for(&self, program: &Program, psid: &str, state: &str) {
        let conversations = self.conversations(program).await;
        let path = format!("/v1/conversations/{}/messages", conversations[psid]["id"].as_str().unwrap());
        for _ in 0..25 {
            let rows = program.all(&path).await;
            let states: Vec<&str> =
                rows.iter().filter(|row| row["direction"] == "outbound").filter_map(|row| row["state"].as_str()).collect();
            if states.contains(&state) {
                return;
            }
            let mut pause = tokio::time::interval(Duration::from_millis(20));
            pause.tick().await;
            pause.tick().await;
        }
    }

    async fn until_ended(&self, program: &Program) {
        for _ in 0..LOOKS {
            let (tally, open) = self.look(program).await;
            if tally.lost.is_empty() && open.is_empty() {
                return;
            }
            pass(program).await;
        }
    }
}

/// Lets some time pass between two looks.
async fn pass(program: &Program) {
    for _ in 0..A_LOOK {
        program.advance(STEP).await;
    }
}

/// A delivery of one element, `number` seconds after the first.
pub(crate) fn body(customer: &Customer, number: i64, kind: &str, value: Json) -> Vec<u8> {
    let mut element = json!({
        "sender": { "id": customer.psid }, "recipient": { "id": customer.page }, "timestamp": FIRST_MS + number * 1000,
    });
    element[kind] = value;
    json!({ "object": "page", "entry": [{ "id": customer.page, "time": 1, "messaging": [element] }] }).to_string().into_bytes()
}

/// Any order, the same each time.
pub(crate) fn shuffle<T>(items: &mut [T]) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for place in (1..items.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(state >> 33).unwrap() % (place + 1);
        items.swap(place, other);
    }
}

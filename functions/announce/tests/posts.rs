//! The function before a real table engine, a queue that takes everything, and an endpoint on this machine.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use announce::Announce;
use aws_lambda_events::event::sqs::SqsEvent;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use domain::announce::{Announcement, Deliveries, Delivery, DeliveryState, DisabledFor, Endpoint, EndpointState, Endpoints, EventJob};
use dynamodb_store::Table;
use lambda_support::aws::Aws;
use lambda_support::environment::Environment;
use serde_json::{Value, json};
use sqs_jobs::events;
use standardwebhooks::Webhook;
use table_engine::TableEngine;
use testkit::ManualClock;
use testkit::announcements::{SIGNING_SECRET, endpoint_at, receipt_sent};
use testkit::ids::at;
use tokio::net::TcpListener;

/// The calls of SQS that were made: operation and body.
type Calls = Arc<Mutex<Vec<(String, Value)>>>;

/// What the endpoint answers, and what it got.
#[derive(Debug, Default)]
struct Shop {
    answers: Mutex<VecDeque<StatusCode>>,
    posts: Mutex<Vec<(HeaderMap, String)>>,
}

struct Stage {
    announce: Announce,
    table: Table,
    clock: Arc<ManualClock>,
    shop: Arc<Shop>,
    calls: Calls,
    endpoint: Endpoint,
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn queue(calls: Calls) -> String {
    let take = |State(calls): State<Calls>, headers: HeaderMap, body: String| async move {
        let operation = headers["x-amz-target"].to_str().unwrap().rsplit('.').next().unwrap().to_owned();
        calls.lock().unwrap().push((operation, serde_json::from_str(&body).unwrap()));
        r#"{"MessageId":"1"}"#
    };
    serve(Router::new().route("/", post(take)).with_state(calls)).await
}

async fn shop(answers: &[u16]) -> (String, Arc<Shop>) {
    let answers = answers.iter().map(|status| StatusCode::from_u16(*status).unwrap()).collect();
    let shop = Arc::new(Shop { answers: Mutex::new(answers), ..Shop::default() });
    let take = |State(shop): State<Arc<Shop>>, headers: HeaderMap, body: String| async move {
        shop.posts.lock().unwrap().push((headers, body));
        (shop.answers.lock().unwrap().pop_front().unwrap_or(StatusCode::OK), [("location", "http://169.254.169.254/")])
    };
    (serve(Router::new().route("/hook", post(take)).with_state(Arc::clone(&shop))).await, shop)
}

/// A function that may post to this machine when `insecure` says so, and one endpoint at a shop that answers so, then 200.
async fn stage(answers: &[u16], insecure: &str) -> Stage {
    let calls = Calls::default();
    let (queue_url, table_url) = (queue(Arc::clone(&calls)).await, TableEngine::with("shopbell").await.unwrap().url());
    let variables = [
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &table_url),
        ("AWS_ENDPOINT_URL_SQS", &queue_url),
        ("TABLE_NAME", "shopbell"),
        ("EVENTS_QUEUE_URL", "http://127.0.0.1:1/000000000000/events"),
        ("ANNOUNCE_INSECURE_HOSTS", insecure),
    ];
    let environment: Environment = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let clock = Arc::new(ManualClock::new(at(0)));
    let announce = announce::start(&environment, Arc::clone(&clock) as Arc<_>).unwrap();
    let table = Table::new(Aws::from_environment(&environment).unwrap().dynamodb(), "shopbell".into());
    let (shop_url, shop) = shop(answers).await;
    let endpoint = endpoint_at(&format!("{shop_url}/hook"), 1);
    table.put_endpoint(&endpoint).await.unwrap();
    Stage { announce, table, clock, shop, calls, endpoint }
}

impl Stage {
    /// Works a job, and returns how many went back.
    async fn work(&self, body: &str) -> usize {
        let record = json!({ "messageId": "m", "receiptHandle": "r", "body": body, "attributes": { "ApproximateReceiveCount": "1" } });
        let event: SqsEvent = serde_json::from_value(json!({ "Records": [record] })).unwrap();
        self.announce.handle(event).await.unwrap().batch_item_failures.len()
    }

    async fn deliver(&self, announcement: &Announcement) -> usize {
        let job = EventJob::Deliver { endpoint: self.endpoint.id.clone(), announcement: announcement.id.clone() };
        self.work(&events::write(&job).unwrap()).await
    }

    /// Announces, and returns the job to deliver that this put into the queue.
    async fn announce(&self, announcement: &Announcement) -> String {
        let job = EventJob::Announce { announcement: announcement.clone() };
        assert_eq!(self.work(&events::write(&job).unwrap()).await, 0);
        let (operation, body) = self.calls.lock().unwrap().pop().unwrap();
        assert_eq!(operation, "SendMessage");
        body["MessageBody"].as_str().unwrap().to_owned()
    }

    async fn row(&self, announcement: &Announcement) -> Delivery {
        self.table.delivery(&self.endpoint.id, &announcement.id).await.unwrap().unwrap()
    }

    fn posts(&self) -> usize {
        self.shop.posts.lock().unwrap().len()
    }
}

#[tokio::test]
async fn what_an_endpoint_refuses_comes_again_after_its_pause_and_is_delivered_once() {
    let (stage, announcement) = (stage(&[500], "127.0.0.1").await, receipt_sent("20418", 0));
    let job = stage.announce(&announcement).await;
    assert_eq!(stage.work(&job).await, 1);
    let (operation, pause) = stage.calls.lock().unwrap().pop().unwrap();
    assert_eq!(operation, "ChangeMessageVisibility");
    assert!((4..=6).contains(&pause["VisibilityTimeout"].as_u64().unwrap()), "{pause}");
    stage.clock.set(at(6));
    for _ in 0..2 {
        assert_eq!(stage.work(&job).await, 0);
    }
    let row = stage.row(&announcement).await;
    assert_eq!((row.state, stage.posts()), (DeliveryState::Delivered, 2));
    let posts = stage.shop.posts.lock().unwrap();
    let ids: Vec<_> = posts.iter().map(|(headers, _)| headers["webhook-id"].to_str().unwrap()).collect();
    assert_eq!(ids, [announcement.id.as_str(); 2]);
    let (headers, body) = &posts[0];
    let seconds = headers["webhook-timestamp"].to_str().unwrap().parse().unwrap();
    let signed = Webhook::new(SIGNING_SECRET).unwrap().sign(announcement.id.as_str(), seconds, body.as_bytes()).unwrap();
    assert_eq!(headers["webhook-signature"].to_str().unwrap(), signed);
    assert_eq!(serde_json::from_str::<Value>(body).unwrap()["type"], "notification.sent");
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_leads_nowhere() {
    let (stage, announcement) = (stage(&[302], "127.0.0.1").await, receipt_sent("20418", 0));
    let job = stage.announce(&announcement).await;
    assert_eq!(stage.work(&job).await, 1);
    let attempts = stage.row(&announcement).await.attempts;
    assert_eq!((attempts.len(), attempts[0].status), (1, Some(302)));
    assert!(attempts[0].error.as_ref().unwrap().contains("redirects are not followed"));
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_disabled() {
    let (stage, announcement) = (stage(&[410], "127.0.0.1").await, receipt_sent("20418", 0));
    let job = stage.announce(&announcement).await;
    assert_eq!(stage.work(&job).await, 0);
    assert_eq!(stage.row(&announcement).await.state, DeliveryState::Failed);
    let endpoint = stage.table.endpoint(&stage.endpoint.id).await.unwrap().unwrap();
    assert!(matches!(endpoint.state, EndpointState::Disabled { reason: DisabledFor::Gone, .. }));
}

#[tokio::test]
async fn nothing_is_posted_to_this_machine_unless_it_is_said_so() {
    let (stage, announcement) = (stage(&[], "").await, receipt_sent("20418", 0));
    let job = stage.announce(&announcement).await;
    assert_eq!(stage.work(&job).await, 1);
    assert_eq!(stage.posts(), 0);
    assert!(stage.row(&announcement).await.attempts[0].error.as_ref().unwrap().starts_with("Nothing was posted"));
}

#[tokio::test]
async fn a_job_without_a_delivery_is_done_and_what_is_no_job_is_parked() {
    let stage = stage(&[], "127.0.0.1").await;
    assert_eq!(stage.deliver(&receipt_sent("20418", 0)).await, 0);
    assert_eq!(stage.work("no job").await, 0);
    assert_eq!(stage.posts(), 0);
}

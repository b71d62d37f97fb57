//! A demo shop: places an order as a shop's backend would, by the same API, and lets its parcel travel. Only this machine has it.
//!
//! `GET /shop` sells one lamp; the thank-you page has the Messenger link, and a switch for each thing that a carrier tells.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use domain::ports::Clock;
use maud::{DOCTYPE, Markup, html};
use messenger_simulator::{Customer, Simulator};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::gateway::Gateway;
use crate::time::StackClock;

/// Nothing but the page's own style sheet and forms.
const POLICY: (HeaderName, HeaderValue) = (
    header::CONTENT_SECURITY_POLICY,
    HeaderValue::from_static("default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"),
);

/// The largest answer of the API that a page shows.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// What a carrier may tell: the status, and the switch's words.
const NEWS: [(&str, &str); 6] = [
    ("in_transit", "Hand it to the carrier"),
    ("out_for_delivery", "Out for delivery"),
    ("delivered", "Deliver it"),
    ("ready_for_pickup", "Leave it at a pickup point"),
    ("attempt_failed", "Nobody was home"),
    ("exception", "Damage it"),
];

/// The tags of a currency and the price of the lamp in its minor units.
const CURRENCIES: [(&str, i64); 3] = [("EUR", 4050), ("JPY", 6400), ("KWD", 13_250)];

/// What the pages need.
struct Shop {
    gateway: Arc<Gateway>,
    simulator: Simulator,
    page: String,
    key: String,
    clock: StackClock,
}

pub(crate) fn router(gateway: Arc<Gateway>, simulator: Simulator, page: String, key: String, clock: StackClock) -> Router {
    let shop = Arc::new(Shop { gateway, simulator, page, key, clock });
    Router::new()
        .route("/shop", get(front))
        .route("/shop/orders", post(place))
        .route("/shop/orders/{number}", get(thanks))
        .route("/shop/orders/{number}/link", post(tap))
        .route("/shop/orders/{number}/parcel", post(tell))
        .with_state(shop)
}

/// The shop's front: one lamp, and as whom to buy it.
async fn front(State(shop): State<Arc<Shop>>) -> Response {
    let customers = match shop.simulator.customers() {
        Ok(customers) => customers,
        Err(err) => return (StatusCode::SERVICE_UNAVAILABLE, err.to_string()).into_response(),
    };
    let page = document(
        "Lamp Shop",
        &html! {
            h1 { "Lamp Shop" }
            p.lead { "A shop to try receipts and shipping notices with: nothing is sold here." }
            form.order method="post" action="/shop/orders" {
                p { b { "Brass lamp" } ", 40 cm" }
                label { "Currency " select name="currency" { @for (code, _) in CURRENCIES { option value=(code) { (code) } } } }
                label { "Buy as " select name="psid" data-testid="buyer" {
                    @for customer in &customers { option value=(customer.psid) { (customer.first_name) " " (customer.last_name) } }
                } }
                label.check { input type="checkbox" name="consent" value="yes" checked; " Send me news of my order in Messenger" }
                button.button type="submit" data-testid="buy" { "Buy the lamp" }
            }
        },
    );
    ([POLICY], Html(page.into_string())).into_response()
}

#[derive(Deserialize)]
struct Purchase {
    psid: String,
    currency: String,
    consent: Option<String>,
}

/// Places an order, as a shop's backend does.
async fn place(State(shop): State<Arc<Shop>>, headers: HeaderMap, Form(purchase): Form<Purchase>) -> Response {
    if is_cross_site(&headers) {
        return (StatusCode::FORBIDDEN, "This page only listens to itself.").into_response();
    }
    let Some((currency, price)) = CURRENCIES.into_iter().find(|(code, _)| *code == purchase.currency) else {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    };
    let Some(customer) = shop.customer(&purchase.psid) else { return StatusCode::NOT_FOUND.into_response() };
    let now = shop.clock.now();
    let number = format!("L{}", now.as_millis() % 100_000_000);
    let shipping = price / 8;
    let body = json!({
        "type": "receipt",
        "page_id": shop.page,
        "order": {
            "number": number, "currency": currency, "total": 2 * price + shipping, "subtotal": 2 * price, "shipping": shipping,
            "lines": [{ "title": "Brass lamp", "subtitle": "40 cm", "quantity": 2, "price": price }],
            "payment_method": "Visa 2345", "merchant": "Lamp Shop", "placed_at": now.to_rfc3339(),
            "url": format!("https://shop.example/o/{number}"),
            "address": { "street_1": "Torstr. 1", "city": "Berlin", "postal_code": "10119", "state": "BE", "country": "DE" },
        },
        "recipient": {
            "name": format!("{} {}", customer.first_name, customer.last_name),
            "email": format!("{}@example.com", customer.psid),
            "customer_id": customer.psid,
        },
        "consent": { "messenger": purchase.consent.is_some(), "words": "Send me news of my order in Messenger" },
    });
    match shop.call(Method::POST, "/v1/notifications", Some(&body)).await {
        Ok(_) => Redirect::to(&format!("/shop/orders/{number}?psid={}", purchase.psid)).into_response(),
        Err(problem) => problem,
    }
}

#[derive(Deserialize)]
struct Buyer {
    psid: String,
}

/// The thank-you page.
async fn thanks(State(shop): State<Arc<Shop>>, Path(number): Path<String>, Query(buyer): Query<Buyer>) -> Response {
    let order = domain::id::PageId::new(shop.page.as_str()).map(|page| domain::notice::OrderId::of(&page, &number));
    let Some(order) = order else { return StatusCode::NOT_FOUND.into_response() };
    let order = match shop.call(Method::GET, &format!("/v1/orders/{order}"), None).await {
        Ok(order) => order,
        Err(problem) => return problem,
    };
    let name = shop.customer(&buyer.psid).map(|customer| customer.first_name).unwrap_or_default();
    ([POLICY], Html(thank_you(&number, &buyer.psid, &name, &order).into_string())).into_response()
}

fn thank_you(number: &str, psid: &str, name: &str, order: &Json) -> Markup {
    let notifications = order.get("notifications").and_then(Json::as_array).cloned().unwrap_or_default();
    let form = |path: &str| format!("/shop/orders/{number}/{path}");
    document(
        "Thank you",
        &html! {
            h1 { "Thank you, " (name) }
            p.lead { "Your order is " b data-testid="number" { (number) } "." }
            form method="post" action=(form("link")) {
                input type="hidden" name="psid" value=(psid);
                button.button type="submit" data-testid="link" { "Get the receipt in Messenger" }
            }
            p.small { "The button is the link that " code { "POST /v1/links" } " returned, tapped by the simulator's " (name) ". " a href={ "/simulator#c-" (psid) } { "See the phone" } }
            h2 { "The parcel" }
            div.switches {
                @for (status, words) in NEWS {
                    form method="post" action=(form("parcel")) {
                        input type="hidden" name="psid" value=(psid);
                        input type="hidden" name="status" value=(status);
                        button type="submit" data-testid=(status) { (words) }
                    }
                }
            }
            h2 { "What was told" }
            ul.outbox {
                @for notification in &notifications {
                    @let text = |name: &str| notification.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
                    li data-testid="notification" {
                        div.head { b { (text("event").replace('_', " ")) } span class={ "state " (text("state")) } { (text("state")) } }
                        p { (text("way").replace('_', " ")) }
                        @if !text("state_reason").is_empty() { p.reason { (text("state_reason")) } }
                    }
                }
            }
            p { a href="/shop" { "Buy another one" } }
        },
    )
}

/// The customer taps the link of the thank-you page.
async fn tap(State(shop): State<Arc<Shop>>, Path(number): Path<String>, headers: HeaderMap, Form(buyer): Form<Buyer>) -> Response {
    if is_cross_site(&headers) {
        return (StatusCode::FORBIDDEN, "This page only listens to itself.").into_response();
    }
    let words = "Get the receipt and news of your parcel in Messenger";
    let body = json!({ "page_id": shop.page, "order_number": number, "customer_id": buyer.psid, "consent_words": words });
    let link = match shop.call(Method::POST, "/v1/links", Some(&body)).await {
        Ok(link) => link,
        Err(problem) => return problem,
    };
    let reference = link.get("reference").and_then(Json::as_str).unwrap_or_default();
    match shop.simulator.customer_opens_link(&buyer.psid, reference) {
        Ok(()) => Redirect::to(&format!("/simulator#c-{}", buyer.psid)).into_response(),
        Err(err) => (StatusCode::NOT_FOUND, err.to_string()).into_response(),
    }
}

#[derive(Deserialize)]
struct News {
    psid: String,
    status: String,
}

/// The carrier tells of the parcel.
async fn tell(State(shop): State<Arc<Shop>>, Path(number): Path<String>, headers: HeaderMap, Form(news): Form<News>) -> Response {
    if is_cross_site(&headers) {
        return (StatusCode::FORBIDDEN, "This page only listens to itself.").into_response();
    }
    let tracking = format!("0034{number}");
    let body = json!({
        "type": "shipping",
        "page_id": shop.page,
        "order": { "number": number },
        "parcel": {
            "status": news.status, "tracking_number": tracking, "tracking_url": format!("https://parcel.example/t/{tracking}"), "carrier": "DHL",
        },
    });
    match shop.call(Method::POST, "/v1/notifications", Some(&body)).await {
        Ok(_) => Redirect::to(&format!("/shop/orders/{number}?psid={}", news.psid)).into_response(),
        Err(problem) => problem,
    }
}

impl Shop {
    fn customer(&self, psid: &str) -> Option<Customer> {
        self.simulator.customers().ok()?.into_iter().find(|customer| customer.psid == psid)
    }

    /// Calls the API as a shop's backend does. A refusal is shown as it came.
    async fn call(&self, method: Method, path: &str, body: Option<&Json>) -> Result<Json, Response> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.map(Json::to_string).unwrap_or_default()))
            .map_err(|err| (StatusCode::INTERNAL_SERVER_ERROR, err.to_string()).into_response())?;
        let answer = self.gateway.handle(request).await;
        let (parts, body) = answer.into_parts();
        let bytes = axum::body::to_bytes(body, LARGEST_ANSWER).await.unwrap_or_default();
        if !parts.status.is_success() {
            return Err((parts.status, String::from_utf8_lossy(&bytes).into_owned()).into_response());
        }
        serde_json::from_slice(&bytes).map_err(|err| (StatusCode::BAD_GATEWAY, err.to_string()).into_response())
    }
}

/// Browsers say where a post comes from.
fn is_cross_site(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    site.is_some_and(|site| site != "same-origin" && site != "none")
}

fn document(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="stylesheet" href="/home.css";
            }
            body { main { (content) } }
        }
    }
}

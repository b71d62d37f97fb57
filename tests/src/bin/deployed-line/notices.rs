//! The shop's webhook, the link on its thank-you page, and the parcel's news.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, StatusCode};
use serde_json::json;
use sha2::Sha256;
use shopbell_tests::PATIENCE;

use crate::deployment::Deployment;
use crate::line::{Line, PAGE, until};
use crate::{Outcome, must_be, ok};

const SHOP_SECRET: &str = "a secret that the shop and we know";

const PUT_SECRET: &str = "
import boto3, os, sys
parameters = boto3.client('ssm', endpoint_url=os.environ['AWS_ENDPOINT_URL'])
name = os.environ['SECRETS_PATH'].rstrip('/') + '/SHOPIFY_WEBHOOK_SECRETS'
parameters.put_parameter(Name=name, Value=sys.argv[1], Type='SecureString', Overwrite=True)
";

pub(crate) async fn an_order_and_its_parcel(line: &Line, deployment: &Deployment) -> Outcome<()> {
    let order = json!({
        "id": 5_678_901_234_567_i64, "name": "#D10418", "currency": "KWD", "total_price": "27.345", "financial_status": "paid",
        "created_at": "2026-11-20T10:00:00Z", "updated_at": "2026-11-20T10:00:00Z", "email": "pia@example.com",
        "customer": { "id": 1, "first_name": "Pia", "last_name": "Deployed" },
        "line_items": [{ "id": 1, "title": "Lamp", "quantity": 1, "price": "27.345" }],
    })
    .to_string();
    must_be("an order before its secret is known", &shopify(line, "guessed", &order).await?, &StatusCode::UNAUTHORIZED)?;
    deployment.python(PUT_SECRET, &[SHOP_SECRET])?;
    until("the shop's secret taken up", PATIENCE * 3, || async { Ok(shopify(line, SHOP_SECRET, &order).await? == StatusCode::OK) }).await?;
    must_be("a forged order", &shopify(line, "guessed", &order).await?, &StatusCode::UNAUTHORIZED)?;
    ok("an order of Shopify's is taken once its secret is in the Parameter Store, and a forged one never");

    let customer = line.simulator.add_customer("Pia Deployed")?;
    let asked = json!({ "page_id": PAGE, "order_number": "D10418" });
    let (status, made) = line.api(Method::POST, "/v1/links", Some(&asked)).await?;
    must_be(&format!("a link: {made}"), &status, &StatusCode::CREATED)?;
    line.simulator.customer_opens_link(&customer.psid, made["reference"].as_str().unwrap_or_default())?;
    until("the receipt in the customer's thread", PATIENCE, || async { Ok(templates(line, &customer.psid)? == ["receipt 27.345 KWD"]) })
        .await?;
    ok("the link on the thank-you page brings the receipt, to the last fils");

    let parcel = json!({ "status": "out_for_delivery", "tracking_number": "0034", "tracking_url": "https://parcel.example/0034" });
    let told = json!({ "type": "shipping", "page_id": PAGE, "order": { "number": "D10418" }, "parcel": parcel });
    let (status, accepted) = line.api(Method::POST, "/v1/notifications", Some(&told)).await?;
    must_be(&format!("the parcel's news: {accepted}"), &status, &StatusCode::ACCEPTED)?;
    let id = accepted["id"].as_str().unwrap_or_default();
    until("the news read", PATIENCE, || async { Ok(line.get(&format!("/v1/notifications/{id}")).await?["state"] == "read") }).await?;
    must_be("the thread", &templates(line, &customer.psid)?, &["receipt 27.345 KWD".to_owned(), "button".to_owned()].into())?;
    ok("the parcel's news follows, each once, and comes back as read");
    Ok(())
}

async fn shopify(line: &Line, secret: &str, body: &str) -> Outcome<StatusCode> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())?;
    mac.update(body.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let headers = [
        ("X-Shopify-Topic", "orders/create"),
        ("X-Shopify-Shop-Domain", "lamps.myshopify.com"),
        ("X-Shopify-Webhook-Id", "7b9c9b2e-0001"),
        ("X-Shopify-Hmac-Sha256", signature.as_str()),
    ];
    line.post_to(&format!("/webhooks/shopify?page={PAGE}"), &headers, body).await
}

/// The templates in a customer's thread; of a receipt, what it sums up to.
fn templates(line: &Line, psid: &str) -> Outcome<Vec<String>> {
    let thread = line.simulator.thread(psid)?;
    let payloads = thread.iter().flat_map(|message| &message.content.attachments).map(|attachment| &attachment["payload"]);
    let told = payloads.map(|payload| {
        let kind = payload["template_type"].as_str().unwrap_or_default();
        let Some(total) = payload["summary"].get("total_cost") else { return kind.to_owned() };
        format!("{kind} {total} {}", payload["currency"].as_str().unwrap_or_default())
    });
    Ok(told.collect())
}

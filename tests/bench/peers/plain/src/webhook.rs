//! Verifies a delivery of Meta's and puts it into a queue.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_sqs::types::MessageAttributeValue;
use hmac::{Hmac, KeyInit, Mac};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Error, Request, RequestExt, Response, run, service_fn, tracing};
use sha2::Sha256;

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = aws_config::load_from_env().await;
    let sqs = aws_sdk_sqs::Client::new(&config);
    let queue_url = std::env::var("INBOUND_QUEUE_URL")?;
    let secret = std::env::var("META_APP_SECRETS")?;
    run(service_fn(|request: Request| handle(&sqs, &queue_url, &secret, request))).await
}

async fn handle(sqs: &aws_sdk_sqs::Client, queue_url: &str, secret: &str, request: Request) -> Result<Response<Body>, Error> {
    let signature = request.headers().get("x-hub-signature-256").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !is_genuine(secret, request.body().as_ref(), signature) {
        return Ok(Response::builder().status(401).body(Body::Empty)?);
    }
    let request_id = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone().unwrap_or_default(),
        _ => String::new(),
    };
    let received_at = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis().to_string();
    let text = |value: &str| MessageAttributeValue::builder().data_type("String").string_value(value).build();
    sqs.send_message()
        .queue_url(queue_url)
        .message_body(std::str::from_utf8(request.body().as_ref())?)
        .message_attributes("job", text("meta.delivery.v1")?)
        .message_attributes("encoding", text("plain")?)
        .message_attributes("received_at", text(&received_at)?)
        .message_attributes("request_id", text(&request_id)?)
        .send()
        .await?;
    Ok(Response::builder().status(200).header("content-type", "text/plain").body(Body::from("EVENT_RECEIVED"))?)
}

fn is_genuine(secret: &str, body: &[u8], signature: &str) -> bool {
    let Some(signature) = signature.strip_prefix("sha256=").and_then(|digits| hex::decode(digits).ok()) else { return false };
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    mac.chain_update(body).verify_slice(&signature).is_ok()
}

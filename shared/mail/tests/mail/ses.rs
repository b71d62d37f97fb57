use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::mail::{Email, MailError, Mailer};
use lambda_support::aws::Aws;
use lambda_support::environment::Environment;
use mail::{Mail, Settings};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

/// Answers every `SendEmail` alike, and keeps what it was asked.
#[derive(Clone)]
struct Ses {
    status: StatusCode,
    code: &'static str,
    words: &'static str,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Ses {
    async fn serve(status: u16, code: &'static str) -> (Self, Mail) {
        Self::serve_saying(status, code, "not mia@example.org").await
    }

    async fn serve_saying(status: u16, code: &'static str, words: &'static str) -> (Self, Mail) {
        let ses = Self { status: StatusCode::from_u16(status).unwrap(), code, words, asked: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mail = mail_at(&format!("http://{}", listener.local_addr().unwrap()));
        let router = Router::new().route("/v2/email/outbound-emails", post(answer)).with_state(ses.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (ses, mail)
    }
}

async fn answer(State(ses): State<Ses>, body: Bytes) -> (StatusCode, [(&'static str, &'static str); 1], String) {
    ses.asked.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
    let body = if ses.status.is_success() { json!({ "MessageId": "ses-1" }) } else { json!({ "message": ses.words }) };
    (ses.status, [("x-amzn-errortype", ses.code)], body.to_string())
}

fn mail_at(url: &str) -> Mail {
    let variables =
        [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_ENDPOINT_URL_SESV2", url)];
    let environment: Environment = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let settings = Settings { from: Some("Lamp Shop <shop@example.com>".into()), smtp_url: None };
    Mail::new(&settings, &Aws::from_environment(&environment).unwrap()).unwrap()
}

fn news() -> Email {
    Email { to: "mia@example.org".into(), subject: "Your order 20418".into(), text: "It is on its way.".into(), id: "ntf_1".into() }
}

#[tokio::test]
async fn ses_is_given_the_message_as_it_is_from_the_sender_to_the_customer() {
    let (ses, mail) = Ses::serve(200, "").await;
    mail.send(&news()).await.unwrap();
    let asked = ses.asked.lock().unwrap().pop().unwrap();
    assert_eq!(asked["FromEmailAddress"], "shop@example.com");
    assert_eq!(asked["Destination"], json!({ "ToAddresses": ["mia@example.org"] }));
    let mime = BASE64_STANDARD.decode(asked["Content"]["Raw"]["Data"].as_str().unwrap()).unwrap();
    let mime = String::from_utf8(mime).unwrap();
    assert!(mime.contains("Subject: Your order 20418\r\n") && mime.contains("Message-ID: <ntf_1@example.com>\r\n"), "{mime}");
    assert!(mime.ends_with("\r\n\r\nIt is on its way."), "{mime}");
}

#[tokio::test]
async fn an_answer_decides_and_is_asked_for_once() {
    for (status, code, is_refused) in [
        (400, "MessageRejected", true),
        (400, "MailFromDomainNotVerifiedException", false),
        (400, "AccountSuspendedException", false),
        (400, "BadRequestException", true),
        (404, "NotFoundException", true),
        (403, "AccessDeniedException", false),
        (400, "SendingPausedException", false),
        (400, "LimitExceededException", false),
        (400, "ThrottlingException", false),
        (403, "ExpiredTokenException", false),
        (429, "TooManyRequestsException", false),
        (500, "InternalFailure", false),
        (503, "ServiceUnavailable", false),
    ] {
        let (ses, mail) = Ses::serve(status, code).await;
        let error = mail.send(&news()).await.unwrap_err();
        assert_eq!(matches!(error, MailError::Refused { .. }), is_refused, "{status} {code}: {error}");
        assert_eq!(matches!(error, MailError::NotTaken { .. }), !is_refused, "{status} {code}: {error}");
        assert!(error.to_string().contains(code) && !error.to_string().contains("mia"), "{error}");
        assert_eq!(ses.asked.lock().unwrap().len(), 1, "{status} {code}");
    }
}

#[tokio::test]
async fn a_sender_that_is_not_verified_yet_is_tried_again() {
    let words = "Email address is not verified. The following identities failed the check in region US-EAST-1: shop@example.com";
    let (_, mail) = Ses::serve_saying(400, "MessageRejected", words).await;
    let error = mail.send(&news()).await.unwrap_err();
    assert!(matches!(error, MailError::NotTaken { .. }) && !error.to_string().contains("shop@"), "{error}");
}

#[tokio::test]
async fn without_a_connection_nothing_was_taken() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mail = mail_at(&format!("http://{}", listener.local_addr().unwrap()));
    drop(listener);
    let outcome = mail.send(&news()).await;
    assert!(matches!(outcome, Err(MailError::NotTaken { .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_line_that_is_lost_with_the_request_leaves_nobody_knowing_and_is_not_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mail = mail_at(&format!("http://{}", listener.local_addr().unwrap()));
    let calls = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&calls);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            *counted.lock().unwrap() += 1;
            let mut some = [0; 64];
            stream.read_exact(&mut some).await.unwrap();
        }
    });
    let outcome = mail.send(&news()).await;
    assert!(matches!(outcome, Err(MailError::Unknown { .. })), "{outcome:?}");
    assert_eq!(*calls.lock().unwrap(), 1);
}

#[tokio::test]
async fn a_good_answer_that_cannot_be_read_leaves_nobody_knowing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mail = mail_at(&format!("http://{}", listener.local_addr().unwrap()));
    let router = Router::new().route("/v2/email/outbound-emails", post(async || "no JSON"));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let outcome = mail.send(&news()).await;
    assert!(matches!(outcome, Err(MailError::Unknown { .. })), "{outcome:?}");
}

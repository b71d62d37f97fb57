use std::sync::{Arc, Mutex};

use domain::content::UtilityMessage;
use domain::hold::HoldCause;
use domain::id::PageId;
use domain::message::WaitingFor;
use domain::policy::Way;
use domain::ports::{SendApi, SendError, SendRequest, Sendable};
use domain::retry::{Retry, Retryable};
use graph_api::{GraphApi, Timeouts};
use serde_json::Value;

use crate::server::{Server, Step, answer};
use crate::support::{PROOF, SHORT, TEXT, TOKEN, client, page, payload, send, sent, settings, settings_for, user};

const MESSAGE_ID: &str = "m_-XUq6Vb9z_FQsTC41zX-jP1Gbl6titXzh6VqXpOex2YPEKWmnziMlKZwAZlkRUQvU5V-t0JcgolPKspdmdaM_e";

fn ok() -> Step {
    Step::Answer(answer(200, &[("content-type", "application/json")], &payload("response-send_ok")))
}

#[track_caller]
fn assert_unknown(result: &Result<String, SendError>) {
    assert!(matches!(result, Err(SendError::Unknown { .. })), "{result:?}");
}

#[track_caller]
fn assert_not_sent(result: &Result<String, SendError>) {
    assert!(matches!(result, Err(SendError::NotSent { .. })), "{result:?}");
}

#[tokio::test]
async fn a_text_is_sent_as_documented() {
    let server = Server::start([ok()]).await;
    assert_eq!(send(&client(&server)).await.as_deref(), Ok(MESSAGE_ID));

    let [request] = server.requests().try_into().unwrap();
    assert_eq!(request.line, format!("POST /v26.0/108234567890123/messages?appsecret_proof={PROOF} HTTP/1.1"));
    assert_eq!(request.header("authorization"), Some("Bearer EAATestToken"));
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(serde_json::from_slice::<Value>(&request.body).unwrap(), serde_json::from_str::<Value>(&payload("request-text")).unwrap());
}

#[tokio::test]
async fn a_persons_answer_after_the_window_carries_its_tag_and_a_refusal_says_what_it_needs() {
    let server = Server::start([ok(), Step::Answer(answer(400, &[], &payload("error-100")))]).await;
    let (page, user) = (page(), user());
    let request = SendRequest { page: &page, user: &user, content: Sendable::Text(TEXT), way: Way::HumanAgent, metadata: "m" };
    let api = client(&server);
    assert!(api.send(&request).await.is_ok());
    let body: Value = serde_json::from_slice(&server.requests()[0].body).unwrap();
    assert_eq!((&body["messaging_type"], &body["tag"]), (&"MESSAGE_TAG".into(), &"HUMAN_AGENT".into()));
    let Err(SendError::Refused { reason }) = api.send(&request).await else { panic!("it is refused") };
    assert!(reason.contains("Human Agent"), "{reason}");
}

#[tokio::test]
async fn a_refused_utility_message_names_its_template() {
    let utility =
        UtilityMessage { template: "shopbell_shipped_v1".into(), language: "de".into(), parameters: Vec::new(), url_suffix: None };
    for name in ["error-100-1893043", "error-100"] {
        let server = Server::start([Step::Answer(answer(400, &[], &payload(name)))]).await;
        let (page, user) = (page(), user());
        let request = SendRequest { page: &page, user: &user, content: Sendable::Utility(&utility), way: Way::Utility, metadata: "m" };
        let Err(SendError::Refused { reason }) = client(&server).send(&request).await else { panic!("it is refused") };
        assert!(reason.contains("shopbell_shipped_v1 (de)"), "{reason}");
        assert_eq!(name == "error-100-1893043", reason.contains("an emoji"), "{reason}");
    }
}

#[tokio::test]
async fn without_an_app_secret_no_proof_is_sent() {
    let server = Server::start([ok()]).await;
    let mut settings = settings_for(&server);
    settings.app_secret = None;
    settings.base_url.push('/');
    assert!(send(&GraphApi::new(settings).unwrap()).await.is_ok());
    assert_eq!(server.requests()[0].line, "POST /v26.0/108234567890123/messages HTTP/1.1");
}

#[tokio::test]
async fn an_id_stays_one_segment_of_the_path() {
    let server = Server::start([ok()]).await;
    let odd = PageId::new("1/../me?x#y").unwrap();
    let mut settings = settings_for(&server);
    settings.app_secret = None;
    settings.page_tokens = settings.page_tokens.into_values().map(|token| (odd.clone(), token)).collect();
    let request = SendRequest { page: &odd, user: &user(), content: Sendable::Text(TEXT), way: Way::Response, metadata: "" };
    assert!(GraphApi::new(settings).unwrap().send(&request).await.is_ok());
    assert_eq!(server.requests()[0].line, "POST /v26.0/1%2F..%2Fme%3Fx%23y/messages HTTP/1.1");
}

#[tokio::test]
async fn calls_share_a_connection() {
    let server = Server::start([ok(), ok(), ok()]).await;
    let api = client(&server);
    for _ in 0..3 {
        assert!(send(&api.clone()).await.is_ok());
    }
    assert_eq!((server.connections(), server.requests().len()), (1, 3));
}

#[tokio::test]
async fn a_page_without_a_token_waits_and_says_which_variable_to_set() {
    let server = Server::start([]).await;
    let stranger = PageId::new("999").unwrap();
    let request = SendRequest { page: &stranger, user: &user(), content: Sendable::Text(TEXT), way: Way::Response, metadata: "" };
    let Err(SendError::PageHeld { cause: HoldCause::Token, reason }) = client(&server).send(&request).await else { panic!("it must wait") };
    assert!(reason.contains("META_PAGE_TOKENS") && reason.contains("999"), "{reason}");
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_success_that_names_no_message_has_an_unknown_outcome() {
    for body in ["", "{}", "OK", "null", r#"{"message_id":""}"#, r#"{"message_id":7}"#, r#"{"recipient_id":"7402918836412905"}"#] {
        assert_unknown(&sent(Step::Answer(answer(200, &[], body))).await);
    }
    let endless_id = format!(r#"{{"message_id":"{}"}}"#, "m".repeat(2000));
    assert_unknown(&sent(Step::Answer(answer(200, &[], &endless_id))).await);
}

#[tokio::test]
async fn a_huge_answer_is_not_read_to_its_end() {
    let huge = format!(r#"{{"message_id":"m_1","x":"{}"}}"#, "x".repeat(10_000_000));
    // The client hangs up before the server has written it all.
    assert_unknown(&sent(Step::Stall(answer(200, &[], &huge)[..100_000].to_vec())).await);
}

#[tokio::test]
async fn each_class_of_error_has_its_effect() {
    async fn of(status: u16, name: &str) -> SendError {
        sent(Step::Answer(answer(status, &[], &payload(name)))).await.unwrap_err()
    }
    assert!(matches!(of(403, "error-10-2018278").await, SendError::Waits { on: WaitingFor::Window, .. }));
    assert!(matches!(of(403, "error-10-2018300").await, SendError::Waits { on: WaitingFor::Thread, .. }));
    assert!(matches!(of(401, "error-190-460").await, SendError::PageHeld { cause: HoldCause::Token, .. }));
    assert!(matches!(of(400, "error-551-1545041").await, SendError::OutOfReach { .. }));
    assert!(matches!(of(400, "error-100-1893043").await, SendError::Refused { .. }));
    assert!(matches!(of(400, "error-613").await, SendError::AskedToWait { .. }));
    assert!(matches!(of(500, "error-2").await, SendError::NotSent { .. }));
    assert!(matches!(of(500, "error-1-1357046").await, SendError::Unknown { .. }));
    assert!(matches!(of(200, "error-551-1545041").await, SendError::OutOfReach { .. }));
}

#[tokio::test]
async fn a_server_failure_without_a_code_has_an_unknown_outcome() {
    for status in [500, 502, 503, 504] {
        assert_unknown(&sent(Step::Answer(answer(status, &[], "<html>Sorry, something went wrong.</html>"))).await);
        assert_unknown(&sent(Step::Answer(answer(status, &[], ""))).await);
    }
}

#[tokio::test]
async fn a_throttled_call_comes_back_when_meta_says() {
    let pause = async |headers: &[(&str, &str)], body: &str| sent(Step::Answer(answer(429, headers, body))).await.unwrap_err().retry();
    let seconds = |seconds| Retry::After(std::time::Duration::from_secs(seconds));
    let usage = r#"{"108234567890123":[{"type":"messenger","call_count":101,"estimated_time_to_regain_access":7}]}"#;
    assert_eq!(pause(&[], "").await, seconds(60));
    assert_eq!(pause(&[("retry-after", "17")], "slow down").await, seconds(17));
    assert_eq!(pause(&[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")], "").await, seconds(60));
    assert_eq!(pause(&[("X-Business-Use-Case-Usage", usage)], &payload("error-4")).await, seconds(7 * 60));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::start([ok()]).await;
    let location = format!("http://{}/v26.0/1/messages", elsewhere.address);
    for status in [301, 302, 307, 308] {
        assert_not_sent(&sent(Step::Answer(answer(status, &[("location", &location)], ""))).await);
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_refused_connection_has_sent_nothing() {
    let address = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let result = send(&GraphApi::new(settings(format!("http://{address}/v26.0"))).unwrap()).await;
    assert_not_sent(&result);
    let reason = result.unwrap_err().to_string();
    assert!(reason.contains("refused") && !reason.contains("127.0.0.1") && !reason.contains("proof"), "{reason}");
}

#[tokio::test]
async fn a_failed_tls_handshake_has_sent_nothing() {
    let server = Server::start([]).await;
    let result = send(&GraphApi::new(settings(format!("https://{}/v26.0", server.address))).unwrap()).await;
    assert_not_sent(&result);
    assert_eq!((server.connections(), server.requests().len()), (1, 0));
}

#[tokio::test]
async fn a_connection_that_takes_too_long_has_sent_nothing() {
    let server = Server::start([Step::Deaf]).await;
    let mut settings = settings(format!("https://{}/v26.0", server.address));
    settings.timeouts.connect = SHORT;
    assert_not_sent(&send(&GraphApi::new(settings).unwrap()).await);
}

#[tokio::test]
async fn a_connection_lost_before_the_answer_has_an_unknown_outcome() {
    assert_unknown(&sent(Step::CloseUnread).await);
    assert_unknown(&sent(Step::CloseRead).await);
    assert_unknown(&sent(Step::AnswerAndClose(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec())).await);
    assert_unknown(&sent(Step::AnswerAndClose(b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{\"message_id\":\"m_1\"".to_vec())).await);
    assert_unknown(&sent(Step::AnswerAndClose(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 90\r\n\r\n{\"error\":".to_vec())).await);
    assert_unknown(&sent(Step::AnswerAndClose(b"no HTTP at all\r\n\r\n".to_vec())).await);
}

#[tokio::test]
async fn a_request_lost_on_a_kept_connection_is_not_written_again() {
    let server = Server::start([ok(), Step::CloseRead, ok()]).await;
    let api = client(&server);
    assert!(send(&api).await.is_ok());
    assert_unknown(&send(&api).await);
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn an_answer_that_takes_too_long_has_an_unknown_outcome() {
    for written in [Vec::new(), b"HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n{".to_vec()] {
        let server = Server::start([Step::Stall(written)]).await;
        let mut settings = settings_for(&server);
        settings.timeouts = Timeouts { connect: SHORT, total: SHORT };
        assert_unknown(&send(&GraphApi::new(settings).unwrap()).await);
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn the_log_has_one_line_a_call_with_ids_and_codes_and_no_secret_or_word() {
    let written = Arc::new(Mutex::new(Vec::new()));
    let writer = Arc::clone(&written);
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || Lines(Arc::clone(&writer)))
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let error = sent(Step::Answer(answer(403, &[], &payload("error-10-2018278")))).await.unwrap_err();
    let lost = sent(Step::CloseRead).await.unwrap_err();
    drop(guard);

    let log = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("graph.call")).collect();
    assert_eq!(lines.len(), 2, "{log}");
    for part in ["INFO", "send", page().as_str(), "403", "2018278", "ANx0QPjCXbYwrGxlTcn", "duration_ms"] {
        assert!(lines[0].contains(part), "{part} is not in {}", lines[0]);
    }
    for hidden in [TOKEN, PROOF, TEXT, "allowed window"] {
        assert!(!log.contains(hidden), "{log}");
        assert!(!format!("{error} {error:?} {lost} {lost:?}").contains(hidden));
    }
}

struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

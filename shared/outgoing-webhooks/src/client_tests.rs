use super::*;
use domain::announce::Announcement;
use standardwebhooks::Webhook;
use testkit::announcements::{SIGNING_SECRET, endpoint_at, receipt_sent};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server that answers one call with `answer`, or never, and returns what it was sent.
async fn server(answer: Option<&'static str>) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?x=1", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut read, mut part) = (Vec::new(), [0; 4096]);
        while !read.ends_with(b"}") {
            let length = stream.read(&mut part).await.unwrap();
            if length == 0 {
                break;
            }
            read.extend_from_slice(&part[..length]);
        }
        match answer {
            Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
            None => std::future::pending().await,
        }
        String::from_utf8(read).unwrap()
    });
    (url, served)
}

fn client() -> WebhookClient {
    WebhookClient::with_timeout(InsecureHosts::parse("127.0.0.1,localhost"), Duration::from_millis(300)).unwrap()
}

fn now() -> Timestamp {
    domain::ports::Clock::now(&lambda_support::clock::SystemClock)
}

async fn posted(client: &WebhookClient, url: &str) -> Posted {
    let Announcement { id, .. } = receipt_sent("20418", 0);
    client.post(&endpoint_at(url, 1), &id, r#"{"type":"notification.sent"}"#, now()).await
}

async fn answered(answer: &'static str) -> Posted {
    let (url, _served) = server(Some(answer)).await;
    posted(&client(), &url).await
}

#[tokio::test]
async fn a_post_carries_what_its_signature_proves() {
    let (url, served) = server(Some("HTTP/1.1 204 No Content\r\n\r\n")).await;
    assert_eq!(posted(&client(), &url).await, Posted::Answered { status: 204, retry_after: None });
    let sent = served.await.unwrap();
    let (head, body) = sent.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /hook?x=1 HTTP/1.1"));
    let headers = head.lines().skip(1).filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    assert!(Webhook::new(SIGNING_SECRET).unwrap().verify(body.as_bytes(), &headers).is_ok(), "{head}");
    assert!(Webhook::new(SIGNING_SECRET).unwrap().verify(b"{}", &headers).is_err());
}

#[tokio::test]
async fn an_endpoint_that_is_busy_says_for_how_long() {
    let asked = Duration::from_mins(2);
    let busy = answered("HTTP/1.1 429 Too Many\r\nRetry-After: 120\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(busy, Posted::Answered { status: 429, retry_after: Some(asked) });
    let broken = answered("HTTP/1.1 500 No\r\nRetry-After: 120\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(broken, Posted::Answered { status: 500, retry_after: None });
    let headers = HeaderMap::from_iter([(RETRY_AFTER, "Sat, 21 Nov 2026 10:02:00 GMT".parse().unwrap())]);
    let now = Timestamp::from_millis(1_795_255_200_000);
    assert_eq!(retry_after(StatusCode::SERVICE_UNAVAILABLE, &headers, now), Some(asked));
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_nobody_follows_it() {
    let (inside, served) = server(Some("HTTP/1.1 200 OK\r\n\r\n")).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        drop(stream.read(&mut [0; 4096]).await);
        stream.write_all(format!("HTTP/1.1 307 There\r\nlocation: {inside}\r\ncontent-length: 0\r\n\r\n").as_bytes()).await.unwrap();
    });
    assert_eq!(posted(&client(), &url).await, Posted::Answered { status: 307, retry_after: None });
    assert!(!served.is_finished());
}

#[tokio::test]
async fn an_endpoint_that_is_silent_or_not_there_has_not_answered() {
    let (url, _served) = server(None).await;
    assert!(matches!(posted(&client(), &url).await, Posted::NotAnswered { reason } if reason.contains("within 15 seconds")));
    assert!(matches!(posted(&client(), "http://127.0.0.1:1/").await, Posted::NotAnswered { reason } if reason.contains("reached")));
}

#[tokio::test]
async fn nothing_is_posted_into_a_private_network() {
    let (url, served) = server(Some("HTTP/1.1 200 OK\r\n\r\n")).await;
    let strict = WebhookClient::new(InsecureHosts::default()).unwrap();
    for hostile in [&url, &url.replace("http:", "https:"), "https://localhost/", "https://169.254.169.254/latest/", "https://[::1]/"] {
        assert!(
            matches!(posted(&strict, hostile).await, Posted::NotAnswered { reason } if reason.starts_with("Nothing was posted")),
            "{hostile}"
        );
    }
    assert!(!served.is_finished());
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_when_it_is_looked_up() {
    // The spelling passes here, as that of a hostile name would: what the resolver finds is refused.
    let http = reqwest::Client::builder()
        .tls_backend_preconfigured(tls::config().unwrap())
        .dns_resolver(Arc::new(Checked::new(Arc::default())))
        .no_proxy()
        .build()
        .unwrap();
    let refused = http.post("http://localhost:1/").send().await.unwrap_err();
    assert!(words(&refused.without_url()).contains("private network"));
}

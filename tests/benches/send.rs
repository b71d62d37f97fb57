//! Building a send and making the call, to an endpoint on this machine that answers at once.

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::TcpListener;

use criterion::Criterion;
use domain::policy::Way;
use domain::ports::{SendApi, SendRequest, Sendable};
use domain::secret::Secret;
use graph_api::{GraphApi, Settings, Timeouts};
use testkit::ids::{MIA, PAGE, page, user};

pub(crate) fn bench(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let settings = Settings {
        base_url: format!("http://{}/v26.0", answering()),
        app_secret: Some(Secret::new("0f9d8c7b6a5f4e3d2c1b0a9f8e7d6c5b").unwrap()),
        page_tokens: [(page(PAGE), Secret::new("EAAGm0PX4ZCpsBAKZBtestToken").unwrap())].into(),
        timeouts: Timeouts::default(),
    };
    let api = GraphApi::new(settings).unwrap();
    let (page, user) = (page(PAGE), user(MIA));
    let request = SendRequest {
        page: &page,
        user: &user,
        content: Sendable::Text("It left our warehouse this morning."),
        way: Way::Response,
        metadata: "sb1:msg_x:0",
    };
    criterion.bench_function("send", |bencher| {
        bencher.iter(|| runtime.block_on(api.send(black_box(&request))).unwrap());
    });
}

/// Answers every request on every connection, and returns the address.
fn answering() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(std::thread::spawn(move || {
        for mut stream in listener.incoming().filter_map(Result::ok) {
            drop(std::thread::spawn(move || {
                let body = r#"{"recipient_id":"7402918836412905","message_id":"m_1"}"#;
                let answer = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                let mut chunk = [0; 16 * 1024];
                // A request of this size comes whole.
                while stream.read(&mut chunk).is_ok_and(|count| count > 0) && stream.write_all(answer.as_bytes()).is_ok() {}
            }));
        }
    }));
    address
}

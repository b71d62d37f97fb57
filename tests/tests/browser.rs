//! The simulator's page in a real browser, at the width of a desk and of a phone.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::process::Stdio;

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value as Json, json};
use shopbell_tests::{TestStack, eventually, repository};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// What a hostile customer writes: it must stand there as text.
const HOSTILE: &str = "<script>document.title='owned'</script> & \"Hi\", where is my order 20418?";

struct Browser {
    client: Client,
    _driver: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    async fn open(width: u32, height: u32) -> Self {
        let mut driver = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = loop {
            let line = lines.next_line().await.unwrap().expect("chromedriver says its port");
            if let Some(port) = line.strip_prefix("ChromeDriver was started successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            format!("--user-data-dir={}", profile.path().display()),
            format!("--window-size={width},{height}"),
        ];
        let capabilities = json!({ "goog:chromeOptions": { "args": arguments, "mobileEmulation": emulation(width, height) } });
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().unwrap().clone())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        Self { client, _driver: driver, _profile: profile }
    }

    async fn close(self, name: &str) {
        let folder = repository().join("target/screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), self.client.screenshot().await.unwrap()).unwrap();
        self.client.close().await.unwrap();
    }
}

fn emulation(width: u32, height: u32) -> Json {
    json!({ "deviceMetrics": { "width": width, "height": height, "pixelRatio": 1.0, "mobile": width < 600, "touch": width < 600 } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_writes_and_sees_the_answer_arrive_at_a_desk() {
    write_and_read(1280, 800, "desk").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_writes_and_sees_the_answer_arrive_on_a_phone() {
    write_and_read(390, 844, "phone").await;
}

async fn write_and_read(width: u32, height: u32, name: &str) {
    let test = TestStack::start().await;
    let browser = Browser::open(width, height).await;
    let page = &browser.client;
    page.goto(&format!("{}/simulator", test.stack.url())).await.unwrap();
    let phone = page.wait().for_element(Locator::Css("[data-testid=phone]")).await.unwrap();
    let psid = phone.attr("data-psid").await.unwrap().unwrap();

    phone.find(Locator::Css("[data-testid=composer]")).await.unwrap().send_keys(HOSTILE).await.unwrap();
    phone.find(Locator::Css("[data-testid=send]")).await.unwrap().click().await.unwrap();
    assert_eq!(bubble(page, &psid, "customer", "").await, HOSTILE);
    assert_ne!(page.title().await.unwrap(), "owned");

    let conversation = test.conversation_of(&psid).await;
    let id = conversation["id"].as_str().unwrap();
    let hint = page.find(Locator::Css("[data-testid=reply-hint]")).await.unwrap().text().await.unwrap();
    assert!(hint.contains(&format!("/v1/conversations/{id}/messages")), "the command under the thread answers this customer: {hint}");
    test.reply(id, "It left our warehouse this morning.").await;
    let answer = bubble(page, &psid, "page", "[data-state=read]").await;
    assert!(answer.contains("It left our warehouse this morning."), "{answer}");

    let overflow =
        page.execute("return document.documentElement.scrollWidth - document.documentElement.clientWidth", vec![]).await.unwrap();
    assert_eq!(overflow, json!(0), "nothing stands beyond the edge");
    browser.close(name).await;
    test.stack.stop().await;
}

/// Waits for a bubble of this customer's thread and returns its text.
async fn bubble(page: &Client, psid: &str, direction: &str, state: &str) -> String {
    let css = format!("[data-psid='{psid}'] [data-testid=message][data-direction={direction}]{state}");
    eventually(&css, || async {
        let text = "const all = document.querySelectorAll(arguments[0]); const last = all[all.length - 1]; \
                    return last ? (last.querySelector('p.text') || last).textContent : null";
        page.execute(text, vec![json!(css)]).await.ok()?.as_str().map(|text| text.trim().to_owned())
    })
    .await
}

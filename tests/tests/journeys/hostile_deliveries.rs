//! Whatever comes in is stored, parked or refused with the right answer; nothing stands in its neighbours' way.

use aws_sdk_dynamodb::types::AttributeValue;
use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};
use shopbell_tests::{TestStack, delivery, eventually, sign, text_delivery};

const AT: i64 = 1_795_000_000_000;
const PSID: &str = "7402918836412905";

#[tokio::test(flavor = "multi_thread")]
async fn only_bytes_that_meta_signed_are_taken() {
    let test = TestStack::start().await;
    let body = text_delivery(PSID, "m_1", AT, "Hi");
    let right = sign(test.stack.secrets().app_secret(), &body);
    let post = |body: Vec<u8>, signature: Option<String>| {
        let test = &test;
        async move { test.post_webhook(body, signature.as_deref(), "application/json").await }
    };
    for wrong in [
        None,
        Some(String::new()),
        Some(sign("another secret", &body)),
        Some(right.to_uppercase()),
        Some(right.replace("sha256=", "sha1=")),
        Some(right.strip_suffix(|_: char| true).unwrap().to_owned()),
        Some(format!("{right}, {right}")),
    ] {
        assert_eq!(post(body.clone(), wrong.clone()).await, StatusCode::UNAUTHORIZED, "{wrong:?}");
    }
    let mut changed = body.clone();
    changed.push(b' ');
    assert_eq!(post(changed, Some(right.clone())).await, StatusCode::UNAUTHORIZED);
    assert_eq!(post(body, Some(right)).await, StatusCode::OK);
    test.conversation_of(PSID).await;
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_body_is_proven_as_bytes_whatever_its_media_type() {
    let test = TestStack::start().await;
    for (number, media_type) in ["application/octet-stream", "text/plain", "application/json; charset=utf-8", "x/y"].into_iter().enumerate()
    {
        let body = text_delivery(PSID, &format!("m_{number}"), AT, "Grüße 👋");
        let signature = sign(test.stack.secrets().app_secret(), &body);
        assert_eq!(test.post_webhook(body, Some(&signature), media_type).await, StatusCode::OK, "{media_type}");
    }
    test.quiet().await;
    let id = test.conversation_of(PSID).await["id"].as_str().unwrap().to_owned();
    let texts: Vec<Json> = test.messages(&id).await.iter().map(|message| message["text"].clone()).collect();
    assert_eq!(texts, vec![json!("Grüße 👋"); 4]);
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_handshake_answers_the_bare_challenge_to_the_right_token_only() {
    let test = TestStack::start().await;
    let token = test.stack.secrets().verify_token.clone();
    let ask = |query: String| {
        let url = format!("{}/webhooks/meta{query}", test.stack.url());
        async move {
            let answer = reqwest::get(url).await.unwrap();
            let media_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
            (answer.status().as_u16(), media_type, answer.text().await.unwrap())
        }
    };
    let right = format!("?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=0012345678901234567890");
    assert_eq!(ask(right).await, (200, "text/plain".into(), "0012345678901234567890".into()));
    for wrong in [
        String::new(),
        format!("?hub.mode=unsubscribe&hub.verify_token={token}&hub.challenge=1"),
        "?hub.mode=subscribe&hub.verify_token=guess&hub.challenge=1".into(),
        format!("?hub.mode=subscribe&hub.verify_token={token}"),
        "?hub.mode=subscribe&hub.challenge=1".into(),
    ] {
        assert_eq!(ask(wrong.clone()).await.0, 403, "{wrong}");
    }
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn what_cannot_be_read_is_parked_with_its_reason_and_its_neighbours_are_stored() {
    let test = TestStack::start().await;
    for hostile in [&b"not json"[..], b"42", b"{}", b"[]", b"\xff\xfe\x00", b"{\"object\":\"page\"}", b"{\"object\":\"page\",\"entry\":7}"]
    {
        assert_eq!(test.deliver(hostile).await, StatusCode::OK, "{}", String::from_utf8_lossy(hostile));
    }
    let element = |key: &str, value: Json| {
        let mut element = json!({ "sender": { "id": PSID }, "recipient": { "id": "108234567890123" }, "timestamp": AT });
        element[key] = value;
        element
    };
    let elements = [
        element("message", json!({ "mid": 17.5, "text": ["no"] })),
        element("message", json!({ "mid": "m_good", "text": "still here" })),
        element("brand_new_kind", json!({ "some": "thing" })),
        json!("not even an object"),
    ];
    assert_eq!(test.deliver(delivery(&elements)).await, StatusCode::OK);
    test.quiet().await;

    let id = test.conversation_of(PSID).await["id"].as_str().unwrap().to_owned();
    let messages = test.messages(&id).await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0]["text"], "still here");
    let rows = rows(&test).await;
    let parked: Vec<_> = rows.iter().filter(|row| text(row, "pk").starts_with("PARKED#")).collect();
    assert_eq!(parked.len(), 9, "{parked:?}");
    assert!(parked.iter().all(|row| !text(row, "reason").is_empty()));
    let unknown = rows.iter().filter(|row| row.get("event").is_some_and(|event| format!("{event:?}").contains("unknown:brand_new_kind")));
    assert_eq!(unknown.count(), 1);
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_queues_limit_is_packed_or_cut_and_only_what_no_cut_makes_small_is_refused() {
    let test = TestStack::start().await;
    // Escaped zero-width characters: 1.8 MB on the wire, little when packed.
    let invisible = "\u{200b}".repeat(300_000);
    let packed = format!(
        r#"{{"object":"page","entry":[{{"id":"108234567890123","time":1,"messaging":[{{"sender":{{"id":"{PSID}"}},"recipient":{{"id":"108234567890123"}},"timestamp":{AT},"message":{{"mid":"m_wide","text":"{}"}}}}]}}]}}"#,
        invisible.replace('\u{200b}', "\\u200b")
    );
    assert_eq!(test.deliver(packed).await, StatusCode::OK);

    // Noise that does not pack: three elements of 600 kB are cut apart, one of 1.5 MB fits nowhere.
    let message = |mid: &str, bytes: usize| {
        json!({ "sender": { "id": PSID }, "recipient": { "id": "108234567890123" }, "timestamp": AT + 1,
                "message": { "mid": mid, "text": "see the picture", "attachments": [{ "type": "file", "payload": { "noise": noise(bytes) } }] } })
    };
    let cut: Vec<Json> = (0..3).map(|number| message(&format!("m_cut_{number}"), 600_000)).collect();
    assert_eq!(test.deliver(delivery(&cut)).await, StatusCode::OK);
    assert_eq!(test.deliver(delivery(&[message("m_small", 10), message("m_huge", 1_500_000)])).await, StatusCode::PAYLOAD_TOO_LARGE);
    test.quiet().await;

    let id = test.conversation_of(PSID).await["id"].as_str().unwrap().to_owned();
    let mut stored: Vec<String> =
        test.messages(&id).await.iter().map(|message| message["platform_ids"][0].as_str().unwrap().to_owned()).collect();
    stored.sort();
    assert_eq!(stored, ["m_cut_0", "m_cut_1", "m_cut_2", "m_small", "m_wide"]);
    test.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_names_the_field_that_is_wrong() {
    let test = TestStack::start().await;
    assert_eq!(test.deliver(text_delivery(PSID, "m_1", AT, "Hi")).await, StatusCode::OK);
    let id = test.conversation_of(PSID).await["id"].as_str().unwrap().to_owned();
    let messages = format!("/v1/conversations/{id}/messages");
    let agent = json!({ "type": "agent" });
    let cases = [
        (json!({ "text": " ", "author": agent }), "#/text"),
        (json!({ "text": 5, "author": agent }), "#/text"),
        (json!({ "author": agent }), "#"),
        (json!({ "text": "x".repeat(20_000), "author": agent }), "#/text"),
        (json!({ "text": "x", "author": { "type": "customer" } }), "#/author/type"),
        (json!({ "text": "x", "author": { "type": "robot" } }), "#/author/type"),
        (json!({ "text": "x", "author": { "type": "agent", "name": "" } }), "#/author/name"),
        (json!({ "text": "x", "author": agent, "txet": "y" }), "#/txet"),
    ];
    for (body, field) in cases {
        let (status, problem) = test.api(Method::POST, &messages, Some(body.clone())).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
        assert_eq!(problem["status"], 422);
    }
    for (path, field) in [
        ("/v1/conversations?cursor=nonsense", "cursor"),
        ("/v1/conversations?limit=0", "limit"),
        ("/v1/conversations?limit=many", "limit"),
        ("/v1/conversations?status=lost", "status"),
        ("/v1/conversations?staus=open", "staus"),
        (&*format!("{messages}?order=random"), "order"),
    ] {
        let (status, problem) = test.api(Method::GET, path, None).await;
        assert_eq!((status, &problem["errors"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{path}");
    }
    for path in ["/v1/conversations/cnv_nonsense", "/v1/conversations/cnv_01ARZ3NDEKTSV4RRFFQ69G5FAV", "/v1/nothing"] {
        assert_eq!(test.api(Method::GET, path, None).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(test.api(Method::DELETE, "/v1/conversations", None).await.0, StatusCode::METHOD_NOT_ALLOWED);
    test.stack.stop().await;
}

/// Characters that no compression makes much smaller, made the same way each time.
fn noise(bytes: usize) -> String {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[(state >> 58) as usize])
    };
    std::iter::repeat_with(next).take(bytes).collect()
}

pub(super) type Row = std::collections::BTreeMap<String, AttributeValue>;

pub(super) fn text<'a>(row: &'a Row, name: &str) -> &'a str {
    row.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
}

/// Every row of the table, as only a test may read them.
#[expect(clippy::disallowed_methods, reason = "a test looks at everything that is stored")]
pub(super) async fn rows(test: &TestStack) -> Vec<Row> {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version_latest()
        .region(aws_sdk_dynamodb::config::Region::new("us-east-1"))
        .credentials_provider(aws_sdk_dynamodb::config::Credentials::new("local", "local", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(test.stack.dynamodb_url());
    let client = aws_sdk_dynamodb::Client::from_conf(config.build());
    let table = &test.stack.model().tables[0].name;
    let page = eventually("the rows", || async { client.scan().table_name(table).send().await.ok() }).await;
    page.items.unwrap_or_default().into_iter().map(|item| item.into_iter().collect()).collect()
}

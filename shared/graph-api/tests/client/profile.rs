use domain::id::PageId;
use domain::ports::{ProfileApi, ProfileError};

use crate::server::{Server, Step, answer};
use crate::support::{PROOF, client, page, payload, user};

async fn name(status: u16, body: &str) -> Result<Option<String>, ProfileError> {
    let server = Server::start([Step::Answer(answer(status, &[], body))]).await;
    client(&server).name(&page(), &user()).await
}

#[tokio::test]
async fn a_profile_is_asked_for_as_documented() {
    let server = Server::start([Step::Answer(answer(200, &[], &payload("response-user_profile")))]).await;
    assert_eq!(client(&server).name(&page(), &user()).await, Ok(Some("Mia Keller".into())));

    let [request] = server.requests().try_into().unwrap();
    let fields = "name%2Cfirst_name%2Clast_name";
    assert_eq!(request.line, format!("GET /v26.0/7402918836412905?fields={fields}&appsecret_proof={PROOF} HTTP/1.1"));
    assert_eq!(request.header("authorization"), Some("Bearer EAATestToken"));
    assert!(request.body.is_empty());
}

#[tokio::test]
async fn the_whole_name_comes_before_its_parts() {
    assert_eq!(name(200, r#"{"name":"Mia K.","first_name":"Mia","last_name":"Keller"}"#).await, Ok(Some("Mia K.".into())));
    assert_eq!(name(200, r#"{"name":" ","first_name":"Mia"}"#).await, Ok(Some("Mia".into())));
    assert_eq!(name(200, r#"{"last_name":"Keller"}"#).await, Ok(Some("Keller".into())));
}

#[tokio::test]
async fn a_withheld_name_is_not_an_error() {
    assert_eq!(name(200, "{}").await, Ok(None));
    assert_eq!(name(200, r#"{"id":"7402918836412905"}"#).await, Ok(None));
    for (code, subcode) in [(100, 33), (100, 2_018_218), (2_018_218, 0)] {
        assert_eq!(name(400, &format!(r#"{{"error":{{"code":{code},"error_subcode":{subcode}}}}}"#)).await, Ok(None));
    }
}

#[tokio::test]
async fn what_may_pass_is_told_from_what_will_not() {
    assert!(matches!(name(401, &payload("error-190-460")).await, Err(ProfileError::Refused { .. })));
    assert!(matches!(name(400, &payload("error-4")).await, Err(ProfileError::AskedToWait { .. })));
    assert!(matches!(name(500, &payload("error-2")).await, Err(ProfileError::Unavailable { .. })));
    assert!(matches!(name(502, "<html>").await, Err(ProfileError::Unavailable { .. })));
    assert!(matches!(name(200, "<html>").await, Err(ProfileError::Unavailable { .. })));
}

#[tokio::test]
async fn a_lost_question_may_be_asked_again() {
    let server = Server::start([Step::CloseRead]).await;
    assert!(matches!(client(&server).name(&page(), &user()).await, Err(ProfileError::Unavailable { .. })));
}

#[tokio::test]
async fn a_page_without_a_token_is_refused_without_a_call() {
    let server = Server::start([]).await;
    let stranger = PageId::new("999").unwrap();
    assert!(
        matches!(client(&server).name(&stranger, &user()).await, Err(ProfileError::Refused { reason }) if reason.contains("META_PAGE_TOKENS"))
    );
    assert_eq!(server.connections(), 0);
}

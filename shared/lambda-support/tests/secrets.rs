//! Secrets as parameters, read from an endpoint that answers as Parameter Store does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use lambda_support::environment::Environment;
use lambda_support::secrets;

const FIRST: &str =
    r#"{"Parameters":[{"Name":"/shopbell/test/META_VERIFY_TOKEN","Type":"SecureString","Value":"token"}],"NextToken":"more"}"#;
const SECOND: &str = r#"{"Parameters":[{"Name":"/shopbell/test/META_APP_SECRETS","Type":"SecureString","Value":"new,old"}]}"#;

/// Two pages of parameters under `/shopbell/test/`, and none elsewhere.
async fn answer(headers: HeaderMap, body: Bytes) -> &'static str {
    assert_eq!(headers.get("x-amz-target").unwrap(), "AmazonSSM.GetParametersByPath");
    let request = String::from_utf8(body.to_vec()).unwrap();
    assert!(request.contains(r#""WithDecryption":true"#), "{request}");
    match (request.contains(r#""Path":"/shopbell/test/""#), request.contains("NextToken")) {
        (true, false) => FIRST,
        (true, true) => SECOND,
        (false, _) => r#"{"Parameters":[]}"#,
    }
}

async fn environment(path: &str) -> Environment {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(answer))).await });
    let variables = [
        ("SECRETS_PATH", path),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_ENDPOINT_URL_SSM", &url),
    ];
    variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[tokio::test]
async fn every_page_of_parameters_becomes_variables() {
    let environment = secrets::fetch(environment("/shopbell/test/").await).await.unwrap();
    assert_eq!(secrets::one(&environment, "META_VERIFY_TOKEN", "").unwrap().expose(), "token");
    assert_eq!(secrets::list(&environment, "META_APP_SECRETS", "").unwrap().len(), 2);
}

#[tokio::test]
async fn a_path_without_parameters_stops_the_start_and_says_what_to_put_there() {
    let error = secrets::fetch(environment("/shopbell/empty/").await).await.unwrap_err();
    assert!(error.to_string().contains("/shopbell/empty/META_VERIFY_TOKEN"), "{error}");
}

#[tokio::test]
async fn without_a_path_the_environment_is_left_as_it_is() {
    let environment: Environment = [("META_VERIFY_TOKEN".to_owned(), "token".to_owned())].into_iter().collect();
    let environment = secrets::fetch(environment).await.unwrap();
    assert_eq!(secrets::one(&environment, "META_VERIFY_TOKEN", "").unwrap().expose(), "token");
}

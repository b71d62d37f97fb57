//! Connecting a Page, against the simulator and the whole stack behind it.

use lambda_support::environment::Environment;
use local_stack::PAGE;

use crate::desk::{Desk, Script, operate};
use crate::ssm::{PATH, ParameterStore};

/// A stack whose functions have their secrets, and a Parameter Store that has only the verify token.
async fn stack() -> (Desk, ParameterStore) {
    let (desk, store) = (Desk::start().await, ParameterStore::start().await);
    store.put("META_VERIFY_TOKEN", &desk.stack.secrets().verify_token);
    (desk, store)
}

fn environment(desk: &Desk, store: &ParameterStore, app_secret: &str, token: &str) -> Environment {
    let given = [("SECRETS_PATH", PATH), ("AWS_ENDPOINT_URL_SSM", &store.url), ("META_APP_SECRET", app_secret), ("META_PAGE_TOKEN", token)];
    desk.environment(&given)
}

fn token(desk: &Desk) -> String {
    desk.stack.simulator().settings().pages[0].token.clone()
}

fn of_stack(desk: &Desk, store: &ParameterStore) -> Environment {
    environment(desk, store, desk.stack.secrets().app_secret(), &token(desk))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_connected_and_a_second_run_changes_nothing() {
    let (desk, store) = stack().await;
    desk.stack.simulator().disable(PAGE).unwrap();
    let environment = of_stack(&desk, &store);
    let line = format!("connect --page {PAGE}");
    let mut script = Script::answering(&["y"]);
    operate(&line, &environment, &desk.clock, &mut script).await.unwrap();
    let said = script.text();
    for expected in ["will     subscribe", "will     set greeting", "done     line", "Callback URL", "API key, shown this once:  sbk_"] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert_eq!(store.get("META_APP_SECRETS").as_deref(), Some(desk.stack.secrets().app_secret()));
    assert_eq!(store.get(&format!("META_PAGE_TOKENS/{PAGE}")), Some(token(&desk)));
    assert!(store.get("API_KEYS").unwrap().starts_with("operator:admin:sha256:"));
    assert!(!said.contains(&token(&desk)) && !said.contains(desk.stack.secrets().app_secret()), "{said}");
    assert!(desk.stack.simulator().subscription(PAGE).unwrap().unwrap().active);

    // Nothing is asked any more, since nothing is left to do.
    let mut again = Script::default();
    operate(&line, &environment, &desk.clock, &mut again).await.unwrap();
    let said = again.text();
    assert!(!said.contains("will ") && said.matches("already").count() == 11, "{said}");
    desk.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_test_event_concerns_no_customer() {
    let (desk, store) = stack().await;
    let environment = of_stack(&desk, &store);
    operate(&format!("--yes connect --page {PAGE}"), &environment, &desk.clock, &mut Script::default()).await.unwrap();
    assert_eq!(desk.conversations().await, 0);
    desk.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_asked_for_without_a_terminal_it_is_named() {
    let (desk, store) = stack().await;
    let environment = environment(&desk, &store, "", "");
    let line = format!("connect --page {PAGE}");
    let failure = operate(&line, &environment, &desk.clock, &mut Script::default()).await.unwrap_err();
    assert_eq!((failure.exit_code(), failure.to_string().contains("META_APP_SECRET")), (2, true), "{failure}");
    let mut script = Script::answering(&[desk.stack.secrets().app_secret(), &token(&desk), "n"]);
    let failure = operate(&line, &environment, &desk.clock, &mut script).await.unwrap_err();
    assert_eq!(failure.exit_code(), 3);
    assert_eq!(store.get("META_APP_SECRETS"), None, "nothing was done");
    desk.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_app_secret_and_a_wrong_token_are_told_before_anything_is_written() {
    let (desk, store) = stack().await;
    let line = format!("--yes connect --page {PAGE}");
    for (app_secret, token) in [("another-app-secret", token(&desk)), (desk.stack.secrets().app_secret(), String::from("EAAWrong"))] {
        let environment = environment(&desk, &store, app_secret, &token);
        let failure = operate(&line, &environment, &desk.clock, &mut Script::default()).await.unwrap_err();
        let words = lambda_support::logging::chain(&failure).to_string();
        assert!(words.contains("debug_token: Meta refused it"), "{words}");
        assert_eq!(words.contains("not that of the token's app"), app_secret == "another-app-secret", "{words}");
        assert!(!words.contains(app_secret) && !words.contains(&token), "{words}");
    }
    assert_eq!(store.get("META_APP_SECRETS"), None);
    desk.stack.stop().await;
}

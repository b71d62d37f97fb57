//! Utility templates brought onto a Page, against the simulator.

use domain::id::PageId;
use domain::notice::NoticeKind;
use domain::template::{TemplateStatus, Templates, choose};
use local_stack::PAGE;

use crate::desk::{Desk, Script};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_created_approved_and_noted_and_a_second_run_creates_nothing() {
    let desk = Desk::start().await;
    let line = format!("templates --page {PAGE} --language de,en --tracking-url https://shop.example/t/");
    let mut script = Script::answering(&["y"]);
    desk.run(&line, &mut script).await.unwrap();
    let said = script.text();
    assert!(said.contains("create template shopbell_shipped_v1 (de), its button leads to https://shop.example/t/"), "{said}");
    assert!(said.contains("create template shopbell_receipt_v1 (en), without a button"), "{said}");
    assert!(said.contains("16 of ours stand on Page") && said.contains("16 of them approved"), "{said}");

    let known = desk.table().templates(&PageId::new(PAGE).unwrap()).await.unwrap();
    let shipped = choose(&known, NoticeKind::Shipped, Some("de-AT")).unwrap();
    assert_eq!((shipped.language.as_str(), shipped.has_button, shipped.status), ("de", Some(true), TemplateStatus::Approved));
    assert_eq!(choose(&known, NoticeKind::Receipt, Some("fr")).unwrap().has_button, Some(false));

    let mut again = Script::default();
    desk.run(&line, &mut again).await.unwrap();
    assert!(!again.text().contains("will ") && again.text().matches("already").count() == 16, "{}", again.text());
    desk.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_language_passes_the_review() {
    let desk = Desk::start().await;
    let mut script = Script::default();
    desk.run(&format!("--yes templates --page {PAGE} --order-url https://shop.example/o/"), &mut script).await.unwrap();
    assert!(script.text().contains("72 of ours stand on Page") && script.text().contains("72 of them approved"), "{}", script.text());
    let unknown = desk.run(&format!("--yes templates --page {PAGE} --language xx"), &mut Script::default()).await.unwrap_err();
    assert!(unknown.to_string().contains("has no xx"), "{unknown}");
    desk.stack.stop().await;
}

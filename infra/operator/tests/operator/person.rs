//! What is stored of one person, written out and erased.

use std::os::unix::fs::PermissionsExt;

use domain::id::{ConversationId, PageId, UserId};
use domain::ports::History;
use local_stack::PAGE;

use crate::desk::{Desk, Script};

/// A stack with a conversation; returns its id and the person's.
async fn written_to() -> (Desk, ConversationId, String) {
    let desk = Desk::start().await;
    let psid = desk.stack.simulator().customers().unwrap()[0].psid.clone();
    desk.stack.simulator().customer_says(&psid, "My secret words").unwrap();
    let id = ConversationId::of(&PageId::new(PAGE).unwrap(), &UserId::new(&psid).unwrap());
    while desk.table().conversation(&id).await.unwrap().is_none() {
        desk.moment().await;
    }
    (desk, id, psid)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_exported_into_a_file_of_the_owners_and_never_over_another() {
    let (desk, _, psid) = written_to().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("person.jsonl");
    let line = format!("--yes export --page {PAGE} --person {psid} --file {}", file.display());
    desk.run(&line, &mut Script::default()).await.unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let records: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(records.iter().any(|record| record["record"] == "conversation") && text.contains("My secret words"), "{text}");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let refused = desk.run(&line, &mut Script::default()).await.unwrap_err();
    assert!(refused.to_string().contains("person.jsonl"), "{refused}");
    desk.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_erased_only_when_its_id_is_typed() {
    let (desk, id, _) = written_to().await;
    let line = format!("erase --conversation {id}");
    let refused = desk.run(&line, &mut Script::answering(&["y"])).await.unwrap_err();
    assert_eq!(refused.exit_code(), 3);
    assert!(desk.table().conversation(&id).await.unwrap().is_some());
    let mut script = Script::answering(&[id.as_str()]);
    desk.run(&line, &mut script).await.unwrap();
    assert!(script.text().contains("rows are gone") && !script.text().contains("secret"), "{}", script.text());
    assert_eq!(desk.table().conversation(&id).await.unwrap(), None);
    desk.stack.stop().await;
}

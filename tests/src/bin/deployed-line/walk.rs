//! What the line is for.

use messenger_simulator::ThreadMessage;
use reqwest::{Method, StatusCode};
use serde_json::{Value as Json, json};
use shopbell_tests::PATIENCE;

use crate::line::{Line, conversation_id, until};
use crate::{Outcome, must_be, ok};

const REPLIES: usize = 12;

pub(crate) async fn handshake(line: &Line) -> Outcome<()> {
    let (status, challenge) = line.handshake(&line.verify_token).await?;
    must_be("the handshake", &(status, challenge.as_str()), &(StatusCode::OK, "1158201444"))?;
    let (status, _) = line.handshake("guessed").await?;
    must_be("the handshake with a wrong token", &status, &StatusCode::FORBIDDEN)?;
    ok("the handshake answers the right token, and refuses another");
    Ok(())
}

pub(crate) async fn a_question_and_its_answer(line: &Line) -> Outcome<()> {
    let customer = line.simulator.add_customer("Nora Deployed")?;
    line.simulator.customer_says(&customer.psid, "Where is my lamp?")?;
    until("the question in the history", PATIENCE, || async {
        Ok(line.messages_of(&customer.psid).await?.iter().any(|message| message["text"] == "Where is my lamp?"))
    })
    .await?;
    ok("a customer's message is delivered, queued, stored, and listed by the API");

    let accepted = reply(line, &customer.psid, "It left our warehouse this morning.").await?;
    until("the answer in the customer's thread", PATIENCE, || async {
        Ok(line.simulator.thread(&customer.psid)?.iter().any(|message| message.text() == "It left our warehouse this morning."))
    })
    .await?;
    until("the answer read", PATIENCE, || async {
        let messages = line.messages_of(&customer.psid).await?;
        Ok(messages.iter().any(|message| message["id"] == accepted["id"] && message["state"] == "read"))
    })
    .await?;
    ok("the reply leaves through the FIFO queue and the Graph API, and comes back as read");
    Ok(())
}

pub(crate) async fn replies_in_order(line: &Line) -> Outcome<()> {
    let customer = line.simulator.add_customer("Otto Deployed")?;
    line.simulator.customer_says(&customer.psid, "Tell me everything.")?;
    until("the conversation", PATIENCE, || async { Ok(!line.messages_of(&customer.psid).await?.is_empty()) }).await?;
    let wanted: Vec<String> = (1..=REPLIES).map(|number| format!("Part {number}.")).collect();
    for text in &wanted {
        reply(line, &customer.psid, text).await?;
    }
    let sent = || -> Outcome<Vec<String>> {
        let thread = line.simulator.thread(&customer.psid)?;
        let texts = thread.iter().map(ThreadMessage::text).filter(|text| text.starts_with("Part "));
        Ok(texts.map(str::to_owned).collect())
    };
    until("all replies sent", PATIENCE, || async { Ok(sent()?.len() >= REPLIES) }).await?;
    must_be("the replies", &sent()?, &wanted)?;
    ok("replies leave once each, in the order in which they were accepted");
    Ok(())
}

async fn reply(line: &Line, psid: &str, text: &str) -> Outcome<Json> {
    let path = format!("/v1/conversations/{}/messages", conversation_id(psid)?);
    let body = json!({ "text": text, "author": { "type": "agent", "id": "anna", "name": "Anna" } });
    let (status, accepted) = line.api(Method::POST, &path, Some(&body)).await?;
    must_be(&format!("a reply: {accepted}"), &status, &StatusCode::ACCEPTED)?;
    Ok(accepted)
}

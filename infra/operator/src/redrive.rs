//! `redrive`: brings a queue's dead letters back into the queue, one after the other and in their order.
//!
//! Each is received, sent and only then deleted, so that nothing is lost wherever this stops; what is sent twice is worked once, since every
//! job of ours may come twice. The same three calls are all that any endpoint needs to know: see `docs/adr/0021-the-operators-command.md`.

use std::fmt::Debug;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName as System, QueueAttributeName};
use domain::job::OutboundJob;
use domain::time::Timestamp;
use lambda_support::aws::Aws;
use sqs_jobs::outbound;

use crate::arguments::QueueName;
use crate::config::Queue;
use crate::failure::Failure;
use crate::{Desk, pause};

/// How many are shown before the question.
const SHOWN: i32 = 10;

/// The most messages of one call.
const A_CALL: i32 = 10;

/// How long a received letter is ours: far longer than sending and deleting ten takes.
const OURS: Duration = Duration::from_mins(2);

/// How often a queue must give nothing, a moment apart, to be empty: an answer may leave out some of SQS's machines.
const EMPTY_ANSWERS: u32 = 3;
const BETWEEN: Duration = Duration::from_millis(500);

/// The two queues and a client for both.
struct Redrive {
    client: Client,
    queue: Queue,
}

pub(crate) async fn redrive(desk: &mut Desk<'_>, name: QueueName) -> Result<(), Failure> {
    let queue = Queue::read(desk.environment, name)?;
    let redrive = Redrive { client: Aws::from_environment(desk.environment)?.sqs(), queue };
    let (visible, in_flight) = redrive.count().await?;
    desk.terminal.say(&format!("{} holds {visible} dead letters, and {in_flight} that somebody looks at.", redrive.queue.dead_letters_url));
    if visible == 0 {
        return Ok(());
    }
    redrive.show(desk).await?;
    desk.plan(&format!("bring them back into {}, oldest first", redrive.queue.url));
    desk.confirm("Do it?")?;
    let moved = redrive.bring_back(desk).await?;
    desk.done("redrive", &format!("{moved} brought back"));
    Ok(())
}

impl Redrive {
    /// How many letters wait and how many are in somebody's hands, as far as SQS knows.
    async fn count(&self) -> Result<(u64, u64), Failure> {
        let names = [QueueAttributeName::ApproximateNumberOfMessages, QueueAttributeName::ApproximateNumberOfMessagesNotVisible];
        let asked = self.client.get_queue_attributes().queue_url(&self.queue.dead_letters_url).set_attribute_names(Some(names.to_vec()));
        let answer = asked.send().await.map_err(|err| failed("GetQueueAttributes", &self.queue.dead_letters_url, &err))?;
        let number = |name: &QueueAttributeName| answer.attributes()?.get(name)?.parse().ok();
        let [visible, in_flight] = names.each_ref().map(|name| number(name).unwrap_or(0));
        Ok((visible, in_flight))
    }

    /// Shows some letters and gives them back.
    async fn show(&self, desk: &mut Desk<'_>) -> Result<(), Failure> {
        let letters = self.receive(SHOWN).await?;
        for letter in &letters {
            desk.terminal.say(&format!("  {}", described(letter)));
        }
        for letter in &letters {
            let hidden = self.client.change_message_visibility().queue_url(&self.queue.dead_letters_url).visibility_timeout(0);
            let given_back = hidden.set_receipt_handle(letter.receipt_handle.clone()).send().await;
            given_back.map_err(|err| failed("ChangeMessageVisibility", &self.queue.dead_letters_url, &err))?;
        }
        Ok(())
    }

    async fn receive(&self, most: i32) -> Result<Vec<Message>, Failure> {
        let received = self
            .client
            .receive_message()
            .queue_url(&self.queue.dead_letters_url)
            .max_number_of_messages(most)
            .visibility_timeout(i32::try_from(OURS.as_secs()).unwrap_or(i32::MAX))
            .message_system_attribute_names(System::All)
            .message_attribute_names("All")
            .send()
            .await;
        let received = received.map_err(|err| failed("ReceiveMessage", &self.queue.dead_letters_url, &err))?;
        Ok(received.messages.unwrap_or_default())
    }

    /// Moves letters until none is left. A letter that fails again needs minutes to come back here, so this ends.
    async fn bring_back(&self, desk: &mut Desk<'_>) -> Result<u64, Failure> {
        let (mut moved, mut empty) = (0, 0);
        while empty < EMPTY_ANSWERS {
            let letters = self.receive(A_CALL).await?;
            if letters.is_empty() {
                empty += 1;
                pause(BETWEEN).await;
                continue;
            }
            empty = 0;
            for letter in &letters {
                self.send(letter).await?;
                self.delete(letter).await?;
                moved += 1;
            }
            desk.terminal.say(&format!("  {moved} brought back"));
        }
        Ok(moved)
    }

    /// Sends a letter as it was. Its deduplication id is a new one: SQS drops what repeats an id within five minutes, and the letter would be
    /// deleted for nothing. It is made of the letter's own, so that a letter that was sent and not deleted is not doubled at once.
    async fn send(&self, letter: &Message) -> Result<(), Failure> {
        let mut sending = self.client.send_message().queue_url(&self.queue.url).set_message_body(letter.body.clone());
        sending = sending.set_message_attributes(letter.message_attributes.clone());
        if let Some(group) = system(letter, &System::MessageGroupId) {
            let id = letter.message_id.as_deref().unwrap_or_default();
            sending = sending.message_group_id(group).message_deduplication_id(format!("redriven-{id}"));
        }
        sending.send().await.map(drop).map_err(|err| failed("SendMessage", &self.queue.url, &err))
    }

    async fn delete(&self, letter: &Message) -> Result<(), Failure> {
        let deleting =
            self.client.delete_message().queue_url(&self.queue.dead_letters_url).set_receipt_handle(letter.receipt_handle.clone());
        deleting.send().await.map(drop).map_err(|err| failed("DeleteMessage", &self.queue.dead_letters_url, &err))
    }
}

/// Tells what a letter is, never what it says: its job, its ids, its size, how often and since when it came.
fn described(letter: &Message) -> String {
    let body = letter.body.as_deref().unwrap_or_default();
    let id = letter.message_id.as_deref().unwrap_or("no id");
    let received = system(letter, &System::ApproximateReceiveCount).unwrap_or("?");
    let sent = system(letter, &System::SentTimestamp).and_then(|ms| ms.parse().ok()).map(Timestamp::from_millis);
    let sent = sent.map_or_else(|| String::from("at an unknown time"), Timestamp::in_words);
    format!("{id}: {}, {} bytes, sent {sent}, received {received} times", job(letter, body), body.len())
}

/// What the letter asks for, by its tag or by the job that it is.
fn job(letter: &Message, body: &str) -> String {
    let attribute = |name: &str| letter.message_attributes.as_ref()?.get(name)?.string_value.as_deref();
    if let Some(tag) = attribute("job") {
        let request = attribute("request_id").map(|id| format!(" of request {id}")).unwrap_or_default();
        return format!("{tag}{request}");
    }
    match outbound::read(body) {
        Ok(OutboundJob::Deliver { conversation, message }) => format!("deliver {message} of {conversation}"),
        Ok(OutboundJob::Wake { conversation }) => format!("wake {conversation}"),
        Ok(OutboundJob::LookUpName { conversation }) => format!("look up the name of {conversation}"),
        Err(_) => String::from("no job that this version knows"),
    }
}

fn system<'a>(letter: &'a Message, name: &System) -> Option<&'a str> {
    letter.attributes.as_ref()?.get(name).map(String::as_str)
}

fn failed<E: ProvideErrorMetadata + Debug + std::error::Error + 'static>(call: &'static str, url: &str, error: &SdkError<E>) -> Failure {
    let reason = match (error.code(), error.message()) {
        (Some(code), message) => format!("{code}: {}", message.unwrap_or("no message")),
        (None, _) => DisplayErrorContext(error).to_string(),
    };
    Failure::Queue { call, url: url.to_owned(), reason }
}

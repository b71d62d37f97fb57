use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;

const ORDER: [&str; 6] = ["", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"];

/// What a scripted server does where it is asked to misbehave; everything else it takes.
#[derive(Clone, Copy)]
enum Script {
    Good,
    /// Answers this to the command that begins so; to nothing, as its greeting; to `.`, once it has the message.
    Answers(&'static str, &'static str),
    /// Hangs up instead of an answer to it.
    HangsUp(&'static str),
    /// Never answers it.
    Silent(&'static str),
}

impl Script {
    /// Returns the answer to a command, or nothing to hang up.
    async fn answer(self, command: &str, usual: &str) -> Option<String> {
        match self {
            Self::Answers(to, answer) if to == command => Some(format!("{answer}\r\n")),
            Self::HangsUp(to) if to == command => None,
            Self::Silent(to) if to == command => std::future::pending().await,
            Self::Good | Self::Answers(..) | Self::HangsUp(_) | Self::Silent(_) => Some(format!("{usual}\r\n")),
        }
    }
}

/// Speaks SMTP with one client, and returns each line that it heard.
async fn speak(listener: TcpListener, script: Script) -> Vec<String> {
    let (stream, _) = listener.accept().await.unwrap();
    let mut stream = BufReader::new(stream);
    let mut heard: Vec<String> = Vec::new();
    let mut within = false;
    let mut answer = script.answer("", "220 ready").await;
    loop {
        let Some(text) = answer.take() else { return heard };
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut line = String::new();
        while within || line.is_empty() {
            line.clear();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return heard;
            }
            heard.push(line.trim_end_matches("\r\n").to_owned());
            if within && line == ".\r\n" {
                break;
            }
        }
        let command = if within { "." } else { ORDER.into_iter().rev().find(|known| line.starts_with(known)).unwrap() };
        let usual = match command {
            "EHLO" => "250-mail.example.com\r\n250 AUTH PLAIN LOGIN",
            "AUTH" => "235 2.7.0 welcome",
            "DATA" => "354 go on",
            _ => "250 2.0.0 ok",
        };
        answer = script.answer(command, usual).await;
        within = command == "DATA" && answer.as_deref().is_some_and(|text| text.starts_with("354"));
    }
}

struct Stage {
    mailer: SmtpMailer,
    server: JoinHandle<Vec<String>>,
}

async fn stage(scheme: &str, script: Script) -> Stage {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("{scheme}://shop:p%40ss@{}", listener.local_addr().unwrap());
    let mailer = SmtpMailer::new(&Secret::new(&url).unwrap(), Sender::new("Lamp Shop <shop@example.com>").unwrap()).unwrap();
    Stage { mailer, server: tokio::spawn(speak(listener, script)) }
}

fn news() -> Email {
    let text = "Hello Mia,\n\n.hidden\nIt is on its way.";
    Email { to: "mia@example.org".into(), subject: "Your order 20418".into(), text: text.into(), id: "ntf_1".into() }
}

async fn outcome(script: Script) -> Result<(), MailError> {
    stage("smtp", script).await.mailer.send(&news()).await
}

fn not_taken(outcome: &Result<(), MailError>) -> bool {
    matches!(outcome, Err(MailError::NotTaken { .. }))
}

#[tokio::test]
async fn an_e_mail_comes_as_it_was_written_from_our_sender_to_one_recipient() {
    let stage = stage("smtp", Script::Good).await;
    stage.mailer.send(&news()).await.unwrap();
    let heard = stage.server.await.unwrap();
    assert_eq!(heard[0], "EHLO example.com");
    assert!(heard[1].starts_with("AUTH PLAIN "));
    assert_eq!(heard[2..5], ["MAIL FROM:<shop@example.com>", "RCPT TO:<mia@example.org>", "DATA"]);
    for line in ["Message-ID: <ntf_1@example.com>", "Auto-Submitted: auto-generated", "..hidden", "."] {
        assert!(heard.iter().any(|found| found == line), "{line} is missing in {heard:?}");
    }
}

#[tokio::test]
async fn what_is_answered_with_4xx_may_be_tried_again() {
    for step in ["", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "."] {
        let outcome = outcome(Script::Answers(step, "451 4.7.1 later, <mia@example.org>")).await;
        assert_eq!(outcome, Err(MailError::NotTaken { reason: "it answered 451 4.7.1".into() }), "after {step:?}");
    }
}

#[tokio::test]
async fn what_is_refused_before_the_recipient_is_named_is_ours_to_mend_and_tried_again() {
    for (step, about) in [
        ("", ""),
        ("EHLO", ""),
        ("AUTH", " to our name and password: mend SMTP_URL"),
        ("MAIL", " to our sender: may EMAIL_FROM send there?"),
    ] {
        let outcome = outcome(Script::Answers(step, "535 5.7.8 no, <shop@example.com>")).await;
        assert_eq!(outcome, Err(MailError::NotTaken { reason: format!("it answered 535 5.7.8{about}") }), "after {step:?}");
    }
}

#[tokio::test]
async fn what_is_answered_with_5xx_is_refused_and_the_words_of_the_server_are_not_repeated() {
    for step in ["RCPT", "DATA", "."] {
        let outcome = outcome(Script::Answers(step, "550 5.1.1 no such mailbox <mia@example.org>")).await;
        assert_eq!(outcome, Err(MailError::Refused { reason: "it answered 550 5.1.1".into() }), "after {step:?}");
    }
}

#[tokio::test]
async fn a_line_that_is_lost_before_the_message_was_not_taken_and_after_it_nobody_knows() {
    for step in ["", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"] {
        let outcome = outcome(Script::HangsUp(step)).await;
        assert!(not_taken(&outcome), "after {step:?}: {outcome:?}");
    }
    let outcome = outcome(Script::HangsUp(".")).await;
    assert!(matches!(outcome, Err(MailError::Unknown { .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_silent_server_is_left_in_time() {
    let moment = Duration::from_millis(20);
    for step in ["", "RCPT", "DATA"] {
        let mut stage = stage("smtp", Script::Silent(step)).await;
        stage.mailer.limits.before_data = moment;
        let outcome = stage.mailer.send(&news()).await;
        assert!(not_taken(&outcome), "after {step:?}: {outcome:?}");
    }
    let mut stage = stage("smtp", Script::Silent(".")).await;
    stage.mailer.limits.data = moment;
    let outcome = stage.mailer.send(&news()).await;
    assert!(matches!(outcome, Err(MailError::Unknown { .. })), "{outcome:?}");
}

#[test]
fn all_parts_of_the_talk_take_less_than_twenty_seconds() {
    assert!(LIMITS.before_data + LIMITS.data + LIMITS.goodbye < Duration::from_secs(20));
}

#[tokio::test]
async fn an_answer_that_is_no_smtp_is_not_repeated() {
    let before = outcome(Script::Answers("RCPT", "hello mia@example.org")).await;
    let after = outcome(Script::Answers(".", "hello mia@example.org")).await;
    assert!(not_taken(&before) && matches!(after, Err(MailError::Unknown { .. })), "{before:?} {after:?}");
    assert!(!format!("{before:?} {after:?}").contains("mia"));
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_has_taken_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    drop(listener);
    let mailer = SmtpMailer::new(&Secret::new(&url).unwrap(), Sender::new("shop@example.com").unwrap()).unwrap();
    let outcome = mailer.send(&news()).await;
    assert!(not_taken(&outcome) && format!("{outcome:?}").contains("refused"), "{outcome:?}");
}

#[tokio::test]
async fn without_tls_nothing_is_told_to_a_server_that_should_have_it() {
    let stage = stage("smtp+starttls", Script::Good).await;
    let outcome = stage.mailer.send(&news()).await;
    assert!(not_taken(&outcome) && format!("{outcome:?}").contains("STARTTLS"), "{outcome:?}");
    assert_eq!(stage.server.await.unwrap(), ["EHLO example.com"]);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_told_nothing_in_the_clear() {
    let stage = stage("smtps", Script::Good).await;
    let outcome = stage.mailer.send(&news()).await;
    assert!(not_taken(&outcome), "{outcome:?}");
}

#[tokio::test]
async fn a_refused_address_is_never_said_to_a_server() {
    let stage = stage("smtp", Script::Good).await;
    let mut email = news();
    email.to = "mia@example.org>\r\nRCPT TO:<eve@example.net".into();
    assert!(matches!(stage.mailer.send(&email).await, Err(MailError::Refused { .. })));
    stage.server.abort();
    assert!(stage.server.await.unwrap_err().is_cancelled());
}

//! E-mail through an SMTP server: <https://www.rfc-editor.org/rfc/rfc5321>.
//!
//! The steps are taken one by one, so that it is known whether the server may have the e-mail: until it has said go on to `DATA`, it
//! surely has not.

mod server;

use std::error::Error as _;
use std::time::Duration;

use domain::mail::{Email, MailError};
use domain::secret::Secret;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::timeout;

use crate::letter::{Letter, Sender};
use crate::smtp::server::{Protection, Server, UrlError};

/// How long each part of the talk may take; together less than twenty seconds.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Connecting, greeting and naming the recipient.
    before_data: Duration,
    /// Sending the message, until the server has it. A server looks for viruses meanwhile.
    data: Duration,
    /// Saying goodbye, once the server has the message.
    goodbye: Duration,
}

const LIMITS: Limits = Limits { before_data: Duration::from_secs(7), data: Duration::from_secs(11), goodbye: Duration::from_secs(1) };

/// An SMTP server that takes our e-mails. Each goes over a connection of its own.
#[derive(Debug)]
pub struct SmtpMailer {
    server: Server,
    sender: Sender,
    limits: Limits,
}

impl SmtpMailer {
    pub(crate) fn new(url: &Secret, sender: Sender) -> Result<Self, UrlError> {
        Ok(Self { server: Server::new(url)?, sender, limits: LIMITS })
    }

    pub(crate) async fn send(&self, email: &Email) -> Result<(), MailError> {
        let letter = self.sender.letter(email)?;
        let late = |_| MailError::NotTaken { reason: "it did not answer in time".into() };
        let mut connection = timeout(self.limits.before_data, self.up_to_data(&letter)).await.map_err(late)??;
        let late = |_| MailError::Unknown { reason: "it had the message, and did not answer in time".into() };
        let taken = timeout(self.limits.data, connection.message(&letter.mime)).await.map_err(late)?;
        taken.map_err(|err| after_data(&err))?;
        // The e-mail is theirs; whether they say goodbye changes nothing.
        drop(timeout(self.limits.goodbye, connection.abort()).await);
        Ok(())
    }

    /// Says everything but the message, until the server waits for that. What it refuses before it has heard of the recipient is no fault of
    /// this e-mail, and ends when somebody mends it.
    async fn up_to_data(&self, letter: &Letter) -> Result<AsyncSmtpConnection, MailError> {
        let mut connection = self.connect().await.map_err(|err| of_ours(&err, ""))?;
        if let Some(credentials) = &self.server.credentials {
            let signed_in = connection.auth(DEFAULT_MECHANISMS, credentials).await;
            signed_in.map_err(|err| of_ours(&err, " to our name and password: mend SMTP_URL"))?;
        }
        let from = connection.command(Mail::new(letter.envelope.from().cloned(), Vec::new())).await;
        from.map_err(|err| of_ours(&err, " to our sender: may EMAIL_FROM send there?"))?;
        for to in letter.envelope.to() {
            connection.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(|err| before_data(&err))?;
        }
        connection.command(Data).await.map_err(|err| before_data(&err))?;
        Ok(connection)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let us = ClientId::Domain(self.sender.address().domain().to_owned());
        let connect = |tls| AsyncSmtpConnection::connect_tokio1((self.server.host.as_str(), self.server.port), None, &us, tls, None);
        match &self.server.protection {
            Protection::SameMachine => connect(None).await,
            Protection::Tls(tls) => connect(Some(tls.clone())).await,
            Protection::StartTls(tls) => {
                let mut connection = connect(None).await?;
                connection.starttls(tls.clone(), &us).await?;
                Ok(connection)
            }
        }
    }
}

/// A failure on our side of the talk. `about` says what a refusal is an answer to.
fn of_ours(error: &Error, about: &str) -> MailError {
    let about = if error.is_permanent() { about } else { "" };
    MailError::NotTaken { reason: format!("{}{about}", reason(error)) }
}

fn before_data(error: &Error) -> MailError {
    let reason = reason(error);
    if error.is_permanent() { MailError::Refused { reason } } else { MailError::NotTaken { reason } }
}

fn after_data(error: &Error) -> MailError {
    let reason = reason(error);
    if error.is_permanent() {
        MailError::Refused { reason }
    } else if error.is_transient() {
        MailError::NotTaken { reason }
    } else {
        MailError::Unknown { reason }
    }
}

/// Says what happened without the server's words.
fn reason(error: &Error) -> String {
    if let Some(code) = error.status() {
        let words = error.source().map(ToString::to_string).unwrap_or_default();
        return match enhanced(&words) {
            Some(detail) => format!("it answered {code} {detail}"),
            None => format!("it answered {code}"),
        };
    }
    if error.is_response() {
        return "it hung up, or its answer is no SMTP".into();
    }
    // What is left comes from this machine: the network, TLS, or a server that does not offer what we want.
    error.source().map_or_else(|| "the connection failed".into(), ToString::to_string)
}

/// Finds the enhanced status code, as `5.1.1`: <https://www.rfc-editor.org/rfc/rfc3463#section-2>.
fn enhanced(words: &str) -> Option<&str> {
    let first = words.split_whitespace().next()?;
    let is_number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    (first.split('.').count() == 3 && first.split('.').all(is_number)).then_some(first)
}

#[cfg(test)]
mod tests;

//! Notices by e-mail: through Amazon SES, or through an SMTP server.
//!
//! ```text
//! Email ─▶ Sender::letter ─▶ Letter ─┬─▶ SmtpMailer ─┬─▶ Ok
//!           (one MIME message)       └─▶ SesMailer ──┴─▶ MailError: surely not taken, refused for good, or nobody knows
//! ```
//!
//! The question behind every error is whether the customer may have the e-mail. What surely was not taken is tried again; what may have been
//! taken never is. No error holds what a server said: its words quote the customer's address. The codes of an answer say enough.

mod letter;
mod ses;
mod smtp;

use domain::mail::{Email, MailError, Mailer};
use domain::secret::Secret;
use lambda_support::aws::Aws;
use lambda_support::environment::EnvironmentError;

use crate::letter::Sender;
pub use crate::ses::SesMailer;
pub use crate::smtp::SmtpMailer;

const EMAIL_FROM: &str = "EMAIL_FROM";
const SMTP_URL: &str = "SMTP_URL";

/// What says how e-mail leaves: the variable `EMAIL_FROM` and the secret `SMTP_URL`.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Who writes, as `shop@example.com` or `Lamp Shop <shop@example.com>`.
    pub from: Option<String>,
    /// `smtps://user:password@host`, `smtp+starttls://user:password@host`, or `smtp://127.0.0.1:1025` on the same machine.
    pub smtp_url: Option<Secret>,
}

/// The way that e-mail leaves by, if there is one.
#[derive(Debug)]
pub enum Mail {
    Ses(SesMailer),
    Smtp(Box<SmtpMailer>),
    None,
}

impl Mail {
    /// Takes the SMTP server where one is named, else SES where a sender is named, else nothing.
    pub fn new(settings: &Settings, aws: &Aws) -> Result<Self, EnvironmentError> {
        let Some(from) = settings.from.as_deref() else { return without_sender(settings) };
        let sender = Sender::new(from).map_err(|err| EnvironmentError::Invalid { name: EMAIL_FROM.into(), reason: err.to_string() })?;
        let Some(url) = &settings.smtp_url else { return Ok(Self::Ses(SesMailer::new(aws.sesv2(), sender))) };
        let mailer = SmtpMailer::new(url, sender);
        let mailer = mailer.map_err(|err| EnvironmentError::Invalid { name: SMTP_URL.into(), reason: err.to_string() })?;
        Ok(Self::Smtp(Box::new(mailer)))
    }
}

fn without_sender(settings: &Settings) -> Result<Mail, EnvironmentError> {
    if settings.smtp_url.is_none() {
        return Ok(Mail::None);
    }
    let purpose = "the sender of what leaves through SMTP_URL, as Lamp Shop <shop@example.com>";
    Err(EnvironmentError::Missing { name: EMAIL_FROM.into(), purpose: purpose.into() })
}

impl Mailer for Mail {
    fn is_set(&self) -> bool {
        match self {
            Self::Ses(_) | Self::Smtp(_) => true,
            Self::None => false,
        }
    }

    async fn send(&self, email: &Email) -> Result<(), MailError> {
        match self {
            Self::Ses(mailer) => mailer.send(email).await,
            Self::Smtp(mailer) => mailer.send(email).await,
            Self::None => Err(MailError::Refused { reason: format!("no e-mail is set up: {EMAIL_FROM} is not set") }),
        }
    }
}

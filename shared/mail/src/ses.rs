//! E-mail through Amazon SES: <https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html>.

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, RawMessage};
use domain::mail::{Email, MailError};
use lambda_support::aws::never_connected;

use crate::letter::{Letter, Sender};

/// Answers that pass: too much at once, a quota of the day, credentials that Lambda is about to renew. And those that end when somebody mends
/// it: an account that is paused or suspended, a sender that is not verified, a role that may not send.
const PASSING: [&str; 10] = [
    "TooManyRequestsException",
    "ThrottlingException",
    "Throttling",
    "LimitExceededException",
    "SendingPausedException",
    "ExpiredTokenException",
    "RequestExpired",
    "AccountSuspendedException",
    "MailFromDomainNotVerifiedException",
    "AccessDeniedException",
];

/// Amazon SES in the region of the stack.
#[derive(Debug)]
pub struct SesMailer {
    client: Client,
    sender: Sender,
}

impl SesMailer {
    pub(crate) fn new(client: Client, sender: Sender) -> Self {
        Self { client, sender }
    }

    pub(crate) async fn send(&self, email: &Email) -> Result<(), MailError> {
        let Letter { envelope, mime } = self.sender.letter(email)?;
        let unmade = |_| MailError::Refused { reason: "no request can be made of it".into() };
        let raw = RawMessage::builder().data(Blob::new(mime)).build().map_err(unmade)?;
        let to = envelope.to().iter().map(ToString::to_string).collect();
        self.client
            .send_email()
            .from_email_address(self.sender.address().to_string())
            .destination(Destination::builder().set_to_addresses(Some(to)).build())
            .content(EmailContent::builder().raw(raw).build())
            .send()
            .await
            .map_err(|err| failure(&err))?;
        Ok(())
    }
}

type SendError = SdkError<SendEmailError>;

/// Says whether the e-mail may be on its way, without the words of SES: they quote addresses.
fn failure(error: &SendError) -> MailError {
    match error.raw_response().map(|answer| answer.status().as_u16()) {
        Some(status) if status >= 400 => {
            // The sender, or in the sandbox the recipient: both end when somebody mends it. All else that is rejected is of the message.
            let is_unverified = error.message().is_some_and(|words| words.contains("not verified"));
            refusal(status, error.code().unwrap_or("no code"), is_unverified)
        }
        Some(status) => MailError::Unknown { reason: format!("its answer {status} cannot be read") },
        None if surely_not_sent(error) => MailError::NotTaken { reason: "there was no connection".into() },
        None => MailError::Unknown { reason: "the connection was lost, or the answer did not come in time".into() },
    }
}

fn refusal(status: u16, code: &str, is_unverified: bool) -> MailError {
    let advice = match code {
        "MessageRejected" => ": is the sender verified in SES, and the account out of its sandbox?",
        "MailFromDomainNotVerifiedException" => ": the domain of EMAIL_FROM is not verified in SES",
        "NotFoundException" => ": SES does not know what the request names",
        "AccountSuspendedException" => ": SES has suspended the account",
        "AccessDeniedException" => ": the role may not send from EMAIL_FROM",
        _ => "",
    };
    let reason = format!("SES answered {status} {code}{advice}");
    let passes = status == 429 || status >= 500 || is_unverified || PASSING.contains(&code);
    if passes { MailError::NotTaken { reason } } else { MailError::Refused { reason } }
}

fn surely_not_sent(error: &SendError) -> bool {
    // The SDK may add kinds of errors: of whatever is not named here, nobody can tell.
    let unconnected = matches!(error, SdkError::DispatchFailure(failure) if failure.as_connector_error().is_some_and(never_connected));
    unconnected || matches!(error, SdkError::ConstructionFailure(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_does_not_come_leaves_nobody_knowing_and_what_was_never_built_was_not_taken() {
        assert!(matches!(failure(&SdkError::timeout_error("late")), MailError::Unknown { .. }));
        assert!(matches!(failure(&SdkError::construction_failure("unbuilt")), MailError::NotTaken { .. }));
    }
}

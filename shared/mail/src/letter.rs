//! The MIME message of an e-mail. Addresses and words come from outside: none of them becomes a header of its own.

use std::net::IpAddr;

use domain::mail::{Email, MailError};
use lettre::address::AddressError;
use lettre::message::header::{ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};
use lettre::message::{Mailbox, Message};
use lettre::{Address, address::Envelope};

/// Who writes every e-mail.
#[derive(Debug, Clone)]
pub(crate) struct Sender(Mailbox);

/// A text is no address that e-mail can go to or come from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoAddress {
    #[error("it is no address of e-mail: {0}")]
    Unreadable(#[from] AddressError),
    #[error("its domain is none")]
    Domain,
    /// Quotes, or letters beyond ASCII before the `@`: few servers take them, and injections are made of them.
    #[error("what stands before its @ is more than ASCII without quotes")]
    Name,
    /// An e-mail goes to a domain, never to a host by its number.
    #[error("it names a host by its number")]
    Number,
}

/// An e-mail as it travels.
pub(crate) struct Letter {
    pub(crate) envelope: Envelope,
    pub(crate) mime: Vec<u8>,
}

impl Sender {
    /// Reads `shop@example.com` or `Lamp Shop <shop@example.com>`.
    pub(crate) fn new(setting: &str) -> Result<Self, NoAddress> {
        let mailbox: Mailbox = setting.parse()?;
        Ok(Self(Mailbox::new(mailbox.name.map(|name| one_line(&name)), plain(&mailbox.email)?)))
    }

    pub(crate) fn address(&self) -> &Address {
        &self.0.email
    }

    pub(crate) fn letter(&self, email: &Email) -> Result<Letter, MailError> {
        let to = email.to.parse().map_err(NoAddress::from).and_then(|address| plain(&address));
        let to = to.map_err(|err| MailError::Refused { reason: format!("the customer's address: {err}") })?;
        let message = Message::builder()
            .from(self.0.clone())
            .to(Mailbox::new(None, to))
            .subject(one_line(&email.subject))
            .message_id(Some(self.message_id(&email.id)))
            // No other machine shall answer: <https://www.rfc-editor.org/rfc/rfc3834#section-5>.
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()))
            .header(MIME_VERSION_1_0)
            .header(ContentType::TEXT_PLAIN)
            .body(email.text.clone());
        let message = message.map_err(|err| MailError::Refused { reason: format!("no e-mail can be made of it: {err}") })?;
        Ok(Letter { envelope: message.envelope().clone(), mime: message.formatted() })
    }

    /// The same for the same e-mail, so that a mailbox can tell a duplicate. SES puts its own in its place.
    fn message_id(&self, id: &str) -> String {
        let id: String = id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '-' }).collect();
        format!("<{id}@{}>", self.0.email.domain())
    }
}

/// The address with its domain in ASCII, as the wire wants it.
fn plain(address: &Address) -> Result<Address, NoAddress> {
    let name = address.user();
    if !name.is_ascii() || name.contains(['"', '\\']) {
        return Err(NoAddress::Name);
    }
    let domain = address.domain();
    if domain.starts_with('[') || domain.parse::<IpAddr>().is_ok() {
        return Err(NoAddress::Number);
    }
    let domain = idna::domain_to_ascii(domain).map_err(|_| NoAddress::Domain)?;
    Ok(Address::new(name, domain)?)
}

/// Text without what could end a header's line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == '\u{2028}' || c == '\u{2029}' { ' ' } else { c }).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(to: &str, subject: &str, text: &str) -> Email {
        Email { to: to.into(), subject: subject.into(), text: text.into(), id: "ntf_01J".into() }
    }

    fn written(email: &Email) -> String {
        String::from_utf8(Sender::new("Lamp Shop <shop@example.com>").unwrap().letter(email).unwrap().mime).unwrap()
    }

    fn headers(mime: &str) -> Vec<&str> {
        let head = mime.split_once("\r\n\r\n").unwrap().0;
        head.split("\r\n").filter(|line| !line.starts_with(' ')).map(|line| line.split_once(':').unwrap().0).collect()
    }

    #[test]
    fn an_e_mail_says_who_writes_which_it_is_and_that_a_machine_wrote_it() {
        let mime = written(&email("mia@example.org", "Your order 20418", "It is on its way.\nTrack it."));
        for line in [
            "From: \"Lamp Shop\" <shop@example.com>",
            "To: mia@example.org",
            "Subject: Your order 20418",
            "Message-ID: <ntf_01J@example.com>",
            "Auto-Submitted: auto-generated",
            "Content-Type: text/plain; charset=utf-8",
            "MIME-Version: 1.0",
        ] {
            assert!(mime.lines().any(|found| found == line), "{line} is missing in\n{mime}");
        }
        assert!(mime.contains("\r\nDate: ") && mime.ends_with("\r\n\r\nIt is on its way.\r\nTrack it."), "{mime}");
    }

    #[test]
    fn every_letter_of_every_language_travels_as_ascii() {
        let mime = written(&email("mia@example.org", "Ваш заказ уже в пути 📦", "Ihre Lämpchen für 81,00 € — נשלח"));
        assert!(mime.is_ascii() && mime.contains("=?utf-8?b?"), "{mime}");
        assert!(
            mime.contains("Content-Transfer-Encoding: base64") || mime.contains("Content-Transfer-Encoding: quoted-printable"),
            "{mime}"
        );
    }

    #[test]
    fn a_subject_cannot_bring_headers_of_its_own() {
        let plain = written(&email("mia@example.org", "News", "x"));
        for subject in [
            "News\r\nBcc: eve@example.net",
            "News\nBcc: eve@example.net",
            "News\rBcc: e@e.e",
            "Né\u{2028}\r\n\r\nBcc: e@e.e",
            "\u{0}\u{85}",
        ] {
            let mime = written(&email("mia@example.org", subject, "x"));
            assert_eq!(headers(&mime), headers(&plain), "{mime}");
        }
    }

    #[test]
    fn a_long_subject_stays_within_the_line_that_servers_take() {
        let mime = written(&email("mia@example.org", &"Длинная тема ".repeat(60), &"a".repeat(5_000)));
        assert!(mime.lines().all(|line| line.len() <= 998), "{mime}");
    }

    #[test]
    fn a_hostile_address_is_refused_and_not_repeated() {
        let sender = Sender::new("shop@example.com").unwrap();
        for to in [
            "",
            "mia",
            "mia@",
            "@example.org",
            "mia@example.org\r\nBcc: eve@example.net",
            "mia@example.org>\r\nRCPT TO:<eve@example.net",
            "mia@example.org, eve@example.net",
            "Mia <mia@example.org>",
            "\"mia\r\n\"@example.org",
            "\"m i a\"@example.org",
            "mia@[127.0.0.1]",
            "mia@10.0.0.1",
            "mia@exa mple.org",
            "mia@example.org\u{0}",
            "mía@example.org",
        ] {
            let Err(MailError::Refused { reason }) = sender.letter(&email(to, "News", "x")) else { panic!("{to:?} was taken") };
            assert!(!reason.contains("example") && !reason.contains('\n'), "{reason}");
        }
    }

    #[test]
    fn a_domain_of_other_letters_is_written_in_ascii() {
        let letter = Sender::new("shop@example.com").unwrap().letter(&email("mia@bücher.example", "News", "x")).unwrap();
        assert_eq!(letter.envelope.to().first().unwrap().to_string(), "mia@xn--bcher-kva.example");
    }

    #[test]
    fn an_id_cannot_leave_its_header() {
        let mut email = email("mia@example.org", "News", "x");
        email.id = "a>\r\nBcc: eve@example.net".into();
        assert!(written(&email).contains("Message-ID: <a---Bcc--eve-example-net@example.com>\r\n"));
    }

    #[test]
    fn a_sender_is_a_mailbox() {
        for setting in ["Lämpchen <shop@example.com>", "\"Lamps, Ltd.\" <shop@example.com>", "shop@example.com"] {
            assert_eq!(Sender::new(setting).unwrap().address().to_string(), "shop@example.com");
        }
        for setting in ["Lamp Shop", "shop@", "Lamp Shop <shop>", "shop@example.com, b@example.com"] {
            Sender::new(setting).unwrap_err();
        }
    }
}

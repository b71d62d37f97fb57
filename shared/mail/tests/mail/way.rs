use domain::mail::{Email, MailError, Mailer};
use domain::secret::Secret;
use lambda_support::aws::Aws;
use lambda_support::environment::{Environment, EnvironmentError};
use mail::{Mail, Settings};

fn made(from: Option<&str>, smtp_url: Option<&str>) -> Result<Mail, EnvironmentError> {
    let variables = [("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")];
    let environment: Environment = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let settings = Settings { from: from.map(str::to_owned), smtp_url: smtp_url.map(|url| Secret::new(url).unwrap()) };
    Mail::new(&settings, &Aws::from_environment(&environment).unwrap())
}

#[test]
fn a_server_of_our_own_comes_before_ses_and_without_a_sender_there_is_none() {
    let smtp = made(Some("shop@example.com"), Some("smtps://u:hunter2@mail.example.com")).unwrap();
    assert!(matches!(smtp, Mail::Smtp(_)) && smtp.is_set());
    assert!(!format!("{smtp:?}").contains("hunter2"));
    let ses = made(Some("Lamp Shop <shop@example.com>"), None).unwrap();
    assert!(matches!(ses, Mail::Ses(_)) && ses.is_set());
    let none = made(None, None).unwrap();
    assert!(matches!(none, Mail::None) && !none.is_set());
}

#[test]
fn a_setting_that_cannot_be_used_stops_the_start_with_its_name() {
    for (from, url, name) in [
        (Some("Lamp Shop"), None, "EMAIL_FROM"),
        (None, Some("smtps://mail.example.com"), "EMAIL_FROM"),
        (Some("shop@example.com"), Some("smtp://u:hunter2@mail.example.com"), "SMTP_URL"),
    ] {
        let error = made(from, url).unwrap_err().to_string();
        assert!(error.contains(name) && !error.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn without_a_way_an_e_mail_is_refused() {
    let email = Email { to: "mia@example.org".into(), subject: "News".into(), text: "x".into(), id: "ntf_1".into() };
    assert!(matches!(made(None, None).unwrap().send(&email).await, Err(MailError::Refused { .. })));
}

use domain::secret::Secret;
use meta_webhooks::{HandshakeError, HandshakeQuery, answer};

const RIGHT: HandshakeQuery<'_> = HandshakeQuery { mode: Some("subscribe"), token: Some("lamp-token"), challenge: Some("1158201444") };

fn ask(query: HandshakeQuery<'_>) -> Result<&str, HandshakeError> {
    answer(query, &Secret::new("lamp-token").unwrap())
}

#[test]
fn the_right_token_gets_the_challenge_byte_for_byte() {
    assert_eq!(ask(RIGHT), Ok("1158201444"));
    assert_eq!(ask(HandshakeQuery { challenge: Some("007 +ä"), ..RIGHT }), Ok("007 +ä"));
}

#[test]
fn any_other_mode_is_refused() {
    for mode in [None, Some(""), Some("unsubscribe"), Some("Subscribe"), Some("subscribe ")] {
        assert_eq!(ask(HandshakeQuery { mode, ..RIGHT }), Err(HandshakeError::Mode), "{mode:?}");
    }
}

#[test]
fn any_other_token_is_refused_whatever_its_length() {
    for token in [None, Some(""), Some("lamp"), Some("lamp-tokem"), Some("LAMP-TOKEN"), Some("lamp-token-and-more"), Some("lamp-token ")] {
        assert_eq!(ask(HandshakeQuery { token, ..RIGHT }), Err(HandshakeError::Token), "{token:?}");
    }
}

#[test]
fn a_challenge_must_be_there_and_short() {
    for challenge in [None, Some("")] {
        assert_eq!(ask(HandshakeQuery { challenge, ..RIGHT }), Err(HandshakeError::NoChallenge), "{challenge:?}");
    }
    let longest = "1".repeat(1024);
    assert_eq!(ask(HandshakeQuery { challenge: Some(&longest), ..RIGHT }), Ok(longest.as_str()));
    let longer = "1".repeat(1025);
    assert_eq!(ask(HandshakeQuery { challenge: Some(&longer), ..RIGHT }), Err(HandshakeError::LongChallenge));
}

#[test]
fn a_printed_query_shows_no_token() {
    assert!(!format!("{RIGHT:?}").contains("lamp-token"));
}

#[test]
fn an_empty_query_is_refused() {
    assert_eq!(ask(HandshakeQuery::default()), Err(HandshakeError::Mode));
}

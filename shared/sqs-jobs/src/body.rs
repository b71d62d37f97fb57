//! Any bytes as the text that SQS takes: as they came where that is possible, else compressed.

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// The most bytes that a compressed body may unpack to: more than any gateway takes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// As it came.
    Plain,
    /// Compressed with gzip, then base64: too long, or not text that SQS takes.
    Gzip,
}

impl Encoding {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Gzip => "gzip+base64",
        }
    }

    pub(crate) fn parse(value: &str) -> Option<Self> {
        [Self::Plain, Self::Gzip].into_iter().find(|encoding| encoding.as_str() == value)
    }
}

/// Writes `bytes` in at most `longest` bytes; nothing when they do not fit even compressed.
pub(crate) fn encode(bytes: &[u8], longest: usize) -> Option<(String, Encoding)> {
    if bytes.len() <= longest
        && let Ok(text) = std::str::from_utf8(bytes)
        && !text.is_empty()
        && text.chars().all(is_accepted)
    {
        return Some((text.to_owned(), Encoding::Plain));
    }
    let packed = STANDARD.encode(compress(bytes));
    (packed.len() <= longest).then_some((packed, Encoding::Gzip))
}

/// Reads what [`encode`] wrote; nothing when it is broken or unpacks to more than any delivery.
pub(crate) fn decode(text: &str, encoding: Encoding) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Plain => Some(text.as_bytes().to_vec()),
        Encoding::Gzip => {
            let packed = STANDARD.decode(text).ok()?;
            let mut bytes = Vec::new();
            GzDecoder::new(packed.as_slice()).take(LARGEST + 1).read_to_end(&mut bytes).ok()?;
            (bytes.len() as u64 <= LARGEST).then_some(bytes)
        }
    }
}

fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing into a vector does not fail.
    drop(encoder.write_all(bytes));
    encoder.finish().unwrap_or_default()
}

/// The characters that a message body may have.
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html>
fn is_accepted(character: char) -> bool {
    matches!(character, '\u{9}' | '\u{A}' | '\u{D}' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_body_that_fits_goes_as_it_came() {
        assert_eq!(encode(b"{}", 2), Some(("{}".into(), Encoding::Plain)));
    }

    #[test]
    fn what_the_queue_refuses_is_packed() {
        for hostile in [&b""[..], b"\x00", b"\xff\xfe", "\u{b}".as_bytes(), "\u{ffff}".as_bytes()] {
            let (text, encoding) = encode(hostile, 1000).unwrap();
            assert_eq!(encoding, Encoding::Gzip);
            assert_eq!(decode(&text, encoding).as_deref(), Some(hostile));
        }
    }

    #[test]
    fn a_long_body_is_packed_and_one_that_no_packing_makes_short_is_refused() {
        let long = "\\u200b".repeat(500_000);
        assert_eq!(encode(long.as_bytes(), 1_000_000).map(|(_, encoding)| encoding), Some(Encoding::Gzip));
        assert_eq!(encode(b"abc", 2), None);
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let bomb = STANDARD.encode(compress(&vec![0; 17 * 1024 * 1024]));
        assert_eq!(decode(&bomb, Encoding::Gzip), None);
    }

    proptest! {
        #[test]
        fn bytes_come_back_as_they_went(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let (text, encoding) = encode(&bytes, 100_000).unwrap();
            prop_assert!(!text.is_empty() && text.chars().all(is_accepted));
            prop_assert_eq!(decode(&text, encoding), Some(bytes));
        }
    }
}

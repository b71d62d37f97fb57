//! The checksums of SQS. Clients compare them with their own.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::message::{MessageAttribute, MessageAttributes};

pub(crate) fn md5_of_body(body: &str) -> String {
    format!("{:x}", md5::compute(body))
}

/// The MD5 of message attributes, or `None` where there are none.
///
/// By name: the name, the type, one byte for text (1) or bytes (2), the value; each but the byte behind its length.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>
pub(crate) fn md5_of_attributes(attributes: &MessageAttributes) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut context = md5::Context::new();
    for (name, attribute) in attributes {
        consume_with_length(&mut context, name.as_bytes());
        consume_with_length(&mut context, attribute.data_type.as_bytes());
        context.consume([if attribute.string_value.is_some() { 1 } else { 2 }]);
        consume_with_length(&mut context, attribute.value());
    }
    Some(format!("{:x}", context.compute()))
}

/// The MD5 of the one attribute that a sender may set in the system's name.
pub(crate) fn md5_of_trace_header(header: &str) -> Option<String> {
    md5_of_attributes(&BTreeMap::from([("AWSTraceHeader".to_owned(), MessageAttribute::string(header))]))
}

/// The deduplication id of a body, for queues that deduplicate by content.
pub(crate) fn content_id(body: &str) -> String {
    use std::fmt::Write as _;

    Sha256::digest(body).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string cannot fail.
        write!(hex, "{byte:02x}").ok();
        hex
    })
}

fn consume_with_length(context: &mut md5::Context, bytes: &[u8]) {
    // No message is longer than 1 MiB.
    context.consume(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    context.consume(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_have_the_checksum_that_sdks_compute() {
        let attribute = |data_type: &str, text: Option<&str>, bytes: Option<&[u8]>| MessageAttribute {
            data_type: data_type.to_owned(),
            string_value: text.map(str::to_owned),
            binary_value: bytes.map(<[u8]>::to_vec),
        };
        let attributes = MessageAttributes::from([
            ("n".to_owned(), attribute("Number", Some("42"), None)),
            ("b".to_owned(), attribute("Binary", None, Some(&[1, 2]))),
            ("k1".to_owned(), attribute("String", Some("v1"), None)),
        ]);
        assert_eq!(md5_of_attributes(&attributes).as_deref(), Some("18f840fb6e9a15a0deb2eb8772e15a12"));
        assert_eq!(md5_of_attributes(&MessageAttributes::new()), None);
    }
}

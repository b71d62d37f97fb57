//! The bytes of a webhook as Meta writes them: ASCII, `\uXXXX` in lower case, `\/` for slashes.
//!
//! <https://developers.facebook.com/documentation/business-messaging/messenger-platform/webhooks> ("escaped unicode")

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

struct MetaFormatter;

impl Formatter for MetaFormatter {
    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        for letter in fragment.chars() {
            if letter == '/' {
                writer.write_all(b"\\/")?;
            } else if letter.is_ascii() {
                write!(writer, "{letter}")?;
            } else {
                for unit in letter.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

/// Writes a value as the bytes of a webhook.
///
/// # Errors
/// When the value cannot be JSON, as with a map whose keys are not strings.
pub fn to_wire<T: Serialize>(value: &T) -> Result<String, serde_json::Error> {
    let mut bytes = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut bytes, MetaFormatter))?;
    // Only ASCII was written.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

//! As much HTTP/1.1 as the SDKs and the runtime speak: a head, and a body of a known length.

use std::io::{Read, Write};

use crate::Outcome;

/// A request or an answer.
#[derive(Debug)]
pub(crate) struct Message {
    /// The first line and the headers, up to and including the empty line.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// Reads the next message; nothing when the other side has gone.
    pub(crate) fn read(stream: &mut impl Read) -> Outcome<Option<Self>> {
        let mut bytes = Vec::new();
        let mut chunk = [0; 16 * 1024];
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            let count = stream.read(&mut chunk)?;
            if count == 0 {
                return Ok(None);
            }
            bytes.extend_from_slice(chunk.get(..count).unwrap_or_default());
        };
        let mut body = bytes.split_off(end);
        let head = String::from_utf8(bytes)?;
        if header(&head, "transfer-encoding").is_some() {
            return Err("chunked messages are not read here".into());
        }
        let length: usize = header(&head, "content-length").map_or(Ok(0), str::parse)?;
        while body.len() < length {
            let count = stream.read(&mut chunk)?;
            if count == 0 {
                return Err("the other side went in the middle of a message".into());
            }
            body.extend_from_slice(chunk.get(..count).unwrap_or_default());
        }
        Ok(Some(Self { head, body }))
    }

    /// The method and the path.
    pub(crate) fn target(&self) -> (&str, &str) {
        let mut words = self.head.split(' ');
        (words.next().unwrap_or_default(), words.next().unwrap_or_default())
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    pub(crate) fn write(&self, stream: &mut impl Write) -> Outcome<()> {
        let mut bytes = self.head.clone().into_bytes();
        bytes.extend_from_slice(&self.body);
        stream.write_all(&bytes)?;
        stream.flush()?;
        Ok(())
    }
}

/// Writes an answer with further headers, each with its line end.
pub(crate) fn answer(stream: &mut impl Write, status: &str, headers: &str, body: &[u8]) -> Outcome<()> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
    Message { head, body: body.to_vec() }.write(stream)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

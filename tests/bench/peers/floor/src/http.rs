//! HTTP/1.1 on one kept connection.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::Outcome;

pub(crate) trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    host: String,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) fn plain(host: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        Ok(Self::over(Box::new(stream), host))
    }

    pub(crate) fn over(stream: Box<dyn Stream>, host: &str) -> Self {
        Self { stream, host: host.to_owned(), buffer: Vec::with_capacity(64 * 1024) }
    }

    /// Makes one call and returns the head and the body of its answer.
    pub(crate) fn call(&mut self, line: &str, headers: &str, body: &[u8]) -> Outcome<(String, Vec<u8>)> {
        let mut request = format!("{line} HTTP/1.1\r\nhost: {}\r\n{headers}content-length: {}\r\n\r\n", self.host, body.len()).into_bytes();
        request.extend_from_slice(body);
        self.stream.write_all(&request)?;
        self.stream.flush()?;
        self.buffer.clear();
        let mut chunk = [0; 16 * 1024];
        let end = loop {
            if let Some(end) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            self.fill(&mut chunk)?;
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        let length: usize = header(&head, "content-length").ok_or("no length")?.parse()?;
        while self.buffer.len() < end + length {
            self.fill(&mut chunk)?;
        }
        Ok((head, self.buffer[end..end + length].to_vec()))
    }

    fn fill(&mut self, chunk: &mut [u8]) -> Outcome<()> {
        match self.stream.read(chunk)? {
            0 => Err("the connection ended".into()),
            count => {
                self.buffer.extend_from_slice(&chunk[..count]);
                Ok(())
            }
        }
    }
}

pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

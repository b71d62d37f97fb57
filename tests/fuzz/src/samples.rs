//! Bytes that come near to what is read: a golden payload with a few edits. Bytes alone hardly ever get past the first brace.

use std::path::Path;
use std::sync::OnceLock;

/// What an edit may put in: where readers are weak.
const WORDS: [&str; 32] = [
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "0",
    "-0",
    "1e999",
    "-1",
    "18446744073709551616",
    "0.1e-400",
    "\"\\ud800\"",
    "\"\\udc00\\ud800\"",
    "\\u0000",
    "\"",
    "\\",
    ",",
    ":",
    "}",
    "]",
    "{\"object\":\"page\",\"entry\":[",
    "\"messaging\":[",
    "\"standby\":",
    "\"changes\":",
    "\"entry\":",
    "\"mid\":",
    "\"message\":",
    "\"timestamp\":",
    "\"is_echo\":true",
    "\"error\":",
    "\u{feff}",
    "\u{1f6d2}",
];

/// How deep the deepest edit nests.
const DEEP: usize = 300;

/// Reads bytes from the front of the input; zeros when there are none left.
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        let number = usize::from(self.byte()) << 8 | usize::from(self.byte());
        number.checked_rem(limit).unwrap_or(0)
    }

    pub(crate) fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.0
    }
}

/// Makes a body of the rest of the input: the bytes as they are, or a golden payload of `folder` with edits.
pub(crate) fn body(input: &mut Input<'_>, folder: Folder) -> Vec<u8> {
    let samples = folder.samples();
    let choice = input.below(samples.len() + 1);
    let Some(sample) = samples.get(choice) else { return input.rest().to_vec() };
    let mut body = sample.clone();
    while !input.rest().is_empty() {
        edit(&mut body, input);
    }
    body
}

fn edit(body: &mut Vec<u8>, input: &mut Input<'_>) {
    let kind = input.byte();
    let at = input.below(body.len() + 1);
    let end = (at + input.below(64)).min(body.len());
    match kind % 6 {
        0 => drop(body.splice(at..end, input.take(4).iter().copied())),
        1 => drop(body.drain(at..end)),
        2 => {
            let copy = body.get(at..end).unwrap_or_default().to_vec();
            drop(body.splice(at..at, copy));
        }
        3 => {
            let word = WORDS.get(input.below(WORDS.len())).copied().unwrap_or_default();
            drop(body.splice(at..end, word.bytes()));
        }
        4 => {
            let (open, close) = if input.byte().is_multiple_of(2) { ("[", "]") } else { ("{\"a\":", "}") };
            let deep = input.below(DEEP);
            let inside = body.get(at..end).unwrap_or_default().to_vec();
            let wrapped = [open.repeat(deep).into_bytes(), inside, close.repeat(deep).into_bytes()].concat();
            drop(body.splice(at..end, wrapped));
        }
        // A value in place of the one that stands there, so that the rest stays JSON.
        _ => {
            let Some(colon) = body.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b':')).map(|offset| at + offset) else {
                return;
            };
            let value =
                body.get(colon..).and_then(|rest| rest.iter().position(|byte| b",}".contains(byte))).map_or(colon, |end| colon + end);
            let word = WORDS.get(input.below(13)).copied().unwrap_or_default();
            drop(body.splice((colon + 1).min(value)..value, word.bytes()));
        }
    }
}

/// Where the golden payloads lie.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Folder {
    Meta,
    Graph,
    Commerce,
}

impl Folder {
    fn samples(self) -> &'static [Vec<u8>] {
        static META: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
        static GRAPH: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
        static COMMERCE: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
        match self {
            Self::Meta => META.get_or_init(|| read("meta")),
            Self::Graph => GRAPH.get_or_init(|| read("graph")),
            Self::Commerce => COMMERCE.get_or_init(|| read("commerce")),
        }
    }
}

fn read(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../payloads").join(folder);
    let files = std::fs::read_dir(&folder).into_iter().flatten().filter_map(Result::ok).map(|file| file.path());
    let mut paths: Vec<_> = files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    paths.sort();
    let samples: Vec<Vec<u8>> = paths.iter().filter_map(|path| std::fs::read(path).ok()).collect();
    assert!(!samples.is_empty(), "no golden payloads in {}", folder.display());
    samples
}

//! The golden payloads: the bytes as Meta sends them. Sources and dates stand in `payloads/meta/MANIFEST.json`.

use std::path::Path;

/// Every payload of Meta's with its name, in order of names.
#[must_use]
pub fn meta() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("payloads/meta");
    let mut payloads: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .expect("the payloads")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .filter_map(|path| {
            let name = path.file_stem()?.to_str()?.to_owned();
            let is_payload = name != "MANIFEST" && name != "signature-vectors";
            is_payload.then(|| (name, std::fs::read(&path).expect("a payload")))
        })
        .collect();
    payloads.sort();
    payloads
}

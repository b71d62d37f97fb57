//! Long bytes in items of limited size: plain when short, compressed when long, cut into pieces when longer than an item.

use std::io::{Read, Write};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::item::Item;
use crate::key::{self, Key};

/// Text up to this many bytes stays readable in the item.
const PLAIN_UP_TO: usize = 4 * 1024;
/// The most compressed bytes in the item itself, which holds up to 320 KB beside them, and in each further one; an item takes 400 KB.
const FIRST_PIECE: usize = 64 * 1024;
const PIECE: usize = 256 * 1024;
/// The most bytes that unpacking may yield: no delivery is larger.
const LARGEST: u64 = 16 * 1024 * 1024;

const PLAIN: &str = "raw";
const PACKED: &str = "raw_gz";
const PIECES: &str = "raw_pieces";

/// The attributes that hold a blob, for expressions that remove it.
pub(crate) const ATTRIBUTES: [&str; 3] = [PLAIN, PACKED, PIECES];

/// Puts `bytes` into `item`, and returns the further items that hold what did not fit.
pub(crate) fn pack(item: &mut Item, of: &Key, bytes: &[u8]) -> Vec<Item> {
    if bytes.len() <= PLAIN_UP_TO
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        item.insert(PLAIN.into(), AttributeValue::S(text.to_owned()));
        return Vec::new();
    }
    let packed = compress(bytes);
    let (first, rest) = packed.split_at(packed.len().min(FIRST_PIECE));
    item.insert(PACKED.into(), AttributeValue::B(Blob::new(first)));
    let rest: Vec<Item> = rest.chunks(PIECE).enumerate().map(|(index, piece)| piece_item(&key::piece(of, index + 1), piece)).collect();
    if !rest.is_empty() {
        item.insert(PIECES.into(), AttributeValue::N(rest.len().to_string()));
    }
    rest
}

fn piece_item(key: &Key, bytes: &[u8]) -> Item {
    let mut item = crate::item::keyed(key);
    item.insert(PACKED.into(), AttributeValue::B(Blob::new(bytes)));
    item
}

/// Returns how many further items hold the rest.
pub(crate) fn pieces(item: &Item) -> usize {
    item.get(PIECES).and_then(|value| value.as_n().ok()).and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// Puts a blob together again from its first item and the further ones, in order; nothing when a part is missing or broken.
pub(crate) fn unpack(first: &Item, rest: &[Item]) -> Option<Vec<u8>> {
    if let Some(AttributeValue::S(text)) = first.get(PLAIN) {
        return Some(text.clone().into_bytes());
    }
    let mut packed = Vec::new();
    for item in std::iter::once(first).chain(rest) {
        packed.extend_from_slice(item.get(PACKED)?.as_b().ok()?.as_ref());
    }
    let mut bytes = Vec::new();
    GzDecoder::new(packed.as_slice()).take(LARGEST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn compress(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing into a vector does not fail.
    drop(encoder.write_all(bytes));
    encoder.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(bytes: &[u8]) -> (Option<Vec<u8>>, usize) {
        let of = Key { pk: "CNV#x".into(), sk: "M#y".into() };
        let mut item = crate::item::keyed(&of);
        let rest = pack(&mut item, &of, bytes);
        assert_eq!(pieces(&item), rest.len());
        (unpack(&item, &rest), rest.len())
    }

    #[test]
    fn a_short_text_stays_readable() {
        let of = Key { pk: "CNV#x".into(), sk: "M#y".into() };
        let mut item = crate::item::keyed(&of);
        assert!(pack(&mut item, &of, b"{}").is_empty());
        assert_eq!(item.get("raw"), Some(&AttributeValue::S("{}".into())));
    }

    #[test]
    fn what_no_compression_makes_small_is_cut_into_pieces() {
        let mut state = 1_u64;
        let noise: Vec<u8> = (0..700_000)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                state.to_be_bytes()[0]
            })
            .collect();
        let (back, pieces) = round_trip(&noise);
        assert_eq!(back.as_deref(), Some(noise.as_slice()));
        assert_eq!(pieces, 3);
    }

    proptest! {
        #[test]
        fn bytes_come_back_as_they_went(bytes in proptest::collection::vec(any::<u8>(), 0..20_000)) {
            prop_assert_eq!(round_trip(&bytes).0, Some(bytes));
        }
    }
}

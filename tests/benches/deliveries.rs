//! The deliveries that are worked: one message, and one of each of fifty customers.

use serde_json::json;
use shopbell_tests::delivery;
use testkit::ids::PAGE;

/// How many messages the large delivery holds.
pub(crate) const MANY: usize = 50;

/// A delivery with so many messages, each of another customer.
pub(crate) fn of(messages: usize) -> Vec<u8> {
    let message = |number: usize| {
        json!({
            "sender": { "id": format!("74029188364{number:05}") }, "recipient": { "id": PAGE }, "timestamp": 1_795_255_200_000_i64,
            "message": {
                "mid": format!("m_WjsKrJAXUusVVuyssOf0J8KpTLdavAs3DbZWQhvvx363hCcf78y97O_uJyP7rnMXnYhAyv9noD8R0Q8c-M{number:05}"),
                "text": "Hi, where is my order 20418?",
            },
        })
    };
    delivery(&(0..messages).map(message).collect::<Vec<_>>())
}

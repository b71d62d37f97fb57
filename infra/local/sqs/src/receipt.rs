use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::EngineError;

/// What a receipt handle says: which receive of which message of which queue. Opaque to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) queue: i64,
    pub(crate) message: i64,
    /// The message's receive count as of that receive, which makes each receive's handle another one.
    pub(crate) receive_count: i64,
}

impl Receipt {
    pub(crate) fn handle(self) -> String {
        let Self { queue, message, receive_count } = self;
        BASE64_URL_SAFE_NO_PAD.encode(format!("{queue}.{message}.{receive_count}"))
    }

    pub(crate) fn parse(handle: &str) -> Result<Self, EngineError> {
        Self::read(handle).ok_or(EngineError::ReceiptHandleIsInvalid)
    }

    fn read(handle: &str) -> Option<Self> {
        let plain = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(handle).ok()?).ok()?;
        let mut parts = plain.split('.').map(str::parse);
        let receipt = Self { queue: parts.next()?.ok()?, message: parts.next()?.ok()?, receive_count: parts.next()?.ok()? };
        parts.next().is_none().then_some(receipt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_says_what_went_into_it() {
        let receipt = Receipt { queue: 1, message: 22, receive_count: 3 };
        assert_eq!(Receipt::parse(&receipt.handle()).unwrap(), receipt);
    }

    #[test]
    fn a_made_up_handle_is_refused() {
        for handle in ["", "bogus", "MS4yLjM0LjU"] {
            assert!(Receipt::parse(handle).is_err(), "{handle}");
        }
    }
}

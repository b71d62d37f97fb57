//! Money in minor units, exact: no float ever holds an amount.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A currency of ISO 4217.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// Reads a code, in either case: `EUR`, `eur`. Codes without minor units of their own, like gold, are none of ours.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let currency = Self(iso_currency::Currency::from_code(&code.to_ascii_uppercase())?);
        currency.0.exponent().map(|_| currency)
    }

    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Returns how many decimals an amount has: 2 for the euro, 0 for the yen, 3 for the Kuwaiti dinar.
    #[must_use]
    pub fn decimals(self) -> u32 {
        self.0.exponent().map_or(0, u32::from)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::parse(&code).ok_or_else(|| serde::de::Error::custom("it is no ISO 4217 code"))
    }
}

/// An amount in the minor units of its currency: 9134 EUR are 91.34 euros, 1200 JPY are 1200 yen. Negative for what is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    pub amount: i64,
    pub currency: Currency,
}

/// A text is no amount of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("it is no decimal number")]
    NotANumber,
    #[error("it has more decimals than its currency")]
    TooPrecise,
    #[error("it is too large")]
    TooLarge,
}

impl Money {
    #[must_use]
    pub const fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// Reads a decimal as shops write it: `91.34`, `-5`, `1.250` of a dinar. Zeros beyond the currency's decimals are none too many; other
    /// digits are, because rounding would change the amount.
    pub fn from_decimal(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let text = text.trim();
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(MoneyError::NotANumber);
        }
        let decimals = currency.decimals() as usize;
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > decimals {
            return Err(MoneyError::TooPrecise);
        }
        let minor: i64 = format!("{whole}{fraction:0<decimals$}").parse().map_err(|_| MoneyError::TooLarge)?;
        Ok(Self { amount: sign * minor, currency })
    }

    /// Writes the amount as a decimal with all decimals of its currency: `91.34`, `1200`, `1.250`.
    #[must_use]
    pub fn to_decimal(self) -> String {
        let decimals = self.currency.decimals() as usize;
        let sign = if self.amount < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.amount.unsigned_abs(), width = decimals + 1);
        let (whole, fraction) = digits.split_at_checked(digits.len() - decimals).unwrap_or((&digits, ""));
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }

    /// Adds an amount of the same currency; nothing for another currency, or beyond what an amount can be.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        let same = self.currency == other.currency;
        same.then(|| self.amount.checked_add(other.amount)).flatten().map(|amount| Self { amount, ..self })
    }
}

impl fmt::Display for Money {
    /// `91.34 EUR`: the way in which a platform that refuses `$` takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.to_decimal(), self.currency.code())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, code: &str) -> Result<i64, MoneyError> {
        Money::from_decimal(text, Currency::parse(code).unwrap()).map(|money| money.amount)
    }

    #[test]
    fn an_amount_is_read_to_the_minor_unit() {
        assert_eq!(read("91.34", "EUR"), Ok(9134));
        assert_eq!(read("91.3", "EUR"), Ok(9130));
        assert_eq!(read("-5", "usd"), Ok(-500));
        assert_eq!(read("1200", "JPY"), Ok(1200));
        assert_eq!(read("1200.00", "JPY"), Ok(1200));
        assert_eq!(read("12.345", "KWD"), Ok(12_345));
        assert_eq!(read("0.1", "KWD"), Ok(100));
        assert_eq!(read(" 0.00 ", "EUR"), Ok(0));
    }

    #[test]
    fn what_is_no_amount_is_refused_and_nothing_is_rounded() {
        for text in ["", "-", ".", "1,20", "1e3", "NaN", "12.3.4", "٣", "0x10", "--1"] {
            assert_eq!(read(text, "EUR"), Err(MoneyError::NotANumber), "{text}");
        }
        assert_eq!(read("12.345", "EUR"), Err(MoneyError::TooPrecise));
        assert_eq!(read("12.5", "JPY"), Err(MoneyError::TooPrecise));
        assert_eq!(read("99999999999999999999", "EUR"), Err(MoneyError::TooLarge));
    }

    #[test]
    fn an_amount_is_written_with_the_decimals_of_its_currency() {
        let write = |amount, code| Money::new(amount, Currency::parse(code).unwrap()).to_string();
        assert_eq!(write(9134, "EUR"), "91.34 EUR");
        assert_eq!(write(5, "EUR"), "0.05 EUR");
        assert_eq!(write(-5, "EUR"), "-0.05 EUR");
        assert_eq!(write(1200, "JPY"), "1200 JPY");
        assert_eq!(write(1250, "KWD"), "1.250 KWD");
    }

    #[test]
    fn only_amounts_of_one_currency_are_added() {
        let euros = Money::new(100, Currency::parse("EUR").unwrap());
        let yen = Money::new(100, Currency::parse("JPY").unwrap());
        assert_eq!(euros.plus(euros).map(|sum| sum.amount), Some(200));
        assert_eq!(euros.plus(yen), None);
        assert_eq!(Money::new(i64::MAX, euros.currency).plus(euros), None);
    }

    #[test]
    fn currencies_without_minor_units_and_unknown_codes_are_refused() {
        for code in ["", "EURO", "XAU", "ZZZ", "€"] {
            assert_eq!(Currency::parse(code), None, "{code}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(amount in -1_000_000_000_000_i64..1_000_000_000_000, code in prop::sample::select(vec!["EUR", "JPY", "KWD"])) {
            let money = Money::new(amount, Currency::parse(code).unwrap());
            prop_assert_eq!(Money::from_decimal(&money.to_decimal(), money.currency), Ok(money));
        }
    }
}

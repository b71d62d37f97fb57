//! How much of its limits an app has used, as the headers of an answer tell.
//!
//! <https://developers.facebook.com/docs/graph-api/overview/rate-limiting/>

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

/// `{"call_count":28,"total_time":25,"total_cputime":25}`, of the app.
const APP: &str = "x-app-usage";
/// The same of the Page. Only readers of the documentation name it (unconfirmed).
const PAGE: &str = "x-page-usage";
/// `{"<id>":[{"type":"messenger","call_count":85,…,"estimated_time_to_regain_access":0}]}`. Calls with a Page token fall under this one.
const BUSINESS: &str = "x-business-use-case-usage";

/// The percentages of a limit. Meta refuses calls when any of them reaches 100.
const PERCENTAGES: [&str; 3] = ["call_count", "total_time", "total_cputime"];

/// What the headers told; what could not be read is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// The highest percentage of any limit. Slow down from about 80.
    pub(crate) percent: Option<u64>,
    /// How many minutes Meta asks to wait; never zero.
    pub(crate) regain_in_minutes: Option<u64>,
}

impl Usage {
    pub(crate) fn from_headers(headers: &HeaderMap) -> Self {
        let app = json(headers, APP).map(|limit| Self::of_limit(&limit)).unwrap_or_default();
        let page = json(headers, PAGE).map(|limit| Self::of_limit(&limit)).unwrap_or_default();
        let business = json(headers, BUSINESS).map(|limits| Self::of_business(&limits)).unwrap_or_default();
        app.or_more(page).or_more(business)
    }

    /// Returns the pause that Meta asks for.
    pub(crate) fn pause(&self) -> Option<Duration> {
        self.regain_in_minutes.map(|minutes| Duration::from_secs(minutes.saturating_mul(60)))
    }

    /// Whose id a limit belongs to is not looked at: too long a pause only costs time.
    fn of_business(limits: &Value) -> Self {
        let lists = limits.as_object().into_iter().flat_map(|by_id| by_id.values());
        lists.filter_map(Value::as_array).flatten().map(Self::of_limit).fold(Self::default(), Self::or_more)
    }

    fn of_limit(limit: &Value) -> Self {
        Self {
            percent: PERCENTAGES.iter().filter_map(|name| number(limit.get(name)?)).max(),
            regain_in_minutes: limit.get("estimated_time_to_regain_access").and_then(number).filter(|minutes| *minutes > 0),
        }
    }

    fn or_more(self, other: Self) -> Self {
        Self { percent: self.percent.max(other.percent), regain_in_minutes: self.regain_in_minutes.max(other.regain_in_minutes) }
    }
}

fn json(headers: &HeaderMap, name: &str) -> Option<Value> {
    serde_json::from_slice(headers.get(name)?.as_bytes()).ok()
}

/// Reads a number, quoted or not.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn usage(headers: &[(&'static str, &str)]) -> Usage {
        Usage::from_headers(&headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect())
    }

    #[test]
    fn the_documented_headers_are_read() {
        let app = include_str!("../../../tests/payloads/graph/header-x_app_usage.json").replace('\n', "");
        let business = include_str!("../../../tests/payloads/graph/header-x_business_use_case_usage.json").replace('\n', "");
        assert_eq!(usage(&[(APP, &app)]), Usage { percent: Some(28), regain_in_minutes: None });
        assert_eq!(usage(&[(APP, &app), (BUSINESS, &business)]), Usage { percent: Some(85), regain_in_minutes: None });
    }

    #[test]
    fn the_longest_pause_of_all_limits_counts() {
        let business = r#"{"1":[{"type":"messenger","estimated_time_to_regain_access":"5"}],"2":[{"estimated_time_to_regain_access":19}]}"#;
        let usage = usage(&[(BUSINESS, business)]);
        assert_eq!(usage.pause(), Some(Duration::from_mins(19)));
        assert_eq!(usage.percent, None);
    }

    #[test]
    fn headers_that_cannot_be_read_tell_nothing() {
        for odd in ["", "{", "[]", "null", r#"{"1":7}"#, r#"{"1":[null]}"#, r#"{"call_count":-1}"#, r#"{"call_count":"many"}"#] {
            assert_eq!(usage(&[(APP, odd), (PAGE, odd), (BUSINESS, odd)]), Usage::default(), "{odd}");
        }
    }
}

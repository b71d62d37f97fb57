//! Counters in CloudWatch's Embedded Metric Format: what an invocation counted is one JSON line at its end, and costs no call.
//!
//! The names are a contract with the alarms; docs/LOGGING.md says what each means.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::pin::Pin;
use std::time::Duration;

use domain::ports::Clock;
use domain::time::Timestamp;
use serde_json::{Map, Value, json};

use crate::clock::SystemClock;
use crate::environment::Environment;

const NAMESPACE: &str = "Shopbell";
const DIMENSION: &str = "FunctionName";

/// The most values that one measure may have in a line.
const MOST_VALUES: usize = 100;

// Of `webhook`.
pub const DELIVERIES_QUEUED: Metric = Metric::count("DeliveriesQueued");
pub const SIGNATURES_REFUSED: Metric = Metric::count("SignaturesRefused");
pub const HANDSHAKES_REFUSED: Metric = Metric::count("HandshakesRefused");
pub const DELIVERIES_TOO_LARGE: Metric = Metric::count("DeliveriesTooLarge");
pub const DELIVERIES_NOT_QUEUED: Metric = Metric::count("DeliveriesNotQueued");
pub const SHOP_DELIVERIES_QUEUED: Metric = Metric::count("ShopDeliveriesQueued");
pub const SHOP_DELIVERIES_NOT_QUEUED: Metric = Metric::count("ShopDeliveriesNotQueued");
pub const SHOP_DELIVERIES_TOO_LARGE: Metric = Metric::count("ShopDeliveriesTooLarge");
pub const SHOP_SIGNATURES_REFUSED: Metric = Metric::count("ShopSignaturesRefused");
// Of `ingest`.
pub const CUSTOMER_MESSAGES: Metric = Metric::count("CustomerMessages");
pub const EVENTS_TAKEN: Metric = Metric::count("EventsTaken");
pub const EVENTS_DUPLICATE: Metric = Metric::count("EventsDuplicate");
pub const EVENTS_GIVEN_BACK: Metric = Metric::count("EventsGivenBack");
pub const INTAKE_LAG: Metric = Metric::milliseconds("IntakeLag");
// Of `notify`.
pub const SHOP_EVENTS_TAKEN: Metric = Metric::count("ShopEventsTaken");
pub const SHOP_EVENTS_IGNORED: Metric = Metric::count("ShopEventsIgnored");
pub const NOTICES_DECIDED: Metric = Metric::count("NoticesDecided");
pub const LINKS_REFUSED: Metric = Metric::count("LinksRefused");
pub const EMAILS_NOT_TAKEN: Metric = Metric::count("EmailsNotTaken");
// Of `ingest`, `notify` and `deliver`.
pub const PARKED: Metric = Metric::count("Parked");
// Of `api`.
pub const REPLIES_ACCEPTED: Metric = Metric::count("RepliesAccepted");
pub const REPLIES_REFUSED: Metric = Metric::count("RepliesRefused");
pub const CALLS_FAILED: Metric = Metric::count("CallsFailed");
pub const TIME_TO_ANSWER: Metric = Metric::milliseconds("TimeToAnswer");
// Of `deliver`.
pub const MESSAGES_SENT: Metric = Metric::count("MessagesSent");
pub const MESSAGES_FAILED: Metric = Metric::count("MessagesFailed");
pub const MESSAGES_WAITING: Metric = Metric::count("MessagesWaiting");
pub const MESSAGES_UNCONFIRMED: Metric = Metric::count("MessagesUnconfirmed");
pub const TIME_TO_SEND: Metric = Metric::milliseconds("TimeToSend");
// Of `deliver` and `sweep`.
pub const GRAPH_CALLS: Metric = Metric::count("GraphCalls");
pub const GRAPH_REFUSALS: Metric = Metric::count("GraphRefusals");
// Of `announce`.
pub const ANNOUNCEMENTS_DELIVERED: Metric = Metric::count("AnnouncementsDelivered");
pub const ANNOUNCEMENTS_FAILED: Metric = Metric::count("AnnouncementsFailed");
// Of `sweep`.
pub const PAGES_HELD: Metric = Metric::count("PagesHeld");
pub const PAGES_TOKEN_DEAD: Metric = Metric::count("PagesTokenDead");
pub const PAGES_TOKEN_ENDING: Metric = Metric::count("PagesTokenEnding");
pub const PAGES_UNSUBSCRIBED: Metric = Metric::count("PagesUnsubscribed");
pub const OLDEST_UNANSWERED: Metric = Metric::minutes("OldestUnansweredMinutes");
pub const OLDEST_PENDING: Metric = Metric::seconds("OldestPending");
pub const MESSAGES_RELAYED: Metric = Metric::count("MessagesRelayed");
pub const NOTICES_RELAYED: Metric = Metric::count("NoticesRelayed");

/// A name with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    name: &'static str,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Count,
    Milliseconds,
    Seconds,
    /// CloudWatch knows no such unit: the name says it.
    Minutes,
}

impl Metric {
    const fn count(name: &'static str) -> Self {
        Self { name, unit: Unit::Count }
    }

    const fn milliseconds(name: &'static str) -> Self {
        Self { name, unit: Unit::Milliseconds }
    }

    const fn seconds(name: &'static str) -> Self {
        Self { name, unit: Unit::Seconds }
    }

    const fn minutes(name: &'static str) -> Self {
        Self { name, unit: Unit::Minutes }
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }
}

impl Unit {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
            Self::Seconds => "Seconds",
            Self::Minutes => "None",
        }
    }

    fn of(self, span: Duration) -> u64 {
        match self {
            Self::Count | Self::Milliseconds => u64::try_from(span.as_millis()).unwrap_or(u64::MAX),
            Self::Seconds => span.as_secs(),
            Self::Minutes => span.as_secs() / 60,
        }
    }
}

tokio::task_local! {
    static GATHERED: RefCell<Gathered>;
}

/// What an invocation counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gathered(BTreeMap<&'static str, (Unit, Vec<u64>)>);

/// Adds to a counter of the invocation. Outside of one, and by nothing, it does nothing.
pub fn count(metric: Metric, by: usize) {
    if by > 0 {
        note(metric, |values| {
            let sum = values.first().copied().unwrap_or(0).saturating_add(u64::try_from(by).unwrap_or(u64::MAX));
            *values = vec![sum];
        });
    }
}

/// Notes how long something took.
pub fn measure(metric: Metric, span: Duration) {
    note(metric, |values| values.push(metric.unit.of(span)));
}

/// Says how many there are now: a gauge, which is written also when it is zero.
pub fn gauge(metric: Metric, now: usize) {
    note(metric, |values| *values = vec![u64::try_from(now).unwrap_or(u64::MAX)]);
}

fn note(metric: Metric, change: impl FnOnce(&mut Vec<u64>)) {
    let change = |gathered: &RefCell<Gathered>| {
        let mut gathered = gathered.borrow_mut();
        change(&mut gathered.0.entry(metric.name).or_insert((metric.unit, Vec::new())).1);
    };
    // Outside of an invocation nobody reads it.
    GATHERED.try_with(change).unwrap_or_default();
}

/// Works, and returns what was counted meanwhile beside what came of it.
pub async fn gathered<'a, T>(work: impl Future<Output = T> + Send + 'a) -> (T, Gathered) {
    // Boxed: so many calls within one another are a type too deep for the compiler.
    let work: Pin<Box<dyn Future<Output = T> + Send + 'a>> = Box::pin(work);
    GATHERED.scope(RefCell::default(), async { (work.await, GATHERED.with(RefCell::take)) }).await
}

impl Gathered {
    /// Returns the values of a metric: one of a counter or gauge, each of a measure.
    #[must_use]
    pub fn values(&self, metric: Metric) -> &[u64] {
        self.0.get(metric.name).map_or(&[], |(_, values)| values)
    }

    /// Returns the sum of each metric by its name.
    pub fn sums(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(name, (_, values))| (*name, values.iter().fold(0, |sum: u64, value| sum.saturating_add(*value))))
    }

    /// Writes it as log lines: none when nothing was counted, else one, and one more for each further hundred values of a measure.
    #[must_use]
    pub fn lines(&self, function: &str, now: Timestamp) -> Vec<String> {
        let lines = self.0.values().map(|(_, values)| values.len().div_ceil(MOST_VALUES)).max().unwrap_or(0);
        (0..lines).map(|number| self.line(number, function, now)).collect()
    }

    fn line(&self, number: usize, function: &str, now: Timestamp) -> String {
        let part = |values: &Vec<u64>| values.chunks(MOST_VALUES).nth(number).map(<[u64]>::to_vec);
        let parts = self.0.iter().filter_map(|(name, (unit, values))| Some((*name, *unit, part(values)?)));
        let (mut metrics, mut line) = (Vec::new(), Map::new());
        for (name, unit, values) in parts {
            metrics.push(json!({ "Name": name, "Unit": unit.as_str() }));
            line.insert(name.into(), if let [value] = values.as_slice() { json!(value) } else { json!(values) });
        }
        let directive = json!([{ "Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": metrics }]);
        line.insert("_aws".into(), json!({ "Timestamp": now.as_millis(), "CloudWatchMetrics": directive }));
        line.insert(DIMENSION.into(), function.into());
        Value::Object(line).to_string()
    }
}

/// Writes what invocations counted to stdout. On a machine that is not Lambda it writes nothing.
#[derive(Debug, Clone)]
pub struct Metrics {
    function: Option<String>,
}

impl Metrics {
    #[must_use]
    pub fn from_environment(environment: &Environment) -> Self {
        Self { function: environment.optional("AWS_LAMBDA_FUNCTION_NAME") }
    }

    /// Works an invocation and writes its line.
    pub async fn of<'a, T>(&self, work: impl Future<Output = T> + Send + 'a) -> T {
        let (output, gathered) = gathered(work).await;
        if let Some(function) = &self.function {
            for line in gathered.lines(function, SystemClock.now()) {
                // One write a line, so that no other falls into it. What cannot be written is no reason to fail the work.
                drop(std::io::stdout().lock().write_all(format!("{line}\n").as_bytes()));
            }
        }
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_255_200_000);

    /// What CloudWatch checks before it takes a line as metrics.
    fn check(line: &str) -> Value {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line.is_object() && line["_aws"]["Timestamp"].as_i64().is_some_and(|ms| ms > 1_000_000_000_000), "{line}");
        let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
        for directive in directives {
            assert!(directive["Namespace"].as_str().is_some_and(|name| !name.is_empty() && !name.starts_with("AWS/")), "{line}");
            for dimension in directive["Dimensions"].as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap()) {
                assert!(line[dimension.as_str().unwrap()].as_str().is_some_and(|value| !value.is_empty() && value.len() <= 1024), "{line}");
            }
            let metrics = directive["Metrics"].as_array().unwrap();
            assert!((1..=100).contains(&metrics.len()), "{line}");
            for metric in metrics {
                assert!(["Count", "Milliseconds", "Seconds"].contains(&metric["Unit"].as_str().unwrap()), "{line}");
                let value = &line[metric["Name"].as_str().unwrap()];
                let numbers = value.as_array().is_some_and(|all| (1..=100).contains(&all.len()) && all.iter().all(Value::is_number));
                assert!(value.is_number() || numbers, "{line}");
            }
        }
        line
    }

    #[tokio::test]
    async fn an_invocation_is_one_line_that_cloudwatch_takes() {
        let ((), gathered) = gathered(async {
            count(EVENTS_TAKEN, 2);
            count(EVENTS_TAKEN, 3);
            count(EVENTS_DUPLICATE, 0);
            measure(INTAKE_LAG, Duration::from_millis(250));
            measure(INTAKE_LAG, Duration::from_millis(90));
            gauge(PAGES_HELD, 4);
            gauge(PAGES_HELD, 0);
            measure(OLDEST_PENDING, Duration::from_millis(61_900));
        })
        .await;
        let lines = gathered.lines("ingest", NOW);
        assert_eq!(lines.len(), 1);
        let line = check(&lines[0]);
        let metrics = json!([
            { "Name": "EventsTaken", "Unit": "Count" },
            { "Name": "IntakeLag", "Unit": "Milliseconds" },
            { "Name": "OldestPending", "Unit": "Seconds" },
            { "Name": "PagesHeld", "Unit": "Count" },
        ]);
        let directive = json!([{ "Namespace": "Shopbell", "Dimensions": [["FunctionName"]], "Metrics": metrics }]);
        let aws = json!({ "Timestamp": 1_795_255_200_000_i64, "CloudWatchMetrics": directive });
        let expected = json!({
            "_aws": aws, "FunctionName": "ingest", "EventsTaken": 5, "IntakeLag": [250, 90], "OldestPending": 61, "PagesHeld": 0
        });
        assert_eq!(line, expected);
    }

    #[tokio::test]
    async fn more_values_than_a_line_takes_go_into_the_next_and_are_counted_once() {
        let ((), gathered) = gathered(async {
            count(MESSAGES_SENT, 250);
            (0..250).for_each(|ms| measure(TIME_TO_SEND, Duration::from_millis(ms)));
        })
        .await;
        let lines: Vec<Value> = gathered.lines("deliver", NOW).iter().map(|line| check(line)).collect();
        let values: Vec<usize> = lines.iter().map(|line| line["TimeToSend"].as_array().unwrap().len()).collect();
        assert_eq!(values, [100, 100, 50]);
        assert_eq!(lines.iter().filter(|line| line.get("MessagesSent").is_some()).count(), 1);
    }

    #[tokio::test]
    async fn nothing_is_written_when_nothing_was_counted_and_nothing_is_counted_outside() {
        count(EVENTS_TAKEN, 1);
        let ((), gathered) = gathered(async { count(EVENTS_TAKEN, 0) }).await;
        assert_eq!(gathered.lines("ingest", NOW), Vec::<String>::new());
    }

    #[tokio::test]
    async fn invocations_at_once_count_for_themselves() {
        let work = |times| {
            gathered(async move {
                for _ in 0..times {
                    count(EVENTS_TAKEN, 1);
                    tokio::task::yield_now().await;
                }
            })
        };
        let (((), one), ((), other)) = tokio::join!(work(3), work(5));
        assert_eq!((one.values(EVENTS_TAKEN), other.values(EVENTS_TAKEN)), (&[3][..], &[5][..]));
    }
}

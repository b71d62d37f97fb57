//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use domain::id::{ConversationId, PageId, UserId};
use domain::time::Timestamp;

/// Works on a stack of Shopbell that runs. Where it is, the environment says: see `infra/operator/stack_env.py`.
#[derive(Debug, Parser)]
#[command(name = "shopbell-operator")]
pub struct Arguments {
    /// Does what it says without asking.
    #[arg(long, global = true)]
    pub yes: bool,
    #[command(subcommand)]
    pub task: Task,
}

#[derive(Debug, Subcommand)]
pub enum Task {
    /// Connects a Page: secrets, callback, subscriptions, Messenger profile; then proves the line.
    Connect {
        #[arg(long, value_parser = page)]
        page: PageId,
        /// The shop's name in the greeting; else the Page's own.
        #[arg(long)]
        name: Option<String>,
    },
    /// Brings a queue's dead letters back into the queue.
    Redrive {
        #[arg(long)]
        queue: QueueName,
    },
    /// Puts parked work of a day back where it came from.
    Replay {
        /// The day of receipt, in UTC: 2026-11-21.
        #[arg(long, value_parser = day)]
        day: Timestamp,
        /// Only work of this kind: meta.job, meta.delivery, meta.element, meta.deletion, shop.delivery, orders.job, events.job, outbound.job.
        #[arg(long)]
        kind: Option<String>,
        /// Only the work of this id, as the list shows it.
        #[arg(long)]
        id: Option<String>,
    },
    /// Reads what a Page's customers wrote since a moment from Meta's record.
    Backfill {
        #[arg(long, value_parser = page)]
        page: PageId,
        /// From when on, RFC 3339: 2026-11-20T08:00:00Z.
        #[arg(long, value_parser = moment)]
        since: Timestamp,
        /// Where an earlier reading stopped, as it said.
        #[arg(long)]
        after: Option<String>,
    },
    /// Creates the utility templates of notices on a Page where they are missing, and notes which ones Meta has approved.
    Templates {
        #[arg(long, value_parser = page)]
        page: PageId,
        /// Only these languages: de,en. English stands in for every other one.
        #[arg(long, value_delimiter = ',')]
        language: Vec<String>,
        /// Where the page of an order is, without its number: `https://shop.example/orders/`. Without it there is no button to it.
        #[arg(long, value_parser = address)]
        order_url: Option<String>,
        /// Where a parcel is followed, without its number. Without it there is no button to it.
        #[arg(long, value_parser = address)]
        tracking_url: Option<String>,
    },
    /// Writes what is stored of one person on one Page, a JSON record a line.
    Export {
        #[command(flatten)]
        whose: Whose,
        /// A file that is not there yet, or - for standard output.
        #[arg(long)]
        file: PathBuf,
    },
    /// Erases what is stored of one person on one Page.
    Erase {
        #[command(flatten)]
        whose: Whose,
        /// Goes on with an erasure that broke off, as it said: 2026-11-21T10:00:00Z.
        #[arg(long, value_parser = moment)]
        asked_at: Option<Timestamp>,
    },
}

/// Whose conversation, by its own id or by Page and person.
#[derive(Debug, clap::Args)]
pub struct Whose {
    /// The conversation's id, cnv_…
    #[arg(long, value_parser = conversation, conflicts_with_all = ["page", "person"], required_unless_present = "page")]
    pub(crate) conversation: Option<ConversationId>,
    #[arg(long, value_parser = page, requires = "person")]
    pub(crate) page: Option<PageId>,
    /// The person's id on that Page.
    #[arg(long, value_parser = person, requires = "page")]
    pub(crate) person: Option<UserId>,
}

/// Which of the queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum QueueName {
    Inbound,
    /// What shops and carriers told, and decisions about notices.
    Orders,
    /// What the shop's own programs are told.
    Events,
    Outbound,
}

fn page(value: &str) -> Result<PageId, String> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    PageId::new(value).filter(|_| digits).ok_or_else(|| String::from("a Page's id has digits only"))
}

fn address(value: &str) -> Result<String, String> {
    let is_address = value.starts_with("https://") && !value.contains(['{', '}', ' ', '#']);
    if is_address { Ok(value.to_owned()) } else { Err(String::from("an address begins with https:// and has neither braces nor #")) }
}

fn person(value: &str) -> Result<UserId, String> {
    UserId::new(value).ok_or_else(|| String::from("it is blank or too long"))
}

fn conversation(value: &str) -> Result<ConversationId, String> {
    ConversationId::parse(value).ok_or_else(|| String::from("a conversation's id is cnv_ and 26 characters"))
}

fn day(value: &str) -> Result<Timestamp, String> {
    let date: jiff::civil::Date = value.parse().map_err(|_| String::from("a day is written 2026-11-21"))?;
    let start = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|err| err.to_string())?;
    Ok(Timestamp::from_millis(start.timestamp().as_millisecond()))
}

fn moment(value: &str) -> Result<Timestamp, String> {
    let moment: jiff::Timestamp = value.parse().map_err(|_| String::from("a moment is written 2026-11-20T08:00:00Z"))?;
    Ok(Timestamp::from_millis(moment.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Arguments, clap::Error> {
        Arguments::try_parse_from(std::iter::once("shopbell-operator").chain(line.split(' ')))
    }

    #[test]
    fn days_and_moments_are_read_in_utc() {
        assert_eq!(day("2026-11-21").map(Timestamp::to_rfc3339), Ok(String::from("2026-11-21T00:00:00.000Z")));
        assert_eq!(moment("2026-11-20T09:00:00+01:00").map(Timestamp::to_rfc3339), Ok(String::from("2026-11-20T08:00:00.000Z")));
        assert!(day("21.11.2026").is_err() && moment("yesterday").is_err());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, word) in [
            ("connect", "--page"),
            ("connect --page lamp-shop", "digits"),
            ("redrive --queue sideways", "sideways"),
            ("replay --day today", "2026-11-21"),
            ("backfill --page 1 --since yesterday", "2026-11-20T08:00:00Z"),
            ("templates --page 1 --order-url http://shop.example/", "https://"),
            ("erase --page 1", "--person"),
            ("erase", "--conversation"),
            ("export --file - --conversation 17", "cnv_"),
        ] {
            let error = read(line).unwrap_err().to_string();
            assert!(error.contains(word), "{line}: {error}");
        }
    }
}

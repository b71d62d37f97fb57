//! The figures as tables of Markdown, and their place in a document.

use std::path::Path;
use std::time::Duration;

use crate::Outcome;
use crate::config::Config;
use crate::events::CUSTOMERS;
use crate::figures::Figures;
use crate::round::{Round, Warm};
use crate::seed::SENDS;
use crate::subject::{Peer, Subject, Work};

/// Between these lines of the document stands the last table.
const BEGIN: &str = "<!-- figures: written by `make bench` -->";
const END: &str = "<!-- end of figures -->";

pub(crate) fn table(figures: &Figures, config: &Config) -> String {
    let mut text = format!("{}; medians of {} rounds.\n\n", config.heading, config.rounds);
    let columns = [
        "function",
        "start ms (CPU)",
        "first event ms (CPU)",
        "CPU ms an event of 1",
        "CPU ms an event of 50 (`deliver`: 10)",
        "ms an event of 1 / 50",
        "peak MB",
        "binary / zip MB",
    ];
    row(&mut text, columns.iter().map(ToString::to_string));
    row(&mut text, columns.iter().map(|_| String::from("---")));
    for subject in figures.subjects() {
        let ms = |figure: fn(&Round) -> Duration| shown(figures.median(subject, figure));
        let file = figures.file(subject);
        row(
            &mut text,
            [
                format!("`{}`, {}", subject.work.name(), subject.peer.name()),
                format!("{} ({})", ms(|round| round.start.wall), ms(|round| round.start.cpu)),
                format!("{} ({})", ms(|round| round.first.wall), ms(|round| round.first.cpu)),
                ms(|round| round.small.each.cpu),
                ms(|round| round.large.each.cpu),
                format!("{} / {}", ms(|round| round.small.each.wall), ms(|round| round.large.each.wall)),
                megabytes(figures.most(subject, |round| round.peak_memory_kib) * 1024),
                format!("{} / {}", megabytes(file.bytes), megabytes(file.zipped)),
            ],
        );
    }
    text.push('\n');
    row(&mut text, ["bar", "figure", "holds"].map(String::from));
    row(&mut text, ["---"; 3].map(String::from));
    for (bar, figure, holds) in bars(figures) {
        row(&mut text, [bar, figure, String::from(if holds { "yes" } else { "**no**" })]);
    }
    text.push('\n');
    row(&mut text, ["calls an event", "of 1", "of 50 (`deliver`: 10)"].map(String::from));
    row(&mut text, ["---"; 3].map(String::from));
    for subject in figures.subjects() {
        let round = figures.last(subject);
        let name = format!("`{}`, {}", subject.work.name(), subject.peer.name());
        row(&mut text, [name, calls(&round.small), calls(&round.large)]);
    }
    text
}

fn bars(figures: &Figures) -> Vec<(String, String, bool)> {
    let start = |round: &Round| round.start.cpu + round.first.cpu;
    let small = |round: &Round| round.small.each.cpu;
    let large = |round: &Round| round.large.each.cpu;
    let at_most = |bar: &str, limit: f64, ratio: f64| (format!("{bar} ≤ {limit}"), format!("{ratio:.2}"), ratio <= limit);
    let mut bars = vec![
        at_most("`webhook`, start and first event, CPU in parts of plain", 0.12, figures.ratio(Work::Webhook, Peer::Plain, start)),
        at_most("`ingest`, start and first event, CPU in parts of plain", 0.12, figures.ratio(Work::Ingest, Peer::Plain, start)),
        at_most("`webhook`, warm, CPU in parts of plain", 0.45, figures.ratio(Work::Webhook, Peer::Plain, small)),
        at_most("`webhook`, warm, CPU in parts of the floor", 3.5, figures.ratio(Work::Webhook, Peer::Floor, small)),
        at_most("`ingest`, batch of 50, CPU in parts of plain", 0.4, figures.ratio(Work::Ingest, Peer::Plain, large)),
    ];
    let ours = |work| figures.last(Subject { work, peer: Peer::Shopbell });
    let mut calls_at_most = |bar: &str, limit: f64, warm: &Warm, messages: usize, graph: bool| {
        let each = calls_each(warm, graph) / f64::from(u32::try_from(messages).unwrap_or(u32::MAX));
        bars.push((format!("{bar} ≤ {limit}"), format!("{each:.2}"), each <= limit));
    };
    calls_at_most("`webhook`, calls to AWS a delivery", 1.0, &ours(Work::Webhook).small, 1, false);
    calls_at_most("`ingest`, calls to AWS a message, alone", 2.0, &ours(Work::Ingest).small, 1, false);
    calls_at_most("`ingest`, calls to AWS a message, of 50", 2.0, &ours(Work::Ingest).large, CUSTOMERS, false);
    calls_at_most("`deliver`, calls to AWS a message", 3.0, &ours(Work::Deliver).large, SENDS, false);
    calls_at_most("`deliver`, calls to Meta a message", 1.0, &ours(Work::Deliver).large, SENDS, true);
    for work in [Work::Webhook, Work::Ingest, Work::Deliver] {
        let subject = Subject { work, peer: Peer::Shopbell };
        let memory = figures.most(subject, |round| round.peak_memory_kib) * 1024;
        bars.push((format!("`{}`, memory ≤ 24 MB", work.name()), megabytes(memory), memory <= 24_000_000));
        let zipped = figures.file(subject).zipped;
        bars.push((format!("`{}`, zip ≤ 4 MB", work.name()), megabytes(zipped), zipped <= 4_000_000));
    }
    bars
}

fn calls_each(warm: &Warm, graph: bool) -> f64 {
    let counted = warm.calls.iter().filter(|(operation, _)| operation.starts_with("graph:") == graph).map(|(_, count)| *count);
    f64::from(u32::try_from(counted.sum::<u64>()).unwrap_or(u32::MAX)) / f64::from(warm.events.max(1))
}

fn calls(warm: &Warm) -> String {
    let each = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / f64::from(warm.events.max(1));
    let named: Vec<String> = warm.calls.iter().map(|(operation, count)| format!("{} `{operation}`", trimmed(each(*count)))).collect();
    named.join(", ")
}

fn trimmed(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn shown(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1000.0;
    if ms < 10.0 { format!("{ms:.2}") } else { format!("{ms:.0}") }
}

fn megabytes(bytes: u64) -> String {
    format!("{}.{}", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
}

fn row(text: &mut String, cells: impl IntoIterator<Item = String>) {
    let cells: Vec<String> = cells.into_iter().collect();
    text.extend(["| ", &cells.join(" | "), " |\n"]);
}

/// Puts the table between the marks of a document.
pub(crate) fn write(document: &Path, table: &str) -> Outcome<()> {
    let text = std::fs::read_to_string(document)?;
    let (before, rest) = text.split_once(BEGIN).ok_or("the document has no place for the figures")?;
    let (_, after) = rest.split_once(END).ok_or("the place for the figures has no end")?;
    Ok(std::fs::write(document, format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))?)
}

//! What came of a fault, and the table of all of them.

use std::collections::BTreeMap;
use std::fmt::Write;

const BEGIN: &str = "<!-- faults: begin -->";
const END: &str = "<!-- faults: end -->";

/// A fault with what came of it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) fault: String,
    pub(crate) tally: Tally,
}

/// What is missing, too much, or in the wrong place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) injected: usize,
    /// How many messages went in and should have come out, both ways.
    pub(crate) messages: usize,
    pub(crate) lost: Vec<String>,
    pub(crate) doubled: Vec<String>,
    pub(crate) out_of_order: Vec<String>,
}

impl Tally {
    pub(crate) fn is_clean(&self) -> bool {
        self.lost.is_empty() && self.doubled.is_empty() && self.out_of_order.is_empty()
    }

    /// Compares what should stand at `place`, in order, with what stands there.
    pub(crate) fn compare(&mut self, place: &str, wanted: &[String], seen: &[String]) {
        let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
        for one in seen {
            *counts.entry(one).or_default() += 1;
        }
        for one in wanted {
            match counts.get(one) {
                None => self.lost.push(format!("{place}: {one}")),
                Some(1) => {}
                Some(_) => self.doubled.push(format!("{place}: {one}")),
            }
        }
        // What nobody asked for was made of something that somebody did.
        self.doubled.extend(counts.keys().filter(|one| !wanted.contains(one)).map(|one| format!("{place}: {one}, which nobody wrote")));
        let places: Vec<usize> = seen.iter().filter_map(|one| wanted.iter().position(|other| other == one)).collect();
        for pair in places.windows(2).filter(|pair| pair[0] > pair[1]) {
            self.out_of_order.push(format!("{place}: {} before {}", wanted[pair[0]], wanted[pair[1]]));
        }
    }

    /// Adds the outcome of another run of the same fault.
    pub(crate) fn add(&mut self, other: Self) {
        self.injected += other.injected;
        self.messages += other.messages;
        self.lost.extend(other.lost);
        self.doubled.extend(other.doubled);
        self.out_of_order.extend(other.out_of_order);
    }
}

/// The table in Markdown.
pub(crate) fn text(rows: &[Row]) -> String {
    let mut text =
        String::from("| fault | times injected | messages | lost | doubled | out of order |\n| --- | ---: | ---: | ---: | ---: | ---: |\n");
    for Row { fault, tally } in rows {
        let (lost, doubled, wrong) = (tally.lost.len(), tally.doubled.len(), tally.out_of_order.len());
        writeln!(text, "| {fault} | {} | {} | {lost} | {doubled} | {wrong} |", tally.injected, tally.messages).unwrap();
    }
    let sum = |count: fn(&Tally) -> usize| rows.iter().map(|row| count(&row.tally)).sum::<usize>();
    let (injected, messages) = (sum(|tally| tally.injected), sum(|tally| tally.messages));
    let (lost, doubled, wrong) = (sum(|tally| tally.lost.len()), sum(|tally| tally.doubled.len()), sum(|tally| tally.out_of_order.len()));
    writeln!(text, "| **all** | {injected} | {messages} | {lost} | {doubled} | {wrong} |").unwrap();
    text
}

/// Puts the table between the markers of a document.
pub(crate) fn write(path: &str, command: &str, table: &str) {
    let document = std::fs::read_to_string(path).unwrap();
    let (head, rest) = document.split_once(BEGIN).unwrap();
    let (_, tail) = rest.split_once(END).unwrap();
    std::fs::write(path, format!("{head}{BEGIN}\n\n{command}:\n\n{table}\n{END}{tail}")).unwrap();
}

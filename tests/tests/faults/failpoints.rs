//! The process stops before and after each durable step, and starts again.

use std::collections::BTreeSet;
use std::path::Path;

use shopbell_tests::repository;

use super::load::Load;
use super::program::Program;
use super::table::Tally;
use crate::{Case, Extent};

/// A step of the code with the sides at which a process may stop there.
#[derive(Clone, Copy)]
struct Step {
    name: &'static str,
    sides: &'static [&'static str],
    /// How often the load passes it at least.
    passed: u32,
}

const BOTH: &[&str] = &["before", "after"];

const fn step(name: &'static str, passed: u32) -> Step {
    one(name, BOTH, passed)
}

const fn one(name: &'static str, sides: &'static [&'static str], passed: u32) -> Step {
    Step { name, sides, passed }
}

/// Every step of the code; a test compares this with the sources.
const STEPS: [Step; 27] = [
    one("gateway.answer", &["before"], 9),
    step("queue.intake", 9),
    one("poller.receive", &["after"], 9),
    step("poller.delete", 9),
    step("table.register_page", 3),
    step("table.keep_change", 1),
    step("table.park", 1),
    step("table.record_together", 1),
    step("table.record_message", 1),
    step("table.record_event", 1),
    step("table.put_conversation", 1),
    step("table.accept", 6),
    step("queue.outbound", 6),
    step("queue.outbound_many", 1),
    step("table.claim", 6),
    step("graph.send", 6),
    one("graph.request", &["after"], 6),
    step("table.save", 6),
    step("table.set_waiting", 2),
    step("queue.pause", 1),
    step("table.postpone", 1),
    step("queue.orders", 2),
    step("table.save_order", 2),
    step("table.save_notice", 2),
    step("table.keep_event", 1),
    step("table.acquaint", 1),
    step("table.name_order", 1),
];

pub(crate) fn cases() -> Vec<Case> {
    STEPS.into_iter().map(case).collect()
}

/// Compares the steps here with the marks in the sources: a new one needs its case.
pub(crate) fn marks_without_case() -> Vec<String> {
    let mut marks = BTreeSet::new();
    for folder in ["functions", "shared", "infra"] {
        read_marks(&repository().join(folder), &mut marks);
    }
    let known = STEPS.iter().flat_map(|step| step.sides.iter().map(|side| format!("{}.{side}", step.name)));
    marks.symmetric_difference(&known.collect()).cloned().collect()
}

fn read_marks(folder: &Path, marks: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_marks(&path, marks);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            for call in source.split("failpoint::").skip(1) {
                let Some((side, rest)) = call.split_once("(\"") else { continue };
                let name = rest.split('"').next().unwrap_or_default();
                match side {
                    "around!" => marks.extend(BOTH.iter().map(|side| format!("{name}.{side}"))),
                    "before" | "after" => drop(marks.insert(format!("{name}.{side}"))),
                    _ => {}
                }
            }
        }
    }
}

fn case(step: Step) -> Case {
    let fault = match step.name {
        "gateway.answer" => String::from("process stops before an answer leaves"),
        "poller.receive" => String::from("process stops after a batch was received"),
        "graph.request" => String::from("process stops after Meta acted, its answer unread"),
        name => format!("process stops before and after {name}"),
    };
    Case::new(&fault, async move |extent| {
        let mut tally = Tally::default();
        let times: Vec<u32> = match extent {
            Extent::Brief => vec![1],
            Extent::Full => [1, 2, 5].into_iter().filter(|time| *time <= step.passed).collect(),
        };
        for side in step.sides {
            for time in &times {
                tally.add(stop_at(&format!("{}.{side}@{time}", step.name)).await);
            }
        }
        tally
    })
}

async fn stop_at(place: &str) -> Tally {
    let program = Program::start_to_fail(&[], Some(place)).await;
    let mut load = Load::new(3);
    load.everything(&program).await;
    let mut tally = load.settle(&program).await;
    tally.injected = program.ended();
    assert!(tally.injected == 1, "{place}: the process ended {} times", tally.injected);
    tally
}

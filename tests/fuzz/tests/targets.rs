//! Drives each target: with bolero's random engine under `cargo test`, with libFuzzer under `cargo bolero`.

use bolero::check;

#[test]
fn signatures() {
    check!().for_each(shopbell_fuzz::signatures);
}

#[test]
fn signed_requests() {
    check!().for_each(shopbell_fuzz::signed_requests);
}

#[test]
fn deliveries() {
    check!().for_each(shopbell_fuzz::deliveries);
}

#[test]
fn graph_answers() {
    check!().for_each(shopbell_fuzz::graph_answers);
}

#[test]
fn threads() {
    check!().for_each(shopbell_fuzz::threads);
}

#[test]
fn cursors() {
    check!().for_each(shopbell_fuzz::cursors);
}

#[test]
fn jobs() {
    check!().for_each(shopbell_fuzz::jobs);
}

#[test]
fn requests() {
    check!().for_each(shopbell_fuzz::requests);
}

#[test]
fn shops() {
    check!().for_each(shopbell_fuzz::shops);
}

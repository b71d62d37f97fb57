//! Journeys through the whole local stack, with the simulator as Meta.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod journeys {
    mod erasure;
    mod first_minute;
    mod hostile_deliveries;
    mod hostile_requests;
    mod intake;
    mod notices;
    mod observability;
    mod permissions;
    mod replies;
    mod time_passes;
}

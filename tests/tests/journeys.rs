//! Journeys through the whole local stack, with the simulator as Meta.

mod journeys {
    mod first_minute;
    mod hostile_deliveries;
    mod intake;
    mod replies;
}

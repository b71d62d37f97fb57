//! Setting aside what can never succeed, and telling an operator.

use domain::operator::{OperatorEvent, Severity};
use domain::ports::{History, Parked};

use crate::logging::{self, chain};
use crate::metrics;

/// Tells whether work was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parking {
    Parked,
    /// The store did not take it: the work must stay in its queue.
    Refused,
}

/// Parks work with its reason.
pub async fn park(history: &impl History, parked: &Parked) -> Parking {
    let kind = &parked.kind;
    match history.park(parked).await {
        Ok(()) => {
            metrics::count(metrics::PARKED, 1);
            let told = format!("{kind} parked: {}. It is kept in the table under PARKED.", parked.reason);
            logging::operator(&OperatorEvent::new("parked", Severity::Warning, told));
            Parking::Parked
        }
        Err(err) => {
            tracing::error!(error = %chain(&err), kind, "work could not be parked and stays in its queue");
            Parking::Refused
        }
    }
}

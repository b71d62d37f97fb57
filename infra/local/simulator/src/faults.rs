//! Everything that can go wrong at Meta, to switch on by hand.

use serde::{Deserialize, Serialize};

/// What happens to a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SendFault {
    /// Code 613.
    RateLimited,
    /// HTTP 429 with code 4.
    TooManyRequests,
    /// HTTP 500 with code 2, nothing sent.
    ServerError,
    /// Code 1200, nothing sent.
    TemporaryFailure,
    /// The message is sent and echoed, but the caller hears nothing for so long and then loses the connection.
    AcceptedThenTimeout { after_ms: u32 },
    /// The message is sent and echoed, yet the answer is 1/1357046.
    AcceptedThenUnknown,
    /// The connection closes before anything is taken.
    ConnectionLost,
    /// Code 10/1893063.
    PageRestricted,
    /// Code 190/460, on every call and not only on sends.
    TokenDead,
    /// Code 10/2018300.
    ThreadHeld,
    /// Code 10/2018278, whatever the clock says. Utility templates do not meet it: they need no window.
    WindowClosed,
    /// Code 551/1545041.
    CustomerUnavailable,
}

impl SendFault {
    /// Every fault, for the page's list.
    pub const ALL: [Self; 12] = [
        Self::RateLimited,
        Self::TooManyRequests,
        Self::ServerError,
        Self::TemporaryFailure,
        Self::AcceptedThenTimeout { after_ms: 15_000 },
        Self::AcceptedThenUnknown,
        Self::ConnectionLost,
        Self::PageRestricted,
        Self::TokenDead,
        Self::ThreadHeld,
        Self::WindowClosed,
        Self::CustomerUnavailable,
    ];
}

/// How long a fault stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lasting {
    /// For so many sends.
    Next(u32),
    UntilOff,
}

/// A fault that is switched on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveFault {
    pub fault: SendFault,
    pub lasting: Lasting,
    /// Only for sends to this person; for all when absent.
    pub psid: Option<String>,
}

impl ActiveFault {
    /// A fault of the next `sends` sends to anybody.
    #[must_use]
    pub fn next(sends: u32, fault: SendFault) -> Self {
        Self { fault, lasting: Lasting::Next(sends), psid: None }
    }

    /// A fault of all sends to anybody until it is switched off.
    #[must_use]
    pub fn until_off(fault: SendFault) -> Self {
        Self { fault, lasting: Lasting::UntilOff, psid: None }
    }

    /// Narrows the fault to one person.
    #[must_use]
    pub fn to(mut self, psid: &str) -> Self {
        self.psid = Some(psid.to_owned());
        self
    }

    /// Says whether a send meets this fault.
    fn is_met_by(&self, psid: Option<&str>, is_utility: bool) -> bool {
        let is_for_them = self.psid.is_none() || self.psid.as_deref() == psid;
        is_for_them && !(is_utility && self.fault == SendFault::WindowClosed)
    }
}

/// What happens to webhooks on their way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WebhookFaults {
    /// Each waits a random time between these milliseconds longer.
    pub delay_ms: Option<(u32, u32)>,
    /// So many of a hundred are sent twice.
    pub duplicate_percent: u8,
    /// They arrive in any order.
    pub reorder: bool,
    /// Echoes never come.
    pub drop_echo: bool,
}

/// All faults that are switched on. The first that fits a send decides about it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Faults {
    pub sends: Vec<ActiveFault>,
    pub webhooks: WebhookFaults,
}

impl Faults {
    /// Nothing goes wrong.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Says whether every token is dead now.
    pub(crate) fn token_is_dead(&self) -> bool {
        self.sends.iter().any(|active| active.fault == SendFault::TokenDead && active.lasting == Lasting::UntilOff)
    }

    /// Takes the fault that this send meets, and uses it up by one.
    pub(crate) fn take(&mut self, psid: Option<&str>, is_utility: bool) -> Option<SendFault> {
        let place = self.sends.iter().position(|active| active.is_met_by(psid, is_utility))?;
        let active = self.sends.get_mut(place)?;
        let fault = active.fault;
        if let Lasting::Next(left) = active.lasting {
            if left <= 1 {
                self.sends.remove(place);
            } else {
                active.lasting = Lasting::Next(left - 1);
            }
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_the_next_two_sends_is_gone_at_the_third() {
        let mut faults = Faults { sends: vec![ActiveFault::next(2, SendFault::ServerError)], ..Faults::none() };
        let met: Vec<_> = (0..3).map(|_| faults.take(None, false)).collect();
        assert_eq!(met, [Some(SendFault::ServerError), Some(SendFault::ServerError), None]);
    }

    #[test]
    fn a_fault_of_one_person_spares_the_others() {
        let mut faults = Faults { sends: vec![ActiveFault::until_off(SendFault::ThreadHeld).to("7")], ..Faults::none() };
        assert_eq!(faults.take(Some("8"), false), None);
        assert_eq!(faults.take(Some("7"), false), Some(SendFault::ThreadHeld));
    }

    #[test]
    fn a_utility_template_neither_meets_a_closed_window_nor_uses_it_up() {
        let sends = vec![ActiveFault::next(1, SendFault::WindowClosed), ActiveFault::next(1, SendFault::ServerError)];
        let mut faults = Faults { sends, ..Faults::none() };
        assert_eq!(faults.take(None, true), Some(SendFault::ServerError));
        assert_eq!(faults.take(None, true), None);
        assert_eq!(faults.take(None, false), Some(SendFault::WindowClosed));
    }
}

//! The clock jumps.

use std::time::Duration;

use messenger_simulator::{ActiveFault, Faults, SendFault};

use super::load::Load;
use super::program::Program;
use super::table::Tally;
use crate::{Case, Extent};

const DAYS: Duration = Duration::from_hours(72);
const AN_HOUR: Duration = Duration::from_hours(1);

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::new("clock jumps three days forward", async |extent| jumps(extent, async |program| program.advance(DAYS).await, true).await),
        Case::new("clock jumps an hour back", async |extent| {
            let mut tally = jumps(extent, async |program| program.turn_back(AN_HOUR).await, false).await;
            // The history shows what stands there by its moments, and these did go back. On the phones the order is that of acceptance.
            tally.out_of_order.retain(|place| !place.starts_with("history"));
            tally
        }),
        Case::new("clock jumps an hour back while a reply waits", back_while_a_reply_waits),
    ]
}

/// A reply waits for its customer, the clock jumps back, and another is accepted. It must not leave first.
async fn back_while_a_reply_waits(_extent: Extent) -> Tally {
    let program = Program::start(&[]).await;
    let mut load = Load::new(1);
    let first = load.message(0);
    program.deliver(&first).await;
    load.conversations(&program).await;
    program.faults(&Faults { sends: vec![ActiveFault::next(2, SendFault::WindowClosed)], ..Faults::none() }).await;
    load.reply(&program, 1, async || ()).await;
    let psid = load.customers[0].psid.clone();
    load.wait_for(&program, &psid, "waiting").await;
    program.turn_back(AN_HOUR).await;
    load.reply(&program, 1, async || ()).await;
    let wakes = load.message(0);
    program.deliver(&wakes).await;
    let mut tally = load.settle(&program).await;
    tally.out_of_order.retain(|place| !place.starts_with("history"));
    tally.injected = 1;
    tally
}

/// Jumps between messages, and between replies that are accepted and on their way.
async fn jumps(extent: Extent, jump: impl AsyncFn(&Program), windows_close: bool) -> Tally {
    let rounds = if extent == Extent::Full { 4 } else { 2 };
    let program = Program::start(&[]).await;
    let mut load = Load::new(5);
    let mut jumped = 0;
    for _ in 0..rounds {
        let bodies = load.messages(10);
        let half = bodies.len() / 2;
        Load::deliver(&program, &bodies[..half], async |_| ()).await;
        jump(&program).await;
        Load::deliver(&program, &bodies[half..], async |_| ()).await;
        load.reply(&program, 2, async || ()).await;
        jump(&program).await;
        jumped += 2;
        if windows_close {
            load.gone += 2 * DAYS;
            // What had not left by then waits until its customer writes again.
            let bodies = load.messages(5);
            Load::deliver(&program, &bodies, async |_| ()).await;
        }
    }
    let mut tally = load.settle(&program).await;
    tally.injected = jumped;
    tally
}

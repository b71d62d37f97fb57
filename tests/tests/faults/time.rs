//! The clock jumps.

use std::time::Duration;

use super::load::Load;
use super::program::Program;
use super::table::Tally;
use crate::{Case, Extent};

const DAYS: Duration = Duration::from_hours(72);
const AN_HOUR: Duration = Duration::from_hours(1);

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::new("clock jumps three days forward", async |extent| jumps(extent, async |program| program.advance(DAYS).await, true).await),
        Case::new("clock jumps an hour back", async |extent| jumps(extent, async |program| program.turn_back(AN_HOUR).await, false).await),
    ]
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
            // What had not left by then waits until its customer writes again.
            let bodies = load.messages(5);
            Load::deliver(&program, &bodies, async |_| ()).await;
        }
    }
    let mut tally = load.settle(&program).await;
    tally.injected = jumped;
    tally
}

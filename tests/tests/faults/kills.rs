//! `kill -9` at any moment.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::load::Load;
use super::program::Program;
use crate::{Case, Extent};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::new("kill -9 twice while deliveries come", async |extent| {
            let (customers, deliveries) = if extent == Extent::Full { (50, 1_000) } else { (10, 100) };
            let program = Program::start(&[]).await;
            let mut load = Load::new(customers);
            let bodies = load.messages(deliveries);
            let taken = AtomicUsize::new(0);
            Load::deliver(&program, &bodies, async |_| {
                let taken = taken.fetch_add(1, Ordering::SeqCst);
                if taken == bodies.len() / 3 || taken == 2 * bodies.len() / 3 {
                    program.kill().await;
                }
            })
            .await;
            let mut tally = load.settle(&program).await;
            tally.injected = program.ended();
            tally
        }),
        Case::new("kill -9 twice while replies leave", async |extent| {
            let (customers, each) = if extent == Extent::Full { (50, 4) } else { (10, 3) };
            let program = Program::start(&[]).await;
            let mut load = Load::new(customers);
            let bodies = load.messages(customers);
            Load::deliver(&program, &bodies, async |_| ()).await;
            let accepted = AtomicUsize::new(0);
            let all = customers * each;
            load.reply(&program, each, async || {
                let accepted = accepted.fetch_add(1, Ordering::SeqCst);
                if accepted == all / 3 || accepted == 2 * all / 3 {
                    program.kill().await;
                }
            })
            .await;
            let mut tally = load.settle(&program).await;
            tally.injected = program.ended();
            tally
        }),
    ]
}

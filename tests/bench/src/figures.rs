//! What was measured, and what follows from it: medians over the rounds, and ratios within a round.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use crate::Outcome;
use crate::config::Config;
use crate::round::Round;
use crate::subject::{Peer, Subject, Work};

#[derive(Debug, Default)]
pub(crate) struct Figures {
    rounds: BTreeMap<Subject, Vec<Round>>,
    files: BTreeMap<Subject, File>,
}

/// A program that deploys, in bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct File {
    pub(crate) bytes: u64,
    pub(crate) zipped: u64,
}

impl Figures {
    pub(crate) fn add(&mut self, subject: Subject, round: Round) {
        self.rounds.entry(subject).or_default().push(round);
    }

    /// Measures the programs themselves.
    pub(crate) fn measure_files(&mut self, config: &Config) -> Outcome<()> {
        let mut known: BTreeMap<PathBuf, File> = BTreeMap::new();
        for subject in self.rounds.keys() {
            let program = subject.program(config);
            let file = match known.get(&program) {
                Some(file) => *file,
                None => measure(&std::fs::read(&program)?)?,
            };
            known.insert(program, file);
            self.files.insert(*subject, file);
        }
        Ok(())
    }

    pub(crate) fn file(&self, subject: Subject) -> File {
        self.files.get(&subject).copied().unwrap_or_default()
    }

    pub(crate) fn subjects(&self) -> impl Iterator<Item = Subject> {
        self.rounds.keys().copied().collect::<BTreeSet<_>>().into_iter()
    }

    /// The median of a figure over the rounds.
    pub(crate) fn median(&self, subject: Subject, figure: impl Fn(&Round) -> Duration) -> Duration {
        median(self.of(subject).iter().map(figure).collect())
    }

    pub(crate) fn most(&self, subject: Subject, figure: impl Fn(&Round) -> u64) -> u64 {
        self.of(subject).iter().map(figure).max().unwrap_or_default()
    }

    /// The median of our figure in parts of a peer's, each taken in one round.
    pub(crate) fn ratio(&self, work: Work, peer: Peer, figure: impl Fn(&Round) -> Duration) -> f64 {
        let ours = self.of(Subject { work, peer: Peer::Shopbell });
        let theirs = self.of(Subject { work, peer });
        let ratios = ours.iter().zip(theirs).map(|(our, their)| figure(our).as_secs_f64() / figure(their).as_secs_f64().max(1e-9));
        let mut ratios: Vec<f64> = ratios.collect();
        ratios.sort_by(f64::total_cmp);
        ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// The last round, for what does not differ between rounds.
    pub(crate) fn last(&self, subject: Subject) -> Round {
        self.of(subject).last().cloned().unwrap_or_default()
    }

    fn of(&self, subject: Subject) -> &[Round] {
        self.rounds.get(&subject).map_or(&[], Vec::as_slice)
    }
}

fn median(mut values: Vec<Duration>) -> Duration {
    values.sort();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// A zip holds the file deflated, and little more than a hundred bytes beside it.
fn measure(program: &[u8]) -> Outcome<File> {
    let mut deflated = DeflateEncoder::new(Vec::new(), Compression::default());
    deflated.write_all(program)?;
    Ok(File { bytes: program.len() as u64, zipped: deflated.finish()?.len() as u64 })
}

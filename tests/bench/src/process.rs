//! A function as a process of its own, and what the kernel says that it used.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;

use crate::Outcome;
use crate::runtime_api::RuntimeApi;

/// What something took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spent {
    /// User and system time of all threads, also of those that have ended.
    pub(crate) cpu: Duration,
    pub(crate) wall: Duration,
}

impl Spent {
    pub(crate) fn each(self, count: u32) -> Self {
        let count = count.max(1);
        Self { cpu: self.cpu / count, wall: self.wall / count }
    }
}

#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    clock: ClockId,
    api: RuntimeApi,
}

impl Process {
    /// Starts a program with nothing in its environment but `variables`, and waits until it asks for its first event.
    pub(crate) fn start(program: &Path, variables: &[(String, String)]) -> Outcome<(Self, Spent)> {
        let api = RuntimeApi::open()?;
        let started = Instant::now();
        let child = Command::new(program)
            .env_clear()
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_RUNTIME_API", &api.address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|err| format!("{}: {err}", program.display()))?;
        let clock = clock_getcpuclockid(Pid::from_raw(i32::try_from(child.id())?))?;
        let process = Self { child, clock, api };
        process.api.wait_for_start()?;
        let spent = Spent { cpu: process.cpu()?, wall: started.elapsed() };
        Ok((process, spent))
    }

    /// Lets the function work events one after another.
    pub(crate) fn work(&self, events: Vec<Vec<u8>>, check: impl Fn(&[u8]) -> bool) -> Outcome<Spent> {
        let (cpu, wall) = (self.cpu()?, Instant::now());
        for event in events {
            let answer = self.api.invoke(event)?;
            if !check(&answer) {
                return Err(format!("the function answered {}", String::from_utf8_lossy(&answer)).into());
            }
        }
        Ok(Spent { cpu: self.cpu()?.saturating_sub(cpu), wall: wall.elapsed() })
    }

    /// The most memory that it ever held, in KiB.
    pub(crate) fn peak_memory(&self) -> Outcome<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse()?)
    }

    fn cpu(&self) -> Outcome<Duration> {
        Ok(Duration::from(self.clock.now()?))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

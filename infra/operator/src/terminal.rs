//! The person at the terminal: what is said to them, and what they are asked.

use std::io::{self, BufRead, IsTerminal, Write};

use domain::secret::Secret;
use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};

/// Somebody to talk to. What is said goes to people, never to programs: data has a way of its own.
pub trait Terminal {
    fn say(&mut self, line: &str);

    /// Asks and returns the answer; nothing when there is nobody who could answer.
    fn ask(&mut self, question: &str) -> Option<String>;

    /// Asks without showing what is typed.
    fn ask_secretly(&mut self, question: &str) -> Option<Secret>;
}

/// The terminal of this process: questions and words on standard error, answers from standard input.
#[derive(Debug, Clone, Copy, Default)]
pub struct Console;

impl Terminal for Console {
    fn say(&mut self, line: &str) {
        // Nobody listens any more: what is done goes on.
        drop(writeln!(io::stderr(), "{line}"));
    }

    fn ask(&mut self, question: &str) -> Option<String> {
        if !io::stdin().is_terminal() {
            return None;
        }
        drop(write!(io::stderr(), "{question} ").and_then(|()| io::stderr().flush()));
        answer()
    }

    fn ask_secretly(&mut self, question: &str) -> Option<Secret> {
        if !io::stdin().is_terminal() {
            return None;
        }
        drop(write!(io::stderr(), "{question} (it is not shown) ").and_then(|()| io::stderr().flush()));
        let _silence = Silence::begin()?;
        let typed = answer();
        self.say("");
        Secret::new(&typed?).ok()
    }
}

fn answer() -> Option<String> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line).ok()?;
    (read > 0).then(|| line.trim().to_owned())
}

/// Keeps the terminal from showing what is typed, for as long as it lives.
struct Silence(nix::sys::termios::Termios);

impl Silence {
    fn begin() -> Option<Self> {
        let before = tcgetattr(io::stdin()).ok()?;
        let mut silent = before.clone();
        silent.local_flags.remove(LocalFlags::ECHO);
        tcsetattr(io::stdin(), SetArg::TCSANOW, &silent).ok()?;
        Some(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing anyway.
        tcsetattr(io::stdin(), SetArg::TCSANOW, &self.0).ok();
    }
}

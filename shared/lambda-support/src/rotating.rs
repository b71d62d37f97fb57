//! Secrets that change while a function runs: it asks for them again now and then, and is made anew when they are others.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::ports::Clock;
use domain::time::Timestamp;

use crate::environment::{Environment, EnvironmentError};
use crate::logging::chain;
use crate::secrets::{FetchError, Source, Wanted};

/// How old secrets may be.
const EACH: Duration = Duration::from_mins(5);

/// How old they may be when they refuse a call: strangers are refused all day.
const REFUSING: Duration = Duration::from_secs(30);

type Make<F> = Box<dyn Fn(&Environment) -> Result<F, EnvironmentError> + Send + Sync>;

/// A function with the secrets that it was made of. Where the environment holds the secrets, they never change.
pub struct Rotating<F> {
    environment: Environment,
    wanted: Wanted,
    source: Option<Source>,
    clock: Arc<dyn Clock>,
    make: Make<F>,
    state: Mutex<State<F>>,
}

struct State<F> {
    function: Arc<F>,
    secrets: BTreeMap<String, String>,
    asked_at: Timestamp,
}

impl<F> Rotating<F> {
    /// Asks for the secrets and makes the function of them.
    pub async fn start(
        environment: Environment,
        wanted: Wanted,
        clock: Arc<dyn Clock>,
        make: impl Fn(&Environment) -> Result<F, EnvironmentError> + Send + Sync + 'static,
    ) -> Result<Self, FetchError> {
        let source = Source::from_environment(&environment)?;
        let secrets = match &source {
            Some(source) => source.ask(&wanted).await?,
            None => BTreeMap::new(),
        };
        let function = Arc::new(make(&environment.clone().with(secrets.clone()))?);
        let state = Mutex::new(State { function, secrets, asked_at: clock.now() });
        Ok(Self { environment, wanted, source, clock, make: Box::new(make), state })
    }

    /// Returns the function for an invocation.
    pub async fn current(&self) -> Arc<F> {
        self.not_older_than(EACH).await
    }

    /// Returns the function for a call that its secrets refuse: newer ones may take it.
    pub async fn after_refusal(&self) -> Arc<F> {
        self.not_older_than(REFUSING).await
    }

    async fn not_older_than(&self, age: Duration) -> Arc<F> {
        if let Some(source) = self.source.as_ref().filter(|_| self.takes_its_turn(age)) {
            match source.ask(&self.wanted).await {
                Ok(secrets) => self.take(secrets),
                Err(err) => tracing::warn!(error = %chain(&err), "the secrets could not be read again; the old ones stay"),
            }
        }
        Arc::clone(&self.state().function)
    }

    /// Tells whether it is time to ask, and notes that it was asked: also when the asking fails, it rests.
    fn takes_its_turn(&self, age: Duration) -> bool {
        let now = self.clock.now();
        let mut state = self.state();
        let is_time = now.since(state.asked_at) >= age;
        if is_time {
            state.asked_at = now;
        }
        is_time
    }

    /// Makes the function anew when the secrets are others.
    fn take(&self, secrets: BTreeMap<String, String>) {
        let mut state = self.state();
        if state.secrets == secrets {
            return;
        }
        match (self.make)(&self.environment.clone().with(secrets.clone())) {
            Ok(function) => {
                state.function = Arc::new(function);
                state.secrets = secrets;
                tracing::info!("the secrets have changed, and the new ones are in use");
            }
            Err(err) => tracing::error!(error = %chain(&err), "the secrets have changed and cannot be used; the old ones stay"),
        }
    }

    fn state(&self) -> MutexGuard<'_, State<F>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F> fmt::Debug for Rotating<F> {
    /// Shows no secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rotating").field("wanted", &self.wanted).finish_non_exhaustive()
    }
}

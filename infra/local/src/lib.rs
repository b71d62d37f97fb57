//! The whole stack in one process, wired by `template.yaml`: for one machine, to develop against and to test.
//!
//! ```text
//! browser, curl, simulator ─▶ gateway ─▶ functions ─▶ table and queues on loopback ports, through the SDK
//!                                            ▲                       │
//!                                  schedule ─┴──────── poller ◀──────┘
//! ```
//!
//! The functions are the ones that deploy. What stands in for AWS: [`local_sqs`], the crate `dynoxide`, and `gateway`, `poller` and
//! `schedule` here. What stands in for Meta: [`messenger_simulator`].

mod aws;
mod functions;
mod gateway;
mod home;
mod operator;
mod outbox;
mod poller;
mod schedule;
mod secrets;
mod shop;
mod shutdown;
pub mod template;
mod time;

use std::collections::BTreeMap;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use aws::AwsError;
use axum::Router;
use domain::id::{ConversationId, PageId, UserId};
use domain::ports::Clock;
use dynamodb_store::Table;
pub use functions::FunctionError;
use lambda_support::aws::Aws;
use lambda_support::environment::Environment;
use local_sqs::{Engine, QueueName};
use messenger_simulator::{PageSettings, Settings, Simulator};
pub use secrets::{APP, PAGE, Secrets, SecretsError};
pub use time::StackClock;
use tokio::net::TcpListener;

use crate::functions::RunningFunction;
use crate::gateway::{Gateway, Target};
use crate::shutdown::Shutdown;
use crate::template::{Function, StackModel, TemplateError};

/// The name under which the template's resources stand on this machine.
const STACK_NAME: &str = "shopbell";

/// What a stack is started with.
#[derive(Debug, Clone)]
pub struct Options {
    pub template: PathBuf,
    /// The folder that keeps everything.
    pub data: PathBuf,
    /// The port of the gateway; 0 for any.
    pub port: u16,
    /// Variables that replace what the stack makes up: secrets, `GRAPH_API_URL`, `RUST_LOG`. `SHOPBELL_DYNAMODB_URL` and
    /// `SHOPBELL_SQS_URL` put something between the functions and the stores that run here.
    pub environment: Environment,
    pub clock: StackClock,
}

/// A stack did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("the data folder {path} cannot be used")]
    Data {
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("another Shopbell runs on the data folder {0}; stop it, or set SHOPBELL_DATA to another folder")]
    Locked(String),
    #[error("the port {port} cannot be opened; stop what uses it, or set SHOPBELL_PORT to another port")]
    Port {
        port: u16,
        #[source]
        source: std::io::Error,
    },
    #[error("the template cannot be used")]
    Template(#[from] TemplateError),
    #[error("the secrets cannot be used")]
    Secrets(#[from] SecretsError),
    #[error("the stores did not start")]
    Aws(#[from] AwsError),
    #[error("a function did not start")]
    Function(#[from] FunctionError),
    #[error("the simulator did not start")]
    Simulator(#[from] messenger_simulator::OpenError),
}

/// A running stack. Dropping it does not stop it cleanly: call [`Stack::stop`].
#[derive(Debug)]
pub struct Stack {
    url: String,
    dynamodb_url: String,
    sqs_url: String,
    secrets: Secrets,
    simulator: Simulator,
    queues: Engine,
    model: StackModel,
    operator: BTreeMap<String, String>,
    functions: Functions,
    clock: StackClock,
    /// What takes work.
    front: Shutdown,
    /// What keeps it; stopped last.
    stores: Shutdown,
    /// Held while the stack runs, so that no other one uses its folder.
    _lock: File,
}

impl Stack {
    /// Starts everything and returns once it takes requests.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let lock = lock(&options.data)?;
        let listener = listen(options.port).await?;
        let address = listener.local_addr().map_err(|source| StartError::Port { port: options.port, source })?;
        let url = format!("http://{address}");
        let secrets = Secrets::load(&options.data)?.or_environment(&options.environment);

        let stores = Shutdown::new();
        let front = Shutdown::new();
        let ports = aws::Ports::open().await?;
        let model = template::read(&options.template, STACK_NAME, &ports.sqs_url()?)?;
        let aws = aws::start(ports, &options.data, &model, &options.clock, &stores).await?;

        let simulator = Simulator::open(simulator_settings(&options, &url, &secrets), options.clock.simulator())?;
        let overrides = overrides(&options, &url, &secrets, &aws);
        let operator = operator::variables(&model, &overrides, &url, &aws.sqs_url);
        operator::write(&options.data, &operator)
            .map_err(|source| StartError::Data { path: options.data.display().to_string(), source })?;
        let functions = start_functions(&model, &overrides, &options.clock)?;
        start_triggers(&model, &functions, &aws.queues, &options.clock, &front);
        start_simulator(&simulator, &front);
        let gateway = Arc::new(gateway(&model, &functions, &options.clock, &simulator));
        let pages = home::router(&url, &secrets).merge(outbox::router(table(&model, &overrides)?)).merge(demo_shop(
            &gateway,
            &simulator,
            &secrets,
            &options.clock,
        ));
        start_front(listener, router(pages, &simulator, gateway), &front);

        Ok(Self {
            url,
            dynamodb_url: aws.dynamodb_url,
            sqs_url: aws.sqs_url,
            secrets,
            simulator,
            queues: aws.queues,
            model,
            operator,
            functions,
            clock: options.clock,
            front,
            stores,
            _lock: lock,
        })
    }

    /// Stops cleanly: first what takes work, then what keeps it.
    pub async fn stop(self) {
        self.front.stop().await;
        self.stores.stop().await;
    }

    /// The address of the gateway, without a closing slash.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    #[must_use]
    pub fn dynamodb_url(&self) -> &str {
        &self.dynamodb_url
    }

    #[must_use]
    pub fn sqs_url(&self) -> &str {
        &self.sqs_url
    }

    #[must_use]
    pub const fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    #[must_use]
    pub const fn simulator(&self) -> &Simulator {
        &self.simulator
    }

    #[must_use]
    pub const fn queues(&self) -> &Engine {
        &self.queues
    }

    /// Calls every scheduled function once, as its schedule does a minute after the start: what is connected is known from then on.
    pub async fn run_schedules(&self) {
        for function in self.model.functions.iter().filter(|function| !function.schedules.is_empty()) {
            if let Some(running) = self.functions.get(&function.arn) {
                schedule::call(running, self.clock.now()).await;
            }
        }
    }

    /// Tells whether a function works right now. A test moves its clock only while none does: no call takes minutes.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.functions.values().any(|function| function.is_busy())
    }

    /// The variables with which the operator's command works on this stack.
    #[must_use]
    pub const fn operator_variables(&self) -> &BTreeMap<String, String> {
        &self.operator
    }

    /// Returns what a function counted, summed up by name: on Lambda a line of each call tells it.
    #[must_use]
    pub fn counted(&self, function: &str) -> BTreeMap<&'static str, u64> {
        self.functions.values().find(|running| running.name() == function).map(|running| running.counted()).unwrap_or_default()
    }

    #[must_use]
    pub const fn model(&self) -> &StackModel {
        &self.model
    }
}

fn lock(folder: &Path) -> Result<File, StartError> {
    let path = folder.display().to_string();
    let data = |source| StartError::Data { path: path.clone(), source };
    std::fs::create_dir_all(folder).map_err(data)?;
    let file = File::create(folder.join("lock")).map_err(data)?;
    file.try_lock().map_err(|_| StartError::Locked(path.clone()))?;
    Ok(file)
}

async fn listen(port: u16) -> Result<TcpListener, StartError> {
    TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.map_err(|source| StartError::Port { port, source })
}

fn simulator_settings(options: &Options, url: &str, secrets: &Secrets) -> Settings {
    let pages: Vec<PageSettings> = secrets.pages().map(|(id, token)| PageSettings { name: String::from("Lamp Shop"), id, token }).collect();
    let hint_url = url.to_owned();
    let key = secrets.api_key().unwrap_or("<key>").to_owned();
    let page = pages.first().map(|page| page.id.clone()).unwrap_or_default();
    Settings {
        pages,
        app_id: APP.to_owned(),
        app_secret: secrets.app_secret().to_owned(),
        verify_token: secrets.verify_token.clone(),
        webhook_url: format!("{url}/webhooks/meta"),
        data: Some(options.data.clone()),
        public_base: url.to_owned(),
        reply_hint: Some(Arc::new(move |psid| reply_command(&hint_url, &key, &page, psid))),
        require_proof: true,
        auto_read: true,
        sample_customers: true,
        seed: u64::try_from(options.clock.now().as_millis()).unwrap_or(1),
    }
}

/// The command that answers a customer through the API.
fn reply_command(url: &str, key: &str, page: &str, psid: &str) -> String {
    let conversation = PageId::new(page).zip(UserId::new(psid)).map(|(page, user)| ConversationId::of(&page, &user).to_string());
    let conversation = conversation.unwrap_or_default();
    format!(
        "curl -X POST {url}/v1/conversations/{conversation}/messages \\\n  -H 'Authorization: Bearer {key}' \\\n  \
         -H 'Content-Type: application/json' \\\n  \
         -d '{{\"text\": \"It left our warehouse this morning.\", \"author\": {{\"type\": \"agent\", \"name\": \"Anna\"}}}}'"
    )
}

/// What differs between this machine and the cloud, and nothing else.
fn overrides(options: &Options, url: &str, secrets: &Secrets, aws: &aws::Aws) -> BTreeMap<String, String> {
    let graph = options.environment.optional("GRAPH_API_URL").unwrap_or_else(|| format!("{url}/graph/v26.0"));
    let between = |name: &str, url: &str| options.environment.optional(name).unwrap_or_else(|| url.to_owned());
    let mut overrides = BTreeMap::from([
        ("AWS_REGION".into(), "us-east-1".into()),
        ("AWS_SECRET_ACCESS_KEY".into(), "local".into()),
        ("AWS_ENDPOINT_URL_DYNAMODB".into(), between("SHOPBELL_DYNAMODB_URL", &aws.dynamodb_url)),
        ("AWS_ENDPOINT_URL_SQS".into(), between("SHOPBELL_SQS_URL", &aws.sqs_url)),
        ("GRAPH_API_URL".into(), graph),
        // The programs of a developer run on the same machine.
        ("ANNOUNCE_INSECURE_HOSTS".into(), "127.0.0.1,localhost".into()),
    ]);
    overrides.extend(secrets.variables());
    // There is no SES here: e-mail leaves through a server that is named, or not at all.
    let mail = ["SMTP_URL", "EMAIL_FROM"].map(|name| {
        (name.to_owned(), options.environment.optional("SMTP_URL").and(options.environment.optional(name)).unwrap_or_default())
    });
    overrides.extend(mail);
    overrides
}

/// The table, for the page that shows what became of messages.
fn table(model: &StackModel, overrides: &BTreeMap<String, String>) -> Result<Table, FunctionError> {
    let variables = model.functions.iter().find(|function| function.code == "api").map(|function| function.environment.clone());
    let key = [("AWS_ACCESS_KEY_ID".to_owned(), "outbox".to_owned())];
    let environment: Environment = variables.into_iter().flatten().chain(key).chain(overrides.clone()).collect();
    let open = || Ok(Table::new(Aws::from_environment(&environment)?.dynamodb(), environment.required("TABLE_NAME", "the table")?));
    open().map_err(|source| FunctionError::Start { name: "outbox".into(), source })
}

type Functions = BTreeMap<String, Arc<RunningFunction>>;

fn start_functions(model: &StackModel, overrides: &BTreeMap<String, String>, clock: &StackClock) -> Result<Functions, FunctionError> {
    let clock: Arc<dyn Clock> = Arc::new(clock.clone());
    let started = |function: &Function| Ok((function.arn.clone(), RunningFunction::start(function, overrides, &clock)?));
    model.functions.iter().map(started).collect()
}

fn start_triggers(model: &StackModel, functions: &Functions, queues: &Engine, clock: &StackClock, front: &Shutdown) {
    for function in &model.functions {
        let Some(running) = functions.get(&function.arn) else { continue };
        for source in &function.queues {
            let Ok(queue) = QueueName::from_arn(&source.queue_arn) else { continue };
            front.spawn(poller::run(queues.clone(), source.clone(), queue, Arc::clone(running), front.clone()));
        }
        for every in &function.schedules {
            front.spawn(schedule::run(Arc::clone(running), *every, clock.clone(), front.clone()));
        }
    }
}

fn start_simulator(simulator: &Simulator, front: &Shutdown) {
    let simulator = simulator.clone();
    let stop = front.clone();
    front.spawn(async move { simulator.run(async move { stop.wanted().await }).await });
}

fn gateway(model: &StackModel, functions: &Functions, clock: &StackClock, simulator: &Simulator) -> Gateway {
    let targets = model.routes.iter().filter_map(|route| {
        let function = Arc::clone(functions.get(&route.function_arn)?);
        Some(Target { method: route.method.clone(), path: route.path.clone(), timeout: route.timeout, function })
    });
    Gateway::new(targets.collect(), clock.clone(), simulator.clone())
}

/// The demo shop, of the first Page.
fn demo_shop(gateway: &Arc<Gateway>, simulator: &Simulator, secrets: &Secrets, clock: &StackClock) -> Router {
    let page = secrets.pages().next().map(|(page, _)| page).unwrap_or_default();
    let key = secrets.api_key().unwrap_or_default().to_owned();
    shop::router(Arc::clone(gateway), simulator.clone(), page, key, clock.clone())
}

fn router(pages: Router, simulator: &Simulator, gateway: Arc<Gateway>) -> Router {
    pages
        .nest("/graph", simulator.graph_router())
        .nest("/simulator", simulator.page_router())
        .fallback(move |request| async move { gateway.handle(request).await })
}

fn start_front(listener: TcpListener, router: Router, front: &Shutdown) {
    let stop = front.clone();
    front.spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(async move { stop.wanted().await }).await;
        if let Err(err) = served {
            tracing::error!(error = %err, "the gateway stopped");
        }
    });
}

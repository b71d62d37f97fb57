//! The emulator of AWS: ministack, a process of its own in a folder under `target`.

use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use shopbell_tests::repository;

use crate::Outcome;

/// How long it may take to start.
const START: Duration = Duration::from_mins(1);

/// What every caller of the emulator has for credentials.
pub(crate) const ACCESS_KEY: &str = "test";
pub(crate) const REGION: &str = "us-east-1";

#[derive(Debug)]
pub(crate) struct Emulator {
    pub(crate) url: String,
    process: Child,
}

impl Emulator {
    pub(crate) async fn start() -> Outcome<Self> {
        let folder = folder();
        drop(std::fs::remove_dir_all(&folder));
        std::fs::create_dir_all(&folder)?;
        let port = free_port()?;
        let url = format!("http://127.0.0.1:{port}");
        let log = File::create(log())?;
        let program = std::env::var_os("MINISTACK").ok_or("MINISTACK says where the emulator is; run `make test-deploy`")?;
        let process = Command::new(program)
            .current_dir(&folder)
            .env("GATEWAY_PORT", port.to_string())
            .env("BIND_HOST", "127.0.0.1")
            // Its own address, which it hands to the functions.
            .env("AWS_ENDPOINT_URL", &url)
            .env("MINISTACK_REGION", REGION)
            // Roles are not enforced: over plain HTTP the queues' policies would refuse everybody. The journeys hold the roles.
            .env("AUTH", "false")
            .env("IOT_MTLS_ENABLED", "0")
            .env(
                "SERVICES",
                "apigateway,budgets,cloudformation,cloudwatch,dynamodb,eventbridge,iam,lambda,logs,s3,scheduler,sns,sqs,ssm,sts",
            )
            .env_remove("AWS_CA_BUNDLE")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .map_err(|err| format!("the emulator did not start: {err}"))?;
        let mut emulator = Self { url, process };
        emulator.wait().await?;
        crate::ok("the emulator runs");
        Ok(emulator)
    }

    /// The variables of whoever calls it.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.url.clone()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.into()),
            ("AWS_SECRET_ACCESS_KEY", ACCESS_KEY.into()),
            ("AWS_REGION", REGION.into()),
            ("AWS_DEFAULT_REGION", REGION.into()),
            ("SAM_CLI_TELEMETRY", "0".into()),
        ]
    }

    async fn wait(&mut self) -> Outcome<()> {
        let deadline = tokio::time::Instant::now() + START;
        let client = shopbell_tests::client();
        let mut pause = tokio::time::interval(Duration::from_millis(200));
        let health = format!("{}/_ministack/health", self.url);
        while tokio::time::Instant::now() < deadline {
            if let Some(status) = self.process.try_wait()? {
                return Err(format!("the emulator ended at once: {status}").into());
            }
            if client.get(&health).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            pause.tick().await;
        }
        Err("the emulator did not answer within a minute".into())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn folder() -> PathBuf {
    repository().join("target").join("emulator")
}

pub(crate) fn log() -> PathBuf {
    folder().join("emulator.log")
}

fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Answer, Call};
use crate::{EngineError, MoveStatus, MoveTask, QueueName};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Start {
    source_arn: String,
    destination_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct List {
    source_arn: String,
    max_results: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    source_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_arn: Option<String>,
    approximate_number_of_messages_moved: i64,
    started_timestamp: i64,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_reason: Option<String>,
}

pub(super) async fn start(call: &Call, request: Start) -> Answer {
    let source = QueueName::from_arn(&request.source_arn)?;
    let destination = request.destination_arn.as_deref().map(QueueName::from_arn).transpose()?;
    let handle = call.engine.move_messages(&source, destination).await?;
    Ok(json!({ "TaskHandle": handle }))
}

pub(super) async fn list(call: &Call, request: List) -> Answer {
    let source = QueueName::from_arn(&request.source_arn)?;
    let tasks = call.engine.move_tasks(&source).await?;
    let tasks = tasks.into_iter().take(request.max_results.unwrap_or(1));
    let tasks: Vec<Shown> = tasks.map(|task| Shown::new(task, &source)).collect();
    Ok(json!({ "Results": tasks }))
}

/// Refuses: a task is over when its start is answered, so there is never one to cancel.
pub(super) fn cancel() -> Answer {
    Err(EngineError::MoveTaskNotRunning.into())
}

impl Shown {
    fn new(task: MoveTask, source: &QueueName) -> Self {
        let (status, failure_reason) = match task.status {
            MoveStatus::Completed => ("COMPLETED", None),
            MoveStatus::Failed { reason } => ("FAILED", Some(reason)),
        };
        Self {
            source_arn: source.arn(),
            destination_arn: task.destination,
            approximate_number_of_messages_moved: task.moved,
            started_timestamp: task.started_at_ms,
            status,
            failure_reason,
        }
    }
}

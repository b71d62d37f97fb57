//! What the operator's command needs to work on the stack of this machine: the variables that `infra/operator/stack_env.py` makes in the cloud.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use local_sqs::QueueName;
use serde_json::Value as Json;

use crate::template::{Function, StackModel};

/// The file in the data folder that a shell can source.
const FILE: &str = "stack.env";

/// The functions by whose queues the dead letters are found, with the variables that name them.
const DEAD_LETTERS: [(&str, &str); 4] = [
    ("ingest", "INBOUND_DEAD_LETTERS_URL"),
    ("notify", "ORDERS_DEAD_LETTERS_URL"),
    ("announce", "EVENTS_DEAD_LETTERS_URL"),
    ("deliver", "OUTBOUND_DEAD_LETTERS_URL"),
];

/// The variables of the functions, with the queues' dead letters and the address of the gateway. The secrets stand in for their path.
pub(crate) fn variables(model: &StackModel, overrides: &BTreeMap<String, String>, url: &str, sqs_url: &str) -> BTreeMap<String, String> {
    let mut variables: BTreeMap<String, String> = model.functions.iter().flat_map(|function| function.environment.clone()).collect();
    variables.remove("SECRETS_PATH");
    variables.remove("RUST_LOG");
    variables.extend(overrides.clone());
    variables.insert("AWS_ACCESS_KEY_ID".into(), "operator".into());
    variables.insert("WEBHOOK_URL".into(), url.to_owned());
    for (code, name) in DEAD_LETTERS {
        let function = model.functions.iter().find(|function| function.code == code);
        variables.extend(function.and_then(|function| dead_letters(model, function, sqs_url)).map(|url| (name.to_owned(), url)));
    }
    variables
}

/// The address of the dead letters of the queue that a function works.
fn dead_letters(model: &StackModel, function: &Function, sqs_url: &str) -> Option<String> {
    let worked = QueueName::from_arn(&function.queues.first()?.queue_arn).ok()?;
    let queue = model.queues.iter().find(|queue| queue.name == worked.as_str())?;
    let policy: Json = serde_json::from_str(queue.attributes.get("RedrivePolicy")?).ok()?;
    let name = QueueName::from_arn(policy.get("deadLetterTargetArn")?.as_str()?).ok()?;
    Some(name.url(sqs_url.trim_start_matches("http://")))
}

/// Writes the variables for a shell, readable by its owner only: secrets are among them. Ports change at each start, so does the file.
pub(crate) fn write(folder: &Path, variables: &BTreeMap<String, String>) -> std::io::Result<()> {
    let path = folder.join(FILE);
    match std::fs::remove_file(&path) {
        Err(err) if err.kind() != std::io::ErrorKind::NotFound => return Err(err),
        Ok(()) | Err(_) => {}
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    for (name, value) in variables {
        writeln!(file, "export {name}='{}'", value.replace('\'', "'\\''"))?;
    }
    Ok(())
}

//! What an operator types: `sam deploy`, and the commands of `infra/operator`, against the emulator.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use shopbell_tests::repository;

use crate::emulator::Emulator;
use crate::{Outcome, must_be, ok};

/// A deployed stack.
#[derive(Debug)]
pub(crate) struct Deployment {
    /// What `infra/operator/stack_env.py` says of it: credentials, region, outputs.
    variables: BTreeMap<String, String>,
    /// The gateway, without a closing slash.
    pub(crate) url: String,
}

impl Deployment {
    /// Deploys twice: the second time nothing changes.
    pub(crate) fn deploy(emulator: &Emulator, graph_url: &str) -> Outcome<Self> {
        sam_deploy(emulator, graph_url)?;
        ok("sam deploy makes the stack");
        let again = sam_deploy(emulator, graph_url)?;
        if !again.contains("No changes to deploy") {
            return Err(format!("a second `sam deploy` changed something:\n{again}").into());
        }
        ok("a second sam deploy changes nothing");
        let mut variables = variables_of_stack(emulator)?;
        let given: BTreeMap<_, _> = emulator.variables().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        variables.extend(given);
        let url = format!("{}{}", emulator.url, path_of_gateway(&variable(&variables, "WEBHOOK_URL")?)?);
        // The emulator's own way of naming a gateway, in place of a host name that no machine resolves.
        variables.insert("WEBHOOK_URL".into(), url.clone());
        Ok(Self { variables, url })
    }

    /// Runs a command of the operator and returns what it said.
    pub(crate) fn operator(&self, arguments: &[&str], secrets: &[(&str, &str)]) -> Outcome<String> {
        let program = repository().join("target").join("debug").join("shopbell-operator");
        let mut command = Command::new(program);
        command.args(arguments).current_dir(repository()).envs(&self.variables).envs(secrets.iter().copied());
        said(&mut command, &format!("shopbell-operator {}", arguments.join(" ")))
    }

    /// Runs a few lines of Python with the AWS SDK that the SAM CLI brings.
    pub(crate) fn python(&self, script: &str, arguments: &[&str]) -> Outcome<String> {
        let mut command = Command::new(tool("PYTHON")?);
        command.arg("-c").arg(script).args(arguments).envs(&self.variables);
        said(&mut command, "a call of AWS")
    }
}

fn sam_deploy(emulator: &Emulator, graph_url: &str) -> Outcome<String> {
    let mut command = Command::new(tool("SAM")?);
    command.current_dir(repository()).args(["deploy", "--config-env", "emulator", "--config-file"]);
    command.arg(repository().canonicalize()?.join("samconfig.toml")).arg("--template-file").arg(tool("BUILT")?);
    command.args(["--parameter-overrides", "Stage=dev", "Architecture=x86_64", &format!("GraphApiUrl={graph_url}")]);
    command.envs(emulator.variables()).env_remove("AWS_CA_BUNDLE");
    said(&mut command, "sam deploy")
}

fn variables_of_stack(emulator: &Emulator) -> Outcome<BTreeMap<String, String>> {
    let mut command = Command::new(tool("PYTHON")?);
    command.arg("infra/operator/stack_env.py").args(["--config-env", "emulator"]);
    command.current_dir(repository()).envs(emulator.variables());
    let said = said(&mut command, "stack_env.py")?;
    let read = |line: &str| {
        let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
        Some((name.to_owned(), value.trim_matches('\'').to_owned()))
    };
    Ok(said.lines().filter_map(read).collect())
}

/// `https://<id>.execute-api.<region>.amazonaws.com` as a path of the emulator.
fn path_of_gateway(url: &str) -> Outcome<String> {
    let id = url.strip_prefix("https://").and_then(|rest| rest.split('.').next());
    Ok(format!("/_aws/execute-api/{}/$default", id.ok_or_else(|| format!("{url} is no address of a gateway"))?))
}

fn variable(variables: &BTreeMap<String, String>, name: &str) -> Outcome<String> {
    variables.get(name).cloned().ok_or_else(|| format!("the stack has no {name}").into())
}

fn tool(name: &str) -> Outcome<std::ffi::OsString> {
    std::env::var_os(name).ok_or_else(|| format!("{name} says where a tool is; run `make test-deploy`").into())
}

fn said(command: &mut Command, what: &str) -> Outcome<String> {
    let Output { status, stdout, stderr } = command.output().map_err(|err| format!("{what}: {err}"))?;
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    must_be(&format!("{what}\n{stdout}{stderr}"), &status.code(), &Some(0))?;
    Ok(format!("{stdout}{stderr}"))
}

//! A bad deployment, and the way back.

use std::time::Duration;

use shopbell_tests::PATIENCE;

use crate::attack::text;
use crate::deployment::Deployment;
use crate::line::{Line, until};
use crate::{Outcome, must_be, ok};

const PSID: &str = "7900";

/// Publishes a version of a function whose table is another one, and points the alias at it; prints the version that it had.
const BREAK: &str = "
import boto3, os, sys
functions = boto3.client('lambda', endpoint_url=os.environ['AWS_ENDPOINT_URL'])
name = next(f['FunctionName'] for f in functions.list_functions()['Functions'] if 'Ingest' in f['FunctionName'])
before = functions.get_alias(FunctionName=name, Name='live')['FunctionVersion']
variables = functions.get_function_configuration(FunctionName=name)['Environment']['Variables']
functions.update_function_configuration(FunctionName=name, Environment={'Variables': {**variables, 'TABLE_NAME': 'gone'}})
after = functions.publish_version(FunctionName=name)['Version']
functions.update_alias(FunctionName=name, Name='live', FunctionVersion=after)
print(name, before)
";

const ROLL_BACK: &str = "
import boto3, os, sys
functions = boto3.client('lambda', endpoint_url=os.environ['AWS_ENDPOINT_URL'])
functions.update_alias(FunctionName=sys.argv[1], Name='live', FunctionVersion=sys.argv[2])
";

/// Makes each delivery fail twice and not ten times, so that nobody waits for hours here.
const FAIL_SOON: &str = "
import boto3, os, sys, json
queues = boto3.client('sqs', endpoint_url=os.environ['AWS_ENDPOINT_URL'])
url = os.environ['INBOUND_QUEUE_URL']
policy = json.loads(queues.get_queue_attributes(QueueUrl=url, AttributeNames=['RedrivePolicy'])['Attributes']['RedrivePolicy'])
queues.set_queue_attributes(QueueUrl=url, Attributes={'RedrivePolicy': json.dumps({**policy, 'maxReceiveCount': int(sys.argv[1])})})
";

const DEPTH: &str = "
import boto3, os, sys
queues = boto3.client('sqs', endpoint_url=os.environ['AWS_ENDPOINT_URL'])
attributes = queues.get_queue_attributes(QueueUrl=os.environ['INBOUND_DEAD_LETTERS_URL'], AttributeNames=['ApproximateNumberOfMessages'])
print(attributes['Attributes']['ApproximateNumberOfMessages'])
";

pub(crate) async fn dead_letters_and_their_redrive(line: &Line, deployment: &Deployment) -> Outcome<()> {
    let broken = deployment.python(BREAK, &[])?;
    let (function, version) = broken.trim().split_once(' ').ok_or("no function to break")?;
    deployment.python(FAIL_SOON, &["2"])?;
    must_be("a delivery during the outage", &line.deliver(text(PSID, "m_outage", "Anybody there?")).await?, &reqwest::StatusCode::OK)?;
    until("the delivery among the dead letters", Duration::from_mins(5), || async { Ok(deployment.python(DEPTH, &[])?.trim() == "1") })
        .await?;
    ok("a delivery that cannot be stored ends in the dead-letter queue");

    deployment.python(ROLL_BACK, &[function, version])?;
    deployment.python(FAIL_SOON, &["10"])?;
    deployment.operator(&["redrive", "--queue", "inbound", "--yes"], &[])?;
    until("the delivery stored after the redrive", PATIENCE, || async { Ok(line.messages_of(PSID).await?.len() == 1) }).await?;
    must_be("the dead letters", &deployment.python(DEPTH, &[])?.trim(), &"0")?;
    ok("after the way back to the version before, a redrive stores it");
    Ok(())
}

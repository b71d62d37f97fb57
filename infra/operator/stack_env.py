"""Prints the variables of a deployed stack for a shell: eval "$(python stack_env.py --config-env default)".

Credentials come from the operator's usual chain (variables, profile, SSO, role), the rest from the stack's outputs.
"""

import argparse
import pathlib
import shlex
import sys
import tomllib

import boto3
from botocore.exceptions import BotoCoreError, ClientError

OUTPUTS = {
    "Url": "WEBHOOK_URL",
    "TableName": "TABLE_NAME",
    "InboundQueueUrl": "INBOUND_QUEUE_URL",
    "InboundDeadLettersUrl": "INBOUND_DEAD_LETTERS_URL",
    "OrdersQueueUrl": "ORDERS_QUEUE_URL",
    "OrdersDeadLettersUrl": "ORDERS_DEAD_LETTERS_URL",
    "EventsQueueUrl": "EVENTS_QUEUE_URL",
    "EventsDeadLettersUrl": "EVENTS_DEAD_LETTERS_URL",
    "OutboundQueueUrl": "OUTBOUND_QUEUE_URL",
    "OutboundDeadLettersUrl": "OUTBOUND_DEAD_LETTERS_URL",
    "SecretsPath": "SECRETS_PATH",
    "GraphApiUrl": "GRAPH_API_URL",
    "RetentionDays": "RETENTION_DAYS",
}


def configured(path, name):
    """Returns what samconfig.toml says of an environment: the global parameters, those of deploy on top."""
    if not path.exists():
        return {}
    environment = tomllib.loads(path.read_text(encoding="utf-8")).get(name, {})
    parameters = [environment.get(command, {}).get("parameters", {}) for command in ("global", "deploy")]
    return {key: value for part in parameters for key, value in part.items()}


def outputs(session, region, stack):
    """Returns the outputs of a stack."""
    try:
        found = session.client("cloudformation", region_name=region).describe_stacks(StackName=stack)
    except ClientError as error:
        if "does not exist" in error.response["Error"].get("Message", ""):
            sys.exit(f"stack_env: there is no stack {stack} in {region}; run `make deploy` first")
        sys.exit(f"stack_env: the stack {stack} in {region} cannot be read: {error}")
    return {output["OutputKey"]: output["OutputValue"] for output in found["Stacks"][0].get("Outputs", [])}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config-env", default="default", help="the environment of samconfig.toml")
    parser.add_argument("--config-file", default="samconfig.toml", type=pathlib.Path)
    parser.add_argument("--stack", help="the name of the stack; else samconfig.toml's")
    parser.add_argument("--region", help="its region; else samconfig.toml's, else the chain's")
    parser.add_argument("--profile", help="a profile of the AWS configuration; else samconfig.toml's, else the chain's")
    asked = parser.parse_args()

    known = configured(asked.config_file, asked.config_env)
    stack = asked.stack or known.get("stack_name")
    if not stack:
        sys.exit(f"stack_env: {asked.config_file} names no stack for {asked.config_env}; give --stack")
    try:
        session = boto3.Session(profile_name=asked.profile or known.get("profile"))
        region = asked.region or known.get("region") or session.region_name
        if not region:
            sys.exit("stack_env: no region is known; give --region, or set AWS_REGION")
        credentials = session.get_credentials()
        if credentials is None:
            sys.exit("stack_env: there are no AWS credentials; sign in (aws sso login), or set AWS_PROFILE")
        frozen = credentials.get_frozen_credentials()
        found = outputs(session, region, stack)
    except BotoCoreError as error:
        sys.exit(f"stack_env: AWS cannot be asked: {error}")

    missing = [name for name in OUTPUTS if name not in found]
    if missing:
        sys.exit(f"stack_env: the stack {stack} lacks the outputs {', '.join(missing)}; run `make deploy` again")
    variables = {variable: found[name] for name, variable in OUTPUTS.items()}
    variables |= {"AWS_REGION": region, "AWS_ACCESS_KEY_ID": frozen.access_key, "AWS_SECRET_ACCESS_KEY": frozen.secret_key}
    print("unset AWS_SESSION_TOKEN")
    if frozen.token:
        variables["AWS_SESSION_TOKEN"] = frozen.token
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    main()

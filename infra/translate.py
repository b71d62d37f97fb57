"""Writes what SAM makes of template.yaml for a stage as plain CloudFormation, without an account: python translate.py prod > prod.json.

Linters see the dev stage otherwise, in which no deployment shifts traffic, and a circle among the resources would show at AWS only.
"""

import json
import logging
import os
import sys

from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

ARTIFACTS = "s3://artifacts"
TEMPLATES = "https://s3.us-east-1.amazonaws.com/artifacts"


class ManagedPolicies:
    """Stands in for a call of IAM: SAM asks for the managed policies that it attaches by name."""

    def load(self):
        names = ["AWSLambdaBasicExecutionRole", "AWSCodeDeployRoleForLambda", "AWSCodeDeployRoleForLambdaLimited"]
        return {name: f"arn:aws:iam::aws:policy/service-role/{name}" for name in names}


def main(stage):
    logging.disable(logging.WARNING)
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    with open("template.yaml", encoding="utf-8") as file:
        template = yaml_parse(file.read())
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = f"{ARTIFACTS}/{name}.zip"
        if resource["Type"] == "AWS::Serverless::Application":
            properties["Location"] = f"{TEMPLATES}/{properties['Location']}"
    parameters = {name: parameter.get("Default", "") for name, parameter in template["Parameters"].items()}
    json.dump(transform(template, parameters | {"Stage": stage}, ManagedPolicies()), sys.stdout, indent=1)


if __name__ == "__main__":
    main(sys.argv[1])

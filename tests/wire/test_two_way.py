"""Both ways with botocore, for every operation carried out: it serialises and we parse, we serialise and it parses."""

import base64
import pathlib
import tomllib
from types import SimpleNamespace
from urllib.parse import urlencode

import botocore.session
import pytest
from botocore.handlers import parse_get_bucket_location
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from random_values import RandomValues, comparable

ROUNDS = 25
TABLES = tomllib.loads((pathlib.Path(__file__).resolve().parents[2] / "codegen" / "operations.toml").read_text())
SESSION = botocore.session.Session()
PROTOCOLS = {"sagemaker": ["json"], "s3": ["rest-xml"], "sts": ["query"], "iam": ["query"], "logs": ["json"]}
PROTOCOLS["cloudwatch"] = ["json", "query", "smithy-rpc-v2-cbor"]
PROTOCOLS["ecr"] = ["json"]
PROTOCOLS["application-autoscaling"] = ["json"]
PROTOCOLS["sagemaker-runtime"] = ["rest-json"]
CASES = [
    (service, operation, protocol)
    for service, table in TABLES.items()
    for names in table["resources"].values()
    for operation in names
    for protocol in PROTOCOLS[service]
]


def operation_model(service: str, operation: str):
    return SESSION.get_service_model(service).operation_model(operation)


def query_of(fields) -> str:
    """As botocore sends it: lists repeat their name, a bare subresource has an empty value."""
    return urlencode(fields, doseq=True) if fields else ""


def request_of(serialized: dict) -> dict:
    target, fields = serialized["url_path"], serialized.get("query_string") or {}
    query = fields if isinstance(fields, str) else query_of(fields)
    if query:
        target += ("&" if "?" in target else "?") + query
    body = serialized["body"]
    if isinstance(body, dict):  # a form
        body = query_of(body)
    body = body.encode() if isinstance(body, str) else body
    headers = [[name, value if isinstance(value, str) else value.decode()] for name, value in serialized["headers"].items()]
    return {"method": serialized["method"], "target": target, "headers": headers, "body": base64.b64encode(body).decode()}


def formable(value, shape):
    """The value as a form can carry it: what has no members leaves no field, and is there again only where it is required."""
    if shape.type_name == "structure":
        members = {name: formable(member, shape.members[name]) for name, member in value.items()}
        return {name: member for name, member in members.items() if member != {} or name in shape.required_members}
    if shape.type_name == "list":
        elements = [formable(element, shape.member) for element in value]
        return [element for element in elements if element != {}]
    return value


@pytest.mark.parametrize(("service", "operation", "protocol"), CASES)
def test_it_serialises_we_parse(probe, service, operation, protocol):
    model = operation_model(service, operation)
    serializer = create_serializer(protocol, include_validation=False)
    for seed in range(ROUNDS):
        values = RandomValues(seed).of(model.input_shape) if model.input_shape else {}
        for name in {"Bucket", "Key"} & set(values):
            values[name] = values[name].strip() or "x"
        if protocol == "query":
            values = formable(values, model.input_shape)
        answer = probe.ask(service=service, request=request_of(serializer.serialize_to_request(values, model)))
        assert answer.get("operation") == operation, answer
        assert answer["members"] == comparable(values)


@pytest.mark.parametrize(("service", "operation", "protocol"), CASES)
def test_we_serialise_it_parses(probe, service, operation, protocol):
    model = operation_model(service, operation)
    parser = create_parser(protocol)
    for seed in range(ROUNDS):
        values = RandomValues(seed).of(model.output_shape) if model.output_shape else {}
        if "ContentLength" in values:
            values["ContentLength"] = abs(values["ContentLength"])
        answer = probe.ask(service=service, operation=operation, protocol=protocol, members=comparable(values))
        assert "error" not in answer, answer
        body = base64.b64decode(answer["body"])
        reply = {"status_code": answer["status"], "headers": dict(answer["headers"]), "body": body}
        reply["context"] = {"operation_name": operation}  # for the reader of an event stream
        parsed = parser.parse(reply, model.output_shape)
        parsed.pop("ResponseMetadata")
        if operation == "GetBucketLocation":  # botocore reads its unwrapped root in a handler
            parse_get_bucket_location(parsed, SimpleNamespace(raw=body, content=body))
        streamed = model.get_streaming_output() or model.get_event_stream_output()
        if streamed:
            parsed.pop(streamed.name, None)
            parsed.pop("Body", None)
        if parsed.get("Metadata") == {}:  # there is always one
            parsed.pop("Metadata")
        payload = model.output_shape.serialization.get("payload") if model.output_shape else None
        if payload not in values and not parsed.get(payload):  # botocore makes an empty one of an empty body
            parsed.pop(payload, None)
        expected = comparable(values)
        if operation == "GetBucketLocation":
            expected = {"LocationConstraint": None} | expected
        assert comparable(parsed) == comparable(expected)


def test_every_operation_is_tested_both_ways():
    assert len(CASES) == len(set(CASES)) > 25

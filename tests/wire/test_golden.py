"""What Clary reads out of the golden requests, and the bytes of its replies, are as they were."""

import json

import pytest
from golden import body_of, cases, text_of


@pytest.mark.parametrize("path", cases(), ids=lambda path: path.stem)
def test_golden(probe, path):
    case = json.loads(path.read_text())
    service, operation, protocol = path.stem.split(".")
    request = case["request"] | {"body": body_of(case["request"]["body"])}
    assert probe.ask(service=service, request=request) == {"operation": operation, "members": case["request_members"]}
    answer = probe.ask(service=service, operation=operation, protocol=protocol, members=case["reply_members"])
    assert answer | {"body": text_of(answer["body"])} == case["reply"]


def test_there_are_golden_files():
    assert len(cases()) > 25

"""The messages that src/wire/event_stream_test.cc expects of Clary, read by botocore."""

from types import SimpleNamespace

import botocore.session
import pytest
from botocore.eventstream import EventStream
from botocore.exceptions import EventStreamError
from botocore.parsers import EventStreamJSONParser

PART = (
    "0000006e000000595197ff150b3a6576656e742d7479706507000b5061796c6f6164506172740d3a636f6e74656e742d7479"
    "70650700186170706c69636174696f6e2f6f637465742d73747265616d0d3a6d6573736167652d747970650700056576656e"
    "7461626300ff8baf20ae"
)
FAILURE = (
    "0000008400000063f5fff9d90f3a657863657074696f6e2d74797065070015496e7465726e616c53747265616d4661696c75"
    "72650d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d7479706507"
    "0009657863657074696f6e7b224d657373616765223a22776879227dc6cf08f9"
)
OPERATION = "InvokeEndpointWithResponseStream"


def stream(*messages):
    """As botocore reads an answer, in pieces of ten bytes."""
    raw = b"".join(bytes.fromhex(message) for message in messages)
    pieces = SimpleNamespace(stream=lambda: (raw[at:at + 10] for at in range(0, len(raw), 10)), close=lambda: None)
    model = botocore.session.Session().get_service_model("sagemaker-runtime").operation_model(OPERATION)
    return EventStream(pieces, model.output_shape.members["Body"], EventStreamJSONParser(), OPERATION)


def test_parts_are_read_in_their_order():
    assert [event["PayloadPart"]["Bytes"] for event in stream(PART, PART)] == [b"abc\0\xff"] * 2


def test_a_failure_is_raised():
    with pytest.raises(EventStreamError, match="InternalStreamFailure.*why"):
        list(stream(PART, FAILURE))

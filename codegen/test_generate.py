"""The generator: its output for a small model, byte for byte, and what it must refuse.

After a deliberate change: codegen/generate.py --inputs codegen/golden --out codegen/golden/expected, and read the diff.
"""

import copy
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import generate  # noqa: E402
import model  # noqa: E402

EXPECTED = HERE / "golden" / "expected"


def toy() -> model.Service:
    return model.load_services(HERE / "golden")[0]


def test_output_is_the_golden_one():
    files = generate.generate(model.load_services(HERE / "golden"))
    assert sorted(files) == sorted(path.name for path in EXPECTED.iterdir())
    for name, text in files.items():
        assert text == (EXPECTED / name).read_text(), name


def test_output_does_not_depend_on_the_run():
    assert generate.generate(model.load_services()) == generate.generate(model.load_services())


def test_a_typo_in_the_tables_is_found():
    service = toy()
    service.table = copy.deepcopy(service.table)
    service.table["refused"]["PutLidRequest.Lockd"] = "no"
    with pytest.raises(AssertionError, match="no member PutLidRequest.Lockd"):
        service.check()


def test_a_shape_that_contains_itself_is_refused():
    service = toy()
    service.shapes["Label"]["members"]["Labels"] = {"shape": "Labels"}
    with pytest.raises(AssertionError, match="contains itself"):
        service.closure(["Box"])


def test_a_payload_of_bytes_is_no_member_of_a_struct():
    service = toy()
    service.shapes["Letter"] = {"type": "structure", "payload": "Body", "members": {"Body": {"shape": "Blob"}, "To": {"shape": "Name"}}}
    model.take_bytes_out(service.shapes)
    assert generate.header(service, "letters", ["Letter"], [], False).count("body") == 0


def test_a_payload_of_events_is_no_member_of_a_struct():
    service = toy()
    service.shapes["Events"] = {"type": "structure", "eventstream": True, "members": {}}
    service.shapes["Feed"] = {"type": "structure", "payload": "Body", "members": {"Body": {"shape": "Events"}, "To": {"shape": "Name"}}}
    model.take_bytes_out(service.shapes)
    assert generate.header(service, "feeds", ["Feed"], [], False).count("body") == 0


def test_a_service_may_have_a_name_that_cpp_does_not_allow():
    service = toy()
    service.name = "toy-runtime"
    files = generate.generate([service])
    assert "toy_runtime_service.h" in files
    assert not any("toy-runtime" in name for name in files)
    assert "inline namespace toy_runtime {" in files["boxes.h"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"\p{ASCII}*", r"[\x00-\x7F]*"),
        (r"\A\S[\p{Print}]*\z", r"\A\S[\x20-\x7E]*\z"),
        (r"\p{Print}+", r"[\x20-\x7E]+"),
        (r"arn:[\p{Alnum}\-]+:[0-9]", r"arn:[a-zA-Z0-9\-]+:[0-9]"),
    ],
)
def test_patterns_in_pcre2(pattern, expected):
    assert model.pcre_pattern(pattern) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("TrainingJobName", "training_job_name"),
        ("S3OutputPath", "s3_output_path"),
        ("ETag", "etag"),
        ("VolumeSizeInGB", "volume_size_in_gb"),
        ("EnableSageMakerMetricsTimeSeries", "enable_sagemaker_metrics_time_series"),
        ("SSEKMSKeyId", "sse_kms_key_id"),
        ("ContentMD5", "content_md5"),
        ("Namespace", "namespace_"),
    ],
)
def test_member_names(name, expected):
    assert model.snake(name) == expected

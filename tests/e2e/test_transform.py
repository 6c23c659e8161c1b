"""Transform jobs through boto3: what is read, what a model is asked, what is written, how jobs are listed and described."""

import gzip
import json

import pytest
from botocore.exceptions import ClientError
from endpoints import Endpoints
from training import BUCKET
from transforms import SIZES, SUMS, Transforms, record_io, tf_record

JSON_SUMS = """
    import json
    def model_fn(model_dir): return None
    def input_fn(body, content_type):
        text = body if isinstance(body, str) else body.decode()
        return [json.loads(line) for line in text.splitlines()]
    def predict_fn(rows, model): return [{"sum": sum(row)} for row in rows]
    def output_fn(answers, accept): return "".join(json.dumps(each) + "\\n" for each in answers), "application/jsonlines"
"""

VARIABLES = """
    import json, os
    def model_fn(model_dir): return {name: os.environ.get(name) for name in os.environ if "SAGEMAKER_" in name or name == "OWN"}
    def input_fn(body, content_type): return body
    def predict_fn(body, model): return model
    def output_fn(found, accept): return json.dumps(found), "application/json"
"""


@pytest.fixture(scope="module")
def transforms(server, training):
    return Transforms(Endpoints(server, training))


@pytest.fixture(scope="module")
def sums(transforms):
    return transforms.endpoints.model(SUMS)


@pytest.fixture(scope="module")
def sizes(transforms):
    return transforms.endpoints.model(SIZES)


@pytest.mark.smoke
def test_each_object_has_an_output_and_the_job_says_so(transforms, sums):
    data = transforms.put(a_csv=b"1,2\n3,4\n", b_csv=b"5,6")
    transforms.s3.put_object(Bucket=BUCKET, Key=data.split("/", 3)[3] + "deep/c.csv", Body=b"7\n")
    request = transforms.request(sums, data, Environment={"OWN": "x"}, Tags=[{"Key": "k", "Value": "v"}])
    name = request["TransformJobName"]
    arn = transforms.sagemaker.create_transform_job(**request)["TransformJobArn"]
    assert arn == f"arn:aws:sagemaker:us-east-1:000000000000:transform-job/{name}"
    job = transforms.wait(name)
    assert job["TransformJobStatus"] == "Completed", (job.get("FailureReason"), transforms.lines(name))
    assert transforms.outputs(name) == {"a.csv.out": b"6\n14\n", "b.csv.out": b"22\n", "deep/c.csv.out": b"14\n"}
    assert job["TransformEndTime"] >= job["TransformStartTime"] >= job["CreationTime"]
    for member in ("ModelName", "Environment", "TransformResources"):
        assert job[member] == request[member]
    assert job["TransformInput"] == {**request["TransformInput"], "CompressionType": "None"}
    assert job["TransformOutput"] == {**request["TransformOutput"], "KmsKeyId": ""}
    assert job["DataProcessing"] == {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}
    assert "MaxPayloadInMB" not in job and "FailureReason" not in job
    assert transforms.sagemaker.list_tags(ResourceArn=arn)["Tags"] == request["Tags"]
    said = "\n".join(transforms.lines(name))
    assert "MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD" in said


def test_an_output_of_the_same_name_is_replaced(transforms, sums):
    path = {"S3OutputPath": f"s3://{BUCKET}/transform-again"}
    for body, answer in ((b"1\n2\n", b"2\n4\n"), (b"3\n", b"6\n")):
        job = transforms.run(sums, transforms.put(a_csv=body), output=path)
        assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
        assert transforms.s3.get_object(Bucket=BUCKET, Key="transform-again/a.csv.out")["Body"].read() == answer


def test_records_are_sent_one_by_one_or_as_many_as_fit(transforms, sizes):
    line = b"x" * 400_000 + b"\n"
    data = transforms.put(a_txt=line * 5)
    one = transforms.completed(sizes, data, BatchStrategy="SingleRecord")
    assert one == {"a.txt.out": b"400001:1\n" * 5}
    fitting = transforms.completed(sizes, data, BatchStrategy="MultiRecord", MaxPayloadInMB=1)
    assert fitting == {"a.txt.out": b"800002:2\n800002:2\n400001:1\n"}
    whole = transforms.completed(sizes, data, split="None", output={"AssembleWith": "None"})
    assert whole == {"a.txt.out": b"2000005:5"}


def test_an_empty_object_has_an_empty_output(transforms, sizes):
    assert transforms.completed(sizes, transforms.put(a_txt=b"", b_txt=b"\n\n1\n")) == {"a.txt.out": b"", "b.txt.out": b"2:1\n"}


def test_packed_input_is_unpacked(transforms, sums):
    data = transforms.put(a_gz=gzip.compress(b"1,2\n") + gzip.compress(b"3,4\n"))
    assert transforms.completed(sums, data, source={"CompressionType": "Gzip"}) == {"a.gz.out": b"6\n14\n"}


@pytest.mark.parametrize(("split", "pack"), [("RecordIO", record_io), ("TFRecord", tf_record)])
def test_frames_are_cut(transforms, sizes, split, pack):
    """Records go alone without their frames, together with them, as AWS says of BatchStrategy."""
    records = (b"a" * 4, b"cc", b"b" * 1024)
    data = transforms.put(a_bin=pack(*records))
    single = transforms.completed(sizes, data, split=split, BatchStrategy="SingleRecord", content_type="application/octet-stream")
    assert single == {"a.bin.out": b"4:1\n2:1\n1024:1\n"}
    several = transforms.completed(sizes, data, split=split, content_type="application/octet-stream")["a.bin.out"]
    assert several.startswith(b"%d:" % len(pack(*records)))


def test_a_manifest_names_the_objects(transforms, sums):
    data = transforms.put(a_csv=b"1\n", b_csv=b"2\n")
    transforms.s3.put_object(Bucket=BUCKET, Key="transform.manifest", Body=json.dumps([{"prefix": data}, "b.csv"]).encode())
    found = transforms.completed(sums, f"s3://{BUCKET}/transform.manifest", data_type="ManifestFile")
    assert found == {"b.csv.out": b"4\n"}


def test_rows_are_filtered_and_joined(transforms, sums):
    data = transforms.put(a_csv=b"id1,1,2\nid2,3,4\n")
    ids_and_answers = transforms.completed(sums, data, DataProcessing={
        "InputFilter": "$[1:]", "OutputFilter": "$[0,-1]", "JoinSource": "Input"})
    assert ids_and_answers == {"a.csv.out": b"id1,6\nid2,14\n"}
    joined = transforms.completed(sums, data, DataProcessing={"InputFilter": "$[1:]", "JoinSource": "Input"})
    assert joined == {"a.csv.out": b"id1,1,2,6\nid2,3,4,14\n"}


def test_json_lines_are_filtered_and_joined(transforms):
    model = transforms.endpoints.model(JSON_SUMS)
    data = transforms.put(a_jsonl=b'{"id": "x", "row": [1, 2.50]}\n{"id": "y", "row": [3, 4]}\n')
    found = transforms.completed(model, data, content_type="application/jsonlines", DataProcessing={
        "InputFilter": "$.row", "OutputFilter": "$['id','SageMakerOutput']", "JoinSource": "Input"})
    assert [json.loads(line) for line in found["a.jsonl.out"].splitlines()] == [
        {"id": "x", "SageMakerOutput": {"sum": 3.5}}, {"id": "y", "SageMakerOutput": {"sum": 7}}]


def test_many_requests_and_instances_keep_the_order(transforms, sums):
    rows = range(500)
    data = transforms.put(a_csv="".join(f"{row}\n" for row in rows).encode(), b_csv=b"1\n")
    name = transforms.submit(sums, data, BatchStrategy="SingleRecord", MaxConcurrentTransforms=4, count=2)
    job = transforms.wait(name)
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    assert transforms.outputs(name)["a.csv.out"] == "".join(f"{2 * row}\n" for row in rows).encode()
    assert any("MaxConcurrentTransforms=8" in line for line in transforms.lines(name))


def test_the_container_is_told_of_its_job(transforms):
    container = transforms.endpoints.container(VARIABLES, environment={"OWN": "model"})
    model = transforms.endpoints.model(container)
    found = json.loads(transforms.completed(model, transforms.put(a_csv=b"1\n"), Environment={"OWN": "job"}, MaxPayloadInMB=2,
                                            BatchStrategy="SingleRecord", MaxConcurrentTransforms=3)["a.csv.out"])
    assert found["OWN"] == "job"
    told = ("SAGEMAKER_BATCH", "SAGEMAKER_BATCH_STRATEGY", "SAGEMAKER_MAX_PAYLOAD_IN_MB", "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS")
    assert [found[name] for name in told] == ["true", "SINGLE_RECORD", "2", "3"]


def test_jobs_are_listed(transforms, sums):
    data = transforms.put(a_csv=b"1\n")
    names = [transforms.submit(sums, data, name=f"listed-transform-{i}") for i in (1, 2)]
    for name in names:
        transforms.wait(name)
    page = transforms.sagemaker.list_transform_jobs(NameContains="listed-transform", SortBy="Name", SortOrder="Ascending",
                                                    StatusEquals="Completed", MaxResults=1)
    [first] = page["TransformJobSummaries"]
    assert (first["TransformJobName"], first["TransformJobStatus"]) == (names[0], "Completed")
    assert first["TransformJobArn"].endswith(f":transform-job/{names[0]}") and first["TransformEndTime"]
    rest = transforms.sagemaker.list_transform_jobs(NameContains="listed-transform", SortBy="Name", SortOrder="Ascending",
                                                    StatusEquals="Completed", NextToken=page["NextToken"])
    assert [each["TransformJobName"] for each in rest["TransformJobSummaries"]] == names[1:]
    with pytest.raises(ClientError, match="Transform job names must be unique"):
        transforms.submit(sums, data, name=names[0])

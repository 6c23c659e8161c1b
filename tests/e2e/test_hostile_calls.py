"""Calls that are not what they say: JSON of other kinds, forms, targets. All signed rightly."""

import json
from urllib.parse import quote

import pytest
from hostile import Request, is_refused
from test_hostile_http import numbered

CREATE = "SageMaker.CreateTrainingJob"
VALID = {
    "TrainingJobName": "hostile", "RoleArn": "arn:aws:iam::000000000000:role/SageMakerRole",
    "AlgorithmSpecification": {"TrainingInputMode": "File", "TrainingImage": "pytorch-training:2.8.0-cpu-py312"},
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"}, "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    "InputDataConfig": [{"ChannelName": "c", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in"}}}],
    "HyperParameters": {"a": "b"}, "Environment": {"A": "b"}, "Tags": [{"Key": "k", "Value": "v"}], "EnableNetworkIsolation": False,
}
TEXTS = [
    b"", b"{", b"}", b"[]", b"null", b"1", b"true", b'"x"', b"{]", b'{"a"}', b'{"a":}', b'{"a":1,}', b"{,}", b'{a:1}', b"{'a':1}",
    b'{"a":1}x', b'{"a":1}{"a":1}', b"// c\n{}", b'{"a":01}', b'{"a":+1}', b'{"a":.5}', b'{"a":1.}', b'{"a":1e}', b'{"a":NaN}',
    b'{"a":Infinity}', b'{"a":1e999}', b'{"a":' + b"9" * 5000 + b"}", b'{"a":"\x00"}', b'{"a":"\n"}', b'{"a":"\\x"}', b'{"a":"\\u12"}',
    b'{"a":"\\ud800"}', b'{"a":"\\udc00\\ud800"}', b'{"a":"\xff"}', b'{"a":"\xc0\xaf"}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\xf4\x90\x80\x80"}',
    b'{"a":"', b"\xef\xbb\xbf{}", b"\x00{}", b"{}\x00", "{}".encode("utf-16"), b'{"a":tru}', b"[" * 100_000, b'{"a":' * 100_000,
    b"[" * 5000 + b"]" * 5000, b'{"a":' * 2000 + b"1" + b"}" * 2000, b'{"TrainingJobName":"a","TrainingJobName":7}',
    b'{"' + b"k" * 1_000_000 + b'":1}', b'{"TrainingJobName":"' + b"n" * 1_000_000 + b'"}', b"{" + b'"a":1,' * 100_000 + b'"b":1}',
    b" " * 9_000_000, b'{"Tags":[' + b"{}," * 200_000 + b"{}]}", b"<xml/>", b"Action=ListTrainingJobs", b"\x93\x01\x02\x03", b"\xa1aa",
]
WRONG = [7, -1, 1.5, 2**70, True, "x", "", [], [[]], [7], {}, {"x": 7}, {"a": ["b"]}, "\u0000", "a" * 100_000]


def wrong_members() -> list:
    """Every member, and some deep ones, with values of another kind than its own, or that are out of every bound."""
    fits = {"Tags": ([],), "InputDataConfig": ([],), "HyperParameters": ({},), "Environment": ({},), "TrainingJobName": ("x",), "StoppingCondition": ({},),
            "EnableNetworkIsolation": (True,)}
    cases = []
    for member in VALID:
        for value in WRONG:
            if not any(value == fit and type(value) is type(fit) for fit in fits.get(member, ())):
                cases.append(pytest.param({**VALID, member: value}, id=f"{member}-{str(value)[:12]!a}"))
    return cases


def deep(path: str, value) -> dict:
    request = json.loads(json.dumps(VALID))
    at = request
    *way, last = path.split(".")
    for step in way:
        at = at[int(step) if step.isdigit() else step]
    at[last] = value
    return request


DEEP = [
    ("ResourceConfig.InstanceCount", 0), ("ResourceConfig.InstanceCount", 2**63), ("ResourceConfig.VolumeSizeInGB", -5),
    ("ResourceConfig.InstanceType", "../../x"), ("ResourceConfig.InstanceType", None), ("StoppingCondition.MaxRuntimeInSeconds", 2**63 - 1),
    ("StoppingCondition.MaxRuntimeInSeconds", "60s"), ("OutputDataConfig.S3OutputPath", "file:///etc"), ("OutputDataConfig.S3OutputPath", "s3:/x"),
    ("InputDataConfig.0.ChannelName", "../../etc"), ("InputDataConfig.0.ChannelName", "a/b"), ("InputDataConfig.0.ChannelName", ""),
    ("InputDataConfig.0.DataSource.S3DataSource.S3Uri", "file:///etc/passwd"), ("InputDataConfig.0.DataSource.S3DataSource.S3DataType", "Nope"),
    ("InputDataConfig.0.DataSource", {}), ("HyperParameters.k", 7), ("HyperParameters.k", "v" * 10_000), ("HyperParameters." + "k" * 5000, "v"),
    ("Tags.0.Key", ""), ("Tags.0.Key", "k" * 500), ("Tags.0.Value", 5), ("AlgorithmSpecification.TrainingInputMode", "Sideways"),
    ("AlgorithmSpecification.TrainingImage", "i" * 5000), ("AlgorithmSpecification.MetricDefinitions", [{"Name": "n", "Regex": "r" * 5000}]),
    ("TrainingJobName", "../x"), ("TrainingJobName", "a\nb"), ("TrainingJobName", "é"), ("RoleArn", "arn:aws:iam::1:role/../x"),
    ("NoSuchMember", 1), ("Environment." + "A" * 600, "x"), ("Environment.A=B", "x"), ("__proto__", {"x": 1}),
]
TARGETS = ["", ".", "SageMaker", "SageMaker.", ".CreateTrainingJob", "SageMaker.createtrainingjob", "SageMaker.CreateTrainingJob.x",
           "sagemaker.CreateTrainingJob", "SageMaker/CreateTrainingJob", "SageMaker.../../etc", "SageMaker." + "X" * 10_000,
           "Logs_20140328.CreateTrainingJob", "S3.GetObject", "a b", "SageMaker.%43reateTrainingJob", "SageMaker.\xe9"]
FORMS = ["", "Action", "Action=", "=", "&&&", "Action=Nope", "Action=%zz", "Action=GetCallerIdentity%00", "Action=getcalleridentity",
         "Action=GetMetricStatistics", "Action=GetMetricStatistics&Period=abc", "Action=GetMetricStatistics&Dimensions.member.999999999999.Name=x",
         "Action=GetMetricStatistics&Dimensions.member.-1.Name=x", "Action=GetMetricStatistics&Dimensions.member.x=1",
         "Action=GetMetricStatistics&" + "a." * 20_000 + "b=c", "Action=GetMetricStatistics&StartTime=yesterday&Namespace=n&MetricName=m",
         "Action=GetMetricStatistics&" + "&".join(f"Statistics.member.{n}=Sum" for n in range(20_000)), "{}", "<a/>", "Action=\xff", "Version=1"]


def call(target: str, body, **more) -> Request:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request(body=text, headers={"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}, **more)


@pytest.mark.parametrize("text", numbered(TEXTS))
def test_a_json_text(fortress, text):
    is_refused(fortress, call(CREATE, text).encode(fortress))


@pytest.mark.parametrize("request_body", wrong_members())
def test_a_member_of_another_kind(fortress, request_body):
    answer = is_refused(fortress, call(CREATE, request_body).encode(fortress))
    assert json.loads(answer.body)["__type"].endswith("Exception")


@pytest.mark.parametrize("path, value", [pytest.param(path, value, id=f"{path[:40]}-{number}") for number, (path, value) in enumerate(DEEP)])
def test_a_member_deep_inside(fortress, path, value):
    is_refused(fortress, call(CREATE, deep(path, value)).encode(fortress))


@pytest.mark.parametrize("target", numbered(TARGETS))
def test_a_target(fortress, target):
    is_refused(fortress, call(target, VALID).encode(fortress))


DOCUMENTS = ["", "{", "[]", "null", "{}", "%7B", '{"Version":"2012-10-17","Statement":[{"Effect":"X"}]}', "[" * 20_000, "x" * 140_000,
             "\x00", '{"Statement":' * 2000]


@pytest.mark.parametrize("call", ["CreateRole&AssumeRolePolicyDocument", "PutRolePolicy&PolicyName=p&PolicyDocument", "PutUserPolicy&UserName=u&PolicyName=p&PolicyDocument"])
@pytest.mark.parametrize("document", numbered(DOCUMENTS))
def test_a_policy_document(fortress, call, document):
    body = f"Action={call}={quote(document)}&RoleName=hostile".encode()
    is_refused(fortress, Request(body=body, headers={"Content-Type": "application/x-www-form-urlencoded"}, service="iam").encode(fortress))


@pytest.mark.parametrize("service", ["sts", "iam", "monitoring"])
@pytest.mark.parametrize("form", numbered(FORMS))
def test_a_form(fortress, service, form):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    is_refused(fortress, Request(body=form.encode("latin-1"), headers=headers, service=service).encode(fortress))

"""CloudWatch as clients write and read it, in each of its three protocols."""

import datetime

import botocore.session
import pytest
from clary_server import ONCE

SPACE = "Tests"
# Of botocore's model the first that it knows is spoken.
PROTOCOLS = {"json": ["json"], "query": ["query"], "cbor": ["smithy-rpc-v2-cbor"]}


@pytest.fixture(params=PROTOCOLS)
def cloudwatch(server, request):
    return client(server, request.param)


def client(server, protocol: str):
    session = botocore.session.Session()
    loader = session.get_component("data_loader")
    load = loader.load_service_model

    def load_with_one_protocol(service_name, type_name, api_version=None):
        model = load(service_name, type_name, api_version)
        if type_name == "service-2":
            metadata = {**model["metadata"], "protocols": PROTOCOLS[protocol], "protocol": PROTOCOLS[protocol][0]}
            model = {**model, "metadata": metadata}
        return model

    loader.load_service_model = load_with_one_protocol
    environment = server.environment()
    return session.create_client(
        "cloudwatch", endpoint_url=server.url, region_name="us-east-1", config=ONCE,
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"], aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"])


def minutes_ago(count: int) -> datetime.datetime:
    now = datetime.datetime.now(datetime.UTC).replace(second=0, microsecond=0)
    return now - datetime.timedelta(minutes=count)


def stat(name: str, statistic: str = "Average", **dimensions: str) -> dict:
    return {"Metric": {"Namespace": SPACE, "MetricName": name,
                       "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()]},
            "Period": 60, "Stat": statistic}


def get(cloudwatch, *queries: dict, **more) -> dict[str, list[float]]:
    """The values of each result, oldest first."""
    answer = cloudwatch.get_metric_data(MetricDataQueries=list(queries), StartTime=minutes_ago(10), EndTime=minutes_ago(-1),
                                        ScanBy="TimestampAscending", **more)
    return {result["Id"]: result["Values"] for result in answer["MetricDataResults"]}


def test_what_is_put_is_read_back(cloudwatch, request):
    name = f"loss-{request.node.callspec.id}"
    dimensions = [{"Name": "Run", "Value": "a"}]
    cloudwatch.put_metric_data(Namespace=SPACE, MetricData=[
        {"MetricName": name, "Dimensions": dimensions, "Timestamp": minutes_ago(3), "Value": 2.0, "Unit": "None"},
        {"MetricName": name, "Dimensions": dimensions, "Timestamp": minutes_ago(2), "Values": [1.0, 4.0], "Counts": [3.0, 1.0]}])
    half = {"Id": "half", "Expression": "m1 / 2", "Label": "halved"}
    values = get(cloudwatch, {"Id": "m1", "MetricStat": stat(name, Run="a")}, half,
                 {"Id": "top", "MetricStat": stat(name, "Maximum", Run="a")},
                 {"Id": "p50", "MetricStat": stat(name, "p50", Run="a"), "ReturnData": False})
    assert values == {"m1": [2.0, 1.75], "half": [1.0, 0.875], "top": [2.0, 4.0]}
    points = cloudwatch.get_metric_statistics(Namespace=SPACE, MetricName=name, Dimensions=dimensions, Period=600,
                                              StartTime=minutes_ago(10), EndTime=minutes_ago(-1), Statistics=["SampleCount"])
    assert sum(point["SampleCount"] for point in points["Datapoints"]) == 5
    listed = cloudwatch.list_metrics(Namespace=SPACE, MetricName=name, Dimensions=[{"Name": "Run"}], RecentlyActive="PT3H")
    assert listed["Metrics"] == [{"Namespace": SPACE, "MetricName": name, "Dimensions": dimensions}]
    assert cloudwatch.list_metrics(Namespace=SPACE, MetricName=name, Dimensions=[{"Name": "Other"}])["Metrics"] == []


def test_units_and_statistics_are_kept(cloudwatch, request):
    name = f"took-{request.node.callspec.id}"
    at = minutes_ago(3)
    cloudwatch.put_metric_data(Namespace=SPACE, MetricData=[
        {"MetricName": name, "Timestamp": at, "Unit": "Seconds",
         "StatisticValues": {"SampleCount": 4.0, "Sum": 10.0, "Minimum": 1.0, "Maximum": 5.0}},
        {"MetricName": name, "Timestamp": at, "Unit": "Seconds", "Values": [7.0], "Counts": [2.0]},
        {"MetricName": name, "Timestamp": at, "Value": 3.0}])

    def points(**more) -> list[dict]:
        answer = cloudwatch.get_metric_statistics(Namespace=SPACE, MetricName=name, Period=60, StartTime=minutes_ago(10),
                                                  EndTime=minutes_ago(0), **more)
        return [{key: value for key, value in point.items() if key != "Timestamp"} for point in answer["Datapoints"]]

    everything = ["SampleCount", "Sum", "Average", "Minimum", "Maximum"]
    seconds = {"SampleCount": 6.0, "Sum": 24.0, "Average": 4.0, "Minimum": 1.0, "Maximum": 7.0, "Unit": "Seconds"}
    bare = {"SampleCount": 1.0, "Sum": 3.0, "Average": 3.0, "Minimum": 3.0, "Maximum": 3.0, "Unit": "None"}
    assert sorted(points(Statistics=everything), key=lambda point: point["Unit"]) == [bare, seconds]
    assert points(Statistics=everything, Unit="Seconds") == [seconds]
    assert points(Statistics=everything, Unit="Bytes") == []
    # Of a set nobody knows what its members were.
    assert points(ExtendedStatistics=["p50"]) == [{"ExtendedStatistics": {"p50": 3.0}, "Unit": "None"}]
    assert get(cloudwatch, {"Id": "m1", "MetricStat": {**stat(name, "Sum"), "Unit": "Seconds"}}) == {"m1": [24.0]}
    assert get(cloudwatch, {"Id": "m1", "MetricStat": {**stat(name, "Sum"), "Unit": "Count"}}) == {"m1": []}
    answer = cloudwatch.get_metric_data(StartTime=minutes_ago(10), EndTime=minutes_ago(0),
                                        MetricDataQueries=[{"Id": "m1", "MetricStat": stat(name, "Sum")}])
    assert [(result["Id"], result["Values"]) for result in answer["MetricDataResults"]] == [("m1", [3.0]), ("m1", [24.0])]
    assert len(cloudwatch.list_metrics(Namespace=SPACE, MetricName=name)["Metrics"]) == 1


def test_values_that_are_not_finite_are_left_out(server):
    cloudwatch = client(server, "json")
    cloudwatch.put_metric_data(Namespace=SPACE, MetricData=[
        {"MetricName": "divisor", "Timestamp": minutes_ago(3), "Value": 0.0},
        {"MetricName": "divisor", "Timestamp": minutes_ago(2), "Value": 4.0}])
    values = get(cloudwatch, {"Id": "m1", "MetricStat": stat("divisor"), "ReturnData": False},
                 {"Id": "inverse", "Expression": "1 / m1"}, {"Id": "log", "Expression": "LOG(m1 - 4)"},
                 {"Id": "number", "Expression": "1 / 0"})
    assert values == {"inverse": [0.25], "log": [], "number": []}


def test_what_fill_makes_of_lists_is_bounded(server):
    cloudwatch = client(server, "json")
    filled = {"Id": "all", "Period": 86_400, "Expression": f"FILL([{', '.join(['m1'] * 60)}], 0)"}
    span = datetime.timedelta(days=69)
    with pytest.raises(cloudwatch.exceptions.ClientError, match="5,000,000"):
        cloudwatch.get_metric_data(StartTime=minutes_ago(0) - span, EndTime=minutes_ago(0), MetricDataQueries=[
            {"Id": "m1", "MetricStat": stat("nothing"), "ReturnData": False}, filled])


def test_errors_are_read_in_every_protocol(cloudwatch):
    with pytest.raises(cloudwatch.exceptions.ClientError) as raised:
        cloudwatch.put_metric_data(Namespace="AWS/Mine", MetricData=[{"MetricName": "x", "Value": 1.0}])
    assert raised.value.response["Error"]["Code"] == "InvalidParameterValue"
    assert "reserved" in str(raised.value)
    with pytest.raises(cloudwatch.exceptions.ClientError, match="no query has the id 'm9'"):
        get(cloudwatch, {"Id": "e1", "Expression": "m9 + 1"})


def test_a_large_batch_arrives_packed(server):
    cloudwatch = client(server, "json")
    data = [{"MetricName": f"packed-{number}", "Value": float(number), "Timestamp": minutes_ago(1)} for number in range(500)]
    cloudwatch.put_metric_data(Namespace="Packed", MetricData=data)  # botocore sends more than 10 KiB with gzip
    names = {metric["MetricName"] for page in cloudwatch.get_paginator("list_metrics").paginate(Namespace="Packed")
             for metric in page["Metrics"]}
    assert len(names) == 500


@pytest.mark.parametrize(("query", "message"), [
    ({"Id": "Upper", "Expression": "1"}, "lower-case"),
    ({"Id": "a", "Expression": "a + 1"}, "part of itself"),
    ({"Id": "a", "Expression": "SUM("}, "is missing"),
    ({"Id": "a", "Expression": "SELECT AVG(x) FROM y"}, "Metrics Insights"),
    ({"Id": "a", "MetricStat": {**stat("x"), "Stat": "tm99"}}, "statistic 'tm99'"),
    ({"Id": "a", "MetricStat": {**stat("x"), "Period": 7}}, "Period must be"),
    ({"Id": "a"}, "one of MetricStat and Expression"),
])
def test_queries_that_mean_nothing_are_refused(server, query, message):
    cloudwatch = client(server, "json")
    with pytest.raises(cloudwatch.exceptions.ClientError, match=message):
        get(cloudwatch, query)


@pytest.mark.parametrize(("datum", "message"), [
    ({"Value": float("nan")}, "invalid|finite"),
    ({"Values": [1.0], "Counts": [1.0, 2.0]}, "1 Values and 2 Counts"),
    ({"Values": [1.0], "Counts": [-1.0]}, "must not be negative"),
    ({"Value": 1.0, "Counts": [1.0]}, "Counts, which go with Values"),
    ({}, "one of the parameters Value, Values and StatisticValues"),
    ({"Value": 1.0, "Timestamp": "2020-01-01T00:00:00Z"}, "two weeks"),
    ({"Value": 1.0, "Unit": "Parsecs"}, "Parsecs|unit"),
    ({"StatisticValues": {"SampleCount": 0.0, "Sum": 1.0, "Minimum": 1.0, "Maximum": 1.0}}, "SampleCount must be more than 0"),
])
def test_data_that_mean_nothing_are_refused(server, datum, message):
    cloudwatch = client(server, "cbor")
    with pytest.raises(cloudwatch.exceptions.ClientError, match=message):
        cloudwatch.put_metric_data(Namespace=SPACE, MetricData=[{"MetricName": "bad", **datum}])


def test_expressions_over_a_jobs_own_series(server, training):
    job = training.run("print('loss=4.0')\n", metrics=[{"Name": "loss", "Regex": "loss=([0-9.]+)"}])
    metric = {"Namespace": "/aws/sagemaker/TrainingJobs", "MetricName": "loss",
              "Dimensions": [{"Name": "TrainingJobName", "Value": job["TrainingJobName"]}]}
    values = get(client(server, "json"), {"Id": "m1", "ReturnData": False,
                                          "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}},
                 {"Id": "root", "Expression": "SQRT(m1)"})
    assert values == {"root": [2.0]}

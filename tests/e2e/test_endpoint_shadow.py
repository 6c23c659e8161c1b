"""Shadow variants: they get copies of calls, and nobody gets their answers."""

import datetime

import pytest
from botocore.exceptions import ClientError
from endpoints import IMAGE, VARIANT, Endpoints
from training import wait_until

SHADOW = "Shadow"

# Says what it got in its log, and answers with its name.
SAYS = """
    def model_fn(model_dir): return NAME
    def input_fn(body, content_type): return body if isinstance(body, str) else body.decode()
    def predict_fn(data, model):
        print("got " + data, flush=True)
        if data in FAILS: raise ValueError("boom " + model)
        return model
    def output_fn(prediction, accept): return prediction, "text/plain"
"""


def says(name: str, *fails: str) -> str:
    return f"    NAME, FAILS = {name!r}, {fails!r}\n" + SAYS.lstrip("\n")


def shadowed(endpoints: Endpoints, *fails: str, weight: float = 1) -> str:
    models = [endpoints.model(says("open")), endpoints.model(says("shadow", *fails))]
    shadow = endpoints.variant(models[1], SHADOW, weight)
    return endpoints.in_service(endpoints.create(
        endpoints.config(endpoints.variant(models[0]), ShadowProductionVariants=[shadow])))


def got(endpoints: Endpoints, name: str, variant: str = SHADOW) -> list[str]:
    return sorted(line.removeprefix("got ") for line in endpoints.lines(name, variant) if line.startswith("got "))


def call(endpoints: Endpoints, name: str, body: str) -> None:
    answer = endpoints.invoke(name, body, "text/plain")
    assert (answer["Body"], answer["InvokedProductionVariant"]) == (b"open", VARIANT)


def weigh(endpoints: Endpoints, name: str, weight: float) -> None:
    endpoints.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=name, DesiredWeightsAndCapacities=[{"VariantName": SHADOW, "DesiredWeight": weight}])
    endpoints.in_service(name)


def test_a_shadow_gets_its_share_of_the_calls(endpoints):
    name = shadowed(endpoints)
    described = endpoints.describe(name)
    assert [each["VariantName"] for each in described["ProductionVariants"]] == [VARIANT]
    [shadow] = described["ShadowProductionVariants"]
    assert (shadow["VariantName"], shadow["CurrentWeight"], shadow["CurrentInstanceCount"]) == (SHADOW, 1.0, 1)
    first = [f"a{number}" for number in range(20)]
    for body in first:
        call(endpoints, name, body)
    wait_until(lambda: got(endpoints, name) == sorted(first), 30, "the copies")
    weigh(endpoints, name, 0)
    call(endpoints, name, "between")  # may come before calls go by the new weight
    for number in range(20):
        call(endpoints, name, f"b{number}")
    weigh(endpoints, name, 1)
    wait_until(lambda: call(endpoints, name, "c") or "c" in got(endpoints, name), 30, "another copy")
    assert set(got(endpoints, name)) - {"between"} == {*first, "c"}

    def counted(variant: str) -> float:
        now = datetime.datetime.now(datetime.UTC)
        points = endpoints.server.client("cloudwatch").get_metric_statistics(
            Namespace="AWS/SageMaker", MetricName="Invocations", Period=3600, Statistics=["Sum"],
            Dimensions=[{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": variant}],
            StartTime=now - datetime.timedelta(hours=1), EndTime=now + datetime.timedelta(minutes=1))["Datapoints"]
        return sum(point["Sum"] for point in points)

    wait_until(lambda: counted(VARIANT) == len(got(endpoints, name, VARIANT)) > 41, 20, "the metrics")
    wait_until(lambda: counted(SHADOW) == len(got(endpoints, name)), 20, "the shadow's metrics")


def test_a_shadow_that_fails_fails_no_call(endpoints):
    name = shadowed(endpoints, "x")
    for _ in range(10):
        call(endpoints, name, "x")
    wait_until(lambda: len(got(endpoints, name)) == 10, 30, "the copies")
    assert any("boom shadow" in line for line in endpoints.lines(name, SHADOW))
    assert endpoints.describe(name)["EndpointStatus"] == "InService"


def test_a_shadow_is_not_called_by_its_name(endpoints):
    name = shadowed(endpoints)
    with pytest.raises(ClientError, match=f"has no variant '{SHADOW}'") as caught:
        endpoints.invoke(name, "x", "text/plain", TargetVariant=SHADOW)
    assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_shadows_beside_more_than_one_variant_are_refused(endpoints):
    model = endpoints.model({"Image": IMAGE})
    with pytest.raises(ClientError) as caught:
        endpoints.config(endpoints.variant(model, "A"), endpoints.variant(model, "B"),
                         ShadowProductionVariants=[endpoints.variant(model, SHADOW)])
    assert caught.value.response["Error"]["Code"] == "ValidationException"

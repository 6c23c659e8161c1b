"""What an endpoint lives through: updates, weights, deaths of its parts, restarts of the server. Calls go on meanwhile."""

import os
import signal

import pytest
from botocore.exceptions import ClientError
from endpoints import MARK, Callers, Endpoints, model_servers, named, workers
from training import wait_until

BROKEN = "def model_fn(model_dir): raise RuntimeError('boom model')"


def names_of(callers: Callers) -> list[str]:
    return [answer["name"] for answer in callers.answers]


def test_an_update_fails_no_call(endpoints):
    name = endpoints.deploy(named("old"))
    old = endpoints.describe(name)["EndpointConfigName"]
    config = endpoints.config_of(named("new"))
    with Callers(endpoints, name) as callers:
        callers.wait_for_more()
        endpoints.update(name, config)
        # The old configuration and its model are not needed any more, even now.
        model = endpoints.sagemaker.describe_endpoint_config(EndpointConfigName=old)["ProductionVariants"][0]["ModelName"]
        endpoints.sagemaker.delete_endpoint_config(EndpointConfigName=old)
        endpoints.sagemaker.delete_model(ModelName=model)
        assert endpoints.describe(name)["EndpointStatus"] in ("Updating", "InService")
        endpoints.in_service(name)
        callers.wait_for_more()
    assert callers.failures == []
    assert set(names_of(callers)) == {"old", "new"}
    assert set(names_of(callers)[-10:]) == {"new"}
    assert endpoints.describe(name)["EndpointConfigName"] == config


def test_an_update_to_a_broken_model_rolls_back(endpoints):
    name = endpoints.deploy(named("old"))
    config = endpoints.describe(name)["EndpointConfigName"]
    broken = endpoints.config_of(BROKEN)
    with Callers(endpoints, name) as callers:
        endpoints.update(name, broken)
        with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
            endpoints.update(name, broken)
        found = endpoints.wait(name)
        callers.wait_for_more()
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", config)
    assert "boom model" in found["FailureReason"]
    assert callers.failures == [] and set(names_of(callers)) == {"old"}
    endpoints.update(name, endpoints.config_of(named("new")))
    endpoints.in_service(name)
    assert "FailureReason" not in endpoints.describe(name)
    assert endpoints.ask(name)["name"] == "new"


def test_calls_go_by_weight_or_to_the_variant_they_name(endpoints):
    models = [endpoints.model(named(name)) for name in ("a", "b")]
    name = endpoints.create(endpoints.config(endpoints.variant(models[0], "A", 3), endpoints.variant(models[1], "B", 1)))
    endpoints.in_service(name)
    answers = [endpoints.ask(name)["name"] for _ in range(100)]
    assert 0 < answers.count("b") < 50  # 25 are expected
    for variant in ("A", "B"):
        answer = endpoints.invoke(name, TargetVariant=variant)
        assert answer["InvokedProductionVariant"] == variant
        assert f'"name": "{variant.lower()}"' in answer["Body"].decode()
    endpoints.sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=[
        {"VariantName": "A", "DesiredWeight": 0}, {"VariantName": "B", "DesiredWeight": 1, "DesiredInstanceCount": 2}])
    endpoints.in_service(name)
    shown = {each["VariantName"]: (each["CurrentWeight"], each["CurrentInstanceCount"])
             for each in endpoints.describe(name)["ProductionVariants"]}
    assert shown == {"A": (0.0, 1), "B": (1.0, 2)}
    after = [endpoints.ask(name) for _ in range(20)]
    assert {answer["name"] for answer in after} == {"b"} and len({answer["id"] for answer in after}) == 2
    assert endpoints.ask(name, TargetVariant="A")["name"] == "a"


def test_endpoint_configuration_and_model_are_removed_in_any_order(endpoints):
    sagemaker = endpoints.sagemaker
    model = endpoints.model(named("it"))
    config = endpoints.config(endpoints.variant(model))
    name = endpoints.in_service(endpoints.create(config))
    sagemaker.delete_model(ModelName=model)
    assert endpoints.ask(name)["name"] == "it"
    sagemaker.delete_endpoint_config(EndpointConfigName=config)
    assert endpoints.ask(name)["name"] == "it"
    sagemaker.delete_endpoint(EndpointName=name)
    wait_until(lambda: endpoints.gone(name), 40, "the end of the endpoint")
    # The name is free again, and nothing of the first one is left.
    second = endpoints.create(endpoints.config_of(named("again")), name)
    assert endpoints.ask(endpoints.in_service(second))["name"] == "again"


def test_nothing_of_a_removed_endpoint_runs_on(endpoints):
    name = endpoints.deploy(endpoints.container(named("it"), environment={MARK: "removed"}))
    [server] = model_servers("removed")
    endpoints.sagemaker.delete_endpoint(EndpointName=name)
    wait_until(lambda: endpoints.gone(name), 40, "the end of the endpoint")
    assert model_servers("removed") == [] and not os.path.exists(f"/proc/{server}")


def test_a_worker_killed_under_calls_fails_no_more_than_its_own(endpoints):
    container = endpoints.container(named("it"), environment={MARK: "worker", "SAGEMAKER_MODEL_SERVER_WORKERS": "2"})
    name = endpoints.deploy(container)
    kills = 3
    with Callers(endpoints, name) as callers:
        for _ in range(kills):
            wait_until(lambda: len(workers("worker")) == 2, 30, "two workers")
            os.kill(workers("worker")[0], signal.SIGKILL)
            callers.wait_for_more()
    assert len(callers.failures) <= kills
    assert all("ModelError" in str(failure) and "SIGKILL" in str(failure) for failure in callers.failures), callers.failures
    assert endpoints.describe(name)["EndpointStatus"] == "InService"


def test_a_model_server_killed_under_calls_is_replaced(endpoints):
    threads = 2
    name = endpoints.deploy(endpoints.container(named("it"), environment={MARK: "instance"}), count=2)
    before = model_servers("instance")
    assert len(before) == 2
    with Callers(endpoints, name, threads) as callers:
        callers.wait_for_more()
        first = {answer["id"] for answer in callers.answers}
        os.kill(before[0], signal.SIGKILL)
        callers.wait_for_more()
        wait_until(lambda: len(model_servers("instance")) == 2 and before[0] not in model_servers("instance"), 30, "another")
        wait_until(lambda: {answer["id"] for answer in callers.answers[-10:]} - first, 30, "calls to it")
    # Calls that it had read fail with it; the others go to the other instance.
    assert len(first) == 2 and len(callers.failures) <= threads, callers.failures
    assert all("ModelError" in str(failure) for failure in callers.failures), callers.failures


def test_endpoints_outlive_the_server(private):
    """Instances live on when the server ends, and are found again; those that have ended meanwhile are started again."""
    server = private.server
    name = private.deploy(named("it"))
    before = private.ask(name)["id"]
    assert server.stop() == 0
    server.start()
    assert private.describe(name)["EndpointStatus"] == "InService"
    assert wait_until(lambda: answered(private, name), 30, "an answer")["id"] == before
    server.kill()
    server.end_hosts()
    server.start()
    assert wait_until(lambda: answered(private, name), 60, "an answer")["id"] != before
    assert private.describe(name)["EndpointStatus"] == "InService"
    private.clear()
    wait_until(lambda: private.gone(name), 40, "the end of the endpoint")


def answered(endpoints: Endpoints, name: str) -> dict | None:
    """Nothing while no instance takes calls."""
    try:
        return endpoints.ask(name)
    except ClientError as error:
        assert error.response["Error"]["Code"] in ("ServiceUnavailable", "ModelError"), error
        return None


def test_an_endpoint_that_was_being_made_when_the_server_was_killed(private):
    name = private.create(private.config_of(named("it")))
    private.server.kill()
    private.server.start()
    assert private.ask(private.in_service(name))["name"] == "it"


def test_an_endpoint_being_removed_when_the_server_was_killed(private):
    name = private.deploy(private.container(named("it"), environment={MARK: "removing"}))
    private.sagemaker.delete_endpoint(EndpointName=name)
    private.server.kill()
    private.server.start()
    wait_until(lambda: private.gone(name), 40, "the end of the endpoint")
    assert model_servers("removing") == []


def test_training_jobs_are_not_hindered_and_lists_do_not_show_instances(endpoints, training):
    name = endpoints.deploy(named("it"))
    job = training.run("print('trained')")
    assert job["TrainingJobStatus"] == "Completed" and endpoints.ask(name)["name"] == "it"
    made = endpoints.describe(name)["CreationTime"]
    jobs = training.sagemaker.list_training_jobs(CreationTimeAfter=made)["TrainingJobSummaries"]
    assert jobs[0]["TrainingJobName"] == job["TrainingJobName"]
    assert not any(name in each["TrainingJobName"] for each in jobs)
    jobs = training.sagemaker.list_processing_jobs(CreationTimeAfter=made)["ProcessingJobSummaries"]
    assert not any(name in each["ProcessingJobName"] for each in jobs)

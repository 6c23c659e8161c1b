"""Application Auto Scaling of an endpoint's variants, with boto3 and the AWS CLI."""

import json
import subprocess
import sys
import time

import pytest
from botocore.exceptions import ClientError
from clary_server import Server
from endpoints import VARIANT, Callers, Endpoints, named
from training import Training, wait_until

DIMENSION = "sagemaker:variant:DesiredInstanceCount"
INVOCATIONS = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
SPACE = {"ServiceNamespace": "sagemaker"}
QUICK = "[jobs]\nstop_grace_seconds = 2\n[endpoints]\nscaling_period_seconds = 2\n"


def scaled(name: str, variant: str = VARIANT) -> dict[str, str]:
    return {**SPACE, "ResourceId": f"endpoint/{name}/variant/{variant}", "ScalableDimension": DIMENSION}


def tracking(target: float, **more) -> dict:
    configuration = {"TargetValue": target, "PredefinedMetricSpecification": INVOCATIONS, **more}
    return {"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": configuration}


def refusal(call, **request) -> tuple[str, str]:
    """The code and the sentence of what must be refused."""
    with pytest.raises(ClientError) as refused:
        call(**request)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def cli(server: Server, *words: str) -> dict:
    done = subprocess.run([sys.executable, "-m", "awscli", "application-autoscaling", *words], env=server.environment(),
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout) if done.stdout else {}


@pytest.fixture
def scaling(server):
    return server.client("application-autoscaling")


@pytest.fixture
def quick(new_server):
    """Endpoints of a server that scales by periods of two seconds."""
    server = new_server(config=QUICK).start()
    made = Endpoints(server, Training(server))
    yield made
    made.clear()


def counts(endpoints: Endpoints, name: str) -> tuple[int, int]:
    [variant] = endpoints.describe(name)["ProductionVariants"]
    return variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]


def test_calls_bring_instances_and_their_absence_takes_them_away(quick):
    scaling = quick.server.client("application-autoscaling")
    name = quick.deploy(named("it"))
    scaling.register_scalable_target(**scaled(name), MinCapacity=1, MaxCapacity=2)
    policy = tracking(5, ScaleInCooldown=0, ScaleOutCooldown=0)
    scaling.put_scaling_policy(PolicyName="calls", **scaled(name), **policy)
    with Callers(quick, name) as callers:
        wait_until(lambda: counts(quick, name)[1] == 2, 60, "a second instance")
        quick.in_service(name)
        callers.wait_for_more(50)
        assert len({answer["id"] for answer in callers.answers[-50:]}) == 2
        # More than the highest number is never wanted, whatever the calls.
        assert counts(quick, name) == (2, 2)
    assert callers.failures == []

    def ended() -> list[dict]:
        found = scaling.describe_scaling_activities(**SPACE)["ScalingActivities"]
        return found if found and all("EndTime" in each for each in found) else []
    [activity] = wait_until(ended, 30, "the end of the activity")
    assert (activity["StatusCode"], activity["ResourceId"]) == ("Successful", scaled(name)["ResourceId"])
    assert activity["Description"] == "Setting desired instance count to 2."
    assert "InvocationsPerInstance was above 5" in activity["Cause"] and "policy calls" in activity["Cause"]
    assert activity["StartTime"] <= activity["EndTime"]

    wait_until(lambda: counts(quick, name)[1] == 1, 90, "one instance again")
    quick.in_service(name)
    wait_until(lambda: len(ended()) == 2, 30, "the end of a second activity")
    newest = ended()[0]
    assert newest["Description"] == "Setting desired instance count to 1." and "was below 4.5" in newest["Cause"]


def test_a_target_goes_with_its_endpoint(quick):
    scaling = quick.server.client("application-autoscaling")
    name = quick.deploy(named("it"))
    scaling.register_scalable_target(**scaled(name), MinCapacity=1, MaxCapacity=2)
    scaling.put_scaling_policy(PolicyName="p", **scaled(name), **tracking(1000))
    quick.sagemaker.delete_endpoint(EndpointName=name)
    wait_until(lambda: not scaling.describe_scalable_targets(**SPACE)["ScalableTargets"], 60, "its end")
    assert scaling.describe_scaling_policies(**SPACE)["ScalingPolicies"] == []


def test_a_target_and_its_policies_are_shown_until_they_are_removed(endpoints, scaling):
    name = endpoints.deploy(named("it"))
    made = scaling.register_scalable_target(**scaled(name), MinCapacity=1, MaxCapacity=3)
    assert made["ScalableTargetARN"].startswith("arn:aws:application-autoscaling:")
    scaling.register_scalable_target(**scaled(name), MaxCapacity=4, SuspendedState={"DynamicScalingInSuspended": True})
    [target] = scaling.describe_scalable_targets(**SPACE, ResourceIds=[scaled(name)["ResourceId"]])["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"], target["ScalableTargetARN"]) == (1, 4, made["ScalableTargetARN"])
    assert target["SuspendedState"] == {"DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": False,
                                        "ScheduledScalingSuspended": False}
    policy = tracking(70.5, DisableScaleIn=True, ScaleOutCooldown=10)
    arn = scaling.put_scaling_policy(PolicyName="p", **scaled(name), **policy)["PolicyARN"]
    own = {"TargetValue": 50.0, "CustomizedMetricSpecification": {
        "MetricName": "Load", "Namespace": "Own", "Statistic": "Average", "Dimensions": [{"Name": "a", "Value": "b"}]}}
    scaling.put_scaling_policy(PolicyName="q", **scaled(name), PolicyType="TargetTrackingScaling",
                               TargetTrackingScalingPolicyConfiguration=own)
    shown = {each["PolicyName"]: each for each in scaling.describe_scaling_policies(
        **SPACE, ResourceId=scaled(name)["ResourceId"])["ScalingPolicies"]}
    assert set(shown) == {"p", "q"} and shown["p"]["PolicyARN"] == arn
    assert shown["p"]["TargetTrackingScalingPolicyConfiguration"] == policy["TargetTrackingScalingPolicyConfiguration"]
    assert shown["q"]["TargetTrackingScalingPolicyConfiguration"] == own
    scaling.delete_scaling_policy(PolicyName="q", **scaled(name))
    assert refusal(scaling.delete_scaling_policy, PolicyName="q", **scaled(name))[0] == "ObjectNotFoundException"
    scaling.deregister_scalable_target(**scaled(name))
    code, sentence = refusal(scaling.deregister_scalable_target, **scaled(name))
    assert code == "ObjectNotFoundException" and scaled(name)["ResourceId"] in sentence
    pages = scaling.get_paginator("describe_scaling_policies").paginate(**SPACE, ResourceId=scaled(name)["ResourceId"])
    assert [each for page in pages for each in page["ScalingPolicies"]] == []


def test_capacity_is_brought_within_its_limits(endpoints, scaling):
    name = endpoints.deploy(named("it"))
    scaling.register_scalable_target(**scaled(name), MinCapacity=2, MaxCapacity=2)
    scaling.put_scaling_policy(PolicyName="p", **scaled(name), **tracking(1e6))
    wait_until(lambda: counts(endpoints, name)[1] == 2, 30, "a second instance")
    endpoints.in_service(name)
    [activity, *_] = scaling.describe_scaling_activities(**SPACE, ResourceId=scaled(name)["ResourceId"])["ScalingActivities"]
    assert activity["Cause"] == "minimum capacity was set to 2"
    scaling.deregister_scalable_target(**scaled(name))


def test_an_alarm_takes_the_step_of_its_policy(endpoints, server, scaling):
    name = endpoints.deploy(named("it"))
    scaling.register_scalable_target(**scaled(name), MinCapacity=1, MaxCapacity=2)
    steps = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]}
    arn = scaling.put_scaling_policy(PolicyName="up", **scaled(name), PolicyType="StepScaling",
                                     StepScalingPolicyConfiguration=steps)["PolicyARN"]
    cloudwatch = server.client("cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName=f"busy-{name}", MetricName="Load", Namespace="Own", Statistic="Average", Period=60,
                                EvaluationPeriods=1, Threshold=5, ComparisonOperator="GreaterThanThreshold", AlarmActions=[arn])
    [policy] = scaling.describe_scaling_policies(**SPACE, ResourceId=scaled(name)["ResourceId"])["ScalingPolicies"]
    assert policy["PolicyType"] == "StepScaling" and policy["Alarms"][0]["AlarmName"] == f"busy-{name}"
    cloudwatch.set_alarm_state(AlarmName=f"busy-{name}", StateValue="ALARM", StateReason="by hand")
    wait_until(lambda: counts(endpoints, name)[1] == 2, 30, "a second instance")
    endpoints.in_service(name)
    cloudwatch.delete_alarms(AlarmNames=[f"busy-{name}"])
    assert refusal(cloudwatch.delete_alarms, AlarmNames=[f"busy-{name}"])[0] == "ResourceNotFound"
    scaling.deregister_scalable_target(**scaled(name))


def test_what_cannot_be_scaled_is_refused(endpoints, scaling):
    name = endpoints.deploy(named("it"))
    register, put = scaling.register_scalable_target, scaling.put_scaling_policy
    assert refusal(put, PolicyName="p", **scaled(name), **tracking(1))[0] == "ObjectNotFoundException"
    limits = {"MinCapacity": 1, "MaxCapacity": 2}
    for request, said in [({**scaled("absent"), **limits}, "not in service"),
                          ({**scaled(name, "absent"), **limits}, "not in service"),
                          ({**scaled(name), "ResourceId": f"endpoint/{name}", **limits}, "Unsupported"),
                          ({**scaled(name), "MinCapacity": 1}, "Both a minimum and a maximum"),
                          ({**scaled(name), "MinCapacity": 3, "MaxCapacity": 2}, "cannot be less"),
                          ({**scaled(name), "MinCapacity": 0, "MaxCapacity": 2}, "to zero"),
                          ({**scaled(name), **limits, "Tags": {"a": "b"}}, "leave out Tags"),
                          ({**scaled(name), **limits, "ScalableDimension": "sagemaker:variant:DesiredProvisionedConcurrency"},
                           "serverless")]:
        code, sentence = refusal(register, **request)
        assert code == "ValidationException" and said in sentence, (request, sentence)
    assert refusal(register, **scaled(name), MinCapacity=1, MaxCapacity=1000)[0] == "LimitExceededException"
    register(**scaled(name), **limits)
    for policy, said in [(tracking(0), "greater than zero"),
                         ({"PolicyType": "PredictiveScaling"}, "does not predict"),
                         ({"PolicyType": "TargetTrackingScaling"}, "must be given")]:
        code, sentence = refusal(put, PolicyName="p", **scaled(name), **policy)
        assert code == "ValidationException" and said in sentence, (policy, sentence)
    code, sentence = refusal(scaling.put_scheduled_action, ScheduledActionName="s", **scaled(name),
                             Schedule="rate(1 minute)", ScalableTargetAction={"MinCapacity": 2})
    assert "PutScheduledAction" in sentence
    assert refusal(scaling.describe_scaling_activities, **SPACE, NextToken="x")[0] == "InvalidNextTokenException"
    scaling.deregister_scalable_target(**scaled(name))


def test_scaling_is_asked_about_like_every_action(endpoints, server):
    name = endpoints.deploy(named("it"))
    iam = server.client("iam")
    user = f"scaler-{time.time_ns()}"
    iam.create_user(UserName=user)
    statement = {"Effect": "Allow", "Action": ["application-autoscaling:Describe*", "application-autoscaling:Register*"],
                 "Resource": "*"}
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [statement]}))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    limited = server.client("application-autoscaling", aws_access_key_id=key["AccessKeyId"],
                            aws_secret_access_key=key["SecretAccessKey"])
    limited.register_scalable_target(**scaled(name), MinCapacity=1, MaxCapacity=2)
    assert limited.describe_scalable_targets(**SPACE)["ScalableTargets"]
    code, sentence = refusal(limited.deregister_scalable_target, **scaled(name))
    assert code == "AccessDeniedException" and "application-autoscaling:DeregisterScalableTarget" in sentence
    server.client("application-autoscaling").deregister_scalable_target(**scaled(name))
    iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName=user, PolicyName="p")
    iam.delete_user(UserName=user)


def test_the_cli_registers_and_shows_a_target(endpoints, server):
    name = endpoints.deploy(named("it"))
    resource = scaled(name)["ResourceId"]
    words = ["--service-namespace", "sagemaker", "--resource-id", resource, "--scalable-dimension", DIMENSION]
    cli(server, "register-scalable-target", *words, "--min-capacity", "1", "--max-capacity", "2")
    cli(server, "put-scaling-policy", *words, "--policy-name", "p", "--policy-type", "TargetTrackingScaling",
        "--target-tracking-scaling-policy-configuration",
        json.dumps(tracking(1000)["TargetTrackingScalingPolicyConfiguration"]))
    [target] = cli(server, "describe-scalable-targets", "--service-namespace", "sagemaker", "--resource-ids",
                   resource)["ScalableTargets"]
    assert target["MaxCapacity"] == 2
    [policy] = cli(server, "describe-scaling-policies", "--service-namespace", "sagemaker", "--resource-id",
                   resource)["ScalingPolicies"]
    assert policy["PolicyName"] == "p"
    assert cli(server, "describe-scaling-activities", "--service-namespace", "sagemaker", "--resource-id",
               resource)["ScalingActivities"] == []
    cli(server, "deregister-scalable-target", *words)

"""CloudWatch Logs as clients write and search it: groups, events of one's own, filter patterns, retention."""

import subprocess
import sys
import time

import pytest

JOBS = "/aws/sagemaker/TrainingJobs"


@pytest.fixture(scope="module")
def logs(server):
    return server.client("logs")


@pytest.fixture
def group(logs, request):
    name = f"/tests/{request.node.name}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    return name


def now_ms() -> int:
    return int(time.time() * 1000)


def put(logs, group: str, *messages: str, stream: str = "s", at: int | None = None, step: int = 1) -> dict:
    start = at or now_ms()
    events = [{"timestamp": start + number * step, "message": text} for number, text in enumerate(messages)]
    return logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def found(logs, group: str, pattern: str = "", **more) -> list[str]:
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, filterPattern=pattern, **more)
    return [event["message"] for page in pages for event in page["events"]]


def test_groups_are_made_listed_and_removed(logs):
    for name in ("/made/b", "/made/a"):
        logs.create_log_group(logGroupName=name)
    with pytest.raises(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName="/made/a")
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="/made/", PaginationConfig={"PageSize": 1})
    listed = [group for page in pages for group in page["logGroups"]]
    assert [group["logGroupName"] for group in listed] == ["/made/a", "/made/b"]
    assert listed[0]["arn"].endswith(":log-group:/made/a:*")
    assert len(logs.describe_log_groups(logGroupNamePattern="ade/b")["logGroups"]) == 1
    logs.delete_log_group(logGroupName="/made/a")
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        logs.delete_log_group(logGroupName="/made/a")
    with pytest.raises(logs.exceptions.ClientError, match="failed to satisfy constraint"):
        logs.create_log_group(logGroupName="no spaces")


def test_groups_have_tags(logs):
    name = "/made/tagged"
    logs.create_log_group(logGroupName=name, tags={"team": "vision", "cost": "1 = ½ Euro"})
    arn = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]["logGroupArn"]
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "vision", "cost": "1 = ½ Euro"}
    logs.tag_resource(resourceArn=arn, tags={"team": "audio", "stage": ""})
    logs.untag_resource(resourceArn=arn, tagKeys=["cost", "absent"])
    assert logs.list_tags_log_group(logGroupName=name)["tags"] == {"team": "audio", "stage": ""}
    logs.tag_log_group(logGroupName=name, tags={"old": "way"})
    logs.untag_log_group(logGroupName=name, tags=["stage"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "audio", "old": "way"}
    with pytest.raises(logs.exceptions.TooManyTagsException, match="no more than 50"):
        logs.tag_resource(resourceArn=arn, tags={f"k{number}": "" for number in range(50)})
    with pytest.raises(logs.exceptions.InvalidParameterException, match="aws:"):
        logs.tag_resource(resourceArn=arn, tags={"aws:mine": ""})
    with pytest.raises(logs.exceptions.ClientError, match="failed to satisfy constraint"):
        logs.tag_resource(resourceArn=arn, tags={"a*": ""})
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="log group does not exist"):
        logs.list_tags_for_resource(resourceArn=arn + "-other")
    with pytest.raises(logs.exceptions.InvalidParameterException, match="not an ARN"):
        logs.list_tags_for_resource(resourceArn=name)
    logs.delete_log_group(logGroupName=name)
    logs.create_log_group(logGroupName=name)
    assert logs.list_tags_log_group(logGroupName=name)["tags"] == {}


def test_events_that_are_put_come_back(logs, group):
    start = now_ms() - 60_000
    put(logs, group, "one", "two", at=start, step=1000)
    events = logs.get_log_events(logGroupName=group, logStreamName="s", startFromHead=True)["events"]
    assert [(event["timestamp"] - start, event["message"]) for event in events] == [(0, "one"), (1000, "two")]
    assert events[0]["ingestionTime"] >= start + 60_000
    with pytest.raises(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_stream(logGroupName=group, logStreamName="s")


def test_events_keep_their_times_in_whatever_order_they_come(logs, group):
    start = now_ms() - 60_000
    put(logs, group, "c", "e", at=start, step=2000)
    read = logs.get_log_events(logGroupName=group, logStreamName="s", startFromHead=True)
    put(logs, group, "a", at=start - 3 * 86_400_000)
    put(logs, group, "b", "d", "f", at=start - 1000, step=2000)
    assert found(logs, group) == list("abcdef")
    assert found(logs, group, startTime=start, endTime=start + 2000) == ["c", "d"]

    def page(**more) -> dict:
        return logs.get_log_events(logGroupName=group, logStreamName="s", **more)

    events = page(startFromHead=True)["events"]
    assert [event["message"] for event in events] == list("abcdef")
    assert [event["timestamp"] - start for event in events[1:]] == [-1000, 0, 1000, 2000, 3000]
    # A token goes on from where it stood: what came late and lies before is not of its pages.
    newer = page(nextToken=read["nextForwardToken"], startFromHead=True)
    assert [event["message"] for event in newer["events"]] == ["f"]
    last = page(nextToken=newer["nextForwardToken"], startFromHead=True)
    assert last["events"] == [] and last["nextForwardToken"] == newer["nextForwardToken"]
    messages, token = [], {}
    for _ in range(6):
        answer = page(limit=1, **token)
        messages += [event["message"] for event in answer["events"]]
        token = {"nextToken": answer["nextBackwardToken"]}
    assert messages == list("fedcba")
    stream = logs.describe_log_streams(logGroupName=group)["logStreams"][0]
    assert stream["firstEventTimestamp"] == events[0]["timestamp"]
    assert stream["lastEventTimestamp"] == events[-1]["timestamp"]
    assert stream["lastIngestionTime"] >= start + 60_000


def test_a_batch_spans_a_day_of_what_is_valid(logs, group):
    day, now = 86_400_000, now_ms()

    def batch(*ages: int) -> dict:
        events = [{"timestamp": now - age, "message": str(age)} for age in ages]
        return logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)

    with pytest.raises(logs.exceptions.InvalidParameterException, match="24 hours"):
        batch(day + 5_000, 0)
    assert batch(15 * day, 0)["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    logs.put_retention_policy(logGroupName=group, retentionInDays=3)
    expired = batch(15 * day, 4 * day, 1000)["rejectedLogEventsInfo"]
    assert expired == {"tooOldLogEventEndIndex": 1, "expiredLogEventEndIndex": 2}
    assert found(logs, group) == ["1000", "0"]


def test_a_bad_batch_is_refused(logs, group):
    events = [{"timestamp": now_ms(), "message": "b"}, {"timestamp": now_ms() - 1000, "message": "a"}]
    with pytest.raises(logs.exceptions.InvalidParameterException, match="chronological"):
        logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)
    with pytest.raises(logs.exceptions.InvalidParameterException, match="too large"):
        put(logs, group, "x" * 600_000, "y" * 600_000)
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        put(logs, group, "x", stream="absent")
    old = put(logs, group, "old", at=now_ms() - 15 * 86_400_000)
    assert old["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    early = put(logs, group, "early", at=now_ms() + 3 * 3_600_000)
    assert early["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 0}
    assert found(logs, group) == []


def test_patterns_find_what_they_mean(logs, group):
    put(logs, group, "ERROR disk is full", "ERROR debug", "all well", '{"loss": 0.25, "phase": "train"}',
        '{"loss": 2.5, "phase": "test"}', '127.0.0.1 - ann [now] "GET /" 404 12')
    assert found(logs, group, "ERROR -debug") == ["ERROR disk is full"]
    assert found(logs, group, '?"all well" ?debug') == ["ERROR debug", "all well"]
    assert found(logs, group, "%E[A-Z]+R%") == ["ERROR disk is full", "ERROR debug"]
    assert found(logs, group, '{ $.loss < 1 && $.phase = "tr*" }') == ['{"loss": 0.25, "phase": "train"}']
    assert len(found(logs, group, "[ip, id, user, time, request, status=4*, bytes]")) == 1
    with pytest.raises(logs.exceptions.InvalidParameterException, match="Invalid filter pattern"):
        found(logs, group, "{ $.loss < }")


def test_a_group_of_another_account_or_region_is_not_here(logs, group):
    put(logs, group, "mine")
    arn = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["logGroupArn"]
    assert logs.filter_log_events(logGroupIdentifier=arn)["events"][0]["message"] == "mine"
    for other in (arn.replace(":000000000000:", ":111111111111:"), arn.replace(":us-east-1:", ":eu-north-1:")):
        with pytest.raises(logs.exceptions.ResourceNotFoundException, match="log group does not exist"):
            logs.filter_log_events(logGroupIdentifier=other)
        with pytest.raises(logs.exceptions.ResourceNotFoundException, match="log group does not exist"):
            logs.get_log_events(logGroupIdentifier=other, logStreamName="s")


def test_a_pattern_that_takes_long_ends_its_page(logs, group):
    put(logs, group, *["a" * 100 + "!"] * 150, "aaa")
    begun = time.monotonic()
    page = logs.filter_log_events(logGroupName=group, filterPattern="%^(a+)+$%")
    assert page["events"] == [] and page["nextToken"]
    assert time.monotonic() - begun < 20
    assert found(logs, group, "%^(a+)+$%") == ["aaa"]


def test_streams_are_merged_by_time_page_by_page(logs, group):
    logs.create_log_stream(logGroupName=group, logStreamName="t")
    start = now_ms() - 60_000
    put(logs, group, "s0", "s1", "s2", at=start, step=1000)
    put(logs, group, "t0", "t1", "t2", at=start, step=1000, stream="t")
    everything = ["s0", "t0", "s1", "t1", "s2", "t2"]
    assert found(logs, group) == everything
    assert found(logs, group, PaginationConfig={"PageSize": 1}) == everything
    assert found(logs, group, logStreamNames=["t"]) == ["t0", "t1", "t2"]
    assert found(logs, group, logStreamNamePrefix="s") == ["s0", "s1", "s2"]
    assert found(logs, group, startTime=start + 1000, endTime=start + 2000) == ["s1", "t1"]
    ids = [event["eventId"] for event in logs.filter_log_events(logGroupName=group)["events"]]
    assert len(set(ids)) == 6
    with pytest.raises(logs.exceptions.ResourceNotFoundException):
        found(logs, group, logStreamNames=["absent"])


def test_the_lines_of_jobs_are_searched_too(logs, training):
    job = training.run("print('needle in the hay')\nprint('more hay')\n")
    name = job["TrainingJobName"]
    assert found(logs, JOBS, "needle", logStreamNamePrefix=f"{name}/") == ["needle in the hay"]


def test_retention_takes_old_events_away(logs, group):
    put(logs, group, "old", at=now_ms() - 3 * 86_400_000)
    put(logs, group, "new")
    with pytest.raises(logs.exceptions.InvalidParameterException, match="retentionInDays"):
        logs.put_retention_policy(logGroupName=group, retentionInDays=2)
    logs.put_retention_policy(logGroupName=group, retentionInDays=1)
    assert found(logs, group) == ["new"]
    described = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]
    assert described["retentionInDays"] == 1
    logs.delete_retention_policy(logGroupName=group)
    assert "retentionInDays" not in logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]


def test_the_cli_filters_a_group(server, logs, group):
    put(logs, group, "from the start")
    done = subprocess.run([sys.executable, "-m", "awscli", "logs", "filter-log-events", "--log-group-name", group,
                           "--filter-pattern", "start", "--query", "events[].message", "--output", "text"],
                          env=server.environment(), capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "from the start", done.stderr

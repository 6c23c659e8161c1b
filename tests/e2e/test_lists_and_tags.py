"""ListTrainingJobs with every filter, sort and page; tags."""

import datetime

import pytest
from botocore.exceptions import ClientError


@pytest.fixture(scope="module")
def jobs(training):
    """Six finished jobs list-0 .. list-5, the odd ones failed; their descriptions."""
    names = [training.submit(f"import sys; sys.exit({number % 2})", name=f"list-{number}") for number in range(6)]
    return [training.wait(name) for name in names]


def names(training, **filters):
    answer = training.sagemaker.list_training_jobs(NameContains="list-", **filters)
    return [summary["TrainingJobName"] for summary in answer["TrainingJobSummaries"]]


def test_by_creation_time_ascending_unless_asked(training, jobs):
    assert names(training) == [f"list-{number}" for number in range(6)]
    assert names(training, SortOrder="Descending") == [f"list-{number}" for number in reversed(range(6))]
    assert names(training, SortBy="Name", SortOrder="Descending", MaxResults=1) == ["list-5"]


def test_filters_come_before_pages(training, jobs):
    assert names(training, StatusEquals="Failed", MaxResults=2) == ["list-1", "list-3"]
    assert names(training, StatusEquals="Failed", SortBy="Status") == ["list-1", "list-3", "list-5"]
    pages = training.sagemaker.get_paginator("list_training_jobs").paginate(
        NameContains="list-", StatusEquals="Completed", PaginationConfig={"PageSize": 2})
    assert [len(page["TrainingJobSummaries"]) for page in pages] == [2, 1]


def test_by_time(training, jobs):
    third = jobs[2]["CreationTime"]
    moment = datetime.timedelta(milliseconds=1)
    assert names(training, CreationTimeAfter=third - moment)[0] == "list-2"
    assert names(training, CreationTimeBefore=third - moment) == ["list-0", "list-1"]
    last = max(job["LastModifiedTime"] for job in jobs)
    assert names(training, LastModifiedTimeAfter=last + moment) == []
    assert len(names(training, LastModifiedTimeBefore=last + moment)) == 6


def test_tags_of_a_job(training):
    request = training.request("pass", Tags=[{"Key": "team", "Value": "red"}])
    arn = training.sagemaker.create_training_job(**request)["TrainingJobArn"]
    client = training.sagemaker
    assert client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "red"}]
    client.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "blue"}, {"Key": "n", "Value": "1"}])
    tags = {tag["Key"]: tag["Value"] for tag in client.list_tags(ResourceArn=arn)["Tags"]}
    assert tags == {"team": "blue", "n": "1"}
    client.delete_tags(ResourceArn=arn, TagKeys=["team", "n"])
    assert client.list_tags(ResourceArn=arn)["Tags"] == []
    with pytest.raises(ClientError, match="ValidationException|ResourceNotFound"):
        client.list_tags(ResourceArn=arn + "-not")
    training.wait(request["TrainingJobName"])

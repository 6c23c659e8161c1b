"""ECR: the environments of this machine as repositories and images, which training jobs then name."""

import base64
import json
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def ecr(server):
    return server.client("ecr")


def test_environments_are_seen_as_images_that_train(ecr, training):
    repositories = {one["repositoryName"]: one for one in ecr.describe_repositories()["repositories"]}
    assert {"default", "pytorch-training"} <= set(repositories)
    image = ecr.list_images(repositoryName="pytorch-training", filter={"tagStatus": "TAGGED"})["imageIds"][0]
    assert image["imageDigest"].startswith("sha256:") and "-cpu-py3" in image["imageTag"]
    uri = f"{repositories['pytorch-training']['repositoryUri']}:{image['imageTag']}"
    algorithm = {"TrainingInputMode": "File", "TrainingImage": uri}
    job = training.run("import torch\nprint('torch', torch.__version__)\n", AlgorithmSpecification=algorithm)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    version = image["imageTag"].partition("-")[0]
    assert any(line.startswith(f"torch {version}") for line in training.lines(job["TrainingJobName"]))


def test_repositories_come_page_by_page_and_by_name(ecr):
    pages = ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 1})
    names = [one["repositoryName"] for page in pages for one in page["repositories"]]
    assert len(names) > 1 and names == sorted(names)
    assert ecr.describe_repositories(repositoryNames=["default"])["repositories"][0]["repositoryName"] == "default"
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.describe_repositories(repositoryNames=["nobody"])
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.list_images(repositoryName="nobody")
    with pytest.raises(ecr.exceptions.ClientError, match="one registry"):
        ecr.describe_repositories(registryId="111111111111")


def test_a_token_has_the_form_that_clients_read(ecr):
    data = ecr.get_authorization_token()["authorizationData"][0]
    assert base64.b64decode(data["authorizationToken"]).startswith(b"AWS:")
    assert data["proxyEndpoint"].startswith("http://127.0.0.1:")


def test_the_cli_lists_images(server):
    done = subprocess.run([sys.executable, "-m", "awscli", "ecr", "list-images", "--repository-name", "default"],
                          env=server.environment(), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["imageIds"][0]["imageTag"] == "latest"

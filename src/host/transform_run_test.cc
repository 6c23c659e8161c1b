// A transform job on its host: what it reads, what its model is asked, what it writes, and how it
// ends.
#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "base/strings.h"
#include "host/host_fixture.h"
#include "host/serving_program.h"

namespace clary::host {
namespace {

using namespace std::chrono_literals;
using Bodies = std::vector<std::string>;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using testing::UnorderedElementsAre;

constexpr std::string_view kTwoLinesInGzip(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x33\xe4\x32\xe2\x02\x00\x61\x78\xe1\x69\x04\x00\x00"
    "\x00",
    24);

class TransformHost : public HostFixture {
 protected:
  void SetUp() override {
    HostFixture::SetUp();
    plan_.kind = "transform";
    plan_.job_arn = "arn:aws:sagemaker:us-east-1:000000000000:transform-job/job";
    plan_.hyperparameters = {};
    plan_.output_uri = "s3://b/out";
    plan_.model = {.form = "archive", .uri = "s3://b/m/model.tar.gz"};
    plan_.serving_socket = folder_.at("serve/serve.sock");
    plan_.max_runtime_seconds = 0;
    plan_.stop_grace_seconds = 30;
    plan_.transform = {
        .input_uri = "s3://b/in/", .content_type = "text/csv", .split = "Line", .assemble = "Line"};
    put_object("m/model.tar.gz", tar_of({{"model.pt", "weights"}}));
    model_ = [this](const net::ClientRequest& request) { return reply_to(request); };
  }
  // The model server lives until it is told to end.
  int transform() {
    lives_.push_back({.runs_for = 24h * 365, .on_wait = [] { std::this_thread::yield(); }});
    return run();
  }
  std::string outcome() const { return ended().string_or("outcome", ""); }
  Bodies bodies() const {
    const MutexLock lock(mutex_);
    return bodies_;
  }
  static Result<net::ClientReply> reply(int status, std::string body) {
    net::ClientReply made{.status = status};
    made.body = std::move(body);
    made.headers.add("Content-Type", "text/csv");
    return made;
  }

  std::function<Result<net::ClientReply>(const std::string& body)> answer_ =
      [](const std::string& body) { return reply(200, "<" + std::string(trim(body)) + ">"); };

 private:
  Result<net::ClientReply> reply_to(const net::ClientRequest& request) {
    if (request.target == "/ping") return reply(200, "");
    if (request.target != "/invocations") return reply(404, "");
    {
      const MutexLock lock(mutex_);
      bodies_.push_back(request.body);
    }
    return answer_(request.body);
  }

  mutable Mutex mutex_;
  Bodies bodies_ CLARY_GUARDED_BY(mutex_);
};

TEST_F(TransformHost, EachInputHasAnOutputOfItsName) {
  plan_.transform.strategy = "SingleRecord";
  put_object("in/a.csv", "1\n2\n");
  put_object("in/sub/b.csv", "3");
  ASSERT_EQ(transform(), kHostReported);
  EXPECT_EQ(outcome(), "completed") << failure();
  EXPECT_EQ(object("out/a.csv.out"), "<1>\n<2>\n");
  EXPECT_EQ(object("out/sub/b.csv.out"), "<3>\n");
  EXPECT_THAT(bodies(), ElementsAre("1\n", "2\n", "3"));
  EXPECT_EQ(link_.phases(), (Bodies{"downloading", "training", "ended"}));
  EXPECT_THAT(sandbox_.signals, ElementsAre(SIGTERM)) << "the model server is not needed any more";
  EXPECT_TRUE(logged("MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=SINGLE_RECORD"));
  EXPECT_FALSE(exists(folder_.at("transform")));
  EXPECT_FALSE(exists(folder_.at("serve")));
}

TEST_F(TransformHost, RecordsThatFitAreSentTogether) {
  put_object("in/a.csv", "1\n2\n");
  put_object("in/b.csv", "3\n");
  ASSERT_EQ(transform(), kHostReported);
  EXPECT_THAT(bodies(), ElementsAre("1\n2\n", "3\n")) << "of one object each";
}

TEST_F(TransformHost, WithoutASplitAnObjectIsOneRecord) {
  plan_.transform.split = "None";
  plan_.transform.assemble = "None";
  plan_.transform.input_uri = "s3://b/in/a.bin";
  put_object("in/a.bin", "1\n2\n");
  ASSERT_EQ(transform(), kHostReported);
  EXPECT_THAT(bodies(), ElementsAre("1\n2\n"));
  EXPECT_EQ(object("out/a.bin.out"), "<1\n2>");
}

TEST_F(TransformHost, UnpacksGzip) {
  plan_.transform.compression = "Gzip";
  put_object("in/a.csv.gz", std::string(kTwoLinesInGzip));
  ASSERT_EQ(transform(), kHostReported);
  EXPECT_THAT(bodies(), ElementsAre("1\n2\n")) << failure();
  EXPECT_EQ(object("out/a.csv.gz.out"), "<1\n2>\n");
}

TEST_F(TransformHost, WhatIsNotGzipIsSaid) {
  plan_.transform.compression = "Gzip";
  put_object("in/a.csv", "1\n2\n");
  ASSERT_EQ(transform(), kHostReported);
  EXPECT_EQ(outcome(), "failed");
  EXPECT_THAT(failure(), StartsWith("ClientError: b/in/a.csv: "));
}

TEST_F(TransformHost, AManifestNamesTheInputs) {
  plan_.transform.data_type = "ManifestFile";
  plan_.transform.input_uri = "s3://b/list";
  put_object("list", R"([{"prefix":"s3://b/in/"},"d/a.csv"])");
  put_object("in/d/a.csv", "1\n");
  put_object("in/d/b.csv", "2\n");
  ASSERT_EQ(transform(), kHostReported);
  EXPECT_EQ(outcome(), "completed") << failure();
  EXPECT_EQ(object("out/d/a.csv.out"), "<1>\n");
  EXPECT_EQ(object("out/d/b.csv.out"), "<absent>");
}

TEST_F(TransformHost, FiltersAndJoins) {
  plan_.transform.input_filter = "$[1:]";
  plan_.transform.output_filter = "$[0,-1]";
  plan_.transform.join_input = true;
  put_object("in/a.csv", "x,1,2\ny,3,4\n");
  answer_ = [](const std::string&) { return reply(200, "0.5\n0.25\n"); };
  ASSERT_EQ(transform(), kHostReported);
  EXPECT_EQ(outcome(), "completed") << failure();
  EXPECT_THAT(bodies(), ElementsAre("1,2\n3,4\n"));
  EXPECT_EQ(object("out/a.csv.out"), "x,0.5\ny,0.25\n");
}

TEST_F(TransformHost, ABadRecordCostsItsObjectAlone) {
  plan_.transform.strategy = "SingleRecord";
  put_object("in/a.csv", "1\nbad\n2\n");
  put_object("in/b.csv", "3\n");
  answer_ = [](const std::string& body) {
    return body == "bad\n" ? reply(400, R"({"message":"row 'bad'"})") : reply(200, "ok");
  };
  ASSERT_EQ(transform(), kHostReported);
  EXPECT_EQ(outcome(), "failed");
  EXPECT_EQ(failure(),
            "ClientError: b/in/a.csv: Bad HTTP status received from algorithm: 400: row 'bad'");
  EXPECT_TRUE(logged("b/in/a.csv: Bad HTTP status")) << "and in the log";
  EXPECT_EQ(object("out/a.csv.out"), "<absent>");
  EXPECT_EQ(object("out/b.csv.out"), "ok\n");
  EXPECT_THAT(sandbox_.signals, ElementsAre(SIGTERM));
}

TEST_F(TransformHost, FailuresAreCounted) {
  put_object("in/a", "x");
  put_object("in/b", "x");
  put_object("in/c", "good");
  answer_ = [](const std::string& body) { return reply(body == "good" ? 200 : 415, "no"); };
  ASSERT_EQ(transform(), kHostReported);
  EXPECT_THAT(failure(), StartsWith("ClientError: 2 of 3 objects could not be transformed. The "
                                    "first: b/in/a: "));
}

TEST_F(TransformHost, ARecordThatNoRequestCanCarryIsSaid) {
  plan_.transform.max_payload_mb = 1;
  put_object("in/a.csv", std::string((1 << 20) + 1, 'x'));
  ASSERT_EQ(transform(), kHostReported);
  EXPECT_EQ(failure(), "ClientError: b/in/a.csv: Too much data for max payload size");
  EXPECT_TRUE(bodies().empty());
}

TEST_F(TransformHost, NothingToTransformIsSaid) {
  ASSERT_EQ(transform(), kHostReported);
  EXPECT_EQ(outcome(), "failed");
  EXPECT_THAT(failure(),
              StartsWith("ClientError: No S3 objects found under S3 URL \"s3://b/in/\""));
}

TEST_F(TransformHost, AModelThatCannotBeLoadedFailsTheJob) {
  put_object("in/a.csv", "1\n");
  model_ = [](const net::ClientRequest&) {
    return reply(503, R"({"type":"ModelLoadFailed","message":"no module 'x'"})");
  };
  ASSERT_EQ(transform(), kHostReported);
  EXPECT_EQ(outcome(), "failed");
  EXPECT_EQ(failure(),
            "AlgorithmError: The model did not pass the ping health check: no module 'x'");
}

TEST_F(TransformHost, AModelServerThatEndsFailsTheJobWithItsLastWords) {
  put_object("in/a.csv", "1\n");
  model_ = nullptr;
  lives_.push_back({.runs_for = 0s,
                    .ends_with = {.code = 1},
                    .standard_error = "ModuleNotFoundError: No module named 'nosuch'\n"});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(outcome(), "failed");
  EXPECT_THAT(failure(), StartsWith("AlgorithmError: The model server ended with exit code 1"));
  EXPECT_THAT(failure(), HasSubstr("'nosuch'"));
}

TEST_F(TransformHost, AStopInTheMiddleLeavesNoHalfOutput) {
  plan_.transform.strategy = "SingleRecord";
  put_object("in/a.csv", "1\n2\n3\n");
  answer_ = [this](const std::string&) {
    link_.requests.stop(30s);
    return reply(200, "ok");
  };
  ASSERT_EQ(transform(), kHostReported);
  EXPECT_EQ(outcome(), "stopped") << failure();
  EXPECT_EQ(bodies().size(), 1U);
  EXPECT_EQ(object("out/a.csv.out"), "<absent>");
  EXPECT_EQ(link_.phases(), (Bodies{"downloading", "training", "stopping", "ended"}));
}

TEST_F(TransformHost, AFailureThatIsNotTheUsersIsSaidToBeOurs) {
  put_object("in/a.csv", "1\n");
  put_answer_ = internal_error("the disk");
  ASSERT_EQ(transform(), kHostReported);
  EXPECT_THAT(failure(), StartsWith("InternalServerError: b/in/a.csv: its output "));
}

TEST_F(TransformHost, AReasonIsNoLongerThanAwsHasIt) {
  std::string key = "in/";
  for (int i = 0; i < 4; ++i) key += std::string(200, 'k') + "/";
  put_object(key + "a.csv", "1\n");
  answer_ = [](const std::string&) { return reply(400, std::string(700, 'x')); };
  ASSERT_EQ(transform(), kHostReported);
  EXPECT_EQ(failure().size(), 1024U);
}

TEST_F(TransformHost, AnOutputThatCannotBeWrittenIsSaid) {
  put_object("in/a.csv", "1\n");
  put_answer_ = denied("s3:PutObject");
  ASSERT_EQ(transform(), kHostReported);
  EXPECT_THAT(failure(), StartsWith("ClientError: b/in/a.csv: "));
  EXPECT_THAT(failure(), HasSubstr("its output 's3://b/out/a.csv.out' could not be uploaded"));
  EXPECT_THAT(failure(), HasSubstr("s3:PutObject"));
}

TEST_F(TransformHost, AsManyRequestsAreUnderWayAsItsInstancesAllow) {
  plan_.transform.strategy = "SingleRecord";
  plan_.transform.instances = 2;
  put_object("in/a.csv", "1\n2\n3\n4\n");
  Mutex mutex;
  CondVar changed;
  int under_way = 0;
  int most = 0;
  answer_ = [&](const std::string& body) {
    const MutexLock lock(mutex);
    most = std::max(most, ++under_way);
    changed.notify_all();
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (most < 2 && std::chrono::steady_clock::now() < end) changed.wait_for(mutex, 1s);
    --under_way;
    return reply(200, body);
  };
  ASSERT_EQ(transform(), kHostReported);
  EXPECT_EQ(outcome(), "completed") << failure();
  EXPECT_EQ(most, 2);
  EXPECT_EQ(object("out/a.csv.out"), "1\n2\n3\n4\n") << "in the order of the records";
  EXPECT_THAT(bodies(), UnorderedElementsAre("1\n", "2\n", "3\n", "4\n"));
}

TEST_F(TransformHost, ItsProgramIsTheModelServer) {
  put_object("in/a.csv", "1\n");
  plan_.transform.max_payload_mb = 0;
  lives_.push_back({.runs_for = 24h * 365,
                    .on_spawn =
                        [](const compute::ProcessSpec& server) {
                          EXPECT_EQ(server.argv.at(1), "model-server");
                          EXPECT_THAT(server.argv, Contains("--max-payload-mb"));
                          EXPECT_THAT(server.argv, Contains("1024"));
                          EXPECT_EQ(variable(server, "TRANSFORM_JOB_ARN"),
                                    "arn:aws:sagemaker:us-east-1:000000000000:transform-job/job");
                          EXPECT_EQ(variable(server, "SM_MODEL_DIR"), "/opt/ml/model");
                          EXPECT_EQ(variable(server, "TRAINING_JOB_NAME"), "<absent>");
                        },
                    .on_wait = [] { std::this_thread::yield(); }});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(sandbox_.spawned.size(), 1U);
  EXPECT_EQ(outcome(), "completed") << failure();
}

}  // namespace
}  // namespace clary::host

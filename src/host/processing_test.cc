// A processing job on its host: the container's files, its program, what becomes of its outputs.
#include <gmock/gmock.h>

#include "host/container_files.h"
#include "host/host_fixture.h"
#include "host/outcome.h"

namespace clary::host {
namespace {

using namespace std::chrono_literals;
using Texts = std::vector<std::string>;
using testing::Contains;
using testing::HasSubstr;

class ProcessingHost : public HostFixture {
 protected:
  void SetUp() override {
    HostFixture::SetUp();
    plan_.kind = "processing";
    plan_.job_arn = "arn:aws:sagemaker:us-east-1:000000000000:processing-job/job";
    plan_.request = R"json({"ProcessingJobName":"job","RoleArn":"r",
      "AppSpecification":{"ImageUri":"i","ContainerEntrypoint":["python3"]},
      "ProcessingInputs":[{"InputName":"code","S3Input":{"S3Uri":"s3://b/x","S3DataType":"S3Prefix"}}],
      "ProcessingOutputConfig":{"Outputs":[{"OutputName":"o","S3Output":{"S3Uri":"s3://b/y"}}]},
      "ProcessingResources":{"ClusterConfig":{"InstanceCount":1}}})json";
    plan_.hyperparameters = {};
    plan_.output_uri = "";
    plan_.container_command = {"python3", "/opt/ml/processing/input/code/script.py", "--a"};
    put_object("code/script.py", "print(1)");
    plan_.channels = {
        {.name = "code", .uri = "s3://b/code/script.py", .path = "/opt/ml/processing/input/code"}};
    plan_.outputs = {
        {.name = "train", .uri = "s3://b/train", .path = "/opt/ml/processing/output/train"}};
  }
};

TEST_F(ProcessingHost, RunsTheProgramAndUploadsItsOutputs) {
  lives_.push_back({.on_spawn = [&](const compute::ProcessSpec& process) {
    EXPECT_EQ(process.argv, plan_.container_command);
    EXPECT_EQ(variable(process, "PROCESSING_JOB_ARN"), plan_.job_arn);
    EXPECT_EQ(variable(process, "TRAINING_JOB_NAME"), "<absent>");
    EXPECT_EQ(folder_.read("ml/processing/input/code/script.py"), "print(1)");
    write_ml("processing/output/train/train.csv", "1,2");  // its folder is there
    write_ml("output/message", " rows: 1 \n");
  }});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "completed") << failure();
  EXPECT_EQ(ended().string_or("exit_message", ""), "rows: 1");
  EXPECT_TRUE(std::ranges::any_of(link_.records(), [](const auto& record) {
    return record.second.string_or("message", "").starts_with("Processing: python3 /opt/ml/");
  }));
  EXPECT_EQ(object("train/train.csv"), "1,2");
  EXPECT_EQ(object("out/job/output/model.tar.gz"), "<absent>");
}

TEST_F(ProcessingHost, GivesTheContainerItsTwoFiles) {
  lives_.push_back({.on_spawn = [&](const compute::ProcessSpec&) {
    EXPECT_EQ(folder_.read("ml/config/resourceconfig.json"),
              R"({"current_host":"algo-1","hosts":["algo-1"],"network_interface_name":"eth0",)"
              R"("current_instance_type":"ml.c5.xlarge"})");
    const Document config = parse_json(folder_.read("ml/config/processingjobconfig.json")).value();
    EXPECT_EQ(config.string_or("ProcessingJobArn", ""), plan_.job_arn);
    EXPECT_EQ(to_json(*config.find("AppSpecification")),
              R"({"ImageUri":"i","ContainerEntrypoint":["python3"],"ContainerArguments":null})");
    EXPECT_EQ(to_json(*config.find("ProcessingResources")),
              R"({"ClusterConfig":{"InstanceCount":1,"VolumeKmsKeyId":null}})");
    EXPECT_EQ(to_json(*config.find("Environment")), "{}");
    EXPECT_EQ(to_json(config.find("ProcessingInputs")->as_array()->at(0)),
              R"({"InputName":"code","S3Input":{"S3Uri":"s3://b/x","S3DataType":"S3Prefix",)"
              R"("S3InputMode":"File","S3DataDistributionType":"FullyReplicated",)"
              R"("S3CompressionType":"None"},"AppManaged":false})");
  }});
  ASSERT_EQ(run(), kHostReported);
}

TEST_F(ProcessingHost, AFailureKeepsItsOutputsAndSaysWhatWasSaidLast) {
  lives_.push_back({.ends_with = {.code = 3},
                    .standard_error = "Traceback (most recent call last):\n"
                                      "  File \"/opt/ml/processing/input/code/script.py\", line 7, "
                                      "in <module>\nValueError: row 7\n",
                    .on_spawn = [&](const compute::ProcessSpec&) {
                      write_ml("processing/output/train/part", "p");
                    }});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(failure(), "AlgorithmError: See job logs for more information");
  EXPECT_EQ(ended().int_or("exit_code", 0), 3);
  EXPECT_EQ(object("train/part"), "p");
  EXPECT_THAT(link_.notices(), Contains(HasSubstr("ValueError: row 7")));
}

TEST_F(ProcessingHost, ASignalIsNamed) {
  lives_.push_back({.ends_with = {.signal = 11}});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(failure(), "AlgorithmError: See job logs for more information");
  EXPECT_EQ(ended().int_or("exit_code", 0), 139);
  EXPECT_THAT(link_.notices(), Contains(HasSubstr("SIGSEGV (Segmentation fault)")));
}

TEST_F(ProcessingHost, ItsProgramSeesTheMachinesPipSettings) {
  const std::string wheels = folder_.at("wheels");
  ASSERT_TRUE(make_folders(wheels).ok());
  plan_.interpreter.python =
      folder_.write("env/bin/python3",
                    "#!/bin/sh\necho x >> " + folder_.at("asked") +
                        "; echo \"global.index-url='http://index'\"; echo \"global.find-links='" +
                        wheels + "'\"\n",
                    0755);
  folder_.write("env/pip.conf", "[global]\nindex-url = http://index\n", 0644);
  plan_.environment = {{"PIP_TIMEOUT", "7"}};
  lives_.push_back({.on_spawn = [&](const compute::ProcessSpec& program) {
    EXPECT_EQ(variable(program, "PIP_INDEX_URL"), "http://index");
    EXPECT_EQ(variable(program, "PIP_TIMEOUT"), "7");
  }});
  ASSERT_EQ(run(), kHostReported);
  const auto& mounts = sandbox_.prepared.back().mounts;
  EXPECT_TRUE(std::ranges::any_of(mounts, [&](const auto& m) { return m.source == wheels; }));

  // pip takes its time: it is asked again when a setting has changed.
  again();
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(variable(sandbox_.spawned.back(), "PIP_INDEX_URL"), "http://index");
  EXPECT_EQ(folder_.read("asked"), "x\n");
  folder_.write("env/pip.conf", "[global]\nindex-url = http://other\n", 0644);
  again();
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(folder_.read("asked"), "x\nx\n");
}

TEST_F(ProcessingHost, AnExitMessageIsItsFirstKilobyte) {
  lives_.push_back({.on_spawn = [&](const compute::ProcessSpec&) {
    std::string text = "x";
    for (int i = 0; i < 1000; ++i) text += "é";
    write_ml("output/message", text);
  }});
  ASSERT_EQ(run(), kHostReported);
  const std::string message = ended().string_or("exit_message", "");
  EXPECT_EQ(message.size(), 1023U) << "no half character";
  EXPECT_TRUE(message.ends_with("é"));
}

TEST_F(ProcessingHost, AnOutputThatCannotBeUploadedFailsTheJob) {
  plan_.outputs[0].uri = "s3://gone/x";
  plan_.kept_folder = folder_.at("kept");
  plan_.kept_bytes = 1 << 20;
  lives_.push_back({.on_spawn = [&](const compute::ProcessSpec&) {
    write_ml("processing/output/train/part", "p");
  }});
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("outcome", ""), "failed");
  EXPECT_THAT(failure(), HasSubstr("Output 'train'"));
  EXPECT_EQ(folder_.read("kept/job.gang-1/processing/output/train/part"), "p");
}

TEST_F(ProcessingHost, OutputsThatAKilledHostHadNotMovedAreKeptToo) {
  plan_.outputs.push_back({.name = "more", .uri = "s3://b/more", .path = "/opt/ml/more"});
  plan_.kept_folder = folder_.at("kept");
  plan_.kept_bytes = 1 << 20;
  folder_.write("kept/job.gang-1/more/part", "moved");
  folder_.write("ml/processing/output/train/part", "p");
  const Outcome before{.kind = OutcomeKind::kCompleted, .script_ran = true};
  folder_.write("outcome.json", to_json(before.to_document()));
  ASSERT_EQ(run(), kHostReported);
  EXPECT_EQ(ended().string_or("kept_in", ""), folder_.at("kept/job.gang-1"));
  EXPECT_EQ(folder_.read("kept/job.gang-1/processing/output/train/part"), "p");
  EXPECT_EQ(folder_.read("kept/job.gang-1/more/part"), "moved");
  EXPECT_EQ(object("train/part"), "<absent>");
}

TEST_F(ProcessingHost, PathsOutsideTheJobAreRefused) {
  plan_.outputs[0].path = "/opt/ml/processing/../../etc";
  ASSERT_EQ(run(), kHostReported);
  EXPECT_THAT(failure(), HasSubstr("not a plain path under /opt/ml"));
}

}  // namespace
}  // namespace clary::host

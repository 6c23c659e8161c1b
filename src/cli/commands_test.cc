// The commands against a server that a test plays: what they ask for, what they print, what they
// exit with.
#include <sys/stat.h>

#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "cli/commands_fixture.h"
#include "cli/machine_probes.h"

namespace clary::cli {
namespace {

using std::chrono::milliseconds;

TEST_F(CommandsTest, WithoutAServerTheySayHowToStartOne) {
  EXPECT_EQ(jobs(context(), {}), ExitCode::kNoServer);
  EXPECT_NE(err_.find("clary up"), std::string::npos) << err_;
  // A record of a server that is gone.
  ASSERT_TRUE(
      write_file_atomically(folder_.path() + "/server.json", R"({"address":"127.0.0.1:1","pid":1})")
          .ok());
  EXPECT_EQ(describe(context(), {.job = "j"}), ExitCode::kNoServer);
}

TEST_F(CommandsTest, JobsFollowsPages) {
  start_server();
  reply(
      "ListTrainingJobs",
      {R"({"TrainingJobSummaries":[{"TrainingJobName":"a","TrainingJobStatus":"Failed"}],"NextToken":"t"})",
       R"({"TrainingJobSummaries":[{"TrainingJobName":"b","TrainingJobStatus":"Stopped"}]})"});
  reply(
      "ListProcessingJobs",
      {R"({"ProcessingJobSummaries":[{"ProcessingJobName":"p","ProcessingJobStatus":"Failed","CreationTime":9}]})"});
  reply(
      "ListTransformJobs",
      {R"({"TransformJobSummaries":[{"TransformJobName":"t","TransformJobStatus":"Failed","CreationTime":5}]})"});
  EXPECT_EQ(jobs(context(), {.status = "Failed"}), ExitCode::kOk) << err_;
  EXPECT_NE(out_.find("a     training    Failed"), std::string::npos) << out_;
  EXPECT_NE(out_.find("b     training    Stopped"), std::string::npos) << out_;
  EXPECT_LT(out_.find("p     processing  Failed"), out_.find("t     transform   Failed")) << out_;
  EXPECT_LT(out_.find("t     transform   Failed"), out_.find("a     ")) << "the newest first";
  ASSERT_EQ(asked_.size(), 4U);
  EXPECT_NE(asked_[0].find(R"("StatusEquals":"Failed")"), std::string::npos);
  EXPECT_NE(asked_[1].find(R"("NextToken":"t")"), std::string::npos);
}

TEST_F(CommandsTest, DescribeOfNoJobIsNotFound) {
  start_server();
  reply("DescribeTrainingJob",
        {R"({"__type":"ValidationException","message":"Requested resource not found."})"}, 400);
  for (const char* operation : {"DescribeProcessingJob", "DescribeTransformJob"}) {
    reply(operation,
          {R"({"__type":"ValidationException","message":"Could not find requested job"})"}, 400);
  }
  EXPECT_EQ(describe(context(), {.job = "ghost"}), ExitCode::kNotFound);
  EXPECT_EQ(err_, "clary: no job is called 'ghost'; `clary jobs` lists them\n");
  err_.clear();
  reply("ListTrainingJobs", {R"({"TrainingJobSummaries":[{"TrainingJobName":"ghosts"}]})"});
  EXPECT_EQ(describe(context(), {.job = "ghost"}), ExitCode::kNotFound);
  EXPECT_EQ(err_, "clary: no job is called 'ghost', did you mean 'ghosts'?\n");
}

TEST_F(CommandsTest, DescribePrintsTheReplyAsJson) {
  start_server();
  reply("DescribeTrainingJob", {R"({"TrainingJobName":"j","Unknown":{"x":[1]}})"});
  EXPECT_EQ(describe(context(true), {.job = "j"}), ExitCode::kOk);
  EXPECT_EQ(to_json(parse_json(out_).value()),
            R"({"TrainingJobName":"j","Unknown":{"x":[1]},"Events":[{"time":1,"message":"m"}],)"
            R"("Series":[{"name":"loss","points":[[1,2],[2,1]]}]})");
}

TEST_F(CommandsTest, LogsFollowsUntilTheJobIsOver) {
  start_server();
  reply("DescribeTrainingJob",
        {R"({"TrainingJobStatus":"InProgress"})",
         R"({"TrainingJobStatus":"Failed","FailureReason":"AlgorithmError: boom"})"});
  reply("DescribeLogStreams", {R"({"logStreams":[{"logStreamName":"j/algo-1-17"}]})"});
  reply("GetLogEvents", {R"({"events":[{"message":"one","timestamp":1}],"nextForwardToken":"f/1"})",
                         R"({"events":[],"nextForwardToken":"f/1"})",
                         R"({"events":[{"message":"two","timestamp":2}],"nextForwardToken":"f/2"})",
                         R"({"events":[],"nextForwardToken":"f/2"})"});
  EXPECT_EQ(logs(context(), {.job = "j", .follow = true, .interval = milliseconds(1)}),
            ExitCode::kFailed);
  EXPECT_EQ(out_, "one\ntwo\n");
  EXPECT_NE(err_.find("AlgorithmError: boom"), std::string::npos);
}

TEST_F(CommandsTest, LogsWaitsForAServerThatIsRestarted) {
  start_server();
  reply("DescribeTrainingJob",
        {R"({"TrainingJobStatus":"InProgress"})", R"({"TrainingJobStatus":"Completed"})"});
  reply("DescribeLogStreams", {R"({"logStreams":[]})"});
  // The record is gone at the second look, and back, at another address, once that has been said.
  terminal_ = Terminal(
      {}, [](std::string_view) {},
      [this](std::string_view text) {
        err_ += text;
        if (text.find("is away") != std::string_view::npos) start_server();
      });
  on_describe_ = [this] {
    ASSERT_TRUE(remove_tree(folder_.path() + "/server.json").ok());
    on_describe_ = nullptr;
  };
  EXPECT_EQ(logs(context(), {.job = "j", .follow = true, .interval = milliseconds(1)}),
            ExitCode::kOk)
      << err_;
  EXPECT_NE(err_.find("Completed"), std::string::npos) << err_;
}

TEST_F(CommandsTest, LogsGivesUpOnAServerThatStaysAway) {
  start_server();
  reply("DescribeTrainingJob", {R"({"TrainingJobStatus":"InProgress"})"});
  reply("DescribeLogStreams", {R"({"logStreams":[]})"});
  on_describe_ = [this] { ASSERT_TRUE(remove_tree(folder_.path() + "/server.json").ok()); };
  const LogsOptions impatient{
      .job = "j", .follow = true, .interval = milliseconds(1), .patience = milliseconds(5)};
  EXPECT_EQ(logs(context(), impatient), ExitCode::kNoServer);
}

TEST_F(CommandsTest, LogsBeforeTheFirstLineAreEmpty) {
  start_server();
  reply("DescribeTrainingJob", {R"({"TrainingJobStatus":"InProgress"})"});
  reply(
      "DescribeLogStreams",
      {R"({"__type":"ResourceNotFoundException","message":"The specified log group does not exist."})"},
      400);
  EXPECT_EQ(logs(context(), {.job = "j"}), ExitCode::kOk) << err_;
  EXPECT_EQ(out_, "");
  EXPECT_EQ(err_, "training job 'j' has printed nothing; it is InProgress\n");
}

TEST_F(CommandsTest, StopAsksForTheJob) {
  start_server();
  reply("DescribeTrainingJob", {R"({"TrainingJobName":"j"})"});
  reply("StopTrainingJob", {""});
  EXPECT_EQ(stop(context(), "j"), ExitCode::kOk) << err_;
  EXPECT_EQ(asked_.at(1), R"(StopTrainingJob {"TrainingJobName":"j"})");
}

TEST_F(CommandsTest, AJobOfAnotherKindIsFoundByItsNameOrNamedByItsKind) {
  start_server();
  reply("DescribeTrainingJob",
        {R"({"__type":"ValidationException","message":"Requested resource not found."})"}, 400);
  reply("DescribeProcessingJob", {R"({"ProcessingJobName":"p"})"});
  reply("StopProcessingJob", {""});
  EXPECT_EQ(stop(context(), "p"), ExitCode::kOk) << err_;
  EXPECT_EQ(asked_.at(2), R"(StopProcessingJob {"ProcessingJobName":"p"})");
  EXPECT_NE(err_.find("processing job 'p' is stopping"), std::string::npos) << err_;
  EXPECT_EQ(stop(context(), "processing-job/p"), ExitCode::kOk) << err_;
  EXPECT_EQ(asked_.at(3), R"(DescribeProcessingJob {"ProcessingJobName":"p"})");
}

TEST_F(CommandsTest, BrokenSettingsAreToldOnce) {
  tools_.settings = [](const Site& site) -> Result<Tools::SettingsSeen> {
    return invalid_argument(site.config + ":1: no setting is called 'listem'");
  };
  Context chosen = context();
  chosen.config = "/some/clary.toml";
  EXPECT_EQ(environments_list(chosen), ExitCode::kUsage);
  EXPECT_EQ(err_, "clary: /some/clary.toml:1: no setting is called 'listem'\n");
  doctor(chosen, Detail::kSummary);
  EXPECT_NE(out_.find("not looked at: the settings are broken"), std::string::npos) << out_;
  EXPECT_EQ(out_.find("apt-get install python3"), std::string::npos) << out_;
}

TEST_F(CommandsTest, TheRootKeyIsNotTakenForAUsers) {
  start_server();
  EXPECT_EQ(keys_revoke(context(), "AKIATEST"), ExitCode::kFailed);
  EXPECT_EQ(keys_rotate(context(), "AKIATEST"), ExitCode::kFailed);
  EXPECT_NE(err_.find("this is the root key: keys.access_key in clary.toml"), std::string::npos)
      << err_;
  EXPECT_TRUE(asked_.empty());
}

TEST_F(CommandsTest, EnvironmentsAreListed) {
  EXPECT_EQ(environments_list(context()), ExitCode::kOk);
  EXPECT_NE(out_.find("default  3.11    PATH  /usr/bin/python3  torch 2.13.0\n"), std::string::npos)
      << out_;
  out_.clear();
  EXPECT_EQ(environments_list(context(true)), ExitCode::kOk);
  EXPECT_EQ(parse_json(out_).value().as_array()->at(0).find("packages")->string_or("torch", ""),
            "2.13.0");
}

TEST_F(CommandsTest, DoctorFailsWhenSomethingIsBroken) {
  tools_.probes.push_back([](const Site&) {
    return Finding{.subject = "bubblewrap",
                   .state = Finding::State::kBroken,
                   .found = "no",
                   .mend = "install it"};
  });
  EXPECT_EQ(doctor(context(true), Detail::kSummary), ExitCode::kFailed);
  const Document report = parse_json(out_).value();
  EXPECT_EQ(report.find("findings")->as_array()->size(), machine_probes().size() + 2);
}

TEST_F(CommandsTest, DoctorListsWhatHasNoEffectWhenAskedTo) {
  doctor(context(), Detail::kSummary);
  EXPECT_NE(out_.find("have no effect here"), std::string::npos) << out_;
  EXPECT_EQ(out_.find("VpcConfig"), std::string::npos);
  out_.clear();
  doctor(context(), Detail::kAll);
  EXPECT_NE(out_.find("VpcConfig"), std::string::npos) << out_;
}

TEST_F(CommandsTest, WhatThereIsNotToShowIsAFailureAndNoMissingJob) {
  start_server();
  reply("DescribeTrainingJob", {R"({"TrainingJobName":"j","TrainingJobStatus":"Completed"})"});
  series_ = R"({"series":[]})";
  EXPECT_EQ(describe(context(), {.job = "j", .plot = folder_.path() + "/x.png"}),
            ExitCode::kFailed);
  EXPECT_NE(err_.find("nothing to draw"), std::string::npos) << err_;
  tools_.enter_job = [](const auto&, const auto&, const auto&) -> Result<int> {
    return conflict("no script runs now");
  };
  EXPECT_EQ(exec(context(), {.job = "j"}), ExitCode::kFailed);
  tools_.enter_job = [](const auto&, const auto&, const auto&) -> Result<int> {
    return not_found("start 'pyhton': No such file or directory");
  };
  EXPECT_EQ(static_cast<int>(exec(context(), {.job = "j", .command = {"pyhton"}})), 127);
}

TEST_F(CommandsTest, ProbesSeeTheDataFolder) {
  EXPECT_EQ(probe_data_folder(folder_.path() + "/new/er").state, Finding::State::kWorks);
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
  EXPECT_EQ(probe_data_folder(folder_.path()).state, Finding::State::kLimited);
  ASSERT_TRUE(write_file_atomically(folder_.path() + "/file", "x").ok());
  EXPECT_EQ(probe_data_folder(folder_.path() + "/file").state, Finding::State::kBroken);
  start_server();
  hold_lock();
  EXPECT_EQ(probe_port(folder_.path(), "127.0.0.1:0").state, Finding::State::kWorks);
}

TEST(CommandLine, ExitsWithUsageOnNonsense) {
  const SystemClock clock;
  Tools tools;
  tools.clock = &clock;
  const char* nonsense[] = {"clary", "jobs", "--stutus", "x"};
  EXPECT_EQ(run_client_command(4, nonsense, tools), 2);
  for (const char* limit : {"x", "0", "-1"}) {
    const char* wrong[] = {"clary", "jobs", "--limit", limit};
    EXPECT_EQ(run_client_command(4, wrong, tools), 2) << limit;
  }
  const char* unknown[] = {"clary", "jbos"};
  EXPECT_EQ(run_client_command(2, unknown, tools), 2);
  const char* nothing[] = {"clary"};
  EXPECT_EQ(run_client_command(1, nothing, tools), 2);
}

TEST(CommandLine, HelpAndVersionMayStandInACommandsPlace) {
  const auto plain = [](std::vector<const char*> words) {
    std::string text;
    for (const char* word : plain_command_line(static_cast<int>(words.size()), words.data()))
      text += std::string(word) + " ";
    return text;
  };
  EXPECT_EQ(plain({"clary"}), "clary ");
  EXPECT_EQ(plain({"clary", "help"}), "clary --help ");
  EXPECT_EQ(plain({"clary", "help", "keys", "create"}), "clary keys create --help ");
  EXPECT_EQ(plain({"clary", "version"}), "clary --version ");
  EXPECT_EQ(plain({"clary", "logs", "help"}), "clary logs help ");
}

TEST(DataFolder, HasADefault) {
  EXPECT_EQ(default_data_folder({{"HOME", "/home/x"}}), "/home/x/.local/share/clary");
  EXPECT_EQ(default_data_folder({{"HOME", "/home/x"}, {"CLARY_DATA", "/d"}}), "/d");
}

}  // namespace
}  // namespace clary::cli

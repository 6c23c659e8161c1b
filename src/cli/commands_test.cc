// The commands against a server that a test plays: what they ask for, what they print, what they
// exit with.
#include "cli/commands.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/json.h"
#include "base/temporary_folder.h"
#include "cli/machine_probes.h"
#include "cli/server_record.h"
#include "net/fake_server.h"
#include "net/server.h"

namespace clary::cli {
namespace {

using std::chrono::milliseconds;

// Answers operations with the replies that a test has lined up; the last one of an operation stays.
class CommandsTest : public testing::Test {
 protected:
  CommandsTest()
      : handler_([this](const net::RequestHead& head) { return answer(head); }),
        terminal_(
            {}, [this](std::string_view text) { out_ += text; },
            [this](std::string_view text) { err_ += text; }) {
    tools_.clock = &clock_;
    tools_.root_key = [](const std::string&) -> Result<KeyPair> {
      return KeyPair{.id = AccessKeyId("AKIATEST"), .secret = Secret("secret")};
    };
    tools_.client_hook = [](const std::string&) -> Result<std::string> {
      return std::string("/hook/clary_hook");
    };
    tools_.environments.list = [](const std::string&) -> Result<std::vector<EnvironmentRow>> {
      return std::vector<EnvironmentRow>{{.name = "default",
                                          .origin = "PATH",
                                          .python = "/usr/bin/python3",
                                          .version = "3.11",
                                          .packages = {{"torch", "2.13.0"}},
                                          .problem = ""}};
    };
  }

  void start_server() {
    server_ = std::make_unique<net::Server>(handler_, silent_logger());
    const auto bound = server_->listen("127.0.0.1:0");
    ASSERT_TRUE(bound.ok());
    ASSERT_TRUE(write_file_atomically(folder_.path() + "/server.json",
                                      to_json(Document::object({{"address", *bound}, {"pid", 1}})))
                    .ok());
  }

  // As a running server does.
  void hold_lock() {
    auto lock = open_file(folder_.path() + "/lock", O_RDWR | O_CREAT);
    ASSERT_TRUE(lock.ok());
    ASSERT_EQ(::flock(lock->get(), LOCK_EX | LOCK_NB), 0);
    lock_ = std::move(*lock);
  }

  void reply(const std::string& operation, std::vector<std::string> bodies, int status = 200) {
    replies_[operation] = {std::move(bodies), status};
  }

  Context context(bool json = false) {
    return {.tools = tools_, .terminal = terminal_, .data_folder = folder_.path(), .json = json};
  }

  TemporaryFolder folder_;
  SystemClock clock_;
  Tools tools_;
  std::string out_;
  std::string err_;
  std::mutex mutex_;
  std::vector<std::string> asked_;  // "Operation body"
  std::function<void()> on_describe_;
  std::string series_ = R"({"series":[{"name":"loss","points":[[1,2],[2,1]]}]})";

 private:
  struct Lined {
    std::vector<std::string> bodies;
    int status = 200;
    std::size_t next = 0;
  };

  net::StartOutcome answer(const net::RequestHead& head) {
    if (head.target == "/readyz") return net::text_reply("ready");
    if (head.target == "/_clary/jobs/training-job/j")
      return net::text_reply(R"({"events":[{"time":1,"message":"m"}]})");
    if (head.target == "/_clary/jobs/training-job/j/series") return net::text_reply(series_);
    const std::string target(head.headers.get("X-Amz-Target"));
    const bool is_signed =
        head.headers.get("Authorization").find("Credential=AKIATEST/") != std::string_view::npos;
    return std::unique_ptr<net::RequestSink>(
        std::make_unique<net::FakeSink>([this, target, is_signed](const std::string& body) {
          const std::scoped_lock lock(mutex_);
          const std::string operation = target.substr(target.find('.') + 1);
          asked_.push_back(operation + " " + body);
          if (operation == "DescribeTrainingJob" && on_describe_) on_describe_();
          if (!is_signed) return net::text_reply(R"({"message":"not signed"})", 403);
          Lined& lined = replies_[operation];
          if (lined.bodies.empty()) return net::text_reply(R"({"message":"unexpected"})", 500);
          const std::string text = lined.bodies[std::min(lined.next++, lined.bodies.size() - 1)];
          return net::text_reply(text, lined.status);
        }));
  }

  std::map<std::string, Lined> replies_;
  net::FakeHandler handler_;
  std::unique_ptr<net::Server> server_;
  Fd lock_;

 protected:
  Terminal terminal_;
};

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
  EXPECT_EQ(jobs(context(), {.status = "Failed"}), ExitCode::kOk) << err_;
  EXPECT_NE(out_.find("a     training    Failed"), std::string::npos) << out_;
  EXPECT_NE(out_.find("b     training    Stopped"), std::string::npos) << out_;
  EXPECT_LT(out_.find("p     processing  Failed"), out_.find("a     ")) << "the newest first";
  ASSERT_EQ(asked_.size(), 3U);
  EXPECT_NE(asked_[0].find(R"("StatusEquals":"Failed")"), std::string::npos);
  EXPECT_NE(asked_[1].find(R"("NextToken":"t")"), std::string::npos);
}

TEST_F(CommandsTest, DescribeOfNoJobIsNotFound) {
  start_server();
  reply("DescribeTrainingJob",
        {R"({"__type":"ValidationException","message":"Requested resource not found."})"}, 400);
  reply("DescribeProcessingJob",
        {R"({"__type":"ValidationException","message":"Could not find requested job"})"}, 400);
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

TEST_F(CommandsTest, UpOnARunningServerPrintsItsEnvironment) {
  start_server();
  hold_lock();
  tools_.program = "/nonexistent";
  EXPECT_EQ(up(context(), {.shell = "bash"}), ExitCode::kOk) << err_;
  EXPECT_NE(out_.find("export AWS_ACCESS_KEY_ID='AKIATEST'\n"), std::string::npos) << out_;
  EXPECT_NE(err_.find("already running"), std::string::npos);
}

TEST_F(CommandsTest, UpSaysWhyTheServerDidNotStart) {
  const std::string program = folder_.path() + "/program";
  ASSERT_TRUE(
      write_file_atomically(program, "#!/bin/sh\necho \"port taken: $1 $2 $3\"\nexit 1\n", 0755)
          .ok());
  tools_.program = program;
  EXPECT_EQ(up(context(), {}), ExitCode::kFailed);
  EXPECT_NE(err_.find("port taken: serve --data " + folder_.path()), std::string::npos) << err_;
}

TEST_F(CommandsTest, DownWithoutAServerIsFine) {
  EXPECT_EQ(down(context(), {}), ExitCode::kOk);
  EXPECT_NE(err_.find("no server is running"), std::string::npos);
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
  tools_.probes.push_back([](const std::string&) {
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

TEST_F(CommandsTest, UpBesideAServerThatListensElsewhereSaysSo) {
  start_server();
  hold_lock();
  tools_.program = "/nonexistent";
  EXPECT_EQ(up(context(), {.listen = "127.0.0.1:1", .shell = "bash"}), ExitCode::kFailed);
  EXPECT_NE(err_.find("runs already at http://127.0.0.1:"), std::string::npos) << err_;
  EXPECT_NE(err_.find("--listen 127.0.0.1:1"), std::string::npos) << err_;
  EXPECT_NE(err_.find("clary down"), std::string::npos) << err_;
  EXPECT_EQ(out_, "");
  EXPECT_EQ(up(context(), {.tls = true}), ExitCode::kFailed);
  EXPECT_NE(err_.find("--tls"), std::string::npos) << err_;
  EXPECT_EQ(up(context(), {.config = "/etc/other.toml"}), ExitCode::kFailed);
  EXPECT_NE(err_.find("--config /etc/other.toml"), std::string::npos) << err_;
  const std::string port = read_server_record(folder_.path()).value().address.substr(9);
  for (const std::string& same :
       {"localhost" + port, "127.0.0.1" + port, std::string("127.0.0.1:0")})
    EXPECT_EQ(up(context(), {.listen = same, .shell = "bash"}), ExitCode::kOk) << same << err_;
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

TEST(DataFolder, HasADefault) {
  EXPECT_EQ(default_data_folder({{"HOME", "/home/x"}}), "/home/x/.local/share/clary");
  EXPECT_EQ(default_data_folder({{"HOME", "/home/x"}, {"CLARY_DATA", "/d"}}), "/d");
}

}  // namespace
}  // namespace clary::cli

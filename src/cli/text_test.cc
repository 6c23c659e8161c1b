// The pure texts: tables, bars, shells, errors, jobs, findings.
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/strings.h"
#include "cli/command_names.h"
#include "cli/doctor_text.h"
#include "cli/job_text.h"
#include "cli/plot.h"
#include "cli/server_api.h"
#include "cli/shell_text.h"
#include "cli/table.h"
#include "cli/timeline.h"

namespace clary::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kStart{seconds(1'700'000'000)};

Terminal plain_terminal(TerminalTraits traits = {}) {
  return Terminal(traits, [](std::string_view) {}, [](std::string_view) {});
}

Document json(std::string_view text) {
  auto document = parse_json(text);
  EXPECT_TRUE(document.ok()) << text;
  return document.ok() ? *document : Document();
}

TEST(Table, AlignsByWhatIsSeen) {
  EXPECT_EQ(format_table({"NAME", "N"}, {{"a", "1"}, {"\x1b[32mlong\x1b[0m", "2"}, {"é", "3"}}),
            "NAME  N\na     1\n\x1b[32mlong\x1b[0m  2\né     3\n");
  EXPECT_EQ(format_table({}, {{"a", ""}, {"b"}}), "a\nb\n");
  EXPECT_EQ(format_table({}, {}), "");
}

TEST(Bar, IsAShareOfItsWidth) {
  EXPECT_EQ(bar(0.5, {.utf8 = false, .width = 10}), "#####");
  EXPECT_EQ(bar(0.001, {.utf8 = false, .width = 10}), "#");
  EXPECT_EQ(bar(0, {.utf8 = false, .width = 10}), "");
  EXPECT_EQ(bar(7, {.utf8 = false, .width = 10}), "##########");
  EXPECT_EQ(bar(0.25, {.utf8 = true, .width = 10}), "██▌");
  EXPECT_EQ(bar(0.0001, {.utf8 = true, .width = 10}), "▏");
}

TEST(Timeline, ShowsWhereTheTimeWent) {
  const std::vector<Stretch> stretches = {
      {.name = "Starting", .message = "", .start = kStart, .end = kStart + milliseconds(500)},
      {.name = "Training",
       .message = "",
       .start = kStart + milliseconds(500),
       .end = kStart + milliseconds(2000)},
      {.name = "Completed",
       .message = "",
       .start = kStart + milliseconds(2000),
       .end = kStart + milliseconds(2000)}};
  const std::string text =
      format_timeline(stretches, kStart + seconds(99), {.utf8 = false, .width = 8});
  EXPECT_NE(text.find("Starting"), std::string::npos);
  EXPECT_NE(text.find("25 %  ##\n"), std::string::npos) << text;
  EXPECT_NE(text.find("75 %  ######\n"), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with("  Completed\n")) << text;
}

TEST(Timeline, MeasuresWhatGoesOnToNow) {
  const std::vector<Stretch> stretches = {
      {.name = "Training", .message = "", .start = kStart, .end = std::nullopt}};
  const std::string text =
      format_timeline(stretches, kStart + seconds(3), {.utf8 = false, .width = 4});
  EXPECT_NE(text.find("so far"), std::string::npos) << text;
  EXPECT_NE(text.find("100 %  ####"), std::string::npos) << text;
  // A clock that was set back is no negative time.
  EXPECT_NE(format_timeline(stretches, kStart - seconds(3), {}).find("0 %"), std::string::npos);
}

TEST(Timeline, ReadsTransitions) {
  const auto stretches = stretches_of(json(
      R"({"SecondaryStatusTransitions":[{"Status":"Starting","StartTime":1700000000.5,"EndTime":1700000001,"StatusMessage":"m"},{"Status":"Training","StartTime":1700000001}]})"));
  ASSERT_EQ(stretches.size(), 2U);
  EXPECT_EQ(stretches[0].name, "Starting");
  EXPECT_EQ(stretches[0].message, "m");
  EXPECT_EQ(stretches[0].start, kStart + milliseconds(500));
  EXPECT_EQ(stretches[0].end, kStart + seconds(1));
  EXPECT_FALSE(stretches[1].end.has_value());
  EXPECT_TRUE(stretches_of(json("{}")).empty());
}

ServerRecord server() { return {.address = "127.0.0.1:4580", .pid = 1}; }
KeyPair key() { return {.id = AccessKeyId("AKIA1"), .secret = Secret("s'c")}; }

TEST(ShellText, IsReadByEachShell) {
  const Exports exports = {{"A", "it's"}, {"B", std::nullopt}};
  EXPECT_EQ(shell_text(exports, Shell::kBash), "export A='it'\\''s'\nunset B\n");
  EXPECT_EQ(shell_text(exports, Shell::kFish), "set -gx A 'it\\'s';\nset -e B;\n");
  EXPECT_EQ(shell_of("/usr/bin/fish"), Shell::kFish);
  EXPECT_EQ(shell_of("zsh"), Shell::kZsh);
  EXPECT_EQ(shell_of("/bin/sh"), Shell::kBash);
}

std::optional<std::string> exported(const Exports& exports, const std::string& name) {
  for (const auto& [key, value] : exports) {
    if (key == name) return value.value_or("(removed)");
  }
  return std::nullopt;
}

TEST(ClientExports, LeadToThisServerOnly) {
  const Exports exports = client_exports(server(), key(), "/d/python/2/clary_hook",
                                         {{"PYTHONPATH", "/mine:/d/python/1/clary_hook"},
                                          {"AWS_SESSION_TOKEN", "t"},
                                          {"AWS_ENDPOINT_URL_S3", "http://elsewhere"},
                                          {"HTTP_PROXY", "http://proxy"},
                                          {"NO_PROXY", "localhost"}});
  EXPECT_EQ(exported(exports, "AWS_ENDPOINT_URL"), "http://127.0.0.1:4580");
  EXPECT_EQ(exported(exports, "AWS_SECRET_ACCESS_KEY"), "s'c");
  EXPECT_EQ(exported(exports, "AWS_EC2_METADATA_DISABLED"), "true");
  EXPECT_EQ(exported(exports, "PYTHONPATH"), "/d/python/2/clary_hook:/mine");
  EXPECT_EQ(exported(exports, "AWS_SESSION_TOKEN"), "(removed)");
  EXPECT_EQ(exported(exports, "AWS_ENDPOINT_URL_S3"), "(removed)");
  EXPECT_EQ(exported(exports, "NO_PROXY"), "localhost,127.0.0.1");
  EXPECT_EQ(exported(client_exports(server(), key(), "/h", {}), "NO_PROXY"), std::nullopt);
}

TEST(ErrorOfReply, SaysWhatToDoNext) {
  EXPECT_EQ(
      error_of_reply(
          400, R"({"__type":"ValidationException","message":"Requested resource not found."})")
          .code,
      ErrorCode::kNotFound);
  EXPECT_EQ(
      error_of_reply(400, R"({"__type":"a#ResourceNotFoundException","Message":"no group"})").code,
      ErrorCode::kNotFound);
  const Error refused =
      error_of_reply(400, R"({"__type":"ValidationException","message":"1 validation error"})");
  EXPECT_EQ(refused.code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused.message, "1 validation error");
  EXPECT_EQ(error_of_reply(403, "<html>").code, ErrorCode::kDenied);
  EXPECT_EQ(error_of_reply(503, "").code, ErrorCode::kUnavailable);
  EXPECT_EQ(error_of_reply(500, "").code, ErrorCode::kInternal);
}

constexpr std::string_view kJob = R"({
  "TrainingJobName":"cifar","TrainingJobStatus":"Completed","SecondaryStatus":"Completed",
  "CreationTime":1700000000,"TrainingEndTime":1700000004,
  "AlgorithmSpecification":{"TrainingImage":"pytorch:2"},"ResourceConfig":{"InstanceType":"ml.m5.large"},
  "ModelArtifacts":{"S3ModelArtifacts":"s3://b/model.tar.gz"},
  "SecondaryStatusTransitions":[
    {"Status":"Training","StartTime":1700000000,"EndTime":1700000004,"StatusMessage":"fine"},
    {"Status":"Completed","StartTime":1700000004,"EndTime":1700000004}],
  "FinalMetricDataList":[{"MetricName":"test:accuracy","Value":0.725,"Timestamp":1700000004}]})";

constexpr std::string_view kEvents = R"({"events":[
  {"time":1700000000,"status":"Starting","message":"Starting the training job"},
  {"time":1700000001.5,"message":"image asks torch 2.1,\u001b[31m running 2.13.0"}]})";

constexpr std::string_view kSeries = R"({"series":[
  {"name":"CPUUtilization","usage":true,"points":[[1700000001,100],[1700000002,200.0]]},
  {"name":"nothing yet","usage":true,"points":[]},
  {"name":"test:accuracy","usage":false,"points":[[1700000002,0.5],[1700000004,0.725]]}]})";

TEST(SeriesText, DrawsTheCourseOnATerminal) {
  const std::vector<Series> series = series_of(json(kSeries));
  ASSERT_EQ(series.size(), 2U);
  const Terminal terminal = plain_terminal({.utf8 = true});
  EXPECT_NE(usage_text(series, terminal).find("▅█"), std::string::npos)
      << usage_text(series, terminal);
  EXPECT_NE(metrics_text(series, terminal).find("▁█"), std::string::npos);
}

TEST(SeriesText, SparklinesAreMeansOfWhatFallsOnAColumn) {
  std::vector<SeriesPoint> points;
  for (int i = 0; i < 100; ++i) points.push_back({.time = 1.0 * i, .value = 1.0 * (i / 50)});
  EXPECT_EQ(sparkline(points, 4, 0, 1), "▁▁██");
  EXPECT_EQ(sparkline({{0, 5}}, 4, 5, 5), "▁") << "a series that does not change";
  EXPECT_EQ(sparkline({}, 4, 0, 1), "");
}

TEST(Plot, TellsGnuplotWhatToDraw) {
  const std::string script = plot_script("it's\n$(x)", series_of(json(kSeries)), "/tmp/a b.png");
  EXPECT_NE(script.find("set output '/tmp/a b.png'\n"), std::string::npos) << script;
  EXPECT_NE(script.find("title 'it''s $(x)'\n"), std::string::npos) << script;
  EXPECT_NE(script.find("$s0 << END\n0.000 100\n1.000 200\nEND\n"), std::string::npos) << script;
  EXPECT_NE(script.find("layout 2,1"), std::string::npos);
  EXPECT_NE(script.find("plot $s1 using 1:2"), std::string::npos);
}

TEST(JobText, ShowsTimelineModelAndMetrics) {
  const std::string text = job_text(json(kJob), json(kEvents), series_of(json(kSeries)),
                                    kStart + seconds(100), plain_terminal());
  EXPECT_NE(text.find("cifar  Completed\n"), std::string::npos) << text;
  EXPECT_NE(text.find("s3://b/model.tar.gz"), std::string::npos);
  EXPECT_NE(text.find("Timeline\n  Training"), std::string::npos);
  EXPECT_NE(text.find("CPUUtilization  mean 150 %  highest 200 %\n"), std::string::npos) << text;
  EXPECT_NE(text.find("test:accuracy  first 0.5  last 0.725\n"), std::string::npos) << text;
  EXPECT_NE(text.find("+0.00 s  Starting: Starting the training job\n"), std::string::npos) << text;
  EXPECT_NE(text.find("+1.50 s  image asks torch 2.1,?[31m running 2.13.0\n"), std::string::npos)
      << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_NE(job_text(json(kJob), json("{}"), {}, kStart, plain_terminal({.colour = true}))
                .find("\x1b[32mCompleted"),
            std::string::npos);
}

TEST(JobText, ShowsAFailureWhole) {
  const Document failed = json(
      R"({"TrainingJobName":"j","TrainingJobStatus":"Failed","FailureReason":"AlgorithmError:\nExitCode 1\n"})");
  const std::string text = job_text(failed, json("{}"), {}, kStart, plain_terminal());
  EXPECT_NE(text.find("Failure\n  AlgorithmError:\n  ExitCode 1\n"), std::string::npos) << text;
}

TEST(JobText, ListsJobs) {
  const Document running =
      json(R"({"TrainingJobName":"j","TrainingJobStatus":"InProgress","CreationTime":1700000000})");
  EXPECT_EQ(job_list_text({running}, kStart + seconds(2), plain_terminal()),
            "NAME  KIND      STATUS      CREATED (UTC)        TOOK\nj     training  InProgress  "
            "2023-11-14 22:13:20  " +
                std::string("2.0 s\n"));
  EXPECT_EQ(job_list_text({}, kStart, plain_terminal()), "no jobs\n");
}

TEST(JobText, ShowsAProcessingJob) {
  const Document job = json(R"({"ProcessingJobName":"p","ProcessingJobStatus":"Failed",
    "CreationTime":1700000000,"ProcessingEndTime":1700000004,"FailureReason":"AlgorithmError",
    "ExitMessage":"row 7","AppSpecification":{"ImageUri":"sklearn:1"},
    "ProcessingResources":{"ClusterConfig":{"InstanceType":"ml.m5.large"}},
    "ProcessingOutputConfig":{"Outputs":[{"OutputName":"train","S3Output":{"S3Uri":"s3://b/t"}}]}})");
  const Document events = json(R"({"events":[{"time":1700000000,"status":"Starting","message":"m"},
    {"time":1700000001,"message":"a notice"},
    {"time":1700000003,"status":"Processing","message":"m"},
    {"time":1700000004,"status":"Failed","message":"m"}]})");
  const std::string text = job_text(job, events, {}, kStart + seconds(100), plain_terminal());
  for (const char* part : {"p  Failed", "sklearn:1", "ml.m5.large", "output train", "s3://b/t",
                           "row 7", "Processing  1.0 s", "a notice"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(JobText, ShowsATransformJob) {
  const Document job = json(R"({"TransformJobName":"t","TransformJobStatus":"Completed",
    "CreationTime":1700000000,"TransformEndTime":1700000004,"ModelName":"my-model",
    "TransformResources":{"InstanceType":"ml.m5.large","InstanceCount":1},
    "TransformOutput":{"S3OutputPath":"s3://b/out"}})");
  const Document events = json(R"({"events":[{"time":1700000000,"status":"Starting","message":"m"},
    {"time":1700000003,"status":"Transforming","message":"m"},
    {"time":1700000004,"status":"Completed","message":"m"}]})");
  const std::string text = job_text(job, events, {}, kStart + seconds(100), plain_terminal());
  for (const char* part :
       {"t  Completed", "my-model", "ml.m5.large", "s3://b/out", "Transforming  1.0 s"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

TEST(DoctorText, NamesTheMend) {
  const std::vector<Finding> findings = {
      {.subject = "disk", .state = Finding::State::kWorks, .found = "9 GiB free", .mend = ""},
      {.subject = "tun",
       .state = Finding::State::kLimited,
       .found = "absent",
       .mend = "modprobe tun"}};
  EXPECT_EQ(
      findings_text(findings, plain_terminal()),
      "works    disk  9 GiB free\nlimited  tun   absent\n               mend: modprobe tun\n");
  EXPECT_EQ(to_json(findings_document(findings)).find("modprobe") == std::string::npos, false);
}

TEST(DoctorText, KnowsWhatHasNoEffect) {
  const auto members = members_without_effect();
  const auto has = [&](std::string_view name) {
    return std::any_of(members.begin(), members.end(),
                       [&](const auto& member) { return member.first == name; });
  };
  EXPECT_TRUE(has("CreateTrainingJobRequest.ProfilerConfig"));
  EXPECT_TRUE(has("VpcConfig")) << "of several requests";
  EXPECT_FALSE(has("CreateTrainingJobRequest.TrainingJobName"));
}

TEST(CommandNames, TheNearestIsNamed) {
  const std::vector<std::string> known = {"jobs", "describe"};
  EXPECT_EQ(unknown_command_text("", "jbos", known),
            "clary: unknown command 'jbos', did you mean 'jobs'?");
  EXPECT_EQ(unknown_command_text("", "fooo", known),
            "clary: unknown command 'fooo'; there are: jobs, describe");
  EXPECT_EQ(unknown_command_text("", "describ", known),
            "clary: unknown command 'describ', did you mean 'describe'?");
  EXPECT_EQ(unknown_command_text("keys", "lits\x1b", {"create"}),
            "clary: unknown command 'keys lits?'; there are: create");
  EXPECT_EQ(unexpected_word_text("clary jobs", "--stutus", {"--status", "--data"}),
            "clary: unknown option '--stutus', did you mean '--status'?");
  EXPECT_EQ(unexpected_word_text("clary jobs", "-x", {"--status"}),
            "clary: unknown option '-x'; `clary jobs --help` says what it takes");
  EXPECT_EQ(unexpected_word_text("clary jobs", "mine", {}),
            "clary: 'mine' is one word too many; `clary jobs --help` says what it takes");
}

TEST(Harmless, KeepsTextAndDropsControls) {
  EXPECT_EQ(harmless("a\tb\x1b[2J\r\n\xc3\xa9"), "a\tb?[2J?\n\xc3\xa9");
}

}  // namespace
}  // namespace clary::cli

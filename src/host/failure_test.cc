#include "host/failure.h"

#include <gtest/gtest.h>

#include "base/strings.h"

namespace clary::host {
namespace {

// A script's standard error, taken line by line.
struct Scan {
  ErrorLines out;
  ErrorLines err;
  TracebackPlace place{"/opt/ml/code"};

  explicit Scan(std::string_view standard_error) {
    for (const std::string_view line : split(standard_error, '\n')) {
      err.take(line);
      place.take(line);
    }
  }
  ScriptFailure failure(compute::ExitStatus status) const {
    return {.status = status,
            .error_message = joined_error_lines(out, err),
            .place = place.place(),
            .last_line = place.last_line(),
            .command = {"/usr/local/bin/python3", "--", "train.py", "--epochs", "1"}};
  }
};

constexpr const char* kValueError =
    "Traceback (most recent call last):\n"
    "  File \"/opt/ml/code/train.py\", line 4, in <module>\n    f()\n"
    "  File \"/opt/ml/code/train.py\", line 2, in f\n    raise ValueError('bad \"lr\"')\n"
    "ValueError: bad \"lr\"\n";

struct FailureCase {
  const char* standard_error;
  compute::ExitStatus status;
  const char* text;
};
class FailureText : public testing::TestWithParam<FailureCase> {};

TEST_P(FailureText, IsTheToolkits) {
  EXPECT_EQ(failure_text(Scan(GetParam().standard_error).failure(GetParam().status)),
            GetParam().text);
}

// Source: training_env_oracle.md, section 7.
INSTANTIATE_TEST_SUITE_P(
    Oracle, FailureText,
    testing::Values(
        FailureCase{"",
                    {.code = 3},
                    "ExecuteUserScriptError:\nExitCode 3\nErrorMessage \"\"\n"
                    "Command \"/usr/local/bin/python3 -- train.py --epochs 1\""},
        FailureCase{kValueError,
                    {.code = 1},
                    "ExecuteUserScriptError:\nExitCode 1\n"
                    "ErrorMessage \"raise ValueError('bad \"lr\"')\n ValueError: bad \"lr\"\"\n"
                    "Command \"/usr/local/bin/python3 -- train.py --epochs 1\""},
        FailureCase{
            "  File \"/opt/ml/code/train.py\", line 1\n    def\n       ^\nSyntaxError: invalid "
            "syntax\n",
            {.code = 1},
            "ExecuteUserScriptError:\nExitCode 1\nErrorMessage \"SyntaxError: invalid syntax\"\n"
            "Command \"/usr/local/bin/python3 -- train.py --epochs 1\""},
        FailureCase{
            "warn line\nTraceback (most recent call last):\n  File \"/opt/ml/code/train.py\", "
            "line 3, in <module>\n"
            "    assert 1==2, 'no'\nAssertionError: no\n",
            {.code = 1},
            "ExecuteUserScriptError:\nExitCode 1\nErrorMessage \"AssertionError: no\"\n"
            "Command \"/usr/local/bin/python3 -- train.py --epochs 1\""},
        FailureCase{"",
                    {.signal = 9},
                    "ExecuteUserScriptError:\nExitCode -9\nErrorMessage \"\"\n"
                    "Command \"/usr/local/bin/python3 -- train.py --epochs 1\""},
        FailureCase{"",
                    {.signal = 11},
                    "ExecuteUserScriptError:\nExitCode -11\nErrorMessage \"\"\n"
                    "Command \"/usr/local/bin/python3 -- train.py --epochs 1\""}));

TEST(FailureReason, NamesTheExceptionItsFileAndLine) {
  EXPECT_EQ(failure_reason(Scan(kValueError).failure({.code = 1})),
            "AlgorithmError: ExecuteUserScriptError:\nExitCode 1\n"
            "ErrorMessage \"raise ValueError('bad \"lr\"')\n ValueError: bad \"lr\"\"\n"
            "ExtraInfo \"train.py, line 2, in f\"\n"
            "Command \"/usr/local/bin/python3 -- train.py --epochs 1\", exit code: 1");
}

TEST(FailureReason, PointsIntoTheUsersCodeNotTheLibrarys) {
  const Scan scan(
      "Traceback (most recent call last):\n  File \"/opt/ml/code/lib/a.py\", line 9, in go\n    "
      "np.x()\n"
      "  File \"/usr/lib/numpy.py\", line 2, in x\n    raise KeyError\nKeyError\n");
  EXPECT_EQ(scan.place.place(), "lib/a.py, line 9, in go");
}

TEST(FailureReason, PointsAtTheLastTraceback) {
  const Scan scan(
      std::string(kValueError) +
      "\nDuring handling of the above exception, another exception occurred:\n\n"
      "Traceback (most recent call last):\n  File \"/opt/ml/code/train.py\", line 7, in <module>\n"
      "    g()\nTypeError: no\n");
  EXPECT_EQ(scan.place.place(), "train.py, line 7, in <module>");
}

TEST(FailureReason, GivesTheLastLineWhereThereIsNoException) {
  const Scan scan(
      "python3: can't open file '/opt/ml/code/other.py': [Errno 2] No such file or directory\n");
  EXPECT_NE(
      failure_reason(scan.failure({.code = 2})).find("can't open file '/opt/ml/code/other.py'"),
      std::string::npos);
}

TEST(FailureReason, KeepsExceptionAndPlaceWhenItIsLong) {
  std::string standard_error = "RuntimeError mentioned early\n";
  for (int i = 0; i < 5000; ++i) standard_error += "line " + std::to_string(i) + " 한글\n";
  const Scan scan(standard_error + kValueError);
  ScriptFailure failure = scan.failure({.code = 1});
  failure.command.push_back(std::string(5000, 'x'));
  const std::string reason = failure_reason(failure);
  const auto leads =
      std::count_if(reason.begin(), reason.end(), [](char c) { return (c & 0xc0) != 0x80; });
  EXPECT_LE(leads, 1024);
  EXPECT_GT(leads, 1000);
  EXPECT_NE(reason.find("ValueError: bad \"lr\""), std::string::npos);
  EXPECT_NE(reason.find("train.py, line 2, in f"), std::string::npos);
  EXPECT_TRUE(reason.ends_with(", exit code: 1"));
}

TEST(FailureReason, TakesTheScriptsOwnFailureFile) {
  EXPECT_EQ(failure_reason("out of cheese", 4), "AlgorithmError: out of cheese, exit code: 4");
  EXPECT_EQ(failure_reason(std::string(5000, 'x'), 4).size(), 1024U);
}

TEST(FailureReason, SaysThatMemoryRanOut) {
  const ScriptFailure failure = Scan("").failure({.signal = 9, .out_of_memory = true});
  EXPECT_NE(failure_reason(failure).find("OutOfMemory"), std::string::npos);
}

TEST(FailureReason, NamesTheSignal) {
  const std::string reason = failure_reason(Scan("loading weights\n").failure({.signal = 11}));
  EXPECT_EQ(reason,
            "AlgorithmError: ExecuteUserScriptError:\nExitCode -11\nErrorMessage \"\"\n"
            "ExtraInfo \"It was ended by SIGSEGV (Segmentation fault); it said last: loading "
            "weights\"\n"
            "Command \"/usr/local/bin/python3 -- train.py --epochs 1\", exit code: 1");
  EXPECT_EQ(ending_text({.signal = 7}), "It was ended by SIGBUS (Bus error)");
  EXPECT_EQ(ending_text({.signal = 40}), "It was ended by signal 40");
  EXPECT_EQ(ending_text({.code = 1}), "");
  EXPECT_NE(ending_text({.signal = 9}).find("SIGKILL (Killed), by somebody or"), std::string::npos);
  EXPECT_NE(ending_text({.signal = 9, .out_of_memory = true}).find("OutOfMemory"),
            std::string::npos);
}

TEST(ErrorLines, StayBounded) {
  ErrorLines lines;
  lines.take("ValueError: begins");
  for (int i = 0; i < 100'000; ++i) lines.take("line " + std::to_string(i));
  EXPECT_LT(lines.lines().size(), 5000U);
  EXPECT_EQ(lines.lines().back(), "line 99999");
}

TEST(ErrorLines, ShowRepeatedLinesOnce) {
  const Scan scan("ValueError: a\nb\nValueError: a\nb\nc");
  EXPECT_EQ(joined_error_lines(scan.out, scan.err), "ValueError: a\n b\n c");
}

TEST(LastLines, KeepTheNewest) {
  LastLines lines;
  for (int i = 0; i < 100; ++i) lines.take("line " + std::to_string(i));
  lines.take("   ");
  EXPECT_TRUE(lines.text().starts_with("line 70\n"));
  EXPECT_TRUE(lines.text().ends_with("\nline 99"));
}

TEST(ServerFailure, SaysHowItEndedAndWhatItSaidLast) {
  EXPECT_EQ(server_failure_reason({.code = 2}, "a\nb\n"),
            "The model server ended with exit code 2: a\nb");
  EXPECT_EQ(server_failure_reason({.signal = 11}, ""),
            "The model server ended. It was ended by SIGSEGV (Segmentation fault)");
  const std::string long_one =
      server_failure_reason({.code = 1}, std::string(2000, 'x') + "\nValueError: y");
  EXPECT_EQ(long_one.size(), 1024U);
  EXPECT_TRUE(long_one.ends_with("x\nValueError: y"));
}

}  // namespace
}  // namespace clary::host

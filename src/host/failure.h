// Why a script failed: the exception in its output, the text of /opt/ml/output/failure, and the
// job's FailureReason.
//
// Pure; one thread at a time; memory bounded whatever the script prints. Source:
// training_env_oracle.md, section 7; contract 5.7.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "compute/sandbox.h"

namespace clary::host {

inline constexpr std::size_t kReasonCharacters = 1024;  // of FailureReason, AWS's limit

// What the toolkit keeps of one stream: every line from the first that names a known Python error.
class ErrorLines {
 public:
  void take(std::string_view line);
  bool begun() const { return begun_; }
  const std::deque<std::string>& lines() const { return lines_; }

 private:
  bool begun_ = false;
  std::deque<std::string> lines_;  // the newest kKeptBytes
  std::size_t bytes_ = 0;
};

// Where the last traceback of a stream points: the innermost frame in the user's own code.
class TracebackPlace {
 public:
  explicit TracebackPlace(std::string code_folder) : code_folder_(std::move(code_folder)) {}
  void take(std::string_view line);
  // "train.py, line 12, in main"; "" when no traceback was seen.
  std::string place() const;
  // The last line that was not blank.
  const std::string& last_line() const { return last_line_; }

 private:
  std::string code_folder_;
  bool traceback_open_ = false;
  std::string user_frame_;
  std::string any_frame_;
  std::string last_line_;
};

// The newest lines of a stream, blank ones left out.
class LastLines {
 public:
  void take(std::string_view line);
  std::string text() const;  // one below the other

 private:
  std::deque<std::string> lines_;
};

struct ScriptFailure {
  std::string kind = "ExecuteUserScriptError";
  compute::ExitStatus status;
  std::string error_message;         // joined_error_lines() of its streams
  std::string place;                 // of the exception
  std::string last_line;             // of its standard error
  std::vector<std::string> command;  // argv
};

// The toolkit's ErrorMessage: both streams' lines, repeated ones once.
std::string joined_error_lines(const ErrorLines& out, const ErrorLines& err);

// The script's exit code as the toolkit shows it: -9 for SIGKILL.
int shown_exit_code(const compute::ExitStatus& status);

// Said of a script that the kernel ended for want of memory.
inline constexpr std::string_view kOutOfMemory =
    "OutOfMemory: the job's processes needed more memory than it was granted";

// What ended a program that ended badly and says nothing itself: that memory ran out, or the signal
// by its name; "" when it exited.
std::string ending_text(const compute::ExitStatus& status);

// The text of /opt/ml/output/failure.
std::string failure_text(const ScriptFailure& failure);

// "AlgorithmError: <failure text>, exit code: 1" of at most 1,024 characters. Beside the toolkit's
// words it names the file and line; what is too long loses its middle, never the exception or its
// place.
std::string failure_reason(const ScriptFailure& failure);
// The same for a failure file that the script wrote itself.
std::string failure_reason(std::string_view failure_file, int exit_code);

// Of a server that ended by itself: how, and what it said last; at most 1,024 characters, of more
// the middle is left out.
std::string server_failure_reason(const compute::ExitStatus& status, std::string_view last_lines);

// What went wrong outside of the user's program, after whose fault it is, in AWS's words:
// "ClientError: ..." or "InternalServerError: ...".
std::string with_fault(const Error& error);

// `text` without its middle, so that it has at most `limit` characters; the end is worth more than
// the beginning.
std::string without_middle(std::string_view text, std::size_t limit);

// `text` cut to `limit` characters of UTF-8.
std::string cut_to_characters(std::string_view text, std::size_t limit);

}  // namespace clary::host

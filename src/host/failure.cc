#include "host/failure.h"

#include <fmt/format.h>
#include <signal.h>
#include <string.h>

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/strings.h"
#include "base/text_encoding.h"

namespace clary::host {
namespace {

constexpr std::size_t kKeptBytes = 32 << 10;
constexpr std::size_t kKeptLineBytes = 4 << 10;
constexpr std::size_t kLastLines = 30;
constexpr int kToolkitExitCode = 1;  // whatever the script's own

// The names the toolkit looks for. Source: sagemaker-training 5.1.4; Python's built-in exceptions.
constexpr std::array<std::string_view, 57> kErrorNames = {"ArithmeticError",
                                                          "AssertionError",
                                                          "AttributeError",
                                                          "BlockingIOError",
                                                          "BrokenPipeError",
                                                          "BufferError",
                                                          "ChildProcessError",
                                                          "ConnectionAbortedError",
                                                          "ConnectionError",
                                                          "ConnectionRefusedError",
                                                          "ConnectionResetError",
                                                          "EOFError",
                                                          "EnvironmentError",
                                                          "FileExistsError",
                                                          "FileNotFoundError",
                                                          "FloatingPointError",
                                                          "IOError",
                                                          "ImportError",
                                                          "IndentationError",
                                                          "IndexError",
                                                          "InterruptedError",
                                                          "IsADirectoryError",
                                                          "KeyError",
                                                          "LookupError",
                                                          "MemoryError",
                                                          "ModuleNotFoundError",
                                                          "NameError",
                                                          "NotADirectoryError",
                                                          "NotImplementedError",
                                                          "OSError",
                                                          "OverflowError",
                                                          "PermissionError",
                                                          "ProcessLookupError",
                                                          "RecursionError",
                                                          "ReferenceError",
                                                          "RuntimeError",
                                                          "SyntaxError",
                                                          "SystemError",
                                                          "TabError",
                                                          "TimeoutError",
                                                          "TypeError",
                                                          "UnboundLocalError",
                                                          "UnicodeDecodeError",
                                                          "UnicodeEncodeError",
                                                          "UnicodeError",
                                                          "UnicodeTranslateError",
                                                          "ValueError",
                                                          "ZeroDivisionError",
                                                          "Invalid requirement",
                                                          "ResourceExhaustedError",
                                                          "OutOfRangeError",
                                                          "InvalidArgumentError",
                                                          "mpirun.real",
                                                          "ORTE",
                                                          "ExecuteUserScriptError",
                                                          "XlaRuntimeError",
                                                          "OutOfMemoryError"};

bool names_an_error(std::string_view line) {
  // Nearly every line is told by its lack of these letters.
  if (line.find("rror") == std::string_view::npos &&
      line.find("Invalid req") == std::string_view::npos &&
      line.find("mpirun.real") == std::string_view::npos &&
      line.find("ORTE") == std::string_view::npos) {
    return false;
  }
  return std::any_of(kErrorNames.begin(), kErrorNames.end(), [&](std::string_view name) {
    return line.find(name) != std::string_view::npos;
  });
}

std::string_view stripped(std::string_view text, std::string_view characters) {
  const std::size_t from = text.find_first_not_of(characters);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(characters) - from + 1);
}

std::size_t character_count(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
  }));
}

// The last `limit` characters of valid UTF-8.
std::string_view last_characters(std::string_view text, std::size_t limit) {
  std::size_t at = text.size();
  while (at > 0 && limit > 0) {
    --at;
    if ((static_cast<unsigned char>(text[at]) & 0xc0U) != 0x80U) --limit;
  }
  return text.substr(at);
}

std::string toolkit_text(const ScriptFailure& failure, std::string_view message,
                         std::string_view extra, std::string_view command) {
  return fmt::format("{}:\nExitCode {}\nErrorMessage \"{}\"{}\nCommand \"{}\"", failure.kind,
                     shown_exit_code(failure.status), message,
                     extra.empty() ? std::string() : fmt::format("\nExtraInfo \"{}\"", extra),
                     command);
}

// What helps beside the toolkit's own words: that memory ran out, the place, or the last thing
// said.
std::string extra_info(const ScriptFailure& failure) {
  const std::string ending = ending_text(failure.status);
  if (failure.status.out_of_memory) return ending;
  std::string said = failure.place;
  if (said.empty() && failure.error_message.empty()) said = failure.last_line;
  if (ending.empty()) return said;
  return ending + (said.empty() ? "" : "; it said last: " + said);
}

std::string reason_around(std::string_view text, int exit_code) {
  return fmt::format("AlgorithmError: {}, exit code: {}", text, exit_code);
}

}  // namespace

std::string with_fault(const Error& error) {
  switch (error.code) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimeout:
    case ErrorCode::kInternal:
      return "InternalServerError: " + error.message;
    default:
      return "ClientError: " + error.message;
  }
}

std::string without_middle(std::string_view text, std::size_t limit) {
  if (character_count(text) <= limit) return std::string(text);
  constexpr std::string_view gap = " ... ";
  if (limit <= gap.size()) return std::string(last_characters(text, limit));
  const std::size_t kept = limit - gap.size();
  return cut_to_characters(text, kept / 4) + std::string(gap) +
         std::string(last_characters(text, kept - kept / 4));
}

void ErrorLines::take(std::string_view line) {
  if (!begun_ && !names_an_error(line)) return;
  begun_ = true;
  lines_.emplace_back(stripped(line.substr(0, kKeptLineBytes), " :\n"));
  bytes_ += lines_.back().size() + 1;
  while (bytes_ > kKeptBytes && lines_.size() > 1) {
    bytes_ -= lines_.front().size() + 1;
    lines_.pop_front();
  }
}

void TracebackPlace::take(std::string_view line) {
  if (!trim(line).empty()) last_line_ = std::string(trim(line).substr(0, kKeptLineBytes));
  if (line.starts_with("Traceback (most recent call last)")) {
    traceback_open_ = true;
    user_frame_.clear();
    any_frame_.clear();
    return;
  }
  constexpr std::string_view lead = "  File \"";
  if (!line.starts_with(lead)) {
    if (!line.starts_with(' ')) traceback_open_ = false;
    return;
  }
  // A syntax error of the script itself has a frame and no traceback before it.
  const std::size_t end = line.find('"', lead.size());
  if (end == std::string_view::npos || !line.substr(end).starts_with("\", line ")) return;
  if (!traceback_open_) {
    user_frame_.clear();
    any_frame_.clear();
  }
  std::string_view path = line.substr(lead.size(), end - lead.size());
  // Interpreters before 3.9 name the script as it was named to them.
  const bool relative = !path.starts_with('/') && !path.starts_with('<');
  const bool under = path.starts_with(code_folder_ + "/");
  if (under) path.remove_prefix(code_folder_.size() + 1);
  const bool own = under || relative;
  const std::string frame = std::string(path) + std::string(line.substr(end + 1, 200));
  any_frame_ = frame;
  if (own) user_frame_ = frame;
}

std::string TracebackPlace::place() const { return user_frame_.empty() ? any_frame_ : user_frame_; }

void LastLines::take(std::string_view line) {
  if (trim(line).empty()) return;
  lines_.emplace_back(line.substr(0, kKeptLineBytes));
  if (lines_.size() > kLastLines) lines_.pop_front();
}

std::string LastLines::text() const {
  return join(std::vector<std::string>(lines_.begin(), lines_.end()), "\n");
}

std::string joined_error_lines(const ErrorLines& out, const ErrorLines& err) {
  std::string joined;
  std::unordered_set<std::string> seen;
  for (const ErrorLines* stream : {&out, &err}) {
    for (const std::string& line : stream->lines()) {
      if (!seen.insert(line).second) continue;
      joined += (joined.empty() ? "" : "\n ") + line;
    }
  }
  return std::string(trim(joined));
}

int shown_exit_code(const compute::ExitStatus& status) {
  return status.signal != 0 ? -status.signal : status.code;
}

std::string ending_text(const compute::ExitStatus& status) {
  if (status.out_of_memory) return std::string(kOutOfMemory);
  if (status.signal == 0) return "";
  const char* name = ::sigabbrev_np(status.signal);
  const char* meaning = ::sigdescr_np(status.signal);
  const std::string ended = name == nullptr
                                ? fmt::format("It was ended by signal {}", status.signal)
                                : fmt::format("It was ended by SIG{} ({})", name,
                                              meaning == nullptr ? "a signal" : meaning);
  // Who sent it is not known; memory is the usual reason.
  return status.signal == SIGKILL ? ended + ", by somebody or by the system for want of memory"
                                  : ended;
}

std::string failure_text(const ScriptFailure& failure) {
  return toolkit_text(failure, failure.error_message, "", join(failure.command, " "));
}

std::string failure_reason(const ScriptFailure& failure) {
  const std::string message = to_valid_utf8(failure.error_message);
  const std::string extra = cut_to_characters(to_valid_utf8(extra_info(failure)), 300);
  std::string command = to_valid_utf8(join(failure.command, " "));
  const std::string whole =
      reason_around(toolkit_text(failure, message, extra, command), kToolkitExitCode);
  if (character_count(whole) <= kReasonCharacters) return whole;

  if (character_count(command) > 200) command = cut_to_characters(command, 197) + "...";
  const std::string frame =
      reason_around(toolkit_text(failure, "", extra, command), kToolkitExitCode);
  const std::size_t room = kReasonCharacters - character_count(frame);
  return reason_around(toolkit_text(failure, without_middle(message, room), extra, command),
                       kToolkitExitCode);
}

std::string failure_reason(std::string_view failure_file, int exit_code) {
  const std::string text = to_valid_utf8(failure_file);
  const std::size_t room = kReasonCharacters - reason_around("", exit_code).size();
  return reason_around(cut_to_characters(text, room), exit_code);
}

std::string server_failure_reason(const compute::ExitStatus& status, std::string_view last_lines) {
  std::string reason = "The model server ended";
  if (const std::string ending = ending_text(status); !ending.empty())
    reason += ". " + ending;
  else
    reason += fmt::format(" with exit code {}", status.code);
  const std::string said = to_valid_utf8(trim(last_lines));
  if (said.empty()) return reason;
  reason += ": ";
  return reason + without_middle(said, kReasonCharacters - character_count(reason));
}

std::string cut_to_characters(std::string_view text, std::size_t limit) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U) continue;
    if (limit == 0) break;
    --limit;
  }
  return std::string(text.substr(0, at));
}

}  // namespace clary::host

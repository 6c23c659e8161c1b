// Cuts a process's output into lines as they come, in bounded memory.
//
// One thread at a time. A line ends at '\n' or "\r\n". What a lone '\r' overwrites (a progress bar)
// is given at most once per kProgressInterval, so a bar shows that it moves and does not fill the
// log. A line longer than kLineBytes is cut into pieces. Bytes that are not UTF-8 become U+FFFD,
// control characters of very long lines '?'.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace clary::host {

class LineSplitter {
 public:
  static constexpr std::size_t kLineBytes = 256 << 10;
  static constexpr Duration kProgressInterval = std::chrono::seconds(1);

  explicit LineSplitter(std::function<void(std::string)> on_line) : on_line_(std::move(on_line)) {}

  // now: steady time.
  void take(std::string_view bytes, Duration now);
  // The output has ended: what has no newline yet is a line too.
  void finish();

 private:
  void append(std::string_view text);
  void end_line();
  void overwritten(Duration now);

  std::function<void(std::string)> on_line_;
  std::string line_;
  bool return_seen_ = false;    // a '\r' whose meaning the next byte decides
  bool gave_progress_ = false;  // something of this line was given already
  Duration progress_given_ = Duration::min();
};

}  // namespace clary::host

// LogFilter: CloudWatch's filter patterns over log lines.
//
//   ERROR "out of memory" -debug       every term, but none with a minus before it
//   ?ERROR ?WARN  %E[0-9]+%            any of them; a regex
//   { $.loss < 0.5 && $.tag = "a*" }   members of a line that is a JSON object
//   [host, level=E*, ..., n > 3]       the words of a line
//
// Immutable once made; any thread. Source: "Filter pattern syntax", CloudWatch Logs User Guide.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace clary::telemetry {

class LineTest;

class LogFilter {
 public:
  // "" takes every line. InvalidArgument says what cannot be read.
  static Result<LogFilter> parse(std::string_view pattern);
  LogFilter(LogFilter&&) noexcept;
  LogFilter& operator=(LogFilter&&) noexcept;
  ~LogFilter();

  // steps: what the test took is added: a step for each byte of the line, for each byte that a
  // regex passes and for each of its items that is tried. A regex that takes more than some 200,000
  // on one line does not match it.
  bool matches(std::string_view line, std::uint64_t& steps) const;

 private:
  explicit LogFilter(std::unique_ptr<LineTest> test);

  std::unique_ptr<LineTest> test_;
};

}  // namespace clary::telemetry

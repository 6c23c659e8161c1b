// Filter patterns of clients, on lines of clients: any pattern is refused or runs, its steps are
// counted, and no line takes more than it may.
//
// The first line of the input is the pattern, the others are log lines.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/strings.h"
#include "telemetry/log_filter.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || size > 512) return 0;
  const auto filter = clary::telemetry::LogFilter::parse(text.substr(0, end));
  if (!filter.ok()) return 0;
  for (const std::string_view line : clary::split(text.substr(end + 1), '\n')) {
    std::uint64_t steps = 0;
    const bool taken = filter->matches(line, steps);
    CLARY_CHECK(steps >= line.size());
    // Each regex is three characters at least, and has a bound of its own.
    CLARY_CHECK(steps <= size * (200'000 + 8 * size));
    std::uint64_t again = 0;
    CLARY_CHECK(filter->matches(line, again) == taken && again == steps);
  }
  return 0;
}

// Metric definitions of users, on lines of users: any pattern is refused or runs, and no line keeps
// it for long.
//
// The first line of the input is the pattern, the others are what the script prints.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/strings.h"
#include "telemetry/metric_extractor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || size > 4096) return 0;
  std::vector<clary::domain::MetricDefinition> definitions(1);
  definitions[0].name = "m";
  definitions[0].pattern = text.substr(0, end);
  const bool usable = clary::telemetry::check_metric_pattern(definitions[0].pattern).ok();
  const auto extractor = clary::telemetry::MetricExtractor::compile(definitions);
  CLARY_CHECK(extractor.ok() == usable);
  if (!usable) return 0;
  std::vector<std::string> lines;
  for (const std::string_view line : clary::split(text.substr(end + 1), '\n'))
    lines.emplace_back(line);
  for (const auto& found : (*extractor)->feed(lines, clary::TimePoint{}))
    CLARY_CHECK(std::isfinite(found.sample.value));
  CLARY_CHECK((*extractor)->notices().size() <= 1);
  return 0;
}

#include "telemetry/log_filter.h"

#include "telemetry/line_filter.h"

namespace clary::telemetry {
namespace {

constexpr std::size_t kLongestPattern = 1024;  // AWS's limit

Result<std::unique_ptr<LineTest>> make_test(std::string_view pattern) {
  FilterReader reader(pattern);
  const bool json = reader.take("{");
  const bool words = !json && reader.take("[");
  auto test = json    ? make_json_test(reader)
              : words ? make_words_test(reader)
                      : make_term_test(reader);
  if (!test.ok()) return test.error();
  if (!reader.at_end()) return invalid_argument("something stands after its end");
  return test;
}

}  // namespace

LogFilter::LogFilter(std::unique_ptr<LineTest> test) : test_(std::move(test)) {}
LogFilter::LogFilter(LogFilter&&) noexcept = default;
LogFilter& LogFilter::operator=(LogFilter&&) noexcept = default;
LogFilter::~LogFilter() = default;

Result<LogFilter> LogFilter::parse(std::string_view pattern) {
  if (pattern.size() > kLongestPattern)
    return invalid_argument("Invalid filter pattern: it is longer than 1,024 characters");
  Result<std::unique_ptr<LineTest>> test = make_test(pattern);
  if (!test.ok()) return test.error().within("Invalid filter pattern");
  return LogFilter(std::move(*test));
}

bool LogFilter::matches(std::string_view line, std::uint64_t& steps) const {
  steps += line.size();
  return test_->matches(line, steps);
}

}  // namespace clary::telemetry

#include "base/time_text.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "base/strings.h"

namespace clary {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::tm broken_down(TimePoint time) {
  const std::time_t whole = std::chrono::floor<seconds>(time).time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  return parts;
}

std::string formatted(TimePoint time, const char* format) {
  const std::tm parts = broken_down(time);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), format, &parts);
  return text.data();
}

// The rest of the text after `format`, or nullptr.
const char* scan(const std::string& text, const char* format, std::tm& parts) {
  parts = {};
  return ::strptime(text.c_str(), format, &parts);
}

}  // namespace

// Written digit by digit: a page of a listing has a thousand of them.
std::string iso8601(TimePoint time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const auto left = std::chrono::floor<milliseconds>(time - day).count();
  const int year = static_cast<int>(date.year());
  if (year < 0 || year > 9999) return formatted(time, "%Y-%m-%dT%H:%M:%S.000Z");
  std::string text = "0000-00-00T00:00:00.000Z";
  const auto put = [&text](std::size_t end, std::int64_t number) {
    for (; number > 0; number /= 10) text[--end] = static_cast<char>('0' + number % 10);
  };
  put(4, year);
  put(7, static_cast<unsigned>(date.month()));
  put(10, static_cast<unsigned>(date.day()));
  put(13, left / 3'600'000);
  put(16, left / 60'000 % 60);
  put(19, left / 1000 % 60);
  put(23, left % 1000);
  return text;
}

std::string basic_iso8601(TimePoint time) { return formatted(time, "%Y%m%dT%H%M%SZ"); }
std::string http_date(TimePoint time) { return formatted(time, "%a, %d %b %Y %H:%M:%S GMT"); }
std::string plain_date_time(TimePoint time) { return formatted(time, "%Y-%m-%d %H:%M:%S"); }

Result<TimePoint> parse_time(std::string_view text) {
  const std::string copy(text);
  std::tm parts{};
  const char* rest = nullptr;
  for (const char* format :
       {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y%m%dT%H%M%S", "%a, %d %b %Y %H:%M:%S"}) {
    rest = scan(copy, format, parts);
    if (rest != nullptr) break;
  }
  if (rest == nullptr) return invalid_argument("'" + copy + "' is not a time");
  double fraction = 0;
  if (*rest == '.') {
    double scale = 0.1;
    for (++rest; *rest >= '0' && *rest <= '9'; ++rest, scale /= 10)
      fraction += scale * (*rest - '0');
  }
  std::string zone(trim(rest));
  int offset_minutes = 0;
  if (zone.size() >= 5 && (zone[0] == '+' || zone[0] == '-')) {
    const auto hours = parse_int(zone.substr(1, 2));
    const auto minutes = parse_int(zone.substr(zone.size() - 2));
    if (!hours || !minutes) return invalid_argument("'" + copy + "' is not a time");
    offset_minutes = static_cast<int>(*hours * 60 + *minutes) * (zone[0] == '-' ? -1 : 1);
  } else if (!zone.empty() && zone != "Z" && zone != "GMT" && zone != "UTC") {
    return invalid_argument("'" + copy + "' is not a time");
  }
  const std::time_t whole = ::timegm(&parts);
  return TimePoint(seconds(whole) - std::chrono::minutes(offset_minutes) +
                   Duration(std::llround(fraction * 1e6)));
}

double to_epoch_seconds(TimePoint time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1e6;
}

TimePoint from_epoch_seconds(double seconds_since_epoch) {
  return TimePoint(Duration(std::llround(seconds_since_epoch * 1e6)));
}

std::int64_t to_epoch_milliseconds(TimePoint time) {
  return std::chrono::floor<milliseconds>(time).time_since_epoch().count();
}

std::string format_duration(Duration duration) {
  const double total = static_cast<double>(duration.count()) / 1e6;
  std::array<char, 48> text{};
  if (total < 1) {
    std::snprintf(text.data(), text.size(), "%.0f ms", total * 1e3);
  } else if (total < 60) {
    std::snprintf(text.data(), text.size(), "%.1f s", total);
  } else if (total < 3600) {
    std::snprintf(text.data(), text.size(), "%d min %d s", static_cast<int>(total) / 60,
                  static_cast<int>(total) % 60);
  } else {
    std::snprintf(text.data(), text.size(), "%d h %d min", static_cast<int>(total) / 3600,
                  static_cast<int>(total) % 3600 / 60);
  }
  return text.data();
}

}  // namespace clary

// Instants as text. All UTC.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace clary {

// "2024-01-01T00:00:00.000Z": query and XML replies.
std::string iso8601(TimePoint time);
// "20240101T000000Z": SigV4's x-amz-date.
std::string basic_iso8601(TimePoint time);
// "Mon, 01 Jan 2024 00:00:00 GMT": HTTP dates (RFC 9110).
std::string http_date(TimePoint time);
// "2024-01-01 00:00:00": for people.
std::string plain_date_time(TimePoint time);

// Takes the extended and the basic form of ISO 8601 with a Z or a numeric offset, and HTTP dates.
Result<TimePoint> parse_time(std::string_view text);

// Epoch seconds with microseconds, as AWS's JSON carries instants.
double to_epoch_seconds(TimePoint time);
TimePoint from_epoch_seconds(double seconds);
std::int64_t to_epoch_milliseconds(TimePoint time);

// "3.4 s", "2 min 5 s", "120 ms": for people.
std::string format_duration(Duration duration);

}  // namespace clary

// The rules of pages and tokens of a log stream, apart from where its events are kept. Pure.
//
// A token is a position and nothing else: "f/1700000000000/12" is "from there on",
// "b/1700000000000/12" is "what comes before". So it holds after a restart, and yields what arrives
// later. Rules: contract of GetLogEvents. The tokens of before events brought their times, "f/12"
// and "b/12", mean the place right behind the twelfth event that came.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "telemetry/log_store.h"

namespace clary::telemetry {

enum class PageDirection { kForward, kBackward };

// Where an event stands in its stream: by time, then by arrival.
struct LogPosition {
  std::int64_t time_ms = 0;
  std::int64_t index = 0;  // how many events came before it
  friend auto operator<=>(const LogPosition&, const LogPosition&) = default;
};

// Which events a page may hold, and from which side it is filled.
struct PageWindow {
  PageDirection direction = PageDirection::kForward;
  LogPosition position;    // the token's
  LogPosition begin, end;  // of the events: [begin, end); empty: begin == end
  std::size_t limit = 0;   // events
};

// The first and the last event that a page holds.
struct ServedEvents {
  LogPosition first, last;
};

// The time of the event before which so many came.
using TimeOfEvent = std::function<Result<std::int64_t>(std::int64_t index)>;

// stream_end: after every event of the stream; its index is their number. time_of: is asked of
// events that came.
// InvalidArgument when the token is none, or counts more events than came.
Result<PageWindow> page_window(const EventsRequest& request, LogPosition stream_end,
                               const TimeOfEvent& time_of);

// The page's tokens. served: nothing when the page is empty.
void set_tokens(EventsPage& page, const PageWindow& window,
                const std::optional<ServedEvents>& served);

}  // namespace clary::telemetry

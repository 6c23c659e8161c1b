// The rules of pages and tokens of a log stream, apart from where its events are kept. Pure.
//
// A token is a position and nothing else: "f/12" is "from event 12 on", "b/12" is "what comes
// before event 12". So it holds after a restart, and yields what arrives later. Rules: contract of
// GetLogEvents.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "telemetry/log_store.h"

namespace clary::telemetry {

enum class PageDirection { kForward, kBackward };

// Events of a stream by index: [begin, end).
struct IndexRange {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

// Which events a page may hold, and from which side it is filled.
struct PageWindow {
  PageDirection direction = PageDirection::kForward;
  std::int64_t position = 0;  // the token's
  IndexRange range;           // empty: begin == end
  std::size_t limit = 0;      // events
};

// in_time: the events that the request's times allow. next_index: of the stream.
// InvalidArgument when the token is none, or lies beyond the stream's end.
Result<PageWindow> page_window(const EventsRequest& request, IndexRange in_time,
                               std::int64_t next_index);

// The page's tokens, when it holds `served`.
void set_tokens(EventsPage& page, const PageWindow& window, IndexRange served);

}  // namespace clary::telemetry

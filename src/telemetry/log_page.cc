#include "telemetry/log_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/strings.h"

namespace clary::telemetry {
namespace {

constexpr std::size_t kMaxPageEvents = 10'000;

std::string forward_token(LogPosition at) { return fmt::format("f/{}/{}", at.time_ms, at.index); }
std::string backward_token(LogPosition at) { return fmt::format("b/{}/{}", at.time_ms, at.index); }

Error invalid_token() { return invalid_argument("The specified nextToken is invalid."); }

// most: how many events came.
Result<LogPosition> position_in(std::string_view token, std::int64_t most,
                                const TimeOfEvent& time_of) {
  const std::vector<std::string_view> parts = split(token, '/');
  if (parts.size() != 2 && parts.size() != 3) return invalid_token();
  const auto index = parse_int(parts.back());
  if (!index || *index < 0 || *index > most) return invalid_token();
  if (parts.size() == 2) {
    if (*index == 0) return LogPosition{};
    CLARY_TRY(const std::int64_t time_ms, time_of(*index - 1));
    return LogPosition{time_ms, *index};
  }
  const auto time_ms = parse_int(parts[1]);
  if (!time_ms || *time_ms < 0) return invalid_token();
  return LogPosition{*time_ms, *index};
}

}  // namespace

Result<PageWindow> page_window(const EventsRequest& request, LogPosition stream_end,
                               const TimeOfEvent& time_of) {
  PageWindow window{.begin = {request.start_ms.value_or(0), 0},
                    .end = stream_end,
                    .limit = std::min(request.limit, kMaxPageEvents)};
  if (request.end_ms) window.end = std::min(window.end, LogPosition{*request.end_ms, 0});
  window.end = std::max(window.begin, window.end);
  if (request.token.empty()) {
    window.direction = request.from_head ? PageDirection::kForward : PageDirection::kBackward;
    window.position = request.from_head ? window.begin : window.end;
    return window;
  }
  const bool forward = request.token.starts_with("f/");
  if (!forward && !request.token.starts_with("b/")) return invalid_token();
  CLARY_TRY(const LogPosition position, position_in(request.token, stream_end.index, time_of));
  window.direction = forward ? PageDirection::kForward : PageDirection::kBackward;
  window.position = position;
  const LogPosition inside = std::clamp(position, window.begin, window.end);
  (forward ? window.begin : window.end) = inside;
  return window;
}

void set_tokens(EventsPage& page, const PageWindow& window,
                const std::optional<ServedEvents>& served) {
  const LogPosition first = served ? served->first : window.position;
  LogPosition behind = window.position;
  if (served) behind = {served->last.time_ms, served->last.index + 1};
  page.forward_token = forward_token(behind);
  page.backward_token = backward_token(first);
}

}  // namespace clary::telemetry

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

std::optional<LogPosition> position_in(std::string_view token) {
  const std::vector<std::string_view> parts = split(token, '/');
  if (parts.size() != 3) return std::nullopt;
  const auto time_ms = parse_int(parts[1]);
  const auto index = parse_int(parts[2]);
  if (!time_ms || !index || *time_ms < 0 || *index < 0) return std::nullopt;
  return LogPosition{*time_ms, *index};
}

}  // namespace

Result<PageWindow> page_window(const EventsRequest& request, LogPosition stream_end) {
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
  const auto position =
      forward || request.token.starts_with("b/") ? position_in(request.token) : std::nullopt;
  if (!position || position->index > stream_end.index)
    return invalid_argument("The specified nextToken is invalid.");
  window.direction = forward ? PageDirection::kForward : PageDirection::kBackward;
  window.position = *position;
  const LogPosition inside = std::clamp(*position, window.begin, window.end);
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

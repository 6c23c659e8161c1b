#include "telemetry/log_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace clary::telemetry {
namespace {

constexpr std::size_t kMaxPageEvents = 10'000;

std::string forward_token(std::int64_t index) { return fmt::format("f/{}", index); }
std::string backward_token(std::int64_t index) { return fmt::format("b/{}", index); }

}  // namespace

Result<PageWindow> page_window(const EventsRequest& request, IndexRange in_time,
                               std::int64_t next_index) {
  in_time.end = std::max(in_time.begin, in_time.end);
  PageWindow window{.range = in_time, .limit = std::min(request.limit, kMaxPageEvents)};
  if (request.token.empty()) {
    window.direction = request.from_head ? PageDirection::kForward : PageDirection::kBackward;
    window.position = request.from_head ? in_time.begin : in_time.end;
    return window;
  }
  const std::string_view token = request.token;
  const bool forward = token.starts_with("f/");
  const auto position =
      forward || token.starts_with("b/") ? parse_int(token.substr(2)) : std::nullopt;
  if (!position || *position < 0 || *position > next_index) {
    return invalid_argument("The specified nextToken is invalid.");
  }
  window.direction = forward ? PageDirection::kForward : PageDirection::kBackward;
  window.position = *position;
  if (forward) {
    window.range.begin = std::min(std::max(in_time.begin, *position), in_time.end);
  } else {
    window.range.end = std::max(std::min(in_time.end, *position), in_time.begin);
  }
  return window;
}

void set_tokens(EventsPage& page, const PageWindow& window, IndexRange served) {
  if (served.begin == served.end) served = {window.position, window.position};
  page.forward_token = forward_token(served.end);
  page.backward_token = backward_token(served.begin);
}

}  // namespace clary::telemetry

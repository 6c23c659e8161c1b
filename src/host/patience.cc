#include "host/patience.h"

#include <algorithm>
#include <string>

namespace clary::host {
namespace {

constexpr Duration kPatience = std::chrono::hours(1);
constexpr Duration kFirstPause = std::chrono::milliseconds(200);
constexpr Duration kLongestPause = std::chrono::seconds(10);

}  // namespace

bool may_pass(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kTimeout;
}

Status with_patience(HostContext& context, std::string_view what,
                     const std::function<Status()>& attempt) {
  ServerPatience patience(*context.services.clock, context.stop, kPatience);
  Duration pause = kFirstPause;
  for (;;) {
    Status done = attempt();
    if (done.ok() || !may_pass(done.error()) || patience.is_over()) return done;
    context.services.logger->warning(
        "tried again", {{"what", std::string(what)}, {"error", done.error().message}});
    context.services.pause(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
}

}  // namespace clary::host

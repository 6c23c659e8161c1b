#include "runtime/failpoint.h"

#include <csignal>
#include <utility>

#include "base/strings.h"

namespace clary::runtime {

Failpoints::Failpoints(std::string_view setting, std::function<void()> action)
    : action_(std::move(action)) {
  const std::size_t colon = setting.find(':');
  name_ = setting.substr(0, colon);
  passages_left_ = 1;
  if (colon != std::string_view::npos)
    passages_left_ = static_cast<long>(parse_int(setting.substr(colon + 1)).value_or(1));
}

void Failpoints::at(std::string_view prefix, std::string_view name) {
  if (name_.empty()) return;
  std::string place(prefix);
  if (!name.empty()) place += "-" + to_lower(name);
  if (place != name_ || --passages_left_ != 0) return;
  if (action_) {
    action_();
  } else {
    std::raise(SIGKILL);
  }
}

}  // namespace clary::runtime

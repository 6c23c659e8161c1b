// Failpoints: named places where a test makes the server die, to see that nothing is lost or done
// twice.
//
// Inert unless a name was given (`clary serve` reads CLARY_FAILPOINT=name[:n]: the n-th passage, by
// default the first, kills the process with SIGKILL). The places: `before-commit-EVENT` and
// `after-commit-EVENT` around every change of a job, with EVENT `create`, `note` or an event of
// domain/step.h in lower case (`submitted`, `hoststarted`, ...); `before-submit`, `after-plan`,
// `after-submit`, `before-stop`, `after-stop`, `before-remove`, `after-remove` around every effect;
// `before-finish-effect` and `after-finish-effect` around the word that it was done; `before-take`
// and `after-take` around a batch of a host's records. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>

namespace clary::runtime {

class Failpoints {
 public:
  Failpoints() = default;
  // action: what happens at the place; by default SIGKILL to this process.
  explicit Failpoints(std::string_view setting, std::function<void()> action = {});
  Failpoints(const Failpoints&) = delete;
  Failpoints& operator=(const Failpoints&) = delete;

  void at(std::string_view prefix, std::string_view name = {});

 private:
  std::string name_;
  std::atomic<long> passages_left_{0};
  std::function<void()> action_;
};

}  // namespace clary::runtime

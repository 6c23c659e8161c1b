// JobChanges: the one way in which jobs change. Reads the job, steps its machine, commits; again
// when somebody else was faster.
//
// Thread-safe. Everything passed to the constructor outlives it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/job_store.h"
#include "domain/step.h"
#include "runtime/failpoint.h"

namespace clary::runtime {

// What a change results from, committed with it.
struct ChangeOrigin {
  std::optional<std::uint64_t> effect;                          // done with this change
  std::optional<std::pair<std::string, std::uint64_t>> record;  // of a host: (source, number)
  // Whose word it is: of a gang that the job no longer has, nothing but its record is taken.
  std::optional<GangId> gang;
  std::optional<TimePoint> time;     // when it happened; absent or in the future: now
  std::vector<std::string> notices;  // lines of the timeline that come before it
};

class JobChanges {
 public:
  JobChanges(domain::JobStore& jobs, const Clock& clock, Failpoints& failpoints);

  // Called after every commit, on the thread that committed: it only wakes others. Set before the
  // first change.
  void set_observer(std::function<void()> observer) { observer_ = std::move(observer); }
  // Makes what is told of a change of phase, for the outbox. Set before the first change; without
  // it nothing is told.
  void set_hook_text(std::function<std::string(const domain::Job&, const domain::JobEvent&)> text) {
    hook_text_ = std::move(text);
  }
  // Called before a job's last change is committed: what must be over when its end is seen. It may
  // be called again.
  void set_before_end(std::function<Status(const GangId&)> before_end) {
    before_end_ = std::move(before_end);
  }

  // AlreadyExists. `notices` become lines of its timeline.
  Result<domain::Job> create(domain::Job job, const std::vector<domain::Tag>& tags,
                             const std::vector<std::string>& notices);
  // The job as it stands afterwards. Conflict when the event is not possible in its phase;
  // NotFound. A record that was taken before changes nothing.
  Result<domain::Job> apply(const domain::JobKey& key, const domain::JobInput& input,
                            const ChangeOrigin& origin = {});
  // Changes what a person may change of a job, whatever its phase; an error of `amendment` is
  // returned, and nothing is written then.
  Result<domain::Job> amend(const domain::JobKey& key, const std::vector<std::string>& notices,
                            const std::function<Status(domain::Job&)>& amendment);
  // Adds lines to the timeline.
  Status note(const domain::JobKey& key, const ChangeOrigin& origin);

 private:
  using Step = std::function<Result<domain::JobChange>(const domain::Job& job, TimePoint now)>;
  Result<domain::Job> change(const domain::JobKey& key, std::string_view event,
                             const ChangeOrigin& origin, const Step& step);

  void add_hooks(domain::JobChange& change) const;

  domain::JobStore& jobs_;
  const Clock& clock_;
  Failpoints& failpoints_;
  std::function<void()> observer_;
  std::function<std::string(const domain::Job&, const domain::JobEvent&)> hook_text_;
  std::function<Status(const GangId&)> before_end_;
};

}  // namespace clary::runtime

// InstanceHealth: asks containers whether they are ready, and remembers what they said last.
//
// Implementations: HealthChecks, FakeInstanceHealth. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/names.h"
#include "base/thread_pool.h"
#include "hosting/instance_places.h"

namespace clary::hosting {

struct Health {
  enum class Answer {
    kReady,       // 200
    kNotReady,    // anything else, or nobody answered
    kLoadFailed,  // no worker of it could load the model
  };
  Answer answer = Answer::kNotReady;
  std::string sentence;  // what it says of that; "" when nobody answered
  friend bool operator==(const Health&, const Health&) = default;
};

class InstanceHealth {
 public:
  virtual ~InstanceHealth() = default;
  // Asks soon, once; nothing while it is being asked already. Does not block.
  virtual void ask(const JobName& job, const InstancePlace& place) = 0;
  virtual std::optional<Health> last(const JobName& job) = 0;
  virtual void forget(const JobName& job) = 0;
};

// GET /ping of a container's server, within two seconds. Source: contract.md 7.1.
Health ping(const std::string& address);
// What an answer to it says. Pure.
Health health_of(int status, const std::string& body);

class HealthChecks final : public InstanceHealth {
 public:
  HealthChecks();
  // on_change: an answer differs from the one before; by any thread, only to wake another. Set
  // before the first is asked.
  void set_on_change(std::function<void()> on_change) { on_change_ = std::move(on_change); }

  void ask(const JobName& job, const InstancePlace& place) override;
  std::optional<Health> last(const JobName& job) override;
  void forget(const JobName& job) override;
  // Waits for those that are being asked; on_change is not called any more.
  void stop();

 private:
  void take(const JobName& job, Health health);

  std::function<void()> on_change_ = [] {};
  Mutex mutex_;
  std::set<JobName> asked_ CLARY_GUARDED_BY(mutex_);  // now
  std::map<JobName, Health> answers_ CLARY_GUARDED_BY(mutex_);
  std::unique_ptr<ThreadPool> pool_;
};

}  // namespace clary::hosting

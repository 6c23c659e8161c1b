// InstanceBook: what the keeper knows of the containers of one endpoint: their jobs as they were
// read last, and what they answered to health checks. Written down nowhere: after a restart it is
// made of the jobs again.
//
// One thread at a time.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "domain/job.h"
#include "hosting/endpoint_plan.h"
#include "hosting/instance_health.h"
#include "hosting/instance_places.h"

namespace clary::hosting {

struct KnownContainer {
  domain::Job job;
  TimePoint seen;  // for the first time, by this keeper
  bool ready = false;
  bool was_ready = false;
  TimePoint unready_since;   // of one that was ready
  std::string load_failure;  // "": none
  TimePoint load_failed;
  Duration asked{-1};  // last, on the steady clock
  std::optional<InstancePlace> place;

  const domain::ServingPlace& part() const { return *job.spec.place; }
  bool has_ended() const { return domain::is_terminal(job.phase); }
  bool is_stopping() const { return job.phase == domain::Phase::kStopping; }
};

class InstanceBook {
 public:
  // Jobs without a place are left out.
  void note(const domain::Job& job, TimePoint now);
  void note(const JobName& job, const Health& health, TimePoint now);
  void forget(const JobName& job) { containers_.erase(job); }

  std::map<JobName, KnownContainer>& containers() { return containers_; }
  std::vector<KnownContainer*> of(const InstanceId& instance);

  // One view for each instance, by generation, variant and number.
  std::vector<InstanceView> views(const domain::Endpoint& endpoint) const;
  // Forgets what has ended, but for the newest instances of each variant that the endpoint has;
  // returns whose.
  std::vector<JobName> prune(const domain::Endpoint& endpoint);

 private:
  std::map<JobName, KnownContainer> containers_;
};

InstanceId instance_of(const domain::ServingPlace& place);

// The generation's variant, of those that the endpoint has; nullptr.
const domain::EndpointVariant* find_variant(const domain::Endpoint& endpoint,
                                            const InstanceId& instance);

}  // namespace clary::hosting

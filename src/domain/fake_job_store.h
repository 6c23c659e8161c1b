// FakeJobStore: a JobStore in memory, with a switch that makes it fail. Thread-safe.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "domain/job_store.h"

namespace clary::domain {

class FakeJobStore final : public JobStore {
 public:
  // Every write fails with Unavailable while set.
  void set_broken(bool broken);

  Status create(const JobChange& change, const std::vector<Tag>& tags) override;
  Status commit(const JobChange& change) override;
  Result<Job> find(JobKind kind, const JobName& name) override;
  Result<Job> find_by_gang(const GangId& gang) override;
  Result<JobPage> list(const JobQuery& query) override;
  Result<std::map<Phase, std::uint64_t>> count_by_phase(std::span<const JobKind> kinds) override;
  Result<std::vector<JobEvent>> events(JobKind kind, const JobName& name) override;
  Result<std::vector<Effect>> unfinished_effects() override;
  Status finish_effect(std::uint64_t id) override;
  Result<std::uint64_t> last_record(const std::string& source) override;
  Status take_record(const std::string& source, std::uint64_t number) override;
  Result<std::vector<Tag>> tags(const Arn& resource) override;
  Status add_tags(const Arn& resource, const std::vector<Tag>& tags) override;
  Status remove_tags(const Arn& resource, const std::vector<std::string>& keys) override;
  Status clear() override;

 private:
  using Key = std::pair<JobKind, JobName>;
  struct Entry {
    Job job;
    std::vector<JobEvent> events;
  };
  Status writable() const CLARY_REQUIRES(mutex_);
  void append(Entry& entry, const JobChange& change) CLARY_REQUIRES(mutex_);

  mutable Mutex mutex_;
  bool broken_ CLARY_GUARDED_BY(mutex_) = false;
  std::map<Key, Entry> jobs_ CLARY_GUARDED_BY(mutex_);
  std::map<std::uint64_t, Effect> effects_ CLARY_GUARDED_BY(mutex_);
  std::uint64_t next_effect_ CLARY_GUARDED_BY(mutex_) = 1;
  std::map<std::string, std::uint64_t> records_ CLARY_GUARDED_BY(mutex_);
  std::map<std::string, std::map<std::string, std::string>> tags_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::domain

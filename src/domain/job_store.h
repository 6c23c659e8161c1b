// JobStore: jobs, their events and the outbox of effects not yet carried out.
//
// Implementations: meta::make_job_store (on SQLite or PostgreSQL), FakeJobStore. All pass
// job_store_conformance. Thread-safe; calls may block on a disk or a network.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "domain/job.h"

namespace clary::domain {

// What must still be done because of a transition. Carried out at least once.
enum class EffectKind { kSubmitGang, kStopGang, kRemoveGang, kTellHook };
struct Effect {
  std::uint64_t id = 0;  // given by the store
  JobKey job;
  EffectKind kind = EffectKind::kSubmitGang;
  GangId gang;
  std::string text;  // of kTellHook: what is told
};

struct Tag {
  std::string key;
  std::string value;
  friend bool operator==(const Tag&, const Tag&) = default;
};

// One change of one job, written whole or not at all.
struct JobChange {
  Job job;                       // its new row; job.version is the version that was read
  std::vector<JobEvent> events;  // numbers are given by the store
  std::vector<Effect> effects;
  std::optional<std::uint64_t> effect_done;  // the effect that this change results from
  // The host record that this change results from: (source, number), for de-duplication.
  std::optional<std::pair<std::string, std::uint64_t>> record_taken;
};

enum class JobOrder { kCreationTime, kName, kStatus };
struct JobQuery {
  // None: every kind, serving jobs too; who shows jobs to people names one.
  std::optional<JobKind> kind;
  std::vector<Phase> phases;  // empty: all
  std::optional<StopReason> stop_reason;
  std::string name_contains;
  std::optional<TimePoint> created_after, modified_after;    // exclusive
  std::optional<TimePoint> created_before, modified_before;  // inclusive
  JobOrder order = JobOrder::kCreationTime;
  bool descending = false;  // names settle equal keys, in the same direction
  std::size_t limit = 100;
  std::string after;  // `next` of an earlier page of the same order
};
struct JobPage {
  std::vector<Job> jobs;
  std::string next;  // "" at the end
};

class JobStore {
 public:
  virtual ~JobStore() = default;
  virtual Status create(const JobChange& change,
                        const std::vector<Tag>& tags) = 0;  // AlreadyExists
  // Conflict when the job's version moved on, AlreadyExists when the host record was taken before;
  // NotFound.
  virtual Status commit(const JobChange& change) = 0;
  virtual Result<Job> find(JobKind kind, const JobName& name) = 0;
  virtual Result<Job> find_by_gang(const GangId& gang) = 0;
  virtual Result<JobPage> list(
      const JobQuery& query) = 0;  // InvalidArgument: `after` is not a token
  // How many jobs of these kinds stand in each phase; phases without any are left out.
  virtual Result<std::map<Phase, std::uint64_t>> count_by_phase(std::span<const JobKind> kinds) = 0;
  virtual Result<std::vector<JobEvent>> events(JobKind kind, const JobName& name) = 0;
  virtual Result<std::vector<Effect>> unfinished_effects() = 0;
  virtual Status finish_effect(std::uint64_t id) = 0;
  // The number of the last host record taken from `source`; 0 when none.
  virtual Result<std::uint64_t> last_record(const std::string& source) = 0;
  // The same for records that change no job (log lines, usage). A number at or below the last one
  // is fine and changes nothing.
  virtual Status take_record(const std::string& source, std::uint64_t number) = 0;

  // Tags of any resource, by ARN (compared without regard to case). Sorted by key.
  virtual Result<std::vector<Tag>> tags(const Arn& resource) = 0;
  virtual Status add_tags(const Arn& resource, const std::vector<Tag>& tags) = 0;
  virtual Status remove_tags(const Arn& resource, const std::vector<std::string>& keys) = 0;

  virtual Status clear() = 0;  // everything (reset)
};

}  // namespace clary::domain

// LogGroups: the groups of a LogStore's streams: made, listed, kept for so many days, removed.
//
// A stream's making makes its group. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/names.h"
#include "base/result.h"

namespace clary::telemetry {

struct GroupSummary {
  LogGroup name;
  std::int64_t created_ms = 0;
  std::optional<std::int64_t> retention_days;  // nothing: for ever
  std::uint64_t stored_bytes = 0;              // of its events, as they arrived
};

class LogGroups {
 public:
  virtual ~LogGroups() = default;
  virtual Status create(const LogGroup& group) = 0;  // AlreadyExists
  virtual Status remove(const LogGroup& group) = 0;  // with its streams; NotFound
  // Sorted by name, those that begin with `prefix` and come after `after`.
  virtual Result<std::vector<GroupSummary>> list(std::string_view prefix, std::string_view after,
                                                 std::size_t limit) = 0;
  virtual Status set_retention(const LogGroup& group,
                               std::optional<std::int64_t> days) = 0;  // NotFound
  // NotFound; nothing: for ever.
  virtual Result<std::optional<std::int64_t>> retention(const LogGroup& group) = 0;
  // Forgets the events that are older than their groups keep them.
  virtual Status expire(TimePoint now) = 0;
};

}  // namespace clary::telemetry

// LogGroups: the groups of a LogStore's streams: made, listed, tagged, kept for so many days,
// removed.
//
// A stream's making makes its group. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/names.h"
#include "base/result.h"

namespace clary::telemetry {

using LogTags = std::vector<std::pair<std::string, std::string>>;  // keys and values

// Source: AWS, "Tag restrictions".
inline constexpr std::size_t kMostGroupTags = 50;

// NotFound, in AWS's words.
inline Error no_group() { return not_found("The specified log group does not exist."); }

struct GroupSummary {
  LogGroup name;
  std::int64_t created_ms = 0;
  std::optional<std::int64_t> retention_days;  // nothing: for ever
  std::uint64_t stored_bytes = 0;              // of its events, as they arrived
};

class LogGroups {
 public:
  virtual ~LogGroups() = default;
  virtual Status create(const LogGroup& group, const LogTags& tags) = 0;  // AlreadyExists
  virtual Status remove(const LogGroup& group) = 0;  // with its streams; NotFound
  // Sorted by name, those that begin with `prefix` and come after `after`.
  virtual Result<std::vector<GroupSummary>> list(std::string_view prefix, std::string_view after,
                                                 std::size_t limit) = 0;
  virtual Status set_retention(const LogGroup& group,
                               std::optional<std::int64_t> days) = 0;  // NotFound
  // NotFound; nothing: for ever.
  virtual Result<std::optional<std::int64_t>> retention(const LogGroup& group) = 0;
  // Sorted by key. NotFound.
  virtual Result<LogTags> tags(const LogGroup& group) = 0;
  // Adds tags; one of the same key is replaced. NotFound; LimitExceeded above kMostGroupTags.
  virtual Status add_tags(const LogGroup& group, const LogTags& tags) = 0;
  // Those of no such key: fine. NotFound.
  virtual Status remove_tags(const LogGroup& group, const std::vector<std::string>& keys) = 0;
  // Forgets the events that are older than their groups keep them.
  virtual Status expire(TimePoint now) = 0;
};

}  // namespace clary::telemetry

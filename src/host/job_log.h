// The job's log on its way to the server: lines gathered into batches, secrets masked. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"

namespace clary::host {

// Replaces known secrets by "***". Thread-safe.
class SecretMask {
 public:
  // Texts shorter than eight bytes are too likely to stand in honest output, and are not masked.
  void add(std::string secret);
  std::string masked(std::string text) const;

 private:
  mutable Mutex mutex_;
  std::vector<std::string> secrets_ CLARY_GUARDED_BY(mutex_);
};

class JobLog {
 public:
  static constexpr std::size_t kBatchBytes = 64 << 10;
  using Ship = std::function<Status(std::vector<std::string> lines)>;

  // mask outlives the log. ship: takes whole batches, in order.
  // most_lines: of the script's that are kept; 0: all. The first that is not is told of.
  JobLog(Ship ship, const SecretMask& mask, std::int64_t most_lines = 0)
      : ship_(std::move(ship)), mask_(mask), most_lines_(most_lines) {}

  // One line of the script's; shipped with its batch when that is full or flushed.
  void add(std::string line);
  // The host's own words, one line or several, at once.
  void say(std::string_view text);
  void flush();
  // What the first batch that could not be shipped said: output was lost.
  Status outcome() const;

 private:
  void put(std::string line) CLARY_REQUIRES(mutex_);
  void ship_batch() CLARY_REQUIRES(mutex_);

  Ship ship_;
  const SecretMask& mask_;
  const std::int64_t most_lines_;
  mutable Mutex mutex_;
  std::int64_t lines_ CLARY_GUARDED_BY(mutex_) = 0;  // of the script's
  std::vector<std::string> batch_ CLARY_GUARDED_BY(mutex_);
  std::size_t batch_bytes_ CLARY_GUARDED_BY(mutex_) = 0;
  Status outcome_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::host

#include "host/job_log.h"

#include <utility>

#include "base/strings.h"

namespace clary::host {
namespace {
constexpr std::size_t kShortestSecret = 8;
}

void SecretMask::add(std::string secret) {
  if (secret.size() < kShortestSecret) return;
  const MutexLock lock(mutex_);
  secrets_.push_back(std::move(secret));
}

std::string SecretMask::masked(std::string text) const {
  const MutexLock lock(mutex_);
  for (const std::string& secret : secrets_) {
    if (text.find(secret) != std::string::npos) text = replace_all(text, secret, "***");
  }
  return text;
}

void JobLog::add(std::string line) {
  line = mask_.masked(std::move(line));
  const MutexLock lock(mutex_);
  if (most_lines_ > 0 && ++lines_ > most_lines_) {
    if (lines_ == most_lines_ + 1) {
      put("jobs.max_log_lines allows " + std::to_string(most_lines_) +
          " lines: what the script prints from here on is not kept");
    }
    return;
  }
  put(std::move(line));
}

void JobLog::put(std::string line) {
  if (batch_bytes_ + line.size() > kBatchBytes) ship_batch();
  batch_bytes_ += line.size() + 1;
  batch_.push_back(std::move(line));
}

void JobLog::say(std::string_view text) {
  const MutexLock lock(mutex_);
  for (const std::string_view line : split(text, '\n')) put(mask_.masked(std::string(line)));
  ship_batch();
}

void JobLog::flush() {
  const MutexLock lock(mutex_);
  ship_batch();
}

Status JobLog::outcome() const {
  const MutexLock lock(mutex_);
  return outcome_;
}

void JobLog::ship_batch() {
  if (batch_.empty()) return;
  Status shipped = ship_(std::exchange(batch_, {}));
  batch_bytes_ = 0;
  if (!shipped.ok() && outcome_.ok()) outcome_ = std::move(shipped);
}

}  // namespace clary::host

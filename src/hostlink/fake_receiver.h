// A receiver that takes what comes, as a store would; can be told to refuse or to wait.
// Thread-safe.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "hostlink/link.h"

namespace clary::hostlink {

class RecordingReceiver final : public LinkReceiver {
 public:
  Status admit(const LinkPeer&, std::string_view token) override {
    if (token != "secret") return denied("wrong token");
    return {};
  }
  Result<std::uint64_t> last_taken(const LinkPeer&) override {
    const MutexLock lock(mutex_);
    return records_.empty() ? 0 : records_.back().number;
  }
  Status take(const LinkPeer&, const std::vector<Record>& records) override {
    const MutexLock lock(mutex_);
    if (refuse_) return unavailable("told to refuse");
    while (hold_) changed_.wait_for(mutex_, std::chrono::seconds(10));
    records_.insert(records_.end(), records.begin(), records.end());
    count_change();
    return {};
  }
  Status take_listener(const LinkPeer&, Fd listening) override {
    const MutexLock lock(mutex_);
    listeners_.push_back(std::move(listening));
    count_change();
    return {};
  }
  void gone(const LinkPeer&) override {
    const MutexLock lock(mutex_);
    ++gone_;
    count_change();
  }

  // What another thread has done may be looked at again.
  void notify() {
    const MutexLock lock(mutex_);
    count_change();
  }
  // Looks at every change until it is so; false after the time.
  bool wait_until(const std::function<bool()>& is_so, Duration time) {
    const SystemClock clock;
    const Duration deadline = clock.steady() + time;
    for (;;) {
      const std::uint64_t seen = changes();
      if (is_so()) return true;
      const MutexLock lock(mutex_);
      while (changes_ == seen) {
        const Duration left = deadline - clock.steady();
        if (left <= Duration::zero()) return false;
        changed_.wait_for(mutex_, left);
      }
    }
  }

  std::vector<Record> records() {
    const MutexLock lock(mutex_);
    return records_;
  }
  std::size_t listeners() {
    const MutexLock lock(mutex_);
    return listeners_.size();
  }
  int gone_count() {
    const MutexLock lock(mutex_);
    return gone_;
  }
  ino_t listener_inode(std::size_t i) {
    const MutexLock lock(mutex_);
    struct stat found{};
    return ::fstat(listeners_[i].get(), &found) == 0 ? found.st_ino : 0;
  }
  void set_refuse(bool refuse) {
    const MutexLock lock(mutex_);
    refuse_ = refuse;
  }
  void set_hold(bool hold) {
    const MutexLock lock(mutex_);
    hold_ = hold;
    count_change();
  }

 private:
  std::uint64_t changes() {
    const MutexLock lock(mutex_);
    return changes_;
  }
  void count_change() CLARY_REQUIRES(mutex_) {
    ++changes_;
    changed_.notify_all();
  }

  Mutex mutex_;
  CondVar changed_;
  std::vector<Record> records_;
  std::vector<Fd> listeners_;
  std::uint64_t changes_ = 0;
  int gone_ = 0;
  bool refuse_ = false;
  bool hold_ = false;
};

}  // namespace clary::hostlink

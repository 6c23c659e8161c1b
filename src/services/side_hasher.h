// SHA-256 of a stream on another core: while one piece is hashed there, this thread does something
// else with it.
//
// Used by one thread at a time. Small pieces, and all of them when the pool is busy, are hashed
// here.
#pragma once

#include <memory>
#include <semaphore>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/thread_pool.h"

namespace clary::services {

class SideHasher {
 public:
  // pool outlives this.
  explicit SideHasher(ThreadPool& pool) : pool_(pool), hasher_(make_hasher(DigestKind::kSha256)) {}
  SideHasher(const SideHasher&) = delete;
  SideHasher& operator=(const SideHasher&) = delete;
  ~SideHasher() { join(); }

  // `piece` stays as it is until join().
  void start(std::string_view piece);
  void join();
  // Lower-case hexadecimal. Call once.
  std::string finish();

 private:
  ThreadPool& pool_;
  std::unique_ptr<Hasher> hasher_;
  std::binary_semaphore done_{0};
  bool running_ = false;
};

}  // namespace clary::services

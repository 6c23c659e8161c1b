// IdleMemory: gives back to the system the memory that a burst of requests left free in the heap.
//
// The C library keeps what was freed, an arena for every thread that allocated; a server at rest
// would stay as large as its busiest moment (malloc_trim(3)).
#pragma once

#include <cstdint>
#include <functional>

namespace clary::apps {

class IdleMemory {
 public:
  // requests: how many were answered since the start. give_back: what is done when the server has
  // come to rest.
  IdleMemory(std::function<std::uint64_t()> requests, std::function<void()> give_back)
      : requests_(std::move(requests)), give_back_(std::move(give_back)) {}

  // To be called every few seconds: gives back once after each busy time, at the first look that
  // finds no new request.
  void look();

 private:
  std::function<std::uint64_t()> requests_;
  std::function<void()> give_back_;
  std::uint64_t seen_ = 0;
  bool is_given_back_ = true;
};

// Frees what the heaps of all threads hold unused.
void trim_heaps();

// From here on a block of 128 KiB or more is given back when it is freed. Where pieces of a stream
// go from thread to thread, the heaps would otherwise keep several times what is ever in use.
void give_back_large_blocks();

}  // namespace clary::apps

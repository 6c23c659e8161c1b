// Work on another thread while a scope does something else.
//
//   {
//     const Beside hashing(pool, piece.size(), [&] { hasher.update(piece); });
//     file.write(piece);
//   }  // both have ended
#pragma once

#include <cstddef>
#include <functional>
#include <semaphore>

#include "base/thread_pool.h"

namespace clary {

class Beside {
 public:
  // bytes: how much the work is about. Too little to be worth a hand-over (some 20 µs), or no place
  // free in the pool: it runs here, now. The pool outlives this.
  Beside(ThreadPool& pool, std::size_t bytes, const std::function<void()>& work);
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;
  ~Beside();  // waits for the end of the work

 private:
  std::binary_semaphore done_{0};
  bool elsewhere_ = false;
};

}  // namespace clary

#include "apps/idle_memory.h"

#include <malloc.h>

namespace clary::apps {

void IdleMemory::look() {
  const std::uint64_t now = requests_();
  if (now != seen_) {
    seen_ = now;
    is_given_back_ = false;
    return;
  }
  if (is_given_back_) return;
  give_back_();
  is_given_back_ = true;
}

void trim_heaps() { ::malloc_trim(0); }

// Set at all, the threshold does not grow with what is freed (mallopt(3)).
void give_back_large_blocks() { ::mallopt(M_MMAP_THRESHOLD, 128 << 10); }

}  // namespace clary::apps

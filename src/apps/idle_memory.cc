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

}  // namespace clary::apps

// Which loaded models make room for another one. Pure.
//
// The one that was used longest ago goes first, and no more of them than are needed: of those that
// would go, a model stays when the others free enough without it, the most recently used first.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"

namespace clary::serving {

struct HeldModel {
  std::string name;
  std::uint64_t bytes = 0;  // that its workers take, or will
  Duration last_used{0};    // on the steady clock
  bool can_go = true;       // not pinned, loaded, no call of it under way
};

// What a model takes that has not been loaded yet: its files in each worker, and an interpreter.
std::uint64_t expected_bytes(std::uint64_t file_bytes, std::size_t workers);

// The names of those that go so that `wanted` more bytes fit into `budget`, empty where they fit
// already; nothing: they do not fit whoever goes.
std::optional<std::vector<std::string>> choose_evictions(std::span<const HeldModel> models,
                                                         std::uint64_t wanted,
                                                         std::uint64_t budget);

}  // namespace clary::serving

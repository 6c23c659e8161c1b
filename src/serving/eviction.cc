#include "serving/eviction.h"

#include <algorithm>
#include <numeric>

namespace clary::serving {
namespace {

constexpr std::uint64_t kInterpreterBytes = 24ULL << 20;

}  // namespace

std::uint64_t expected_bytes(std::uint64_t file_bytes, std::size_t workers) {
  return (file_bytes + kInterpreterBytes) * std::max<std::size_t>(workers, 1);
}

std::optional<std::vector<std::string>> choose_evictions(std::span<const HeldModel> models,
                                                         std::uint64_t wanted,
                                                         std::uint64_t budget) {
  std::uint64_t held =
      std::accumulate(models.begin(), models.end(), std::uint64_t{0},
                      [](std::uint64_t sum, const HeldModel& model) { return sum + model.bytes; });
  const auto fits = [&](std::uint64_t bytes) {
    return wanted <= budget && bytes <= budget - wanted;
  };
  std::vector<const HeldModel*> oldest;
  for (const HeldModel& model : models) {
    if (model.can_go) oldest.push_back(&model);
  }
  std::stable_sort(oldest.begin(), oldest.end(), [](const HeldModel* a, const HeldModel* b) {
    return a->last_used < b->last_used;
  });
  std::vector<const HeldModel*> going;
  for (const HeldModel* const model : oldest) {
    if (fits(held)) break;
    going.push_back(model);
    held -= model->bytes;
  }
  if (!fits(held)) return std::nullopt;
  std::vector<std::string> names;
  for (auto model = going.rbegin(); model != going.rend(); ++model) {
    if (fits(held + (*model)->bytes)) {
      held += (*model)->bytes;
    } else {
      names.push_back((*model)->name);
    }
  }
  std::reverse(names.begin(), names.end());
  return names;
}

}  // namespace clary::serving

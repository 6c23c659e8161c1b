#include "serving/batching.h"

#include <algorithm>
#include <cmath>

namespace clary::serving {
namespace {

constexpr double kWeightOfNew = 0.2;
constexpr double kDeviationsOfP99 = 2.326;
// A larger batch must be better by more than measurements differ anyway.
constexpr double kGain = 0.95;

double per_request(Duration took, std::size_t size) {
  return static_cast<double>(took.count()) / static_cast<double>(size);
}

}  // namespace

void BatchTimes::add(std::size_t size, Duration took) {
  double& mean = microseconds_.at(index_of(size));
  const double scaled = static_cast<double>(took.count()) *
                        static_cast<double>(std::bit_floor(size)) / static_cast<double>(size);
  const double seen = std::max(scaled, 1.0);
  if (mean == 0) {
    mean = seen;
    return;
  }
  const double off = seen - mean;
  double& variance = variances_.at(index_of(size));
  variance = (1 - kWeightOfNew) * (variance + kWeightOfNew * off * off);
  mean += kWeightOfNew * off;
}

std::optional<Duration> BatchTimes::of(std::size_t size) const {
  const double mean = microseconds_.at(index_of(size));
  if (mean == 0) return std::nullopt;
  return Duration(static_cast<Duration::rep>(mean));
}

std::optional<Duration> BatchTimes::slow_of(std::size_t size) const {
  const double mean = microseconds_.at(index_of(size));
  if (mean == 0) return std::nullopt;
  const double slow = mean + kDeviationsOfP99 * std::sqrt(variances_.at(index_of(size)));
  return Duration(static_cast<Duration::rep>(slow));
}

std::size_t choose_batch(const BatchSnapshot& now, const BatchTimes& times) {
  const std::size_t lanes = std::max<std::size_t>(now.free_lanes, 1);
  const std::size_t share = (now.waiting + lanes - 1) / lanes;
  const std::size_t cap = std::clamp<std::size_t>(std::min(share, now.most), 1,
                                                  std::size_t{1} << (BatchTimes::kSizes - 1));
  std::size_t best = 1;
  bool looked = false;
  for (std::size_t size = 2; size <= cap; size *= 2) {
    const std::optional<Duration> smaller = times.of(best);
    if (!smaller) break;  // first of all what is smaller
    const std::optional<Duration> larger = times.of(size);
    if (!larger) return size;  // never tried, and everything below it was
    if (times.slow_of(size).value_or(*larger) > now.latency_limit) break;
    if (per_request(*larger, size) < kGain * per_request(*smaller, best)) {
      best = size;
    } else if (now.look_again && !looked && size == best * 2) {
      looked = true;
      best = size;
    }
  }
  // What a power of two leaves over goes along where larger batches pay at all.
  if (best == 1 || best * 2 <= cap) return best;
  const double slow = static_cast<double>(times.slow_of(best).value_or(Duration(0)).count()) *
                      static_cast<double>(cap) / static_cast<double>(best);
  return slow > static_cast<double>(now.latency_limit.count()) ? best : cap;
}

}  // namespace clary::serving

#include "base/beside.h"

namespace clary {
namespace {

constexpr std::size_t kSmallestBytes = 32 << 10;

}  // namespace

Beside::Beside(ThreadPool& pool, std::size_t bytes, const std::function<void()>& work) {
  if (bytes >= kSmallestBytes) {
    elsewhere_ = pool.try_post([this, work] {
      work();
      done_.release();
    });
  }
  if (!elsewhere_) work();
}

Beside::~Beside() {
  if (elsewhere_) done_.acquire();
}

}  // namespace clary

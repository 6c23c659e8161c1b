#include "objects/part_claims.h"

#include <utility>

namespace clary::objects {

void PartClaims::Claim::release() {
  PartClaims* const claims = std::exchange(claims_, nullptr);
  if (claims == nullptr) return;
  const MutexLock lock(claims->mutex_);
  const auto held = claims->held_.find(upload_);
  held->second.erase(number_);
  if (held->second.empty()) claims->held_.erase(held);
}

std::shared_ptr<PartClaims::Claim> PartClaims::claim_part(const UploadId& upload, int number) {
  const MutexLock lock(mutex_);
  std::set<int>& numbers = held_[upload];
  if (numbers.contains(kAll) || !numbers.insert(number).second) return nullptr;
  return std::make_shared<Claim>(*this, upload, number);
}

std::shared_ptr<PartClaims::Claim> PartClaims::claim_all(const UploadId& upload) {
  const MutexLock lock(mutex_);
  if (!held_.try_emplace(upload, std::set{kAll}).second) return nullptr;
  return std::make_shared<Claim>(*this, upload, kAll);
}

}  // namespace clary::objects

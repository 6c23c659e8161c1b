#include "services/key_places.h"

namespace clary::services {

KeyPlaces::Place& KeyPlaces::Place::operator=(Place&& other) noexcept {
  std::swap(places_, other.places_);
  std::swap(key_, other.key_);
  return *this;
}

KeyPlaces::Place::~Place() {
  if (places_ != nullptr) places_->give_back(key_);
}

std::optional<KeyPlaces::Place> KeyPlaces::take(const AccessKeyId& key) {
  const MutexLock lock(mutex_);
  std::size_t& taken = taken_[key.value()];
  if (taken >= most_) return std::nullopt;
  ++taken;
  return Place(*this, key.value());
}

void KeyPlaces::give_back(const std::string& key) {
  const MutexLock lock(mutex_);
  const auto found = taken_.find(key);
  if (--found->second == 0) taken_.erase(found);
}

}  // namespace clary::services

// How many requests each key has under way. Thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"
#include "base/names.h"

namespace clary::services {

class KeyPlaces {
 public:
  // One request's place; given back by its destructor.
  class Place {
   public:
    Place(KeyPlaces& places, std::string key) : places_(&places), key_(std::move(key)) {}
    Place(Place&& other) noexcept
        : places_(std::exchange(other.places_, nullptr)), key_(std::move(other.key_)) {}
    Place& operator=(Place&& other) noexcept;
    ~Place();

   private:
    KeyPlaces* places_;
    std::string key_;
  };

  explicit KeyPlaces(std::size_t most) : most_(most) {}

  // Nothing when the key has as many as it may have.
  std::optional<Place> take(const AccessKeyId& key);

 private:
  void give_back(const std::string& key);

  const std::size_t most_;
  Mutex mutex_;
  std::unordered_map<std::string, std::size_t> taken_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::services

#include "runtime/gang_listeners.h"

#include <utility>

#include "net/server.h"

namespace clary::runtime {

Status ServerGangListeners::serve(const GangId& gang, Fd listening) {
  CLARY_TRY(const std::uint64_t id, server_.adopt(std::move(listening), gang.value()));
  MutexLock lock(mutex_);
  const auto [place, made] = ids_.try_emplace(gang, id);
  if (!made) server_.close_listener(std::exchange(place->second, id));
  return {};
}

void ServerGangListeners::close(const GangId& gang) {
  MutexLock lock(mutex_);
  const auto found = ids_.find(gang);
  if (found == ids_.end()) return;
  server_.close_listener(found->second);
  ids_.erase(found);
}

}  // namespace clary::runtime

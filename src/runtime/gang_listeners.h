// GangListeners: the listening sockets that stand in jobs' networks, served by the server itself.
//
// Thread-safe. What arrives on one bears its gang in Origin.listener.
#pragma once

#include <cstdint>
#include <map>

#include "base/fd.h"
#include "base/mutex.h"
#include "base/names.h"
#include "base/result.h"

namespace clary::net {
class Server;
}

namespace clary::runtime {

class GangListeners {
 public:
  virtual ~GangListeners() = default;
  // In place of an earlier socket of the gang.
  virtual Status serve(const GangId& gang, Fd listening) = 0;
  virtual void close(const GangId& gang) = 0;
};

class ServerGangListeners final : public GangListeners {
 public:
  // server outlives it.
  explicit ServerGangListeners(net::Server& server) : server_(server) {}
  Status serve(const GangId& gang, Fd listening) override;
  void close(const GangId& gang) override;

 private:
  net::Server& server_;
  Mutex mutex_;
  std::map<GangId, std::uint64_t> ids_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::runtime

// The two ends of the link between a job's host and the server. Format: docs/formats/hostlink.md.
//
// HostLink (host side): put() spools a record to disk and returns; a thread sends what is spooled,
// keeps it until the server has acknowledged it, and reconnects for as long as it lives. LinkServer
// (server side): accepts hosts on a Unix socket (SO_PEERCRED: same user or root), checks the gang's
// token, hands records to a LinkReceiver and acknowledges what it took.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/logger.h"
#include "base/names.h"
#include "base/result.h"
#include "hostlink/plan.h"
#include "hostlink/record.h"

namespace clary::hostlink {

// ---- host side ----

struct HostLinkOptions {
  std::string socket_path;
  GangId gang;
  std::string host;
  std::string token;
  std::string spool_path;  // a file of its own; records that were not acknowledged survive a
                           // restart of the host program
  // put() waits while this much is unacknowledged and the server is connected.
  std::uint64_t unacknowledged_limit_bytes = 8ULL << 20;
  // While the server is away the spool grows to this; then log and usage records are dropped, and a
  // notice counts them.
  std::uint64_t spool_limit_bytes = 256ULL << 20;
};

// What the server asks of a host. Called on the link's thread.
struct HostRequests {
  std::function<void(Duration grace)> stop;
  std::function<void(const PlanCredentials&)> credentials;
};

class HostLink {
 public:
  static Result<std::unique_ptr<HostLink>> open(HostLinkOptions options, HostRequests requests,
                                                const Clock& clock);
  virtual ~HostLink() = default;

  // In the spool when this returns: states and notices synced to disk, log and usage records handed
  // to the kernel (they survive a killed host program). Thread-safe. InvalidArgument when the
  // record's line is longer than 1 MiB.
  virtual Status put(RecordKind kind, Document body) = 0;
  // Hands the server a listening socket of the job's network (SCM_RIGHTS), now and after every
  // reconnect; a duplicate is kept.
  virtual Status offer_listener(const Fd& listening) = 0;
  // Waits until everything put so far has been acknowledged. Timeout otherwise.
  virtual Status flush(Duration timeout) = 0;
};

// ---- server side ----

struct LinkPeer {
  GangId gang;
  std::string host;
};

// Thread-safe.
class LinkReceiver {
 public:
  virtual ~LinkReceiver() = default;
  // Whether this token belongs to that gang. Denied otherwise.
  virtual Status admit(const LinkPeer& peer, std::string_view token) = 0;
  // The number of the last record taken from this host; the host resends what follows.
  virtual Result<std::uint64_t> last_taken(const LinkPeer& peer) = 0;
  // Takes records in order; durable when this returns. Those at or below last_taken have been
  // dropped already.
  virtual Status take(const LinkPeer& peer, const std::vector<Record>& records) = 0;
  virtual Status take_listener(const LinkPeer& peer, Fd listening) = 0;
  // The host's connection ended (not: the host ended).
  virtual void gone(const LinkPeer& peer) = 0;
};

class LinkServer {
 public:
  static Result<std::unique_ptr<LinkServer>> listen(const std::string& socket_path,
                                                    LinkReceiver& receiver, const Logger& logger);
  virtual ~LinkServer() = default;
  // Unavailable when that host is not connected now.
  virtual Status send_stop(const LinkPeer& peer, Duration grace) = 0;
  virtual Status send_credentials(const LinkPeer& peer, const PlanCredentials& credentials) = 0;
};

}  // namespace clary::hostlink

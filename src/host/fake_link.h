// FakeHostLink: keeps what was put, for tests. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "hostlink/link.h"

namespace clary::host {

struct FakeLinkRecord {
  std::vector<std::pair<hostlink::RecordKind, Document>> records() const;
  void clear();
  // The bodies' members, for short assertions.
  std::vector<std::string> phases() const;
  std::vector<std::string> lines() const;
  std::vector<std::string> notices() const;
  Document ended() const;  // null when it was not put
  // Until `seen` holds, which is asked again after each record. False: `end` came first.
  bool wait_until(const std::function<bool()>& seen, const std::stop_token& end) const;

  mutable Mutex mutex;
  mutable CondVar changed;
  std::vector<std::pair<hostlink::RecordKind, Document>> put CLARY_GUARDED_BY(mutex);
  hostlink::HostRequests requests;  // to call, as the server would
  hostlink::HostLinkOptions options;
  int listeners = 0;
  Status flush_answer;
  std::function<void(Duration)> on_flush;
  int puts_refused = 0;  // the next records of the state "ended" are refused, as on a full disk
};

// record outlives the link.
std::unique_ptr<hostlink::HostLink> make_fake_link(FakeLinkRecord& record);

}  // namespace clary::host

// JobNetwork: the network of one job host, in a network namespace of its own.
//
// Inside: `lo`, a true `eth0` with 10.77.0.<index>/24, and, where it was asked for and can be
// given, a way out through slirp4netns (tap0, 10.0.2.100). From inside, nothing of the machine's
// loopback, no abstract socket, no other job and no cloud's metadata address (169.254.0.0/16) is
// reachable. It lives as long as this object and the processes in it. One thread at a time.
//
// Made with rtnetlink (rtnetlink(7)), as root or, unprivileged, in a user namespace of its own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace clary::compute {

struct NetworkSpec {
  int index = 1;        // of the host in its gang: the last number of its address, 1 to 254
  bool way_out = true;  // false: network isolation
  // "127.0.0.1:4580": a socket is made that listens there inside. "": none.
  std::string listen_inside;
};

class JobNetwork {
 public:
  // Denied, with the mend, where the machine forbids namespaces.
  static Result<std::unique_ptr<JobNetwork>> create(const NetworkSpec& spec);
  ~JobNetwork();
  JobNetwork(const JobNetwork&) = delete;
  JobNetwork& operator=(const JobNetwork&) = delete;

  // Waits until the way out is there, or is known not to come; no process of the job's may run
  // inside before. Made apart, because slirp4netns takes its time to start.
  void settle();

  int network_namespace() const;  // a descriptor
  int user_namespace() const;     // of the namespace that owns it; -1 when this process is root
  const Fd& listener() const;     // not valid when none was asked for
  // Settled: what was asked for and is not there: "no way out: slirp4netns is not installed".
  std::vector<std::string> lacks() const;

 private:
  struct State;
  explicit JobNetwork(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace clary::compute

// A certificate authority of one's own, for a server that has no certificate from elsewhere.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/tls.h"

namespace clary::net {

struct LocalAuthority {
  std::string ca_file;      // PEM, for clients to trust
  CertificateFiles server;  // signed by it
};

// Makes, or finds, in `folder` (0700): ca.pem, ca.key, server.pem, server.key. The authority lasts
// ten years; the server's certificate 397 days, and is made anew when it ends within 30 or does not
// cover one of `names` (host names and addresses, besides 127.0.0.1, ::1 and localhost). Files that
// do not belong together, which a crash while they are made leaves, are made anew.
Result<LocalAuthority> ensure_local_authority(const std::string& folder,
                                              const std::vector<std::string>& names,
                                              const Clock& clock);

// When the first certificate of a PEM file ends.
Result<TimePoint> certificate_end(const std::string& chain_file);

}  // namespace clary::net

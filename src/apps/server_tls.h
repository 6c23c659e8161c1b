// ServerTls: what a server shows by TLS, and whom its clients are told to trust.
//
//   <data>/tls/{ca.pem, ca.key, server.pem, server.key}   the authority of one's own
//   <data>/tls/bundle.pem                                 AWS_CA_BUNDLE: it, and the given ones
#pragma once

#include <memory>
#include <string>

#include "apps/settings.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/tls.h"

namespace clary::apps {

struct ServerTls {
  std::shared_ptr<net::TlsServer> server;  // null: plain
  std::string bundle_file;                 // "": plain

  std::string scheme() const { return server == nullptr ? "http" : "https"; }
};

// Reads the given certificate, makes the own authority. folder: <data>/tls.
Result<ServerTls> prepare_tls(const std::string& folder, const Settings& settings,
                              const Clock& clock);
// Does so again, for connections to come: the files are others now, or the own certificate ends
// soon. Returns what clients are to be told to trust now, for write_bundle. On an error the server
// goes on with what it has. Precondition: tls.server is there.
Result<std::string> reload_tls(const ServerTls& tls, const std::string& folder,
                               const Settings& settings, const Clock& clock);
Status write_bundle(const ServerTls& tls, const std::string& trusted);

// Where this machine's own clients reach a server that is bound to `address`: at loopback, unless
// it is one address only ("0.0.0.0:4580" → "127.0.0.1:4580").
std::string local_address(const std::string& address);

}  // namespace clary::apps

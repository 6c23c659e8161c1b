#include "apps/server_tls.h"

#include <vector>

#include "base/files.h"
#include "net/certificates.h"

namespace clary::apps {
namespace {

constexpr std::uint64_t kLargestPem = 1 << 20;

// "192.168.1.5:4580" → "192.168.1.5", "[::1]:80" → "::1"
std::string host_of(const std::string& address) {
  std::string host = address.substr(0, address.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return host;
}

bool is_any(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

// The names that the own certificate covers besides loopback.
std::vector<std::string> names_of(const Settings& settings) {
  std::vector<std::string> names = settings.allowed_hosts;
  if (const std::string host = host_of(settings.listen); !is_any(host)) names.push_back(host);
  for (const std::string& domain : settings.s3_domains) {
    // Nobody takes a wildcard right under the top: "*.localhost".
    if (domain.find('.') != std::string::npos) names.push_back("*." + domain);
  }
  return names;
}

// The certificates that clients are told to trust, one after another.
Result<std::string> trusted_by_clients(const net::LocalAuthority& own, const Settings& settings) {
  std::string trusted;
  for (const std::string& file : {own.ca_file, settings.tls_cert, settings.tls_ca}) {
    if (file.empty()) continue;
    CLARY_TRY(const std::string pem, read_file(file, kLargestPem));
    trusted += pem;
  }
  return trusted;
}

}  // namespace

Result<ServerTls> prepare_tls(const std::string& folder, const Settings& settings,
                              const Clock& clock) {
  if (!settings.uses_tls()) return ServerTls{};
  CLARY_TRY(const net::LocalAuthority own,
            net::ensure_local_authority(folder, names_of(settings), clock));
  CLARY_TRY(const std::string trusted, trusted_by_clients(own, settings));
  ServerTls out;
  out.bundle_file = path_join(folder, "bundle.pem");
  CLARY_RETURN_IF_ERROR(write_bundle(out, trusted));
  CLARY_TRY(out.server, net::TlsServer::create(own.server, {settings.tls_cert, settings.tls_key}));
  return out;
}

Result<std::string> reload_tls(const ServerTls& tls, const std::string& folder,
                               const Settings& settings, const Clock& clock) {
  CLARY_TRY(const net::LocalAuthority own,
            net::ensure_local_authority(folder, names_of(settings), clock));
  CLARY_TRY(std::string trusted, trusted_by_clients(own, settings));
  // What cannot be shown must not be what clients trust: so the bundle comes second.
  CLARY_RETURN_IF_ERROR(tls.server->replace(own.server, {settings.tls_cert, settings.tls_key}));
  return trusted;
}

Status write_bundle(const ServerTls& tls, const std::string& trusted) {
  return write_file_atomically(tls.bundle_file, trusted, 0644);
}

std::string local_address(const std::string& address) {
  const std::string port = address.substr(address.rfind(':'));
  const std::string host = host_of(address);
  if (host == "0.0.0.0") return "127.0.0.1" + port;
  return host == "::" ? "[::1]" + port : address;
}

}  // namespace clary::apps

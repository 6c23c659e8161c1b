#include "objects/container_credentials.h"

#include <chrono>
#include <memory>
#include <string_view>

#include "base/json.h"
#include "base/time_text.h"
#include "net/client.h"

namespace clary::objects {
namespace {

constexpr Duration kRenewal = std::chrono::minutes(5);
constexpr const char* kVariable = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

struct SplitAddress {
  std::string endpoint;  // "http://127.0.0.1:4580"
  std::string target;    // "/_clary/credentials"
};

Result<SplitAddress> split_address(const std::string& address) {
  const std::size_t scheme = address.find("://");
  const std::size_t path = scheme == std::string::npos ? scheme : address.find('/', scheme + 3);
  if (path == std::string::npos)
    return invalid_argument(std::string(kVariable) + " '" + address + "' is no address");
  const std::string_view host = std::string_view(address).substr(scheme + 3, path - scheme - 3);
  const bool loopback =
      host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
  if (!address.starts_with("https://") && !(address.starts_with("http://") && loopback)) {
    return invalid_argument(std::string(kVariable) + " '" + address +
                            "': neither https nor an address of this machine");
  }
  return SplitAddress{address.substr(0, path), address.substr(path)};
}

}  // namespace

Result<S3Credentials> ContainerCredentials::get(const std::string& address,
                                                const std::string& token) {
  CLARY_TRY(const SplitAddress split, split_address(address));
  MutexLock lock(mutex_);
  if (clock_.now() < good_until_) return last_;
  CLARY_TRY(const std::unique_ptr<net::Client> client, net::Client::create(split.endpoint));
  net::ClientRequest request{.target = split.target};
  if (!token.empty()) request.headers.add("Authorization", token);
  CLARY_TRY(const net::ClientReply reply, client->send(request));
  if (reply.status != 200) {
    return denied(address + " gives no credentials: status " + std::to_string(reply.status));
  }
  CLARY_TRY(const Document found, parse_json(reply.body));
  S3Credentials credentials{.access_key = AccessKeyId(found.string_or("AccessKeyId", "")),
                            .secret_key = Secret(found.string_or("SecretAccessKey", "")),
                            .session_token = Secret(found.string_or("Token", ""))};
  if (credentials.access_key.empty() || credentials.secret_key.empty())
    return denied(address + " gives no credentials");
  const Result<TimePoint> ends = parse_time(found.string_or("Expiration", ""));
  good_until_ = ends.ok() ? *ends - kRenewal : clock_.now() + kRenewal;
  last_ = credentials;
  return credentials;
}

}  // namespace clary::objects

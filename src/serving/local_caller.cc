#include "serving/local_caller.h"

#include <string_view>

#include "base/strings.h"

namespace clary::serving {
namespace {

// "127.0.0.1:8080" → "127.0.0.1", "[::1]:80" → "::1"
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end == std::string_view::npos ? std::string_view() : host.substr(1, end - 1);
  }
  return host.substr(0, host.find(':'));
}

bool is_loopback(std::string_view name) {
  return name == "::1" || equals_ignoring_case(name, "localhost") ||
         (name.starts_with("127.") &&
          name.find_first_not_of("0123456789.") == std::string_view::npos);
}

}  // namespace

std::optional<std::string> foreign_caller(const net::RequestHead& head) {
  const std::string_view host = head.headers.get("host");
  // Browsers always send one.
  if (!host.empty() && !is_loopback(without_port(host)))
    return "the Host '" + std::string(host.substr(0, 200)) + "' is not of this machine";
  const std::string* const origin = head.headers.find("origin");
  if (origin == nullptr || equals_ignoring_case(*origin, "http://" + std::string(host)))
    return std::nullopt;
  return "a page of another origin ('" + origin->substr(0, 200) + "') may not ask";
}

bool is_local_address(const std::string& address) {
  return address.starts_with("unix:") || is_loopback(without_port(address));
}

}  // namespace clary::serving

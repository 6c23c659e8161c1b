// What every S3 list shares: its limits, and how texts with keys in them are written. Pure
// functions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/bucket_defaults.h"
#include "base/text_encoding.h"
#include "objects/object_store.h"
#include "services/call_context.h"
#include "services/service_error.h"

namespace clary::services {

inline constexpr std::int64_t kListPageLimit = 1000;

// InvalidArgument for another encoding than "url".
inline std::optional<ServiceError> check_encoding(const std::optional<std::string>& encoding) {
  if (!encoding || *encoding == "url") return std::nullopt;
  return ServiceError("InvalidArgument", "Invalid Encoding Method specified in Request");
}

// Everything is the account's.
inline api::s3::Owner owner_of(const CallContext& context) {
  return api::s3::Owner{std::nullopt, context.account.value()};
}

// The size of a page; `name` is the argument's. InvalidArgument for a negative one.
inline Outcome<std::size_t> page_size(const std::optional<std::int64_t>& wanted, const char* name) {
  const std::int64_t size = wanted.value_or(kListPageLimit);
  if (size < 0) {
    return ServiceError("InvalidArgument", "Argument " + std::string(name) +
                                               " must be an integer between 0 and 2147483647");
  }
  return static_cast<std::size_t>(std::min(size, kListPageLimit));
}

// A text with a key in it, as encoding-type asks.
template <typename Request>
std::string shown(const std::string& text, const Request& request) {
  return request.encoding_type ? percent_encode(text, Slash::kKeep) : text;
}
template <typename Request>
std::optional<std::string> shown(const std::optional<std::string>& text, const Request& request) {
  return text ? std::optional(shown(*text, request)) : std::nullopt;
}

// Prefix, delimiter, encoding and common prefixes, which all of them echo.
template <typename Request, typename Reply>
void set_list_frame(Reply& reply, const Request& request, const objects::PageEnd& page) {
  reply.prefix = shown(request.prefix.value_or(""), request);
  reply.delimiter = shown(request.delimiter, request);
  reply.encoding_type = request.encoding_type;
  reply.is_truncated = page.truncated;
  if (page.common_prefixes.empty()) return;
  auto& prefixes = reply.common_prefixes.emplace();
  for (const std::string& prefix : page.common_prefixes)
    prefixes.push_back({shown(prefix, request)});
}

}  // namespace clary::services

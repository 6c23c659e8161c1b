// objects::ObjectMetadata to and from the members that PutObject, CreateMultipartUpload, GetObject
// and HeadObject share. Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>

#include "base/encoded_word.h"
#include "base/strings.h"
#include "base/time_text.h"
#include "objects/object_store.h"
#include "services/service_error.h"
#include "wire/codec.h"

namespace clary::services {

inline constexpr std::size_t kUserMetadataLimitBytes = 2048;

// Content-Encoding without aws-chunked, which belongs to the transfer, not to the object.
std::string stored_encoding(const std::string& content_encoding);

template <typename Request>
Outcome<objects::ObjectMetadata> metadata_of(const Request& request) {
  objects::ObjectMetadata out;
  if (request.content_type && !request.content_type->empty())
    out.content_type = *request.content_type;
  const auto keep = [&](const char* name, const std::optional<std::string>& value) {
    if (value && !value->empty()) out.standard[name] = *value;
  };
  keep("cache-control", request.cache_control);
  keep("content-disposition", request.content_disposition);
  keep("content-language", request.content_language);
  if (request.content_encoding)
    keep("content-encoding", stored_encoding(*request.content_encoding));
  if (request.expires) out.standard["expires"] = http_date(*request.expires);
  std::size_t user_bytes = 0;
  if (request.metadata) {
    for (const auto& [name, value] : *request.metadata) {
      std::string text = from_encoded_words(value);
      user_bytes += name.size() + text.size();
      out.user[to_lower(name)] = std::move(text);
    }
  }
  if (user_bytes > kUserMetadataLimitBytes) {
    return ServiceError("MetadataTooLarge",
                        "Your metadata headers exceed the maximum allowed metadata size");
  }
  out.server_side_encryption = request.server_side_encryption.value_or("");
  out.kms_key_id = request.sse_kms_key_id.value_or("");
  return out;
}

// The echo of the encryption that the upload asked for.
template <typename Reply>
void set_encryption(Reply& reply, const objects::ObjectMetadata& metadata) {
  if (!metadata.server_side_encryption.empty())
    reply.server_side_encryption = metadata.server_side_encryption;
  if (!metadata.kms_key_id.empty()) reply.sse_kms_key_id = metadata.kms_key_id;
}

template <typename Reply>
void set_metadata(Reply& reply, const objects::ObjectMetadata& metadata) {
  const auto give = [&](const char* name, std::optional<std::string>& to) {
    if (const auto found = metadata.standard.find(name); found != metadata.standard.end())
      to = found->second;
  };
  reply.content_type = metadata.content_type;
  give("cache-control", reply.cache_control);
  give("content-disposition", reply.content_disposition);
  give("content-language", reply.content_language);
  give("content-encoding", reply.content_encoding);
  if (const auto expires = metadata.standard.find("expires"); expires != metadata.standard.end()) {
    if (const Result<TimePoint> time = parse_time(expires->second); time.ok())
      reply.expires = *time;
  }
  if (!metadata.user.empty()) {
    auto& user = reply.metadata.emplace();
    for (const auto& [name, value] : metadata.user)
      user.emplace_back(name, to_encoded_words(value));
  }
  set_encryption(reply, metadata);
}

}  // namespace clary::services

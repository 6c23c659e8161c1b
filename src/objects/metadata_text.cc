#include "objects/metadata_text.h"

#include <utility>

#include "base/strings.h"
#include "base/text_encoding.h"

namespace clary::objects {
namespace {

void append_pair(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out += '&';
  out.append(percent_encode(name)).append("=").append(percent_encode(value));
}

void set_pair(ObjectMetadata& metadata, const std::string& name, std::string value) {
  if (name == "type") {
    metadata.content_type = std::move(value);
  } else if (name == "sse") {
    metadata.server_side_encryption = std::move(value);
  } else if (name == "kms") {
    metadata.kms_key_id = std::move(value);
  } else if (name.starts_with("s.")) {
    metadata.standard[name.substr(2)] = std::move(value);
  } else if (name.starts_with("u.")) {
    metadata.user[name.substr(2)] = std::move(value);
  }
}

}  // namespace

std::string metadata_to_text(const ObjectMetadata& metadata) {
  std::string out;
  if (metadata.content_type != ObjectMetadata().content_type) {
    append_pair(out, "type", metadata.content_type);
  }
  if (!metadata.server_side_encryption.empty()) {
    append_pair(out, "sse", metadata.server_side_encryption);
  }
  if (!metadata.kms_key_id.empty()) append_pair(out, "kms", metadata.kms_key_id);
  for (const auto& [name, value] : metadata.standard) append_pair(out, "s." + name, value);
  for (const auto& [name, value] : metadata.user) append_pair(out, "u." + name, value);
  return out;
}

Result<ObjectMetadata> metadata_from_text(std::string_view text) {
  ObjectMetadata metadata;
  if (text.empty()) return metadata;
  for (const std::string_view pair : split(text, '&')) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return internal_error("metadata: a pair without '='");
    CLARY_TRY(const std::string name, percent_decode(pair.substr(0, equals)));
    CLARY_TRY(std::string value, percent_decode(pair.substr(equals + 1)));
    set_pair(metadata, name, std::move(value));
  }
  return metadata;
}

}  // namespace clary::objects

#include "objects/metadata_text.h"

#include <functional>
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

Status read_pairs(std::string_view text,
                  const std::function<void(const std::string& name, std::string value)>& take) {
  if (text.empty()) return {};
  for (const std::string_view pair : split(text, '&')) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return internal_error("metadata: a pair without '='");
    CLARY_TRY(const std::string name, percent_decode(pair.substr(0, equals)));
    CLARY_TRY(std::string value, percent_decode(pair.substr(equals + 1)));
    take(name, std::move(value));
  }
  return {};
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
  CLARY_RETURN_IF_ERROR(read_pairs(text, [&](const std::string& name, std::string value) {
    set_pair(metadata, name, std::move(value));
  }));
  return metadata;
}

std::string tags_to_text(const Tags& tags) {
  std::string out;
  for (const auto& [name, value] : tags) append_pair(out, name, value);
  return out;
}

Result<Tags> tags_from_text(std::string_view text) {
  Tags tags;
  CLARY_RETURN_IF_ERROR(read_pairs(
      text, [&](const std::string& name, std::string value) { tags[name] = std::move(value); }));
  return tags;
}

std::string parts_to_text(const std::vector<ObjectPart>& parts) {
  std::string out;
  for (const ObjectPart& part : parts) {
    if (!out.empty()) out += ',';
    out.append(std::to_string(part.number)).append(":").append(std::to_string(part.size_bytes));
    if (!part.checksum) continue;
    out.append(":").append(std::to_string(static_cast<int>(part.checksum->kind)));
    out.append(":").append(part.checksum->value);
  }
  return out;
}

Result<std::vector<ObjectPart>> parts_from_text(std::string_view text) {
  std::vector<ObjectPart> out;
  if (text.empty()) return out;
  for (const std::string_view entry : split(text, ',')) {
    const auto fields = split(entry, ':');
    if (fields.size() != 2 && fields.size() != 4) return internal_error("parts: not well-formed");
    ObjectPart& part = out.emplace_back();
    part.number = static_cast<int>(parse_int(fields[0]).value_or(0));
    part.size_bytes = static_cast<std::uint64_t>(parse_int(fields[1]).value_or(0));
    if (fields.size() == 2) continue;
    part.checksum = Checksum{static_cast<DigestKind>(parse_int(fields[2]).value_or(0)),
                             std::string(fields[3]), false};
  }
  return out;
}

}  // namespace clary::objects

// S3Objects::attributes: GetObjectAttributes.
#include <algorithm>
#include <array>

#include "services/s3_checksums.h"
#include "services/s3_objects.h"

namespace clary::services {
namespace {

constexpr std::int64_t kPageLimit = 1000;
constexpr std::array<std::string_view, 5> kAttributes = {"ETag", "Checksum", "ObjectParts",
                                                         "StorageClass", "ObjectSize"};

// Parts are listed one by one only where each has a checksum; else S3 tells their number.
api::s3::GetObjectAttributesParts attributes_of_parts(
    const api::GetObjectAttributes::Request& request,
    const std::vector<objects::ObjectPart>& parts) {
  api::s3::GetObjectAttributesParts out;
  out.total_parts_count = static_cast<std::int64_t>(parts.size());
  if (!parts.front().checksum) return out;
  const std::int64_t after = request.part_number_marker.value_or(0);
  const std::int64_t limit =
      std::clamp<std::int64_t>(request.max_parts.value_or(kPageLimit), 0, kPageLimit);
  auto& shown = out.parts.emplace();
  out.is_truncated = false;
  for (const objects::ObjectPart& part : parts) {
    if (part.number <= after) continue;
    if (static_cast<std::int64_t>(shown.size()) == limit) {
      out.is_truncated = true;
      break;
    }
    api::s3::ObjectPart& entry = shown.emplace_back();
    entry.part_number = part.number;
    entry.size = static_cast<std::int64_t>(part.size_bytes);
    set_checksum_value(entry, part.checksum);
  }
  out.part_number_marker = after;
  out.next_part_number_marker = shown.empty() ? after : *shown.back().part_number;
  out.max_parts = limit;
  return out;
}

}  // namespace

Outcome<api::GetObjectAttributes::Reply> S3Objects::attributes(
    const api::GetObjectAttributes::Request& request, const CallContext& context) {
  if (auto denied = S3Access::check_owner(request.expected_bucket_owner, context)) return *denied;
  const auto wants = [&](std::string_view attribute) {
    return std::ranges::find(request.object_attributes, attribute) !=
           request.object_attributes.end();
  };
  for (const std::string& attribute : request.object_attributes) {
    if (std::ranges::find(kAttributes, attribute) == kAttributes.end())
      return ServiceError("InvalidArgument", "Invalid attribute name specified.");
  }
  CLARY_TRY(const objects::ObjectHead head, access_.find_object(request, context));
  api::GetObjectAttributes::Reply reply;
  reply.last_modified = head.last_modified;
  set_version(reply, head);
  if (wants("ETag")) reply.etag = head.etag;
  if (wants("StorageClass")) reply.storage_class = "STANDARD";
  if (wants("ObjectSize")) reply.object_size = static_cast<std::int64_t>(head.size_bytes);
  if (wants("Checksum") && head.checksum) set_checksum(reply.checksum.emplace(), head.checksum);
  if (wants("ObjectParts") && !head.parts.empty())
    reply.object_parts = attributes_of_parts(request, head.parts);
  return reply;
}

}  // namespace clary::services

#include "services/stored_role_objects.h"

#include <array>
#include <string>
#include <utility>

#include "runtime/credential_issuer.h"

namespace clary::services {

using hosting::RoleBytes;
using hosting::RoleObject;

namespace {

constexpr std::size_t kReadPiece = 64U << 10;

}  // namespace

runtime::DataReader StoredRoleObjects::session_of(const std::string& role) const {
  domain::Job job;
  job.spec.role = role;
  return {.identity = runtime::identity_of(job, parts_.account), .region = parts_.region};
}

Status StoredRoleObjects::write(const RoleObject& object, RoleBytes bytes) {
  CLARY_RETURN_IF_ERROR(parts_.access.may_write(session_of(object.role), object.place));
  objects::PutRequest put{.bucket = object.place.bucket, .key = ObjectKey(object.place.key)};
  put.metadata.content_type = std::move(bytes.content_type);
  CLARY_TRY(const auto writer, parts_.objects.put(std::move(put)));
  CLARY_RETURN_IF_ERROR(writer->write(bytes.body));
  CLARY_TRY([[maybe_unused]] const objects::ObjectHead head, writer->finish());
  return {};
}

Result<RoleBytes> StoredRoleObjects::read(const RoleObject& object, std::uint64_t limit_bytes) {
  const ObjectKey key(object.place.key);
  CLARY_RETURN_IF_ERROR(
      parts_.access.may_read(session_of(object.role), object.place.bucket, {key}));
  CLARY_TRY(objects::ObjectBody found,
            parts_.objects.get(object.place.bucket, key, objects::ReadRequest{}));
  if (found.length > limit_bytes) {
    return limit_exceeded(object.place.to_string() + ": " + std::to_string(found.length) +
                          " bytes, more than the " + std::to_string(limit_bytes) +
                          " that are read");
  }
  RoleBytes bytes{.content_type = found.head.metadata.content_type, .body = {}};
  bytes.body.reserve(found.length);
  std::array<char, kReadPiece> piece{};
  for (;;) {
    CLARY_TRY(const std::size_t count, found.bytes->read(piece));
    if (count == 0) return bytes;
    bytes.body.append(piece.data(), count);
  }
}

}  // namespace clary::services

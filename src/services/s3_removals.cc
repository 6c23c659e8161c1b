// S3Objects: DeleteObject and DeleteObjects.
#include <utility>
#include <vector>

#include "services/s3_objects.h"
#include "services/s3_rules.h"

namespace clary::services {
namespace {

using objects::Removal;
using objects::Removed;

constexpr std::size_t kMostRemovals = 1000;

std::optional<std::uint64_t> wanted_size(const std::optional<std::int64_t>& size) {
  if (!size) return std::nullopt;
  return static_cast<std::uint64_t>(*size);
}

std::optional<std::string> wanted_etag(const std::optional<std::string>& etag) {
  if (!etag) return std::nullopt;
  return plain_etag(*etag);
}

api::s3::DeletedObject deleted(const Removal& removal, const Removed& removed) {
  api::s3::DeletedObject out;
  out.key = removal.key.value();
  if (!removal.version.empty()) out.version_id = removal.version;
  if (removed.delete_marker) {
    out.delete_marker = true;
    out.delete_marker_version_id = removed.version_id;
  }
  return out;
}

api::s3::Error failed(const Removal& removal, const ServiceError& error) {
  api::s3::Error out;
  out.key = removal.key.value();
  if (!removal.version.empty()) out.version_id = removal.version;
  out.code = error.code.empty() ? "InternalError" : error.code;
  out.message = error.message;
  return out;
}

}  // namespace

Outcome<api::DeleteObject::Reply> S3Objects::remove(const api::DeleteObject::Request& request,
                                                    const CallContext& context) {
  if (auto denied = S3Access::check_owner(request.expected_bucket_owner, context)) return *denied;
  if (auto refused = check_object_key(request.key)) return *refused;
  CLARY_TRY(const std::string version, version_of(request));
  const std::vector<Removal> removals = {{.key = ObjectKey(request.key),
                                          .version = version,
                                          .if_etag = wanted_etag(request.if_match),
                                          .if_size_bytes = wanted_size(request.if_match_size),
                                          .if_modified = request.if_match_last_modified_time}};
  CLARY_TRY(const std::vector<Result<Removed>> outcomes,
            access_.on_bucket(
                request.bucket, context,
                [&] { return access_.store().remove(BucketName(request.bucket), removals); },
                S3Access::explain_write));
  const Result<Removed>& removed = outcomes.front();
  if (!removed.ok()) return S3Access::explain_write(removed.error());
  api::DeleteObject::Reply reply;
  if (!removed->version_id.empty()) reply.version_id = removed->version_id;
  if (removed->delete_marker) reply.delete_marker = true;
  return reply;
}

Outcome<api::DeleteObjects::Reply> S3Objects::remove_all(const api::DeleteObjects::Request& request,
                                                         const CallContext& context) {
  if (auto denied = S3Access::check_owner(request.expected_bucket_owner, context)) return *denied;
  const std::vector<api::s3::ObjectIdentifier>& named = request.delete_.objects;
  if (named.empty() || named.size() > kMostRemovals) {
    return ServiceError("MalformedXML",
                        "The XML you provided was not well-formed or did not validate against our "
                        "published schema");
  }
  api::DeleteObjects::Reply reply;
  const auto add_error = [&](const Removal& removal, const ServiceError& error) {
    if (!reply.errors) reply.errors.emplace();
    reply.errors->push_back(failed(removal, error));
  };
  std::vector<Removal> removals;
  for (std::size_t place = 0; place < named.size(); ++place) {
    const api::s3::ObjectIdentifier& object = named[place];
    Removal removal{.key = ObjectKey(object.key),
                    .version = object.version_id.value_or(""),
                    .if_etag = wanted_etag(object.etag),
                    .if_size_bytes = wanted_size(object.size),
                    .if_modified = object.last_modified_time};
    const auto barred = context.refused_entries.find(place);
    if (barred != context.refused_entries.end()) {
      add_error(removal, ServiceError("AccessDenied", barred->second));
    } else if (auto refused = check_object_key(object.key)) {
      add_error(removal, *refused);
    } else {
      removals.push_back(std::move(removal));
    }
  }
  CLARY_TRY(const std::vector<Result<Removed>> outcomes,
            access_.on_bucket(
                request.bucket, context,
                [&] { return access_.store().remove(BucketName(request.bucket), removals); },
                S3Access::explain_write));
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (!outcomes[i].ok()) {
      add_error(removals[i], S3Access::explain_write(outcomes[i].error()));
    } else if (!request.delete_.quiet.value_or(false)) {
      if (!reply.deleted) reply.deleted.emplace();
      reply.deleted->push_back(deleted(removals[i], *outcomes[i]));
    }
  }
  return reply;
}

}  // namespace clary::services

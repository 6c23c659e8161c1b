#include "runtime/model_data.h"

#include <fmt/format.h>

#include "runtime/plan_errors.h"

namespace clary::runtime {
namespace {

using domain::ModelContainer;
using domain::ModelDataForm;

Error no_model(const ModelContainer& container, std::string_view what) {
  return invalid_argument(
      fmt::format("ClientError: Could not find model data at {}: {}.", container.model_uri, what));
}

Error not_readable(const ModelContainer& container, const Error& error) {
  const Error known = by_policy(error);
  if (known.code != ErrorCode::kInvalidArgument) return ours(known);
  return invalid_argument(fmt::format("ClientError: Could not access model data at {}: {}",
                                      container.model_uri, known.message));
}

Status check_prefix(const ModelContainer& container, objects::ObjectUri place,
                    const DataReader& reader, objects::ObjectStore& objects, DataAccess& access) {
  if (!place.key.empty() && !place.key.ends_with('/')) place.key += '/';
  const auto asked = access.reading(reader, place);
  if (!asked.ok()) return not_readable(container, asked.error());
  if (container.many_models) return {};
  const auto first = objects.list({.bucket = place.bucket, .prefix = place.key, .max_keys = 1});
  if (!first.ok()) return ours(first.error());
  if (first->objects.empty()) return no_model(container, "there is no object below this prefix");
  return {};
}

Status check_object(const ModelContainer& container, const objects::ObjectUri& place,
                    const DataReader& reader, objects::ObjectStore& objects, DataAccess& access) {
  const ObjectKey key(place.key);
  if (const Status allowed = access.may_read(reader, place.bucket, {key}); !allowed.ok())
    return not_readable(container, allowed.error());
  const auto found = objects.head(place.bucket, key);
  if (found.ok()) return {};
  if (found.error().code != ErrorCode::kNotFound) return ours(found.error());
  return no_model(container, fmt::format("the bucket '{}' has no object '{}'", place.bucket.value(),
                                         place.key));
}

}  // namespace

Status check_model_data(const ModelContainer& container, const DataReader& reader,
                        objects::ObjectStore& objects, DataAccess& access) {
  if (container.model_uri.empty()) {
    if (container.form == ModelDataForm::kNone && !container.many_models) return {};
    return invalid_argument("ClientError: The model's data is named by no S3 URL.");
  }
  const auto place = objects::parse_object_uri(container.model_uri);
  if (!place.ok()) return invalid_argument("ClientError: " + place.error().message);
  if (const auto bucket = objects.find_bucket(place->bucket); !bucket.ok()) {
    if (bucket.error().code != ErrorCode::kNotFound) return ours(bucket.error());
    return no_model(container, fmt::format("there is no bucket '{}'", place->bucket.value()));
  }
  const bool is_prefix = container.many_models || container.form == ModelDataForm::kObjects;
  return is_prefix ? check_prefix(container, *place, reader, objects, access)
                   : check_object(container, *place, reader, objects, access);
}

}  // namespace clary::runtime

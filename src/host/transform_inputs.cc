#include "host/transform_inputs.h"

#include "base/files.h"
#include "host/fetch.h"
#include "host/manifest.h"
#include "host/patience.h"
#include "objects/channel_path.h"

namespace clary::host {
namespace {

constexpr std::uint64_t kManifestBytes = 256ULL << 20;

Error no_inputs(const HostContext& context, const objects::ObjectUri& uri) {
  return not_found(objects::no_objects_sentence({.uri = context.plan.transform.input_uri,
                                                 .bucket = *uri.bucket,
                                                 .region = context.plan.region,
                                                 .role = ""}));
}

Status fetch_patiently(HostContext& context, const objects::ObjectUri& from, const std::string& to,
                       Unpacking unpacking) {
  return with_patience(context, from.to_string(), [&]() -> Status {
    CLARY_RETURN_IF_ERROR(remove_tree(to));
    return fetch_object(context, from, to, unpacking);
  });
}

Result<std::vector<TransformInput>> named_by_manifest(HostContext& context,
                                                      const objects::ObjectUri& uri) {
  const std::string aside = context.path("transform/manifest");
  const Status fetched = fetch_patiently(context, uri, aside, Unpacking::kNone);
  if (!fetched.ok() && fetched.error().code == ErrorCode::kNotFound) return no_inputs(context, uri);
  CLARY_RETURN_IF_ERROR(fetched);
  CLARY_TRY(const std::string text, read_file(aside, kManifestBytes));
  CLARY_RETURN_IF_ERROR(remove_tree(aside));
  const Result<std::vector<ManifestEntry>> entries = parse_manifest(text);
  if (!entries.ok()) return entries.error().within("manifest '" + uri.to_string() + "'");
  std::vector<TransformInput> inputs;
  for (const ManifestEntry& entry : *entries)
    inputs.push_back({.object = entry.object, .path = entry.path});
  return inputs;
}

Result<std::vector<TransformInput>> below_prefix(HostContext& context,
                                                 const objects::ObjectUri& uri) {
  std::vector<TransformInput> inputs;
  objects::ListRequest request{.bucket = uri.bucket, .prefix = uri.key};
  for (;;) {
    CLARY_RETURN_IF_ERROR(context.check_stop());
    objects::ListPage page;
    const Status listed = with_patience(context, uri.to_string(), [&]() -> Status {
      CLARY_TRY(page, context.store->list(request));
      return {};
    });
    if (!listed.ok() && listed.error().code == ErrorCode::kNotFound) return no_inputs(context, uri);
    CLARY_RETURN_IF_ERROR(listed);
    for (const objects::ObjectHead& head : page.objects) {
      CLARY_TRY(std::string path, objects::channel_path(uri.key, *head.key));
      if (path.empty()) continue;  // it stands for a folder
      inputs.push_back(
          {.object = {.bucket = uri.bucket, .key = *head.key}, .path = std::move(path)});
    }
    if (!page.truncated) break;
    request.after = page.next_after;
  }
  if (inputs.empty()) return no_inputs(context, uri);
  return inputs;
}

}  // namespace

Result<std::vector<TransformInput>> transform_inputs(HostContext& context) {
  const hostlink::PlanTransform& transform = context.plan.transform;
  CLARY_TRY(const objects::ObjectUri uri, objects::parse_object_uri(transform.input_uri));
  if (transform.data_type == "ManifestFile") return named_by_manifest(context, uri);
  return below_prefix(context, uri);
}

Result<objects::ObjectUri> transform_output_of(const hostlink::HostPlan& plan,
                                               const TransformInput& input) {
  CLARY_TRY(objects::ObjectUri uri, objects::parse_object_uri(plan.output_uri));
  const std::string name = input.path + ".out";
  uri.key = uri.key.empty() ? name : path_join(uri.key, name);
  return uri;
}

Status fetch_transform_input(HostContext& context, const TransformInput& input,
                             const std::string& to) {
  const bool packed = context.plan.transform.compression == "Gzip";
  return fetch_patiently(context, input.object, to, packed ? Unpacking::kGunzip : Unpacking::kNone);
}

}  // namespace clary::host

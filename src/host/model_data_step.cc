// A serving job's model, as its container finds it: the data under /opt/ml/model, and the code of
// those that leave it in S3 (SAGEMAKER_SUBMIT_DIRECTORY) under /opt/ml/code.
#include "base/files.h"
#include "host/fetch.h"
#include "host/serving_program.h"
#include "host/steps.h"
#include "objects/channel_path.h"

namespace clary::host {
namespace {

Status stage_prefix(HostContext& context, objects::ObjectUri from, const std::string& folder) {
  if (!from.key.empty() && !from.key.ends_with('/')) from.key += '/';
  objects::ListRequest request{.bucket = from.bucket, .prefix = from.key};
  bool any = false;
  for (;;) {
    CLARY_TRY(const objects::ListPage page, context.store->list(request));
    for (const objects::ObjectHead& head : page.objects) {
      any = true;
      CLARY_TRY(const std::string path, objects::channel_path(from.key, *head.key));
      if (path.empty()) continue;
      CLARY_RETURN_IF_ERROR(fetch_object(context, {.bucket = from.bucket, .key = *head.key},
                                         path_join(folder, path)));
    }
    if (!page.truncated) break;
    request.after = page.next_after;
  }
  return any ? Status() : not_found("there is no object below this prefix");
}

Status stage_data(HostContext& context, const std::string& folder) {
  const hostlink::PlanModel& model = context.plan.model;
  if (model.many || model.form == "none") return {};
  CLARY_TRY(const objects::ObjectUri uri, objects::parse_object_uri(model.uri));
  if (model.form == "archive") return unpack_object(context, uri, folder);
  if (model.form == "objects") return stage_prefix(context, uri, folder);
  if (model.form != "object")
    return unsupported("'" + model.form + "' is no form of model data that this host knows");
  CLARY_TRY(const std::string name, objects::channel_path(uri.key, uri.key));
  if (name.empty()) return invalid_argument("its key is that of a folder, not of an object");
  return fetch_object(context, uri, path_join(folder, name));
}

// "" when the code came with the model.
std::string code_address(const hostlink::HostPlan& plan) {
  std::string address;
  for (const auto& [name, value] : plan.environment) {
    if (name == "SAGEMAKER_SUBMIT_DIRECTORY") address = value;  // the last counts
  }
  return address.starts_with("s3://") ? address : "";
}

Status stage_submitted_code(HostContext& context) {
  const std::string address = code_address(context.plan);
  if (address.empty()) return {};
  CLARY_TRY(const objects::ObjectUri uri, objects::parse_object_uri(address));
  context.code_folder = "code";
  const std::string folder = path_join(context.job_folder, context.code_folder);
  CLARY_RETURN_IF_ERROR(remove_tree(folder));
  CLARY_RETURN_IF_ERROR(make_folders(folder));
  const Status staged = unpack_object(context, uri, folder);
  return staged.ok() ? Status() : staged.error().within("source code '" + address + "'");
}

}  // namespace

Status stage_model_data(HostContext& context) {
  CLARY_RETURN_IF_ERROR(context.check_stop());
  context.overlays.clear();
  context.mounts.clear();
  context.code_folder = "model/code";
  const std::string folder = path_join(context.job_folder, "model");
  CLARY_RETURN_IF_ERROR(remove_tree(folder));
  CLARY_RETURN_IF_ERROR(make_folders(folder));
  const Status staged = stage_data(context, folder);
  if (!staged.ok()) return staged.error().within("model data '" + context.plan.model.uri + "'");
  CLARY_RETURN_IF_ERROR(stage_submitted_code(context));
  return make_serving_folder(context);
}

}  // namespace clary::host

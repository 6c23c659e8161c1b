#include "host/checkpoints.h"

#include <algorithm>
#include <array>

#include "base/files.h"
#include "base/strings.h"
#include "compute/overlay.h"
#include "host/fetch.h"
#include "host/job_tree.h"
#include "host/steps.h"
#include "objects/channel_path.h"

namespace clary::host {
namespace {

constexpr const char* kFolder = "checkpoints";  // in the host's folder, for one outside /opt/ml
// What the platform itself puts there would be taken for a checkpoint.
constexpr std::array<std::string_view, 4> kTaken = {"input", "code", "output", "model"};

// Shown read-only in a sandbox, or made by it.
constexpr std::array<std::string_view, 11> kSystem = {"bin",  "boot", "dev",  "etc", "lib", "lib64",
                                                      "proc", "run",  "sbin", "sys", "usr"};

// The parts of an absolute path; none when it has '..' or nothing.
std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") return {};
    parts.emplace_back(part);
  }
  return parts;
}

}  // namespace

Result<CheckpointFolder> checkpoint_folder(const HostContext& context) {
  const std::string& path = context.plan.checkpoint_path;
  const auto refused = [&](const std::string& reason) {
    return invalid_argument("CheckpointConfig.LocalPath '" + path + "': " + reason);
  };
  const std::vector<std::string> parts = parts_of(path);
  if (!path.starts_with('/') || parts.empty()) return refused("not an absolute path of a folder");
  const std::string plain = "/" + join(parts, "/");
  if (!plain.starts_with(kContainerBase)) {
    if (plain == "/opt" || plain == "/opt/ml") return refused("the job's own folder");
    if (std::ranges::find(kSystem, parts[0]) != kSystem.end()) return refused("a system folder");
    if (context.plan.sandbox == "process")
      return refused("sandbox = \"process\" shows folders under /opt/ml only");
    return CheckpointFolder{.root = context.folder, .path = kFolder, .outside = true};
  }
  const bool taken = parts.size() == 3 && std::ranges::find(kTaken, parts[2]) != kTaken.end();
  if (taken || (parts[2] == "input" || parts[2] == "code"))
    return refused("the platform's own folder; give one such as /opt/ml/checkpoints");
  return CheckpointFolder{.root = context.job_folder, .path = plain.substr(kContainerBase.size())};
}

Result<KeptFolder> open_checkpoints(HostContext& context) {
  CLARY_TRY(const CheckpointFolder folder, checkpoint_folder(context));
  return KeptFolder::open(context, {.subject = "Checkpoints",
                                    .root = folder.root,
                                    .path = folder.path,
                                    .uri = context.plan.checkpoint_uri});
}

namespace {

// What is under the prefix, into the folder.
Status restore(HostContext& context, KeptFolder& kept) {
  CLARY_TRY(const CheckpointFolder place, checkpoint_folder(context));
  const std::string folder = path_join(place.root, place.path);
  if (place.outside) CLARY_RETURN_IF_ERROR(remove_tree(folder));
  CLARY_RETURN_IF_ERROR(make_folders(folder));
  objects::ListRequest request{.bucket = kept.base().bucket, .prefix = kept.base().key};
  std::size_t files = 0;
  for (;;) {
    CLARY_TRY(const objects::ListPage page, context.store->list(request));
    for (const objects::ObjectHead& head : page.objects) {
      CLARY_TRY(const std::string path, objects::channel_path(kept.base().key, *head.key));
      if (path.empty()) continue;
      CLARY_RETURN_IF_ERROR(fetch_object(context, {.bucket = kept.base().bucket, .key = *head.key},
                                         path_join(folder, path)));
      ++files;
    }
    if (!page.truncated) break;
    request.after = page.next_after;
  }
  CLARY_RETURN_IF_ERROR(kept.take_as_saved());
  if (files > 0) {
    context.notice("Restored " + std::to_string(files) + " checkpoint files from " +
                   context.plan.checkpoint_uri + " to " + context.plan.checkpoint_path);
  }
  if (!place.outside) return {};
  if (context.plan.run_as_uid)
    CLARY_RETURN_IF_ERROR(compute::give_tree(folder, *context.plan.run_as_uid));
  context.mounts.push_back(
      {.source = folder, .target = context.plan.checkpoint_path, .writable = true});
  return {};
}

}  // namespace

Status restore_checkpoints(HostContext& context) {
  if (context.plan.checkpoint_uri.empty()) return {};
  CLARY_RETURN_IF_ERROR(context.check_stop());
  CLARY_TRY(KeptFolder opened, open_checkpoints(context));
  const Status restored = restore(context, opened);
  if (!restored.ok()) {
    return restored.error().within("Checkpoints could not be restored from '" +
                                   context.plan.checkpoint_uri + "'");
  }
  context.checkpoints = std::make_unique<KeptFolder>(std::move(opened));
  return {};
}

}  // namespace clary::host

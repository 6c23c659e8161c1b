#include "host/checkpoints.h"

#include <algorithm>
#include <array>

#include "base/files.h"
#include "base/strings.h"
#include "compute/overlay.h"
#include "host/fetch.h"
#include "host/patience.h"
#include "host/steps.h"
#include "objects/channel_path.h"

namespace clary::host {
namespace {

constexpr std::string_view kBase = "/opt/ml/";
constexpr const char* kFolder = "checkpoints";  // in the host's folder, for one outside /opt/ml
// A file that never comes to rest is saved as it is after this long.
constexpr Duration kRestless = std::chrono::seconds(30);
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
  if (!plain.starts_with(kBase)) {
    if (plain == "/opt" || plain == "/opt/ml") return refused("the job's own folder");
    if (std::ranges::find(kSystem, parts[0]) != kSystem.end()) return refused("a system folder");
    if (context.plan.sandbox == "process")
      return refused("sandbox = \"process\" shows folders under /opt/ml only");
    return CheckpointFolder{.root = context.folder, .path = kFolder, .outside = true};
  }
  const bool taken = parts.size() == 3 && std::ranges::find(kTaken, parts[2]) != kTaken.end();
  if (taken || (parts[2] == "input" || parts[2] == "code"))
    return refused("the platform's own folder; give one such as /opt/ml/checkpoints");
  return CheckpointFolder{.root = context.job_folder, .path = plain.substr(kBase.size())};
}

Result<Checkpoints> Checkpoints::open(HostContext& context) {
  CLARY_TRY(CheckpointFolder folder, checkpoint_folder(context));
  CLARY_TRY(objects::ObjectUri base, objects::parse_object_uri(context.plan.checkpoint_uri));
  if (!base.key.empty() && !base.key.ends_with('/')) base.key += '/';
  return Checkpoints(context, std::move(base), std::move(folder));
}

Status Checkpoints::restore() {
  const std::string folder = path_join(folder_.root, folder_.path);
  if (folder_.outside) CLARY_RETURN_IF_ERROR(remove_tree(folder));
  CLARY_RETURN_IF_ERROR(make_folders(folder));
  objects::ListRequest request{.bucket = base_.bucket, .prefix = base_.key};
  std::size_t files = 0;
  for (;;) {
    CLARY_TRY(const objects::ListPage page, context_.store->list(request));
    for (const objects::ObjectHead& head : page.objects) {
      CLARY_TRY(const std::string path, objects::channel_path(base_.key, *head.key));
      if (path.empty()) continue;
      CLARY_RETURN_IF_ERROR(fetch_object(context_, {.bucket = base_.bucket, .key = *head.key},
                                         path_join(folder, path)));
      ++files;
    }
    if (!page.truncated) break;
    request.after = page.next_after;
  }
  CLARY_TRY(const std::vector<TreeFile> restored, files_below(folder_.root, folder_.path));
  for (const TreeFile& file : restored) saved_[file.path] = file.stamp;
  if (files > 0) {
    context_.notice("Restored " + std::to_string(files) + " checkpoint files from " +
                    context_.plan.checkpoint_uri + " to " + context_.plan.checkpoint_path);
  }
  if (!folder_.outside) return {};
  if (context_.plan.run_as_uid)
    CLARY_RETURN_IF_ERROR(compute::give_tree(folder, *context_.plan.run_as_uid));
  context_.mounts.push_back(
      {.source = folder, .target = context_.plan.checkpoint_path, .writable = true});
  return {};
}

bool Checkpoints::is_due(const TreeFile& file) {
  const auto saved = saved_.find(file.path);
  if (saved != saved_.end() && saved->second == file.stamp) return false;
  const Duration now = context_.services.clock->steady();
  const auto [seen, fresh] = changing_.try_emplace(file.path, Seen{file.stamp, now});
  const bool rests = !fresh && seen->second.stamp == file.stamp;
  seen->second.stamp = file.stamp;
  return rests || now - seen->second.since >= kRestless;
}

Status Checkpoints::save(const TreeFile& file) {
  Result<FileStamp> uploaded =
      upload_file(*context_.store, folder_.root, path_join(folder_.path, file.path),
                  {.bucket = base_.bucket, .key = base_.key + file.path});
  if (!uploaded.ok()) {
    // Deleted meanwhile: there is nothing to save.
    if (!exists(path_join(path_join(folder_.root, folder_.path), file.path))) return {};
    return uploaded.error();
  }
  saved_[file.path] = *uploaded;
  changing_.erase(file.path);
  return {};
}

void Checkpoints::report(const Status& status) {
  const std::string failure = status.ok() ? "" : status.error().message;
  if (failure == reported_) return;
  context_.notice(failure.empty() ? "Checkpoints are saved again"
                                  : "Checkpoints could not be saved to " +
                                        context_.plan.checkpoint_uri + ": " + failure);
  reported_ = failure;
}

void Checkpoints::save_changed(const std::stop_token& stop) {
  const Result<std::vector<TreeFile>> files = files_below(folder_.root, folder_.path);
  if (!files.ok()) return report(files.error());
  Status first;
  bool any = false;
  for (const TreeFile& file : *files) {
    if (stop.stop_requested()) return;
    if (!is_due(file)) continue;
    any = true;
    const Status saved = save(file);
    if (!saved.ok() && first.ok()) first = saved;
  }
  if (any) report(first);
}

Status Checkpoints::save_all() {
  CLARY_TRY(const std::vector<TreeFile> files, files_below(folder_.root, folder_.path));
  Status first;
  for (const TreeFile& file : files) {
    const auto saved = saved_.find(file.path);
    if (saved != saved_.end() && saved->second == file.stamp) continue;
    const Status done =
        with_patience(context_, "checkpoint '" + file.path + "'", [&] { return save(file); });
    if (!done.ok() && first.ok()) first = done;
  }
  if (!first.ok()) report(first);
  return first;
}

Status restore_checkpoints(HostContext& context) {
  if (context.plan.checkpoint_uri.empty()) return {};
  CLARY_RETURN_IF_ERROR(context.check_stop());
  CLARY_TRY(Checkpoints opened, Checkpoints::open(context));
  const Status restored = opened.restore();
  if (!restored.ok()) {
    return restored.error().within("Checkpoints could not be restored from '" +
                                   context.plan.checkpoint_uri + "'");
  }
  context.checkpoints = std::make_unique<Checkpoints>(std::move(opened));
  return {};
}

}  // namespace clary::host

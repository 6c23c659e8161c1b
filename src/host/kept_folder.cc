#include "host/kept_folder.h"

#include "base/files.h"
#include "host/patience.h"

namespace clary::host {
namespace {

// A file that never comes to rest is saved as it is after this long.
constexpr Duration kRestless = std::chrono::seconds(30);

}  // namespace

Result<KeptFolder> KeptFolder::open(HostContext& context, KeptFolderOptions options) {
  CLARY_TRY(objects::ObjectUri base, objects::parse_object_uri(options.uri));
  if (!base.key.empty() && !base.key.ends_with('/')) base.key += '/';
  return KeptFolder(context, std::move(options), std::move(base));
}

Status KeptFolder::take_as_saved() {
  CLARY_TRY(const std::vector<TreeFile> files, files_below(options_.root, options_.path));
  for (const TreeFile& file : files) saved_[file.path] = file.stamp;
  return {};
}

bool KeptFolder::is_due(const TreeFile& file) {
  const auto saved = saved_.find(file.path);
  if (saved != saved_.end() && saved->second == file.stamp) return false;
  const Duration now = context_.services.clock->steady();
  const auto [seen, fresh] = changing_.try_emplace(file.path, Seen{file.stamp, now});
  const bool rests = !fresh && seen->second.stamp == file.stamp;
  seen->second.stamp = file.stamp;
  return rests || now - seen->second.since >= kRestless;
}

Status KeptFolder::save(const TreeFile& file) {
  Result<FileStamp> uploaded =
      upload_file(*context_.store, options_.root, path_join(options_.path, file.path),
                  {.bucket = base_.bucket, .key = base_.key + file.path});
  if (!uploaded.ok()) {
    // Deleted meanwhile: there is nothing to save.
    if (!exists(path_join(path_join(options_.root, options_.path), file.path))) return {};
    return uploaded.error();
  }
  saved_[file.path] = *uploaded;
  changing_.erase(file.path);
  return {};
}

void KeptFolder::report(const Status& status) {
  const std::string failure = status.ok() ? "" : status.error().message;
  if (failure == reported_) return;
  context_.notice(options_.subject +
                  (failure.empty() ? " can be saved again"
                                   : " could not be saved to " + options_.uri + ": " + failure));
  reported_ = failure;
}

void KeptFolder::save_changed(const std::stop_token& stop) {
  const Result<std::vector<TreeFile>> files = files_below(options_.root, options_.path);
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

Status KeptFolder::save_all() {
  CLARY_TRY(const std::vector<TreeFile> files, files_below(options_.root, options_.path));
  Status first;
  for (const TreeFile& file : files) {
    const auto saved = saved_.find(file.path);
    if (saved != saved_.end() && saved->second == file.stamp) continue;
    const Status done = with_patience(context_, options_.subject + " '" + file.path + "'",
                                      [&] { return save(file); });
    // A server that is still away is not waited for once for every file.
    if (!done.ok() && may_pass(done.error())) return done;
    if (!done.ok() && first.ok()) first = done;
  }
  return first;
}

}  // namespace clary::host

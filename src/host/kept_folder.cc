#include "host/kept_folder.h"

#include <algorithm>
#include <mutex>
#include <thread>

#include "base/files.h"
#include "host/patience.h"

namespace clary::host {
namespace {

// A file that never comes to rest is saved as it is after this long.
constexpr Duration kRestless = std::chrono::seconds(30);
// The store commits what arrives together at once.
constexpr std::size_t kSavesAtOnce = 8;

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

Result<std::optional<FileStamp>> KeptFolder::upload(const TreeFile& file) {
  Result<FileStamp> uploaded =
      upload_file(*context_.store, options_.root, path_join(options_.path, file.path),
                  {.bucket = base_.bucket, .key = base_.key + file.path});
  if (uploaded.ok()) return std::optional(*uploaded);
  // Deleted meanwhile: there is nothing to save.
  if (!exists(path_join(path_join(options_.root, options_.path), file.path)))
    return std::optional<FileStamp>();
  return uploaded.error();
}

void KeptFolder::take_saved(const std::string& path, const std::optional<FileStamp>& stamp) {
  if (!stamp) return;
  saved_[path] = *stamp;
  changing_.erase(path);
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
    const auto saved = upload(file);
    if (saved.ok()) take_saved(file.path, *saved);
    if (!saved.ok() && first.ok()) first = saved.error();
  }
  if (any) report(first);
}

Status KeptFolder::save_all() {
  CLARY_TRY(std::vector<TreeFile> files, files_below(options_.root, options_.path));
  std::erase_if(files, [this](const TreeFile& file) {
    const auto saved = saved_.find(file.path);
    return saved != saved_.end() && saved->second == file.stamp;
  });
  std::mutex mutex;  // of what follows, and of this object
  std::size_t next = 0;
  Status first;
  bool away = false;
  const auto work = [&] {
    std::unique_lock lock(mutex);
    // A server that is still away is not waited for once for every file.
    while (next < files.size() && !away) {
      const TreeFile& file = files[next++];
      lock.unlock();
      std::optional<FileStamp> stamp;
      const Status done =
          with_patience(context_, options_.subject + " '" + file.path + "'", [&]() -> Status {
            CLARY_TRY(stamp, upload(file));
            return {};
          });
      lock.lock();
      take_saved(file.path, stamp);
      if (!done.ok() && first.ok()) first = done;
      away = away || (!done.ok() && may_pass(done.error()));
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < std::min(kSavesAtOnce, files.size()); ++i)
      others.emplace_back(work);
    work();
  }
  return first;
}

}  // namespace clary::host

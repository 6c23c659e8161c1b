#include "objects/channel_view.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "base/files.h"
#include "base/strings.h"
#include "base/text_encoding.h"
#include "objects/store_rules.h"
#include "objects/view_tree.h"

namespace clary::objects {
namespace {

constexpr std::string_view kAside = "tmp.";
constexpr const char* kBootId = "/proc/sys/kernel/random/boot_id";
constexpr std::chrono::milliseconds kWait{500};
// A prefix that changes while its view is made is looked at again.
constexpr int kListAttempts = 5;
constexpr std::size_t kSeenLimit = 1000;

std::string view_id(const std::string& prefix, const PrefixState& state) {
  const std::string text = std::to_string(state.bucket) + "/" + std::to_string(state.objects) +
                           "/" + std::to_string(state.last_change) + "/" + prefix;
  return hex_encode(sha256(text)).substr(0, 32);
}

Error nothing_under(const ObjectUri& uri) {
  return not_found("'" + uri.to_string() + "': no objects under this prefix");
}

void remove_all(const std::vector<std::string>& folders) {
  for (const std::string& folder : folders) static_cast<void>(remove_tree(folder));
}

}  // namespace

Result<std::unique_ptr<ChannelViews>> ChannelViews::open(DirectoryStore& store,
                                                         const std::string& root,
                                                         ViewLimits limits) {
  CLARY_RETURN_IF_ERROR(make_folders(root, 0700));
  CLARY_TRY(std::string absolute, real_path(root));
  std::unique_ptr<ChannelViews> views(new ChannelViews(store, std::move(absolute), limits));
  CLARY_RETURN_IF_ERROR(views->load());
  return views;
}

Status ChannelViews::load() {
  MutexLock lock(mutex_);
  // Views are not synced to the disk: what an earlier boot left may be incomplete, and its jobs are
  // gone.
  CLARY_TRY(const std::string boot, read_file(kBootId));
  const std::string mark = root_ + "/boot";
  const bool same_boot = read_file(mark).value_or("") == boot;
  CLARY_TRY(const std::vector<std::string> names, list_folder(root_));
  for (const std::string& name : names) {
    const std::string folder = folder_of_view(name);
    if (!same_boot || name.starts_with(kAside)) {
      CLARY_RETURN_IF_ERROR(remove_tree(folder));
      continue;
    }
    const Result<std::vector<std::string>> holders = list_folder(folder + "/holders");
    if (!holders.ok()) continue;  // `boot`
    View& view = views_[name];
    view.made = true;
    view.files = static_cast<std::uint64_t>(
        parse_int(read_file(folder + "/files").value_or("0")).value_or(0));
    for (const std::string& holder : *holders) view.holders.emplace(holder);
  }
  return same_boot ? Status() : write_file_atomically(mark, boot, 0600);
}

Result<PrefixState> ChannelViews::state_of(const ObjectUri& uri) {
  const std::string name = uri.to_string();
  CLARY_TRY(const std::int64_t bucket, store_.bucket_number(uri.bucket));
  {
    MutexLock lock(mutex_);
    const auto found = seen_.find(name);
    const bool stands = found != seen_.end() && found->second.state.bucket == bucket &&
                        found->second.watch->clean();
    if (stands) return found->second.state;
  }
  const auto watch = store_.watch(bucket, uri.key);
  CLARY_TRY(const PrefixState state, store_.prefix_state(uri.bucket, uri.key));
  MutexLock lock(mutex_);
  if (seen_.size() >= kSeenLimit) seen_.clear();
  if (state.bucket == bucket) seen_[name] = {state, watch};
  return state;
}

Result<std::string> ChannelViews::hold(const ObjectUri& uri, const GangId& gang) {
  if (gang.empty() || gang->find('/') != std::string::npos)
    return invalid_argument("'" + *gang + "': not a gang's id");
  for (int attempt = 1;; ++attempt) {
    CLARY_TRY(const PrefixState state, state_of(uri));
    if (state.objects == 0) return nothing_under(uri);
    const std::string id = view_id(uri.key, state);
    CLARY_TRY(const bool is_ours_to_make, claim(id, gang));
    if (!is_ours_to_make) return folder_of_view(id) + "/tree";
    const Result<std::uint64_t> files = make(uri, id);
    CLARY_TRY(const std::vector<std::string> evicted, settle(id, gang, files));
    remove_all(evicted);
    if (files.ok()) return folder_of_view(id) + "/tree";
    const bool changed =
        files.error().code == ErrorCode::kConflict || files.error().code == ErrorCode::kNotFound;
    if (!changed || attempt == kListAttempts) return files.error();
  }
}

// Holds the view when it is made, after waiting for whoever makes it. True: nobody does, the caller
// shall.
Result<bool> ChannelViews::claim(const std::string& id, const GangId& gang) {
  MutexLock lock(mutex_);
  for (;;) {
    const auto [found, added] = views_.try_emplace(id);
    if (added) return true;
    if (found->second.made) break;
    made_.wait_for(mutex_, kWait);
  }
  CLARY_RETURN_IF_ERROR(add_holder(id, gang));
  return false;
}

// Ends the making of a view. Returns folders that the caller removes.
Result<std::vector<std::string>> ChannelViews::settle(const std::string& id, const GangId& gang,
                                                      const Result<std::uint64_t>& files) {
  MutexLock lock(mutex_);
  made_.notify_all();
  if (!files.ok()) {
    views_.erase(id);
    return std::vector<std::string>();
  }
  View& view = views_[id];
  view.made = true;
  view.files = *files;
  CLARY_RETURN_IF_ERROR(add_holder(id, gang));
  return evict();
}

// Makes the view aside and names it. Conflict: the prefix is no longer what `id` stands for.
Result<std::uint64_t> ChannelViews::make(const ObjectUri& uri, const std::string& id) {
  const std::string aside = root_ + "/" + std::string(kAside) + id;
  CLARY_RETURN_IF_ERROR(remove_tree(aside));
  CLARY_RETURN_IF_ERROR(make_folders(aside + "/tree"));
  CLARY_RETURN_IF_ERROR(make_folders(aside + "/holders"));
  ViewTree tree(aside + "/tree", uri.key);
  const Result<PrefixState> state =
      store_.visit(uri.bucket, uri.key, [&](const IndexedObject& object) {
        return tree.add(object, object.file.empty() ? "" : store_.body_path(object.file));
      });
  Status made = state.ok() ? Status() : Status(state.error());
  if (made.ok() && view_id(uri.key, *state) != id)
    made = conflict("'" + uri.to_string() + "': changed meanwhile");
  if (made.ok()) made = write_file_atomically(aside + "/files", std::to_string(tree.files()));
  if (made.ok() && ::rename(aside.c_str(), folder_of_view(id).c_str()) != 0) {
    made = system_error("rename to '" + folder_of_view(id) + "'");
  }
  if (made.ok()) return tree.files();
  static_cast<void>(remove_tree(aside));
  return made.error();
}

Status ChannelViews::add_holder(const std::string& id, const GangId& gang) {
  CLARY_TRY(const Fd holder,
            open_file(folder_of_view(id) + "/holders/" + *gang, O_WRONLY | O_CREAT, 0600));
  View& view = views_[id];
  view.holders.insert(gang);
  view.last_use = ++uses_;
  return {};
}

Status ChannelViews::release(const GangId& gang) {
  std::vector<std::string> evicted;
  {
    MutexLock lock(mutex_);
    for (auto& [id, view] : views_) {
      if (view.holders.erase(gang) == 0) continue;
      ::unlink((folder_of_view(id) + "/holders/" + *gang).c_str());
    }
    evicted = evict();
  }
  remove_all(evicted);
  return {};
}

// Takes the views that were used longest ago out of the cache until it is within its limits.
// Returns their folders, renamed.
std::vector<std::string> ChannelViews::evict() {
  std::vector<std::pair<std::uint64_t, std::string>> idle;
  std::uint64_t files = 0;
  for (const auto& [id, view] : views_) {
    if (!view.made || !view.holders.empty()) continue;
    idle.emplace_back(view.last_use, id);
    files += view.files;
  }
  std::sort(idle.begin(), idle.end());
  std::vector<std::string> out;
  for (std::size_t i = 0; i < idle.size(); ++i) {
    if (idle.size() - i <= limits_.views && files <= limits_.files) break;
    const std::string& id = idle[i].second;
    const std::string aside = root_ + "/" + std::string(kAside) + "old." + std::to_string(++uses_);
    files -= views_[id].files;
    views_.erase(id);
    if (::rename(folder_of_view(id).c_str(), aside.c_str()) == 0) out.push_back(aside);
  }
  return out;
}

}  // namespace clary::objects

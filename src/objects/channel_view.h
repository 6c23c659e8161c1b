// Views: folders that show the objects under a prefix as files, made once for as long as nothing
// under the prefix changes, and shared by every job that reads it.
//
// A view is a tree of hard links to body files and of small objects written out; it is never
// written to: a job sees it as the lower layer of an overlay. Holds are files, so a view outlives a
// restart of the server under a running job. Views that nobody holds are kept as a cache, within
// limits. Thread-safe; hold() blocks while a view is made.
//
// On disk: ROOT/<id>/tree, ROOT/<id>/holders/<gang>, ROOT/boot (the machine's boot: after another
// one the views are remade).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "base/names.h"
#include "objects/directory_store.h"

namespace clary::objects {

struct ViewLimits {  // of views that nobody holds
  std::size_t views = 16;
  std::uint64_t files = 1'000'000;
};

class ChannelViews {
 public:
  // root: a folder of its own, on the store's file system (else bodies are copied). The store
  // outlives this.
  static Result<std::unique_ptr<ChannelViews>> open(DirectoryStore& store, const std::string& root,
                                                    ViewLimits limits = {});

  // The absolute folder that shows what `uri` names, as a channel names it (channel_path.h), held
  // for `gang`. NotFound: no such bucket, or nothing under the prefix. InvalidArgument, naming the
  // key: it cannot be a file. LimitExceeded: the disk is full.
  Result<std::string> hold(const ObjectUri& uri, const GangId& gang);
  // Ends all holds of the gang; none is fine.
  Status release(const GangId& gang);

 private:
  struct View {
    bool made = false;  // false: some thread is making it
    std::uint64_t files = 0;
    std::uint64_t last_use = 0;
    std::set<GangId> holders;
  };

  ChannelViews(DirectoryStore& store, std::string root, ViewLimits limits)
      : store_(store), root_(std::move(root)), limits_(limits) {}
  Status load();
  Result<PrefixState> state_of(const ObjectUri& uri);
  Result<bool> claim(const std::string& id, const GangId& gang);
  Result<std::uint64_t> make(const ObjectUri& uri, const std::string& id);
  Result<std::vector<std::string>> settle(const std::string& id, const GangId& gang,
                                          const Result<std::uint64_t>& files);
  Status add_holder(const std::string& id, const GangId& gang) CLARY_REQUIRES(mutex_);
  std::vector<std::string> evict() CLARY_REQUIRES(mutex_);
  std::string folder_of_view(const std::string& id) const { return root_ + "/" + id; }

  DirectoryStore& store_;
  std::string root_;
  ViewLimits limits_;
  Mutex mutex_;
  CondVar made_;
  std::uint64_t uses_ CLARY_GUARDED_BY(mutex_) = 0;
  std::map<std::string, View> views_ CLARY_GUARDED_BY(mutex_);
  // The state that was seen last, by "bucket/prefix": asked again only when the prefix has changed.
  struct Seen {
    PrefixState state;
    std::shared_ptr<const PrefixWatch> watch;
  };
  std::map<std::string, Seen> seen_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::objects

// ChannelViews out of a DirectoryStore: trees of links, made once per prefix; and none at all.
// Thread-safe.
#pragma once

#include "objects/channel_view.h"
#include "runtime/channel_views.h"

namespace clary::runtime {

class StoredChannelViews final : public ChannelViews {
 public:
  // views outlives this.
  explicit StoredChannelViews(objects::ChannelViews& views) : views_(views) {}
  Result<std::string> hold(const objects::ObjectUri& uri, const GangId& gang) override {
    return views_.hold(uri, gang);
  }
  Status release(const GangId& gang) override { return views_.release(gang); }

 private:
  objects::ChannelViews& views_;
};

// Of a store whose objects are not on this machine: every channel is fetched by its host.
class NoChannelViews final : public ChannelViews {
 public:
  Result<std::string> hold(const objects::ObjectUri&, const GangId&) override {
    return std::string();
  }
  Status release(const GangId&) override { return {}; }
};

}  // namespace clary::runtime

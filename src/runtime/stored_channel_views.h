// ChannelViews out of a DirectoryStore: trees of links, made once per prefix. Thread-safe.
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

}  // namespace clary::runtime

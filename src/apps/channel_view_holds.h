// ChannelViewHolds: the views of channels that gangs hold.
#pragma once

#include "objects/directory_store.h"
#include "runtime/channel_views.h"

namespace clary::apps {

class ChannelViewHolds final : public runtime::ChannelViews {
 public:
  ChannelViewHolds(objects::DirectoryStore&, std::string, std::size_t) {}
  Result<std::string> hold(const objects::ObjectUri&, const GangId&) override {
    return std::string();
  }
  Status release(const GangId&) override { return {}; }
};

}  // namespace clary::apps

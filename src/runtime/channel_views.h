// ChannelViews: folders of this machine that show the objects of a prefix, never written.
//
// Implementation: on objects/channel_view.h; a fake in tests. Thread-safe; calls may block for as
// long as it takes to write out the small objects of the prefix.
#pragma once

#include <string>

#include "base/names.h"
#include "base/result.h"
#include "objects/object_store.h"

namespace clary::runtime {

class ChannelViews {
 public:
  virtual ~ChannelViews() = default;
  // The absolute folder that shows what `uri` names as a channel sees it (a string prefix, the
  // key's folder part taken off), held for `gang` until release(). "" when there is no view of it:
  // the host fetches it by S3.
  virtual Result<std::string> hold(const objects::ObjectUri& uri, const GangId& gang) = 0;
  // Ends all holds of a gang; none is fine.
  virtual Status release(const GangId& gang) = 0;
};

}  // namespace clary::runtime

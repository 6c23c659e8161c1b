// Writes one view: a folder that shows objects as files. Names that are not safe are refused;
// nothing outside the folder is ever touched. One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "objects/object_index.h"

namespace clary::objects {

class ViewTree {
 public:
  // root: an empty folder. prefix: of the channel (channel_path.h).
  ViewTree(std::string root, std::string prefix)
      : root_(std::move(root)), prefix_(std::move(prefix)) {}

  // Adds one object: a link to `body_path`, or a file with its inline bytes. A key that ends in '/'
  // is a folder. InvalidArgument, naming the key: it has no safe name, or is a file where another
  // key needs a folder. NotFound: the body file is gone, the object was replaced meanwhile.
  Status add(const IndexedObject& object, const std::string& body_path);
  std::uint64_t files() const { return files_; }

 private:
  Status enter(const std::string& folder, const ObjectKey& key);
  Status add_link(const std::string& name, const std::string& body_path, const ObjectKey& key);
  Status add_file(const std::string& name, const IndexedObject& object);
  Error clash(const ObjectKey& key) const;

  std::string root_;
  std::string prefix_;
  std::string folder_;  // where folder_fd_ stands, below root_
  Fd folder_fd_;
  std::uint64_t files_ = 0;
};

}  // namespace clary::objects

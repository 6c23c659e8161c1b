// Overlay: shows a read-only tree as a writable folder. What is written goes to a layer of the
// sandbox's own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "compute/launch.h"

namespace clary::compute {

struct OverlaySpec {
  std::string lower;   // the tree, never written
  std::string folder;  // for the layer and the mount; made, absolute
  std::optional<std::uint32_t>
      user;  // real root only: whom the tree's owner becomes inside, and who owns the layer
};

// A tree made ready to be shown at <folder>/merged, in the mount namespace that makes `mounts`, or
// everywhere when `copied`.
struct Overlay {
  std::vector<LaunchMount> mounts;
  std::vector<Fd> trees;  // that the mounts name
  std::string merged;
};

// Makes the layer's folders and, for real root, the lower tree with its owner shown as `user`
// (mount_setattr(2), Linux 5.19).
Result<Overlay> prepare_overlay(const OverlaySpec& spec);

// Where there are no overlay mounts: the tree copied to <folder>/merged (reflinks where possible),
// owned by `user`.
Result<Overlay> copy_instead(const OverlaySpec& spec);

// Folders, files (reflinks where possible) and symbolic links; `to` must not have what is copied.
Status copy_tree(const std::string& from, const std::string& to);

// Gives a tree to a user, without following symbolic links. Files with several names and folders
// deeper than 200 are left alone.
Status give_tree(const std::string& path, std::uint32_t user);

}  // namespace clary::compute

#include "compute/overlay.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/files.h"
#include "compute/user_namespace.h"

namespace clary::compute {
namespace {

constexpr int kDeepestTree = 200;  // each level holds a descriptor

// A detached copy of the tree's mount in which the files of the tree's owner belong to `user`.
Result<Fd> tree_owned_by(const std::string& lower, std::uint32_t user) {
  struct stat found{};
  if (::stat(lower.c_str(), &found) != 0) return system_error("look at '" + lower + "'");
  const IdMap map{.inside_uid = found.st_uid,
                  .outside_uid = user,
                  .inside_gid = found.st_gid,
                  .outside_gid = user};
  CLARY_TRY(const Fd owner_map, make_user_namespace(map));
  Fd tree(static_cast<int>(
      ::syscall(SYS_open_tree, AT_FDCWD, lower.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
  if (!tree.valid()) return system_error("clone the mount of '" + lower + "'");
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_RDONLY;
  attributes.userns_fd = static_cast<std::uint64_t>(owner_map.get());
  if (::syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH, &attributes,
                sizeof(attributes)) != 0) {
    return system_error("map the owner of '" + lower + "'");
  }
  return tree;
}

Status copy_file(const std::string& from, const std::string& to, const struct stat& found) {
  CLARY_TRY(const Fd source, open_file(from, O_RDONLY | O_NOFOLLOW));
  CLARY_TRY(const Fd target, open_file(to, O_WRONLY | O_CREAT | O_EXCL, found.st_mode & 0777));
  const Result<std::uint64_t> copied = copy_bytes(source, target, "copy '" + from + "'");
  return copied.ok() ? Status() : copied.error();
}

Status copy_link(const std::string& from, const std::string& to) {
  std::string text(4096, '\0');
  const ssize_t size = ::readlink(from.c_str(), text.data(), text.size());
  if (size < 0) return system_error("read link '" + from + "'");
  text.resize(static_cast<std::size_t>(size));
  if (::symlink(text.c_str(), to.c_str()) != 0) return system_error("make link '" + to + "'");
  return {};
}

}  // namespace

Status copy_tree(const std::string& from, const std::string& to) {
  struct stat found{};
  if (::lstat(from.c_str(), &found) != 0) return system_error("look at '" + from + "'");
  if (S_ISREG(found.st_mode)) return copy_file(from, to, found);
  if (S_ISLNK(found.st_mode)) return copy_link(from, to);
  if (!S_ISDIR(found.st_mode)) return {};
  CLARY_RETURN_IF_ERROR(make_folders(to, (found.st_mode & 0777) | 0700));
  CLARY_TRY(const std::vector<std::string> names, list_folder(from));
  for (const std::string& name : names)
    CLARY_RETURN_IF_ERROR(copy_tree(path_join(from, name), path_join(to, name)));
  return {};
}

Result<Overlay> prepare_overlay(const OverlaySpec& spec) {
  for (const char* name : {"lower", "upper", "work", "merged"}) {
    const std::string made = path_join(spec.folder, name);
    CLARY_RETURN_IF_ERROR(make_folders(made));
    if (spec.user && ::chown(made.c_str(), *spec.user, *spec.user) != 0)
      return system_error("give away '" + made + "'");
  }
  Overlay overlay;
  overlay.merged = path_join(spec.folder, "merged");
  LaunchMount lower{.folder = spec.folder, .type = "bind", .source = spec.lower, .target = "lower"};
  std::string options = "lowerdir=lower,upperdir=upper,workdir=work";
  if (spec.user) {
    CLARY_TRY(Fd tree, tree_owned_by(spec.lower, *spec.user));
    lower.tree = tree.get();
    overlay.trees.push_back(std::move(tree));
  } else {
    options += ",userxattr";
  }
  overlay.mounts = {
      lower, {.folder = spec.folder, .type = "overlay", .target = "merged", .options = options}};
  return overlay;
}

Result<Overlay> copy_instead(const OverlaySpec& spec) {
  Overlay overlay;
  overlay.merged = path_join(spec.folder, "merged");
  CLARY_RETURN_IF_ERROR(remove_tree(overlay.merged));
  CLARY_RETURN_IF_ERROR(make_folders(spec.folder));
  CLARY_RETURN_IF_ERROR(copy_tree(spec.lower, overlay.merged));
  if (spec.user) CLARY_RETURN_IF_ERROR(give_tree(overlay.merged, *spec.user));
  return overlay;
}

namespace {

// `folder` is an open folder, `path` its name for messages. Names are followed through descriptors
// only, so that a process that swaps a folder for a link while this runs gains nothing.
Status give_entries(Fd folder, const std::string& path, std::uint32_t user, int depth) {
  if (depth == 0) return {};
  const std::string listed = "/proc/self/fd/" + std::to_string(folder.get());
  CLARY_TRY(const std::vector<std::string> names, list_folder(listed));
  for (const std::string& name : names) {
    struct stat found{};
    const std::string child = path_join(path, name);
    if (::fstatat(folder.get(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;
      return system_error("look at '" + child + "'");
    }
    // A file with several names may be somebody else's too, such as an object of the store.
    const bool shared = S_ISREG(found.st_mode) && found.st_nlink > 1;
    const bool given = shared || (found.st_uid == user && found.st_gid == user);
    if (!given && ::fchownat(folder.get(), name.c_str(), user, user, AT_SYMLINK_NOFOLLOW) != 0 &&
        errno != ENOENT) {
      return system_error("give away '" + child + "'");
    }
    if (!S_ISDIR(found.st_mode)) continue;
    Fd next(::openat(folder.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next.valid()) continue;  // removed or swapped meanwhile
    CLARY_RETURN_IF_ERROR(give_entries(std::move(next), child, user, depth - 1));
  }
  return {};
}

}  // namespace

Status give_tree(const std::string& path, std::uint32_t user) {
  CLARY_TRY(Fd folder, open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  if (::fchown(folder.get(), user, user) != 0) return system_error("give away '" + path + "'");
  return give_entries(std::move(folder), path, user, kDeepestTree);
}

}  // namespace clary::compute

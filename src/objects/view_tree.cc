#include "objects/view_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/digest.h"
#include "base/files.h"
#include "base/strings.h"
#include "objects/channel_path.h"

namespace clary::objects {
namespace {

// Writable for the owner: inside a job the view is the lower layer of an overlay, where a script
// may write.
constexpr mode_t kFileMode = 0644;
constexpr mode_t kFolderMode = 0755;

Status copy_body(const std::string& from, const Fd& to) {
  CLARY_TRY(const Fd source, open_file(from, O_RDONLY));
  const Result<std::uint64_t> copied = copy_bytes(source, to, "copy '" + from + "'");
  return copied.ok() ? Status() : copied.error();
}

}  // namespace

Error ViewTree::clash(const ObjectKey& key) const {
  return invalid_argument("object '" + *key +
                          "': its key, or a part of it, is a file and a folder at once among the " +
                          "objects under '" + prefix_ + "'; they cannot be shown as files");
}

Status ViewTree::enter(const std::string& folder, const ObjectKey& key) {
  if (folder_fd_.valid() && folder == folder_) return {};
  CLARY_TRY(Fd at, open_file(root_, O_RDONLY | O_DIRECTORY));
  for (const std::string_view part : split(folder, '/')) {
    if (part.empty()) continue;
    const std::string name(part);
    if (::mkdirat(at.get(), name.c_str(), kFolderMode) != 0 && errno != EEXIST) {
      if (errno == ENAMETOOLONG)
        return invalid_argument("object '" + *key +
                                "': a part of its key is too long for a folder");
      return system_error("make folder '" + root_ + "/" + folder + "'");
    }
    Fd next(::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next.valid())
      return errno == ENOTDIR ? clash(key) : system_error("open '" + root_ + "/" + folder + "'");
    at = std::move(next);
  }
  folder_ = folder;
  folder_fd_ = std::move(at);
  return {};
}

Status ViewTree::add(const IndexedObject& object, const std::string& body_path) {
  const ObjectKey& key = object.head.key;
  CLARY_TRY(const std::string path, channel_path(prefix_, *key));
  if (path.empty()) {
    if (object.head.size_bytes > 0) {
      return invalid_argument("object '" + *key +
                              "': its key ends in '/' but it has bytes: it cannot be a file");
    }
    // What stands for a folder, and is empty, shows nothing of its own.
    return {};
  }
  const std::size_t slash = path.rfind('/');
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  CLARY_RETURN_IF_ERROR(enter(slash == std::string::npos ? "" : path.substr(0, slash), key));
  CLARY_RETURN_IF_ERROR(object.file.empty() ? add_file(name, object)
                                            : add_link(name, body_path, key));
  ++files_;
  return {};
}

Status ViewTree::add_link(const std::string& name, const std::string& body_path,
                          const ObjectKey& key) {
  if (::linkat(AT_FDCWD, body_path.c_str(), folder_fd_.get(), name.c_str(), 0) == 0) return {};
  if (errno == EEXIST) return clash(key);
  if (errno == ENAMETOOLONG)
    return invalid_argument("object '" + *key +
                            "': the last part of its key is too long for a file");
  if (errno != EXDEV && errno != EMLINK && errno != EPERM)
    return system_error("link '" + body_path + "'");
  // Another file system, or more links than it allows: a copy then.
  const Fd copy(
      ::openat(folder_fd_.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
  if (!copy.valid()) return errno == EEXIST ? clash(key) : system_error("create '" + name + "'");
  return copy_body(body_path, copy);
}

Status ViewTree::add_file(const std::string& name, const IndexedObject& object) {
  const ObjectKey& key = object.head.key;
  if (digest(DigestKind::kCrc32c, object.inline_bytes) != object.crc32c) {
    return internal_error("object '" + *key +
                          "': its bytes are not those that were stored (CRC-32C differs)");
  }
  const Fd file(
      ::openat(folder_fd_.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
  if (!file.valid()) {
    if (errno == EEXIST) return clash(key);
    if (errno == ENAMETOOLONG)
      return invalid_argument("object '" + *key +
                              "': the last part of its key is too long for a file");
    return system_error("create '" + root_ + "/" + folder_ + "/" + name + "'");
  }
  return write_all(file, object.inline_bytes, "write '" + root_ + "/" + folder_ + "/" + name + "'");
}

}  // namespace clary::objects

#include "host/tree_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/digest.h"
#include "base/files.h"
#include "base/text_encoding.h"
#include "host/job_tree.h"

namespace clary::host {
namespace {

constexpr int kDepth = 200;
constexpr std::size_t kFilePieceBytes = 256 << 10;

FileStamp stamp_of(const struct stat& found) {
  return {.bytes = static_cast<std::uint64_t>(found.st_size),
          .modified_ns = std::int64_t{found.st_mtim.tv_sec} * 1'000'000'000 + found.st_mtim.tv_nsec,
          .inode = found.st_ino};
}

Status add_files(const Fd& folder, const std::string& prefix, int depth,
                 std::vector<TreeFile>& files) {
  if (depth > kDepth)
    return limit_exceeded("'" + prefix.substr(0, 200) + "': folders are nested too deep");
  CLARY_TRY(const std::vector<std::string> names,
            list_folder("/proc/self/fd/" + std::to_string(folder.get())));
  for (const std::string& name : names) {
    struct stat found{};
    if (::fstatat(folder.get(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) continue;  // gone
    if (S_ISREG(found.st_mode)) files.push_back({prefix + name, stamp_of(found)});
    if (!S_ISDIR(found.st_mode)) continue;
    const Fd inside(
        ::openat(folder.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!inside.valid() && errno == ENOENT) continue;
    if (!inside.valid()) return system_error("open '" + prefix + name + "'");
    CLARY_RETURN_IF_ERROR(add_files(inside, prefix + name + "/", depth + 1, files));
  }
  return {};
}

Result<std::size_t> read_piece(const Fd& file, std::vector<char>& piece, std::uint64_t left,
                               std::string_view path) {
  for (;;) {
    const ssize_t got =
        ::read(file.get(), piece.data(), std::min<std::uint64_t>(left, piece.size()));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return system_error("read '" + std::string(path) + "'");
  }
}

}  // namespace

Result<std::vector<TreeFile>> files_below(const std::string& root, std::string_view folder) {
  std::vector<TreeFile> files;
  const Result<Fd> opened = open_inside(root, folder, O_RDONLY | O_DIRECTORY);
  if (!opened.ok()) {
    if (opened.error().code == ErrorCode::kNotFound) return files;
    return opened.error();
  }
  CLARY_RETURN_IF_ERROR(add_files(*opened, "", 0, files));
  std::ranges::sort(files, {}, &TreeFile::path);
  return files;
}

Result<FileStamp> upload_file(objects::ObjectStore& store, const std::string& root,
                              std::string_view path, const objects::ObjectUri& to) {
  // A FIFO would make open() wait for a writer.
  CLARY_TRY(const Fd file, open_inside(root, path, O_RDONLY | O_NONBLOCK));
  struct stat found{};
  if (::fstat(file.get(), &found) != 0) return system_error("look at '" + std::string(path) + "'");
  if (!S_ISREG(found.st_mode))
    return invalid_argument("'" + std::string(path) + "': not a regular file");
  objects::PutRequest request;
  request.bucket = to.bucket;
  request.key = ObjectKey(to.key);
  request.compute_checksum = DigestKind::kCrc32c;
  CLARY_TRY(const std::unique_ptr<objects::ObjectWriter> writer, store.put(std::move(request)));
  const std::unique_ptr<Hasher> hasher = make_hasher(DigestKind::kCrc32c);
  std::vector<char> piece(kFilePieceBytes);
  for (auto left = static_cast<std::uint64_t>(found.st_size); left > 0;) {
    CLARY_TRY(const std::size_t got, read_piece(file, piece, left, path));
    if (got == 0)
      return unavailable("'" + std::string(path) + "': it became shorter while it was read");
    const std::string_view bytes(piece.data(), got);
    hasher->update(bytes);
    CLARY_RETURN_IF_ERROR(writer->write(bytes));
    left -= got;
  }
  CLARY_TRY(const objects::ObjectHead head, writer->finish());
  const std::string sum = base64_encode(hasher->finish());
  if (head.checksum && head.checksum->kind == DigestKind::kCrc32c && head.checksum->value != sum) {
    return unavailable("'" + std::string(path) + "': " + to.to_string() + " has the checksum " +
                       head.checksum->value + ", the file " + sum);
  }
  struct stat after{};
  if (::fstat(file.get(), &after) != 0) return system_error("look at '" + std::string(path) + "'");
  if (!(stamp_of(after) == stamp_of(found)))
    return unavailable("'" + std::string(path) + "': it changed while it was read");
  return stamp_of(found);
}

}  // namespace clary::host

#include "archives/tar_staging.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "archives/tar_source.h"
#include "archives/utf8_locale.h"
#include "base/files.h"
#include "base/strings.h"

namespace clary::archives {
namespace {

// 1980-01-02: wheels are zip files, and zip files know no earlier time.
constexpr la_int64_t kZipsFirstTime = 315'619'200;

constexpr std::size_t kZipPieceBytes = 64 << 10;

// Feeds libarchive.
struct ArchiveFeed {
  ArchiveBytes& source;
  std::string piece = {};  // libarchive's, until it asks for the next one
};

la_ssize_t read_feed(archive* reader, void* context, const void** bytes) {
  auto& feed = *static_cast<ArchiveFeed*>(context);
  Result<std::string> next = feed.source.next();
  if (!next.ok()) {
    archive_set_error(reader, EIO, "%s", next.error().message.c_str());
    return -1;
  }
  feed.piece = std::move(*next);
  *bytes = feed.piece.data();
  return static_cast<la_ssize_t>(feed.piece.size());
}

using Reader = std::unique_ptr<archive, int (*)(archive*)>;

// The segments of a member's path or of a link's target; `..` is an error of the path's, and steps
// up for a link.
Result<std::vector<std::string>> member_segments(std::string_view path, const TarLimits& limits) {
  const std::string name = "member '" + std::string(path.substr(0, 200)) + "'";
  if (path.empty()) return invalid_argument("a member without a name");
  if (path.size() > limits.path_bytes) return limit_exceeded(name + ": its path is too long");
  // "/" alone is the folder itself: the SageMaker SDK packs models so.
  const bool is_root = path.find_first_not_of('/') == std::string_view::npos;
  if (path.front() == '/' && !is_root) return invalid_argument(name + ": an absolute path");
  std::vector<std::string> segments;
  for (const std::string_view segment : split(path, '/')) {
    if (segment.empty() || segment == ".") continue;
    if (segment == "..") return invalid_argument(name + ": its path has '..'");
    if (segment.size() > 255) return invalid_argument(name + ": a part of its path is too long");
    segments.emplace_back(segment);
  }
  return segments;
}

// Whether a link at `at`, followed as written, stays inside the folder.
bool stays_inside(const std::vector<std::string>& at, std::string_view target) {
  if (target.empty() || target.front() == '/') return false;
  std::size_t depth = at.size() - 1;
  for (const std::string_view segment : split(target, '/')) {
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      ++depth;
    } else if (depth == 0) {
      return false;
    } else {
      --depth;
    }
  }
  return true;
}

class Unpacking {
 public:
  Unpacking(archive* reader, ArchiveBytes& source, Fd root, std::string target,
            const TarLimits& limits)
      : reader_(reader),
        source_(source),
        root_(std::move(root)),
        target_(std::move(target)),
        limits_(limits) {}

  Status take(archive_entry* entry) {
    if (++totals_.members > limits_.members) {
      return limit_exceeded("the archive has more than " + std::to_string(limits_.members) +
                            " members");
    }
    const char* path = archive_entry_pathname(entry);
    if (path == nullptr) path = archive_entry_pathname_utf8(entry);
    if (path == nullptr) return invalid_argument("a member whose name cannot be read");
    name_ = "member '" + std::string(path).substr(0, 200) + "'";
    CLARY_TRY(const std::vector<std::string> segments, member_segments(path, limits_));
    if (archive_entry_hardlink(entry) != nullptr)
      return take_hard_link(segments, archive_entry_hardlink(entry));
    switch (archive_entry_filetype(entry)) {
      case AE_IFDIR:
        return take_folder(segments);
      case AE_IFREG:
        return take_file(segments, entry);
      case AE_IFLNK:
        return take_symbolic_link(segments, entry);
      default:
        return invalid_argument(name_ + ": neither a file, a folder nor a link");
    }
  }

  // Links may lead out by way of other links: the folder as a whole is looked at when it is
  // complete.
  Status check_links() const {
    CLARY_TRY(const std::string root, real_path(target_));
    for (const std::string& link : links_) {
      const Result<std::string> leads_to = real_path(path_join(target_, link));
      if (!leads_to.ok()) continue;  // to nothing, or in a circle
      if (*leads_to != root && !leads_to->starts_with(root + "/")) {
        return invalid_argument("member '" + link + "': a link that leads out of the folder");
      }
    }
    return {};
  }
  // What a gzip holds after the archive's end is read for its checksum alone.
  Status pass_rest() {
    name_ = "after the last member";
    for (std::uint64_t bytes = totals_.bytes;;) {
      const Result<std::string> piece = source_.next();
      if (!piece.ok()) return source_.failed() ? *source_.failed() : piece.error();
      if (piece->empty()) return {};
      bytes += piece->size();
      CLARY_RETURN_IF_ERROR(check_bytes(bytes));
    }
  }
  const TarTotals& totals() const { return totals_; }

 private:
  // The folder that holds the last segment, made where it is missing.
  Result<Fd> parent_of(const std::vector<std::string>& segments) const {
    CLARY_TRY(Fd folder, root_.duplicate());
    for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
      CLARY_TRY(folder, enter(folder, segments[i]));
    }
    return folder;
  }

  Result<Fd> enter(const Fd& folder, const std::string& name) const {
    if (::mkdirat(folder.get(), name.c_str(), 0755) != 0 && errno != EEXIST)
      return system_error(name_);
    const int opened =
        ::openat(folder.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (opened >= 0) return Fd(opened);
    if (errno == ENOTDIR || errno == ELOOP) {
      return invalid_argument(name_ + ": '" + name +
                              "' in its path is not a folder of the archive");
    }
    return system_error(name_);
  }

  Status take_folder(const std::vector<std::string>& segments) const {
    if (segments.empty()) return {};
    CLARY_TRY(const Fd parent, parent_of(segments));
    CLARY_TRY(const Fd folder, enter(parent, segments.back()));
    return {};
  }

  // A later member replaces an earlier one of the same name.
  Status make_room(const Fd& parent, const std::string& name) const {
    if (::unlinkat(parent.get(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
    if (errno == EISDIR) return invalid_argument(name_ + ": a folder of that name came before");
    return system_error(name_);
  }

  Status take_file(const std::vector<std::string>& segments, archive_entry* entry) {
    if (segments.empty()) return invalid_argument(name_ + ": it would replace the folder itself");
    CLARY_TRY(const Fd parent, parent_of(segments));
    CLARY_RETURN_IF_ERROR(make_room(parent, segments.back()));
    const mode_t mode = (archive_entry_perm(entry) & 0777U) | 0600U;
    const Fd file(::openat(parent.get(), segments.back().c_str(),
                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!file.valid()) return system_error(name_);
    CLARY_TRY(const std::uint64_t size, write_blocks(file));
    // A sparse file may end in a hole.
    const auto announced = archive_entry_size_is_set(entry) != 0 ? archive_entry_size(entry) : 0;
    if (announced > 0 && static_cast<std::uint64_t>(announced) > size) {
      CLARY_RETURN_IF_ERROR(count(static_cast<std::uint64_t>(announced) - size));
      if (::ftruncate(file.get(), announced) != 0) return system_error(name_);
    }
    if (archive_entry_mtime(entry) > kZipsFirstTime) {
      const std::array<timespec, 2> times = {
          timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
          timespec{.tv_sec = archive_entry_mtime(entry), .tv_nsec = 0}};
      // A time that the file system does not take is no reason to refuse the file.
      ::futimens(file.get(), times.data());
    }
    return {};
  }

  Result<std::uint64_t> write_blocks(const Fd& file) {
    std::uint64_t end = 0;
    for (;;) {
      const void* bytes = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      const int outcome = archive_read_data_block(reader_, &bytes, &size, &offset);
      if (outcome == ARCHIVE_EOF) return end;
      if (outcome < ARCHIVE_WARN) return broken();
      if (offset < 0 || static_cast<std::uint64_t>(offset) < end)
        return invalid_argument(name_ + ": its parts overlap");
      const std::uint64_t new_end = static_cast<std::uint64_t>(offset) + size;
      CLARY_RETURN_IF_ERROR(count(new_end - end));
      end = new_end;
      std::string_view left(static_cast<const char*>(bytes), size);
      while (!left.empty()) {
        const ssize_t put = ::pwrite(file.get(), left.data(), left.size(), offset);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return system_error(name_);
        offset += put;
        left.remove_prefix(static_cast<std::size_t>(put));
      }
    }
  }

  Status count(std::uint64_t bytes) {
    totals_.bytes += bytes;
    return bytes > limits_.bytes ? check_bytes(bytes) : check_bytes(totals_.bytes);
  }

  Status check_bytes(std::uint64_t bytes) const {
    if (bytes > limits_.bytes) {
      return limit_exceeded(name_ + ": the archive unpacks to more than " +
                            format_bytes(limits_.bytes));
    }
    if (bytes > limits_.ratio_from_bytes && bytes / limits_.ratio > source_.taken_bytes()) {
      return limit_exceeded(name_ + ": the archive unpacks to more than " +
                            std::to_string(limits_.ratio) + " times its own size");
    }
    return {};
  }

  Status take_symbolic_link(const std::vector<std::string>& segments, archive_entry* entry) {
    if (segments.empty()) return invalid_argument(name_ + ": it would replace the folder itself");
    const char* target = archive_entry_symlink(entry);
    if (target == nullptr || std::string_view(target).size() > limits_.path_bytes) {
      return invalid_argument(name_ + ": a link whose target cannot be read");
    }
    if (!stays_inside(segments, target))
      return invalid_argument(name_ + ": a link that leads out of the folder");
    CLARY_TRY(const Fd parent, parent_of(segments));
    CLARY_RETURN_IF_ERROR(make_room(parent, segments.back()));
    if (::symlinkat(target, parent.get(), segments.back().c_str()) != 0) return system_error(name_);
    links_.push_back(join(segments, "/"));
    return {};
  }

  Status take_hard_link(const std::vector<std::string>& segments, std::string_view target) const {
    const Result<std::vector<std::string>> read = member_segments(target, limits_);
    if (!read.ok()) return read.error().within(name_ + ": a link");
    const std::vector<std::string>& from = *read;
    if (segments.empty() || from.empty())
      return invalid_argument(name_ + ": a link to the folder itself");
    if (segments == from) return {};
    CLARY_TRY(const Fd from_parent, parent_of(from));
    CLARY_TRY(const Fd parent, parent_of(segments));
    // A second name of a symbolic link would point elsewhere from where it stands.
    struct stat found{};
    if (::fstatat(from_parent.get(), from.back().c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 &&
        !S_ISREG(found.st_mode)) {
      return invalid_argument(name_ + ": a hard link to what is not a file");
    }
    CLARY_RETURN_IF_ERROR(make_room(parent, segments.back()));
    if (::linkat(from_parent.get(), from.back().c_str(), parent.get(), segments.back().c_str(),
                 0) != 0) {
      if (errno == ENOENT)
        return invalid_argument(name_ + ": a link to a member that does not come before it");
      return system_error(name_);
    }
    return {};
  }

  Error broken() const {
    if (source_.failed()) return *source_.failed();
    const char* reason = archive_error_string(reader_);
    return invalid_argument(name_ + ": " + (reason == nullptr ? "cannot be read" : reason));
  }

  archive* reader_;
  ArchiveBytes& source_;
  Fd root_;
  std::string target_;
  const TarLimits& limits_;
  TarTotals totals_;
  std::string name_;  // of the member at hand, for messages
  std::vector<std::string> links_;
};

// A zip as it comes.
class ZipSource final : public ArchiveBytes {
 public:
  explicit ZipSource(net::ByteSource& source) : source_(source) {}

  Result<std::string> next() override {
    std::string piece(kZipPieceBytes, '\0');
    const Result<std::size_t> got = source_.read(piece);
    if (!got.ok()) {
      failed_ = got.error();
      return got.error();
    }
    piece.resize(*got);
    taken_ += *got;
    return piece;
  }
  std::uint64_t taken_bytes() const override { return taken_; }
  const std::optional<Error>& failed() const override { return failed_; }

 private:
  net::ByteSource& source_;
  std::uint64_t taken_ = 0;
  std::optional<Error> failed_;
};

// form: "a zip archive".
Error unreadable(archive* reader, const ArchiveBytes& source, const std::string& form) {
  if (source.failed()) return *source.failed();
  if (source.taken_bytes() == 0) return invalid_argument("not " + form + ": it is empty");
  const char* reason = archive_error_string(reader);
  return invalid_argument("not " + form + ": " + (reason == nullptr ? "cannot be read" : reason));
}

Status take_members(archive* reader, const ArchiveBytes& source, Unpacking& unpacking,
                    const std::string& form) {
  for (;;) {
    archive_entry* entry = nullptr;
    const int outcome = archive_read_next_header(reader, &entry);
    if (outcome == ARCHIVE_EOF) return {};
    if (outcome == ARCHIVE_RETRY) continue;
    if (outcome < ARCHIVE_WARN) return unreadable(reader, source, form);
    CLARY_RETURN_IF_ERROR(unpacking.take(entry));
  }
}

}  // namespace

Result<TarTotals> unpack_tar(net::ByteSource& source, const std::string& target,
                             const TarLimits& limits) {
  const std::string form = "a tar archive in gzip";
  const Utf8Locale locale;
  CLARY_TRY(Fd root, open_file(target, O_RDONLY | O_DIRECTORY));
  CLARY_TRY(const std::unique_ptr<TarSource> tar, TarSource::open(source));
  ArchiveFeed feed{.source = *tar};
  const Reader reader(archive_read_new(), archive_read_free);
  if (reader == nullptr) return internal_error("no memory to read an archive");
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_gnutar(reader.get());
  if (archive_read_open(reader.get(), &feed, nullptr, read_feed, nullptr) != ARCHIVE_OK)
    return unreadable(reader.get(), *tar, form);
  Unpacking unpacking(reader.get(), *tar, std::move(root), target, limits);
  CLARY_RETURN_IF_ERROR(take_members(reader.get(), *tar, unpacking, form));
  if (tar->is_packed()) CLARY_RETURN_IF_ERROR(unpacking.pass_rest());
  CLARY_RETURN_IF_ERROR(unpacking.check_links());
  return unpacking.totals();
}

Result<TarTotals> unpack_zip(net::ByteSource& source, const std::string& target,
                             const TarLimits& limits) {
  const std::string form = "a zip archive";
  const Utf8Locale locale;
  CLARY_TRY(Fd root, open_file(target, O_RDONLY | O_DIRECTORY));
  ZipSource zip(source);
  ArchiveFeed feed{.source = zip};
  const Reader reader(archive_read_new(), archive_read_free);
  if (reader == nullptr) return internal_error("no memory to read an archive");
  archive_read_support_format_zip_streamable(reader.get());
  if (archive_read_open(reader.get(), &feed, nullptr, read_feed, nullptr) != ARCHIVE_OK)
    return unreadable(reader.get(), zip, form);
  Unpacking unpacking(reader.get(), zip, std::move(root), target, limits);
  CLARY_RETURN_IF_ERROR(take_members(reader.get(), zip, unpacking, form));
  CLARY_RETURN_IF_ERROR(unpacking.check_links());
  return unpacking.totals();
}

}  // namespace clary::archives

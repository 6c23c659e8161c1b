#include "host/tar_writer.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <memory>
#include <optional>
#include <vector>

#include "archives/beside_sink.h"
#include "archives/utf8_locale.h"
#include "base/deflate.h"
#include "base/files.h"
#include "base/strings.h"

namespace clary::host {
namespace {

constexpr std::size_t kTarBlockBytes = 256 << 10;

// Where libarchive's bytes go. libarchive keeps its buffers when a header cannot be written: errors
// are kept from it until it closes.
struct Outlet {
  Deflater deflater;
  std::optional<Error> error = {};
  bool closing = false;
};

la_ssize_t write_outlet(archive* writer, void* context, const void* bytes, std::size_t size) {
  auto& outlet = *static_cast<Outlet*>(context);
  if (!outlet.error) {
    const Status taken =
        outlet.deflater.write(std::string_view(static_cast<const char*>(bytes), size));
    if (!taken.ok()) outlet.error = taken.error();
  }
  if (outlet.error && outlet.closing) {
    archive_set_error(writer, EIO, "the sink refused");
    return -1;
  }
  return static_cast<la_ssize_t>(size);
}

class TarWriting {
 public:
  TarWriting(archive* writer, const Outlet& outlet, std::string name, const TarWriterLimits& limits)
      : writer_(writer), outlet_(outlet), name_(std::move(name)), limits_(limits) {}

  Status add_folder(const Fd& folder, const std::string& prefix, int depth) {
    if (depth > limits_.depth) {
      return limit_exceeded("'" + path_join(name_, prefix.substr(0, 200)) +
                            "': folders are nested too deep");
    }
    CLARY_TRY(const std::vector<std::string> names,
              list_folder("/proc/self/fd/" + std::to_string(folder.get())));
    for (const std::string& name : names) {
      CLARY_RETURN_IF_ERROR(add_member(folder, name, prefix + name, depth));
    }
    return {};
  }

 private:
  Status add_member(const Fd& folder, const std::string& name, const std::string& path, int depth) {
    struct stat found{};
    if (::fstatat(folder.get(), name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0)
      return system_error(shown(path));
    if (S_ISLNK(found.st_mode)) return add_link(folder, name, path, found);
    if (!S_ISDIR(found.st_mode) && !S_ISREG(found.st_mode)) return {};
    const int flags =
        O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | (S_ISDIR(found.st_mode) ? O_DIRECTORY : 0);
    Fd file(::openat(folder.get(), name.c_str(), flags));
    if (!file.valid() && errno == EACCES) {
      // The script may have taken the owner's rights away; the owner gives them back.
      ::fchmodat(folder.get(), name.c_str(),
                 found.st_mode | (S_ISDIR(found.st_mode) ? 0700U : 0400U), AT_SYMLINK_NOFOLLOW);
      file = Fd(::openat(folder.get(), name.c_str(), flags));
    }
    if (!file.valid()) return system_error(shown(path));
    if (::fstat(file.get(), &found) != 0) return system_error(shown(path));
    if (S_ISDIR(found.st_mode)) {
      CLARY_RETURN_IF_ERROR(write_header(path + "/", AE_IFDIR, found, 0, nullptr));
      return add_folder(file, path + "/", depth + 1);
    }
    return S_ISREG(found.st_mode) ? add_file(file, path, found) : Status();
  }

  Status add_file(const Fd& file, const std::string& path, const struct stat& found) {
    auto left = static_cast<std::uint64_t>(found.st_size);
    total_ += left;
    if (total_ > limits_.bytes) {
      return limit_exceeded(shown(path) + ": the folder holds more than " +
                            format_bytes(limits_.bytes));
    }
    CLARY_RETURN_IF_ERROR(write_header(path, AE_IFREG, found, found.st_size, nullptr));
    while (left > 0) {
      ssize_t got = ::read(file.get(), piece_.data(), std::min<std::uint64_t>(left, piece_.size()));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return system_error(shown(path));
      if (got == 0) return unavailable(shown(path) + ": it became shorter while it was read");
      const auto put = archive_write_data(writer_, piece_.data(), static_cast<std::size_t>(got));
      if (put < 0 || outlet_.error) return broken(path);
      left -= static_cast<std::uint64_t>(got);
    }
    return {};
  }

  Status add_link(const Fd& folder, const std::string& name, const std::string& path,
                  const struct stat& found) {
    std::array<char, PATH_MAX> target{};
    const ssize_t length =
        ::readlinkat(folder.get(), name.c_str(), target.data(), target.size() - 1);
    if (length < 0) return system_error(shown(path));
    return write_header(path, AE_IFLNK, found, 0, target.data());
  }

  Status write_header(const std::string& path, unsigned type, const struct stat& found,
                      la_int64_t size, const char* link) {
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                         archive_entry_free);
    archive_entry_set_pathname(entry.get(), path.c_str());
    archive_entry_set_filetype(entry.get(), type);
    archive_entry_set_perm(entry.get(), found.st_mode & 0777U);
    archive_entry_set_mtime(entry.get(), found.st_mtim.tv_sec, 0);
    archive_entry_set_size(entry.get(), size);
    if (link != nullptr) archive_entry_set_symlink(entry.get(), link);
    const int outcome = archive_write_header(writer_, entry.get());
    return outcome < ARCHIVE_WARN || outlet_.error ? broken(path) : Status();
  }

  std::string shown(const std::string& path) const { return "'" + path_join(name_, path) + "'"; }
  Error broken(const std::string& path) const {
    if (outlet_.error) return *outlet_.error;
    const char* reason = archive_error_string(writer_);
    return internal_error(shown(path) +
                          ": archive: " + (reason == nullptr ? "cannot be written" : reason));
  }

  archive* writer_;
  const Outlet& outlet_;
  std::string name_;
  const TarWriterLimits& limits_;
  std::uint64_t total_ = 0;
  std::vector<char> piece_ = std::vector<char>(kTarBlockBytes);
};

}  // namespace

Status write_tar_gz(const Fd& folder, std::string_view name,
                    const std::function<Status(std::string_view)>& sink,
                    const TarWriterLimits& limits) {
  // A name that is not UTF-8 is written as it is, with a word about it that not every reader knows.
  const archives::Utf8Locale locale;
  archives::BesideSink beside(sink);
  Outlet outlet{.deflater = Deflater(Wrapping::kGzip, [&beside](std::string_view packed) {
                  return beside.write(packed);
                })};
  const std::unique_ptr<archive, int (*)(archive*)> writer(archive_write_new(), archive_write_free);
  archive_write_set_format_pax_restricted(writer.get());
  archive_write_set_bytes_per_block(writer.get(), static_cast<int>(kTarBlockBytes));
  archive_write_set_bytes_in_last_block(writer.get(), 1);
  if (archive_write_open(writer.get(), &outlet, nullptr, write_outlet, nullptr) != ARCHIVE_OK)
    return internal_error("archive: cannot be opened");
  Status added;
  if (folder.valid())
    added = TarWriting(writer.get(), outlet, std::string(name), limits).add_folder(folder, "", 0);
  if (!added.ok()) outlet.error = added.error();
  outlet.closing = true;
  const bool closed = archive_write_close(writer.get()) == ARCHIVE_OK;
  if (outlet.error) return *outlet.error;
  if (!closed) return internal_error("archive: cannot be closed");
  CLARY_RETURN_IF_ERROR(outlet.deflater.finish());
  return beside.finish();
}

}  // namespace clary::host

#include "objects/body_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/files.h"
#include "base/strings.h"
#include "base/thread_pool.h"

namespace clary::objects {
namespace {

constexpr std::size_t kNameDigits = 32;
constexpr std::uint64_t kWriteBehindBytes = 2ULL << 20;

}  // namespace

std::string body_place(const std::string& name) {
  return "bodies/" + name.substr(0, 2) + "/" + name;
}

Status BodyFiles::prepare() {
  CLARY_RETURN_IF_ERROR(make_folders(root_, 0700));
  CLARY_RETURN_IF_ERROR(remove_tree(root_ + "/tmp"));
  CLARY_RETURN_IF_ERROR(make_folders(root_ + "/tmp", 0700));
  CLARY_RETURN_IF_ERROR(make_folders(root_ + "/bodies", 0700));
  return sync_folder(root_);
}

// Of a body file: the first of its kind makes it.
Status BodyFiles::make_folder_of(const std::string& path) const {
  CLARY_RETURN_IF_ERROR(make_folders(folder_of(path), 0700));
  return sync_folder(root_ + "/bodies");
}

// Renames a temporary file.
Status BodyFiles::place(const std::string& name) const {
  const std::string from = temporary_path(name);
  const std::string to = path_of(name);
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  if (errno != ENOENT) return system_error("rename body file to '" + to + "'");
  CLARY_RETURN_IF_ERROR(make_folder_of(to));
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  return system_error("rename body file to '" + to + "'");
}

std::string BodyFiles::path_of(const std::string& name) const {
  return path_join(root_, body_place(name));
}

Result<BodyFiles::Temporary> BodyFiles::create() {
  std::string name = ids_.hex(kNameDigits);
  CLARY_TRY(Fd file, open_file(temporary_path(name), O_WRONLY | O_CREAT | O_EXCL, 0644));
  return Temporary(*this, std::move(name), std::move(file));
}

Status BodyFiles::make(const std::string& name) const {
  const std::string path = path_of(name);
  if (!exists(folder_of(path))) CLARY_RETURN_IF_ERROR(make_folder_of(path));
  CLARY_RETURN_IF_ERROR(open_file(path, O_WRONLY | O_CREAT, 0644));
  const LentPlace lent;
  return sync_folder(folder_of(path));
}

Result<BodyFiles::Temporary> BodyFiles::write_within(const std::string& name,
                                                     const Stretch& stretch,
                                                     std::uint64_t most_ahead) const {
  const std::string path = path_of(name);
  CLARY_TRY(Fd file, open_file(path, O_WRONLY));
  struct stat found{};
  if (::fstat(file.get(), &found) != 0) return system_error("look at '" + path + "'");
  if (found.st_nlink != 1) return unsupported("body file '" + path + "': has another name");
  if (stretch.first > static_cast<std::uint64_t>(found.st_size) + most_ahead)
    return unsupported("body file '" + path + "': ends long before");
  const auto first = static_cast<off_t>(stretch.first);
  // The file system says how long a file may be.
  if (::lseek(file.get(), first + static_cast<off_t>(stretch.bytes), SEEK_SET) < 0 ||
      ::lseek(file.get(), first, SEEK_SET) < 0)
    return unsupported("body file '" + path + "': would be too long");
  Temporary out(*this, "", std::move(file));
  out.within_ = name;
  out.stretch_ = stretch;
  return out;
}

Result<std::uint64_t> BodyFiles::size_of(const std::string& name) const {
  struct stat found{};
  const std::string path = path_of(name);
  if (::stat(path.c_str(), &found) != 0) return system_error("look at '" + path + "'");
  return static_cast<std::uint64_t>(found.st_size);
}

Result<std::string> BodyFiles::share(const std::string& name) {
  const std::string from = path_of(name);
  std::string shared = ids_.hex(kNameDigits);
  const std::string to = path_of(shared);
  if (!exists(folder_of(to))) CLARY_RETURN_IF_ERROR(make_folder_of(to));
  if (::link(from.c_str(), to.c_str()) != 0) {
    if (errno == EMLINK || errno == EPERM || errno == EOPNOTSUPP)
      return unsupported("body file '" + from + "': no more links");
    return system_error("link body file '" + from + "'");
  }
  const LentPlace lent;
  if (Status synced = sync_folder(folder_of(to)); !synced.ok()) {
    remove(shared);
    return synced.error();
  }
  return shared;
}

Result<Fd> BodyFiles::open(const std::string& name) const {
  return open_file(path_of(name), O_RDONLY);
}

void BodyFiles::remove(const std::string& name) const {
  if (::unlink(path_of(name).c_str()) != 0 && errno != ENOENT) left_strays_ = true;
}

Status BodyFiles::sweep(const std::function<bool(const std::string&)>& referenced) {
  CLARY_TRY(const std::vector<std::string> folders, list_folder(root_ + "/bodies"));
  for (const std::string& folder : folders) {
    CLARY_TRY(const std::vector<std::string> names, list_folder(root_ + "/bodies/" + folder));
    for (const std::string& name : names) {
      if (!referenced(name)) remove(name);
    }
  }
  return {};
}

BodyFiles::Temporary::Temporary(Temporary&& other) noexcept
    : files_(other.files_),
      name_(std::exchange(other.name_, {})),
      file_(std::move(other.file_)),
      within_(std::move(other.within_)),
      stretch_(other.stretch_),
      written_(other.written_),
      started_(other.started_) {}

BodyFiles::Temporary::~Temporary() {
  if (!name_.empty()) ::unlink(files_->temporary_path(name_).c_str());
}

Status BodyFiles::Temporary::write(std::string_view bytes) {
  if (bytes.size() > stretch_.bytes - written_) {
    return invalid_argument("more bytes came than the " + std::to_string(stretch_.bytes) +
                            " that were announced");
  }
  CLARY_RETURN_IF_ERROR(write_all(file_, bytes, "write body file"));
  written_ += bytes.size();
  if (written_ - started_ >= kWriteBehindBytes) {
    // A hint only: the disk works while the rest arrives, so that seal() waits less.
    ::sync_file_range(file_.get(), static_cast<off64_t>(stretch_.first + started_),
                      static_cast<off64_t>(written_ - started_), SYNC_FILE_RANGE_WRITE);
    started_ = written_;
  }
  return {};
}

Status BodyFiles::require_free(std::uint64_t kept_bytes, std::uint64_t more_bytes) const {
  struct statvfs disk{};
  if (kept_bytes == 0 || ::statvfs(root_.c_str(), &disk) != 0) return {};
  const std::uint64_t left = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  if (left >= kept_bytes && left - kept_bytes >= more_bytes) return {};
  const std::string room = more_bytes == 0 ? "" : " for " + format_bytes(more_bytes) + " more";
  return limit_exceeded("the disk of '" + root_ + "' is full" + room + ": its last " +
                        format_bytes(kept_bytes) + " are kept for what removes objects");
}

Status BodyFiles::Temporary::append(const Fd& file, const Stretch& stretch) {
  if (::lseek(file.get(), static_cast<off_t>(stretch.first), SEEK_SET) < 0)
    return system_error("join body files");
  CLARY_TRY(const std::uint64_t copied, copy_bytes(file, file_, "join body files", stretch.bytes));
  written_ += copied;
  if (copied == stretch.bytes) return {};
  return internal_error("join body files: one has " + std::to_string(copied) + " bytes; " +
                        std::to_string(stretch.bytes) + " were stored");
}

Result<std::string> BodyFiles::Temporary::seal() {
  const LentPlace lent;
  if (::fdatasync(file_.get()) != 0) return system_error("sync body file");
  if (!within_.empty()) return within_;
  const std::string final_path = files_->path_of(name_);
  CLARY_RETURN_IF_ERROR(files_->place(name_));
  const std::string name = std::exchange(name_, {});
  if (Status synced = sync_folder(folder_of(final_path)); !synced.ok()) {
    files_->remove(name);
    return synced.error();
  }
  return name;
}

}  // namespace clary::objects

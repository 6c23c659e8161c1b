#include "objects/body_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/digest.h"

namespace clary::objects {
namespace {

class FileSource final : public net::ByteSource {
 public:
  FileSource(Fd file, std::uint64_t offset, std::uint64_t length, std::string expected,
             std::string what)
      : file_(std::move(file)),
        offset_(offset),
        left_(length),
        expected_(std::move(expected)),
        what_(std::move(what)) {
    if (!expected_.empty()) crc32c_ = make_hasher(DigestKind::kCrc32c);
    ::posix_fadvise(file_.get(), static_cast<off_t>(offset), static_cast<off_t>(length),
                    POSIX_FADV_SEQUENTIAL);
  }

  Result<std::size_t> read(std::span<char> into) override {
    const std::size_t wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
    if (wanted == 0) return std::size_t{0};
    ssize_t got = 0;
    do {
      got = ::pread(file_.get(), into.data(), wanted, static_cast<off_t>(offset_));
    } while (got < 0 && errno == EINTR);
    if (got < 0) return system_error(what_ + ": read");
    if (got == 0) return internal_error(what_ + ": its file is shorter than its size");
    const auto taken = static_cast<std::size_t>(got);
    offset_ += taken;
    left_ -= taken;
    if (crc32c_ != nullptr) {
      crc32c_->update({into.data(), taken});
      if (left_ == 0 && crc32c_->finish() != expected_) {
        return internal_error(what_ +
                              ": its bytes are not those that were stored (CRC-32C differs)");
      }
    }
    return taken;
  }

 private:
  Fd file_;
  std::uint64_t offset_;
  std::uint64_t left_;
  std::string expected_;
  std::string what_;
  std::unique_ptr<Hasher> crc32c_;
};

class MemorySource final : public net::ByteSource {
 public:
  MemorySource(std::shared_ptr<const std::string> bytes, std::uint64_t offset, std::uint64_t length)
      : bytes_(std::move(bytes)), left_(std::string_view(*bytes_).substr(offset, length)) {}
  Result<std::size_t> read(std::span<char> into) override {
    const std::size_t taken = left_.copy(into.data(), into.size());
    left_.remove_prefix(taken);
    return taken;
  }

 private:
  std::shared_ptr<const std::string> bytes_;
  std::string_view left_;
};

}  // namespace

std::unique_ptr<net::ByteSource> make_file_source(Fd file, std::uint64_t offset,
                                                  std::uint64_t length, std::string expected_crc32c,
                                                  std::string what) {
  return std::make_unique<FileSource>(std::move(file), offset, length, std::move(expected_crc32c),
                                      std::move(what));
}

std::unique_ptr<net::ByteSource> make_memory_source(std::shared_ptr<const std::string> bytes,
                                                    std::uint64_t offset, std::uint64_t length) {
  return std::make_unique<MemorySource>(std::move(bytes), offset, length);
}

}  // namespace clary::objects

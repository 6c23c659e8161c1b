#include "archives/byte_sources.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/fd.h"
#include "base/files.h"

namespace clary::archives {
namespace {

class FileSource final : public net::ByteSource {
 public:
  FileSource(Fd file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  Result<std::size_t> read(std::span<char> into) override {
    for (;;) {
      const ssize_t got = ::read(file_.get(), into.data(), into.size());
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) return system_error("read '" + path_ + "'");
    }
  }

 private:
  Fd file_;
  std::string path_;
};

class MemorySource final : public net::ByteSource {
 public:
  explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::size_t> read(std::span<char> into) override {
    const std::size_t count = bytes_.copy(into.data(), into.size(), at_);
    at_ += count;
    return count;
  }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::unique_ptr<net::ByteSource>> open_file_source(const std::string& path) {
  CLARY_TRY(Fd file, open_file(path, O_RDONLY));
  return std::unique_ptr<net::ByteSource>(std::make_unique<FileSource>(std::move(file), path));
}

std::unique_ptr<net::ByteSource> memory_source(std::string bytes) {
  return std::make_unique<MemorySource>(std::move(bytes));
}

}  // namespace clary::archives

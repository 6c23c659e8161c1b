#include "objects/body_spool.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

#include "base/files.h"
#include "base/text_encoding.h"

namespace clary::objects {
namespace {

Result<Fd> nameless_file(const std::string& folder) {
  std::string path = path_join(folder, "body-XXXXXX");
  Fd file(::mkostemp(path.data(), O_CLOEXEC));
  if (file.get() < 0) return system_error("make '" + path + "'");
  ::unlink(path.c_str());
  return file;
}

}  // namespace

class BodySpool::Source final : public net::ByteSource {
 public:
  explicit Source(const BodySpool& spool) : spool_(spool) {}

  Result<std::size_t> read(std::span<char> into) override {
    if (spool_.file_.get() < 0) {
      const std::size_t count = std::string_view(spool_.memory_)
                                    .substr(static_cast<std::size_t>(at_))
                                    .copy(into.data(), into.size());
      at_ += count;
      return count;
    }
    ssize_t count = -1;
    do {
      count = ::pread(spool_.file_.get(), into.data(), into.size(), static_cast<off_t>(at_));
    } while (count < 0 && errno == EINTR);
    if (count < 0) return system_error("read a body that was put aside");
    at_ += static_cast<std::uint64_t>(count);
    return static_cast<std::size_t>(count);
  }

 private:
  const BodySpool& spool_;
  std::uint64_t at_ = 0;
};

BodySpool::BodySpool(SpoolOptions options)
    : options_(std::move(options)), hasher_(make_hasher(DigestKind::kSha256)) {}

Status BodySpool::append(std::string_view piece) {
  hasher_->update(piece);
  size_bytes_ += piece.size();
  if (file_.get() < 0) {
    memory_ += piece;
    if (size_bytes_ <= options_.memory_bytes) return {};
    CLARY_TRY(file_, nameless_file(options_.folder));
    piece = memory_;
  }
  CLARY_RETURN_IF_ERROR(write_all(file_, piece, "put a body aside in '" + options_.folder + "'"));
  memory_ = {};
  return {};
}

const std::string& BodySpool::sha256() {
  if (sha256_.empty()) sha256_ = hex_encode(hasher_->finish());
  return sha256_;
}

std::unique_ptr<net::ByteSource> BodySpool::open() const { return std::make_unique<Source>(*this); }

}  // namespace clary::objects

#include "serving/payload.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/files.h"

namespace clary::serving {
namespace {

Result<std::size_t> read_at(const Fd& file, std::uint64_t at, std::span<char> into) {
  for (;;) {
    const ssize_t got = ::pread(file.get(), into.data(), into.size(), static_cast<off_t>(at));
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) return system_error("read a shared body");
  }
}

// By pread(2), never by a map: what a worker cuts off is an early end here, not a fault.
class SharedSource final : public net::ByteSource {
 public:
  SharedSource(Fd file, std::uint64_t size) : file_(std::move(file)), size_(size) {}
  Result<std::size_t> read(std::span<char> into) override {
    const std::uint64_t left = size_ - at_;
    if (into.size() > left) into = into.first(static_cast<std::size_t>(left));
    CLARY_TRY(const std::size_t got, read_at(file_, at_, into));
    at_ += got;
    return got;
  }

 private:
  Fd file_;
  std::uint64_t size_;
  std::uint64_t at_ = 0;
};

}  // namespace

Status Payload::append(std::string_view piece) {
  if (!shared_.valid() && inside_.size() + piece.size() < kSharedFromBytes) {
    inside_ += piece;
    size_ = inside_.size();
    return {};
  }
  if (!shared_.valid()) {
    Fd made(::memfd_create("clary-body", MFD_CLOEXEC));
    if (!made.valid()) return system_error("memory for a body");
    CLARY_RETURN_IF_ERROR(write_all(made, inside_, "memory for a body"));
    shared_ = std::move(made);
    inside_ = {};
  }
  CLARY_RETURN_IF_ERROR(write_all(shared_, piece, "memory for a body"));
  size_ += piece.size();
  return {};
}

void Payload::move_into(net::Reply& reply) && {
  if (!shared_.valid()) {
    reply.body = std::move(inside_);
    return;
  }
  reply.source_length = size_;
  reply.source = std::make_unique<SharedSource>(std::move(shared_), size_);
}

Result<std::string> Payload::to_text() const {
  if (!shared_.valid()) return inside_;
  std::string text(static_cast<std::size_t>(size_), '\0');
  std::size_t at = 0;
  while (at < text.size()) {
    CLARY_TRY(const std::size_t got, read_at(shared_, at, {text.data() + at, text.size() - at}));
    if (got == 0) return internal_error("a shared body is shorter than announced");
    at += got;
  }
  return text;
}

}  // namespace clary::serving

#include "host/gunzip_source.h"

#include <zlib.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace clary::host {
namespace {

constexpr std::size_t kReadBytes = 256 << 10;
constexpr int kGzipOnly = 16 + MAX_WBITS;

class GunzipSource final : public net::ByteSource {
 public:
  explicit GunzipSource(net::ByteSource& packed) : packed_(packed), piece_(kReadBytes) {
    ready_ = ::inflateInit2(&stream_, kGzipOnly) == Z_OK;
  }
  GunzipSource(const GunzipSource&) = delete;
  GunzipSource& operator=(const GunzipSource&) = delete;
  ~GunzipSource() override {
    if (ready_) ::inflateEnd(&stream_);
  }

  Result<std::size_t> read(std::span<char> into) override {
    if (!ready_) return internal_error("gzip: no memory");
    const auto room =
        static_cast<uInt>(std::min<std::size_t>(into.size(), std::numeric_limits<uInt>::max()));
    stream_.next_out = reinterpret_cast<Bytef*>(into.data());
    stream_.avail_out = room;
    while (stream_.avail_out == room) {
      if (stream_.avail_in == 0) CLARY_RETURN_IF_ERROR(refill());
      if (stream_.avail_in == 0) {
        if (!between_members_) return invalid_argument("not a whole gzip: it ends early");
        return std::size_t{0};
      }
      CLARY_RETURN_IF_ERROR(inflate_some());
    }
    return std::size_t{room - stream_.avail_out};
  }

 private:
  Status refill() {
    CLARY_TRY(const std::size_t got, packed_.read(piece_));
    stream_.next_in = reinterpret_cast<Bytef*>(piece_.data());
    stream_.avail_in = static_cast<uInt>(got);
    return {};
  }

  Status inflate_some() {
    // A member that follows begins where the last one ended.
    if (between_members_ && any_) ::inflateReset(&stream_);
    between_members_ = false;
    any_ = true;
    const int said = ::inflate(&stream_, Z_NO_FLUSH);
    if (said == Z_STREAM_END) between_members_ = true;
    if (said == Z_OK || said == Z_STREAM_END || said == Z_BUF_ERROR) return {};
    return invalid_argument("not a gzip" +
                            (stream_.msg == nullptr ? "" : ": " + std::string(stream_.msg)));
  }

  net::ByteSource& packed_;
  std::vector<char> piece_;
  z_stream stream_{};
  bool ready_ = false;
  bool any_ = false;              // a member has begun
  bool between_members_ = false;  // the last one is whole
};

}  // namespace

std::unique_ptr<net::ByteSource> gunzip_source(net::ByteSource& packed) {
  return std::make_unique<GunzipSource>(packed);
}

}  // namespace clary::host

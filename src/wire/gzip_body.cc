#include "wire/gzip_body.h"

#include <zlib.h>

#include <array>

namespace clary::wire {
namespace {

constexpr int kGzipWindow = 15 + 16;  // gzip's own wrapping, the largest window

struct Inflater {
  z_stream stream = {};
  bool ready = ::inflateInit2(&stream, kGzipWindow) == Z_OK;

  Inflater() = default;
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (ready) ::inflateEnd(&stream);
  }
};

}  // namespace

Result<std::string> gunzip(std::string_view packed, std::size_t limit) {
  Inflater inflater;
  if (!inflater.ready) return internal_error("gzip: zlib does not start");
  // zlib does not write to its input, but older headers say it may.
  inflater.stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(packed.data()));
  inflater.stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  std::array<char, std::size_t{64} << 10> piece{};
  for (int state = Z_OK; state != Z_STREAM_END;) {
    inflater.stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    inflater.stream.avail_out = static_cast<uInt>(piece.size());
    state = ::inflate(&inflater.stream, Z_NO_FLUSH);
    if (state != Z_OK && state != Z_STREAM_END)
      return invalid_argument("the body is not whole gzip data");
    out.append(piece.data(), piece.size() - inflater.stream.avail_out);
    if (out.size() > limit) return limit_exceeded("the unpacked body is too large");
  }
  return out;
}

}  // namespace clary::wire

#include "base/deflate.h"

#include <isa-l/igzip_lib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

namespace clary {
namespace {

// ISA-L counts in 32 bits.
constexpr std::size_t kMostAtOnce = 1 << 30;
// A gzip that has one of them set is to be refused (RFC 1952, 2.3.1.2).
constexpr std::uint32_t kReservedFlags = 0xE0;

// ISA-L does not write to its input, but its pointers say that it may.
std::uint8_t* input(std::string_view bytes) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(bytes.data()));
}

std::string_view fault_of(int code) {
  switch (code) {
    case ISAL_INVALID_WRAPPER:
      return "incorrect header";
    case ISAL_UNSUPPORTED_METHOD:
      return "unknown method of compression";
    case ISAL_NEED_DICT:
      return "a dictionary is needed";
    case ISAL_INCORRECT_CHECKSUM:
      return "incorrect checksum or length";
    case ISAL_INVALID_LOOKBACK:
      return "invalid distance";
    case ISAL_INVALID_SYMBOL:
      return "invalid code";
    default:
      return "invalid block";
  }
}

}  // namespace

struct Deflater::Stream {
  isal_zstream packing;
  std::array<std::uint8_t, ISAL_DEF_LVL1_DEFAULT> tables;
  std::array<std::uint8_t, kPieceBytes> piece;
};

Deflater::Deflater(Wrapping wrapping, Sink sink)
    : sink_(std::move(sink)), stream_(std::make_unique_for_overwrite<Stream>()) {
  isal_zstream& packing = stream_->packing;
  ::isal_deflate_init(&packing);
  packing.level = 1;
  packing.level_buf = stream_->tables.data();
  packing.level_buf_size = ISAL_DEF_LVL1_DEFAULT;
  packing.gzip_flag = wrapping == Wrapping::kGzip ? IGZIP_GZIP : IGZIP_ZLIB;
  packing.next_out = stream_->piece.data();
  packing.avail_out = kPieceBytes;
}

Deflater::~Deflater() = default;

Status Deflater::write(std::string_view bytes) {
  for (; bytes.size() > kMostAtOnce; bytes.remove_prefix(kMostAtOnce))
    CLARY_RETURN_IF_ERROR(pack(bytes.substr(0, kMostAtOnce), false));
  return pack(bytes, false);
}

Status Deflater::finish(std::string_view last) {
  if (last.size() > kMostAtOnce) {
    CLARY_RETURN_IF_ERROR(write(last));
    last = {};
  }
  CLARY_RETURN_IF_ERROR(pack(last, true));
  return give();
}

Status Deflater::pack(std::string_view bytes, bool last) {
  isal_zstream& packing = stream_->packing;
  packing.next_in = input(bytes);
  packing.avail_in = static_cast<std::uint32_t>(bytes.size());
  packing.end_of_stream = last ? 1 : 0;
  for (;;) {
    if (const int code = ::isal_deflate(&packing); code != COMP_OK)
      return internal_error("deflate: ISA-L gives " + std::to_string(code));
    if (packing.internal_state.state == ZSTATE_END) return {};
    // With room left it has stopped for want of bytes.
    if (packing.avail_out > 0) return {};
    CLARY_RETURN_IF_ERROR(give());
  }
}

Status Deflater::give() {
  isal_zstream& packing = stream_->packing;
  const std::size_t made = kPieceBytes - packing.avail_out;
  packing.next_out = stream_->piece.data();
  packing.avail_out = kPieceBytes;
  if (made == 0) return {};
  return sink_({reinterpret_cast<const char*>(stream_->piece.data()), made});
}

// The header is read here: of one that comes in two pieces, isal_inflate() forgets the first
// (github.com/intel/isa-l/issues/224).
struct Inflater::Stream {
  inflate_state unpacking;
  isal_gzip_header gzip_header;
  isal_zlib_header zlib_header;
};

Inflater::Inflater(Wrapping wrapping)
    : wrapping_(wrapping), stream_(std::make_unique_for_overwrite<Stream>()) {
  ::isal_inflate_init(&stream_->unpacking);
  stream_->unpacking.crc_flag =
      wrapping == Wrapping::kGzip ? ISAL_GZIP_NO_HDR_VER : ISAL_ZLIB_NO_HDR_VER;
  reset();
}

Inflater::~Inflater() = default;

void Inflater::reset() {
  ::isal_inflate_reset(&stream_->unpacking);
  stream_->gzip_header = {};
  stream_->zlib_header = {};
  in_header_ = true;
}

int Inflater::read_header() {
  int code = ISAL_DECOMP_OK;
  if (wrapping_ == Wrapping::kGzip) {
    code = ::isal_read_gzip_header(&stream_->unpacking, &stream_->gzip_header);
    if (code == ISAL_DECOMP_OK && (stream_->gzip_header.flags & kReservedFlags) != 0)
      code = ISAL_INVALID_WRAPPER;
  } else {
    code = ::isal_read_zlib_header(&stream_->unpacking, &stream_->zlib_header);
    if (code == ISAL_DECOMP_OK && stream_->zlib_header.dict_flag != 0) code = ISAL_NEED_DICT;
  }
  in_header_ = code != ISAL_DECOMP_OK;
  return code;
}

Inflater::Step Inflater::step(std::string_view packed, std::span<char> into) {
  inflate_state& unpacking = stream_->unpacking;
  const auto given = static_cast<std::uint32_t>(std::min(packed.size(), kMostAtOnce));
  const auto room = static_cast<std::uint32_t>(std::min(into.size(), kMostAtOnce));
  unpacking.next_in = input(packed);
  unpacking.avail_in = given;
  unpacking.next_out = reinterpret_cast<std::uint8_t*>(into.data());
  unpacking.avail_out = room;
  int code = in_header_ ? read_header() : ISAL_DECOMP_OK;
  if (!in_header_) code = ::isal_inflate(&unpacking);
  Step step{.taken = given - unpacking.avail_in, .made = room - unpacking.avail_out};
  // Of some broken bytes ISA-L makes nothing and says nothing.
  const bool stands = given > 0 && room > 0 && step.taken == 0 && step.made == 0;
  if (!in_header_ && code == ISAL_DECOMP_OK && unpacking.block_state == ISAL_BLOCK_FINISH) {
    step.state = State::kEnded;
  } else if (code < 0 || code == ISAL_NEED_DICT || stands) {
    step.state = State::kBroken;
    fault_ = fault_of(code);
  }
  return step;
}

}  // namespace clary

#include "archives/tar_source.h"

#include <array>
#include <string_view>

#include "archives/gunzip_source.h"

namespace clary::archives {
namespace {

constexpr std::string_view kGzipMagic = "\x1f\x8b";

}  // namespace

Result<std::unique_ptr<TarSource>> TarSource::open(net::ByteSource& archive) {
  std::unique_ptr<TarSource> tar(new TarSource(archive));
  CLARY_TRY(const bool gzip, tar->archive_.is_gzip());
  if (gzip) tar->unpacked_ = gunzip_source(tar->archive_, AfterGzip::kAnything);
  tar->ahead_.emplace(gzip ? *tar->unpacked_ : tar->archive_);
  return tar;
}

Result<std::string> TarSource::next() {
  Result<std::string> piece = ahead_->next();
  // Nothing is read any more after an error.
  if (!piece.ok()) failed_ = archive_.error;
  return piece;
}

Result<bool> TarSource::Archive::is_gzip() {
  std::array<char, kGzipMagic.size()> piece{};
  while (head.size() < kGzipMagic.size()) {
    CLARY_TRY(const std::size_t got,
              source.read(std::span(piece).first(kGzipMagic.size() - head.size())));
    if (got == 0) break;
    head.append(piece.data(), got);
  }
  taken = head.size();
  return head == kGzipMagic;
}

Result<std::size_t> TarSource::Archive::read(std::span<char> into) {
  if (!head.empty()) {
    const std::size_t count = head.copy(into.data(), into.size());
    head.erase(0, count);
    return count;
  }
  Result<std::size_t> got = source.read(into);
  if (got.ok()) {
    taken += *got;
  } else {
    error = got.error();
  }
  return got;
}

}  // namespace clary::archives

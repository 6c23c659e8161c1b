// Unpacks a tar or zip archive that somebody else made: nothing leaves the target folder, nothing
// grows without bound.
//
// Members are read with libarchive and written through descriptors, component by component, never
// through a symbolic link. Refused, with the member's name: absolute paths, `..`, devices and
// FIFOs, links that lead out of the folder, members under a symbolic link, and archives beyond the
// limits. Thread-safe; one target is used by one call at a time.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "net/http.h"

namespace clary::archives {

struct TarLimits {
  std::uint64_t bytes = 16ULL << 30;  // of all members, unpacked
  std::uint64_t members = 500'000;
  std::uint64_t ratio = 250;  // unpacked ÷ packed, once more than `ratio_from_bytes` are unpacked
  std::uint64_t ratio_from_bytes = 256ULL << 20;
  std::size_t path_bytes = 4096;
};

struct TarTotals {
  std::uint64_t members = 0;
  std::uint64_t bytes = 0;
};

// A tar, plain or in gzip, into `target`, an existing folder. What was unpacked before an error
// stays there: remove the folder. InvalidArgument for a hostile or broken archive, LimitExceeded
// beyond the limits, else what the disk or `source` said.
Result<TarTotals> unpack_tar(net::ByteSource& source, const std::string& target,
                             const TarLimits& limits = {});
// A zip, likewise, as its members follow one another: what its directory at the end says of them
// besides is not read.
Result<TarTotals> unpack_zip(net::ByteSource& source, const std::string& target,
                             const TarLimits& limits = {});

}  // namespace clary::archives

// A folder's contents as a tar in gzip, made as it is read.
//
// Members stand at the archive's root, sorted by name, owned by nobody in particular. Symbolic
// links stay links; sockets, FIFOs and devices are left out. No link is followed, whatever the
// tree's owner made of it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace clary::host {

struct TarWriterLimits {
  std::uint64_t bytes = 1ULL << 40;  // of all files, a hole counted as what it stands for
  int depth = 200;                   // of folders
};

// folder: what is archived; an invalid descriptor makes an empty archive. sink: takes the archive
// piece by piece, on a thread of its own while the next piece is packed; its error is returned, and
// no call of it is under way any more then. name: of the folder, for messages. LimitExceeded beyond
// the limits. The same tree gives the same bytes on processors of the same kind.
Status write_tar_gz(const Fd& folder, std::string_view name,
                    const std::function<Status(std::string_view)>& sink,
                    const TarWriterLimits& limits = {});

}  // namespace clary::host

// How many files a process may have open: its soft RLIMIT_NOFILE. Any thread.
#pragma once

#include <cstdint>

namespace clary {

// Gives this process all that it may have. The limit before; 0: not known.
std::uint64_t raise_open_files();

// Sets the limit, at most to the hard one; what is open stays open. 0: as it is. System calls only:
// for between fork and exec.
void limit_open_files(std::uint64_t most);

}  // namespace clary

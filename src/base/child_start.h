// What every start of a program has in common, between fork and exec.
//
// Everything that the child calls here is system calls on memory made before, so a program with
// threads may fork. Thread-safe.
#pragma once

#include <sys/types.h>

#include <array>

#include "base/fd.h"
#include "base/pipe.h"
#include "base/result.h"

namespace clary {

// By which a child says what failed: exec closes it. Its writer is none of the standard streams,
// whichever of these this process was started without.
Result<Pipe> make_word_pipe();

// A close-on-exec copy that set_standard_streams() does not run over.
Result<Fd> duplicate_above_standard(int descriptor);

// fork(2). The child has every signal blocked until reset_signals(). Less than 0: errno says why.
pid_t fork_with_signals_blocked();

// In the child: makes the three its standard streams, whatever numbers they have; -1: /dev/null.
// False: errno says why.
bool set_standard_streams(const std::array<int, 3>& given);

// In the child: every signal as in a new program, none blocked.
void reset_signals();

}  // namespace clary

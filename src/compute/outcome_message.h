// How a forked child that makes something tells its parent the outcome: one message, a text and
// perhaps a descriptor (SCM_RIGHTS), over a SOCK_SEQPACKET pair.
//
// No state.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace clary::compute {

// text: "ok", or a sentence. descriptor: -1 for none. In a child with one thread.
void send_outcome(int channel, std::string_view text, int descriptor);

// The descriptor that came with "ok" (or none); Denied with the child's sentence; Internal when it
// ended without a word; Timeout when it said nothing for `timeout`. what: begins every message.
Result<Fd> receive_outcome(int channel, std::string_view what, Duration timeout);

}  // namespace clary::compute

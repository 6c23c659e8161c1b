// The signals that a server heeds: SIGTERM, SIGINT, SIGHUP.
#pragma once

#include <sys/types.h>

#include "base/fd.h"

namespace clary::apps {

// Blocks them for every thread to come and returns where they arrive instead. SIGPIPE is ignored
// from here on.
Fd heeded_signals();

// What has come: the end of the server, or a SIGHUP that somebody sent, by which a server may be
// asked to read something again. One that the kernel sends, or the shell it was started from when
// its terminal is gone, says that nobody is there any more: the end.
enum class Heeded { kEnd, kSentHangup };

// The shell that this program was started from, where it may say that the terminal is gone; 0:
// there is no terminal, or the program is to outlive it (nohup). Asked before heeded_signals().
pid_t shell_at_terminal();

// Until one of them has come; takes it.
Heeded next_signal(const Fd& signals, pid_t shell);
// Until one of them has come, true, or `other` has something to read, or its end: false.
bool wait_for_signal_or(const Fd& signals, const Fd& other);

}  // namespace clary::apps

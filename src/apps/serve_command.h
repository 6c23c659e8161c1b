// `clary serve`: the server in the foreground, until SIGTERM or SIGINT.
#pragma once

namespace clary::apps {

// argv as main got it ("clary serve ..."). Returns the exit code: 0 after an orderly end, 1 when it
// cannot run, 2 for wrong usage.
int run_serve(int argc, const char* const* argv);

}  // namespace clary::apps

// `clary model-server PATH`: one model behind /ping and /invocations, in the foreground, until
// SIGTERM or SIGINT.
#pragma once

namespace clary::apps {

// argv as main got it ("clary model-server ..."). Returns the exit code: 0 after an orderly end, 1
// when it cannot serve, 2 for wrong usage.
int run_model_server(int argc, const char* const* argv);

}  // namespace clary::apps

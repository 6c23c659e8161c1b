// FakePlugin: an engine's functions without a library behind them, for tests of what stands on the
// border (engine_abi.h). The device's name chooses the model; all take float32 and give float32:
//
//   "double"    2x
//   "tells"     x (1 + r/100000), where the run has r rows: nearly x, and the test sees r
//   "centre"    x less the mean over the rows: what a row gets depends on the others
//   "adds up"   each row with all those before it added
//   "squeeze"   x, without its first axis where that is 1
//   "one row"   x; refuses more than one row
//   "no zeros"  x; refuses an input that holds a 0
//   "in place"  writes x + 1 over its input, and gives that
//   "constant"  one number for all rows, so that it has none
//   "keeps"     as "tells", but says that it must not be joined
#pragma once

#include <memory>

#include "serving/engine_plugin.h"

namespace clary::serving {

std::shared_ptr<const EnginePlugin> fake_plugin();

}  // namespace clary::serving

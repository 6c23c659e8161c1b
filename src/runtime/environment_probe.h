// Looks at a Python interpreter: runs it once and asks what it is and what it has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/document.h"
#include "base/result.h"
#include "hostlink/plan.h"

namespace clary::runtime {

// A file or folder whose change means that the interpreter must be looked at again.
struct WatchedPath {
  std::string path;
  std::int64_t modified_ns = -1;  // since the epoch; -1 when it is absent
  friend bool operator==(const WatchedPath&, const WatchedPath&) = default;
};
// The path as it is now.
WatchedPath watch_path(const std::string& path);

struct ProbedInterpreter {
  hostlink::PlanInterpreter interpreter;
  std::vector<WatchedPath> watched;

  // Whether nothing has changed since: some stat calls.
  bool is_fresh() const;

  Document to_document() const;
  static Result<ProbedInterpreter> from_document(const Document& document);
};

// python: a path, or a name on PATH; a launcher script (pyenv's shims) is followed to the
// interpreter it starts. The interpreter runs isolated (-I): neither PYTHONPATH nor the user's own
// site-packages count, for a job has neither. NotFound, Denied: it cannot be started; Timeout;
// InvalidArgument: it is no Python 3.6 or newer.
Result<ProbedInterpreter> probe_interpreter(const std::string& python, Duration timeout);

}  // namespace clary::runtime

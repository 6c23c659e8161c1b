// Environments: the Python interpreters that stand in for images.
//
// The default (the setting's, else $VIRTUAL_ENV, else the first python3 on PATH) comes first, then
// those that people added or created. What people asked for is in <data>/environments.json and what
// interpreters answered in <data>/cache/interpreters.json; both are read again when another process
// changed them, so `clary environments` works beside a running server. An interpreter is run only
// when it or its packages changed since it was last looked at. Thread-safe; calls may block on a
// process.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/result.h"
#include "runtime/environment_match.h"
#include "runtime/environment_probe.h"

namespace clary::runtime {

struct EnvironmentsOptions {
  std::string data_folder;
  // Takes the default's place: the name of an added one, or the path of an interpreter; "": none
  // does.
  std::string preferred;
  std::string virtual_env;  // $VIRTUAL_ENV, or ""
  std::string path;         // $PATH
  Strictness strictness = Strictness::kNearest;
  Duration probe_timeout = std::chrono::seconds(60);
};

struct NewEnvironment {
  std::string name;
  std::vector<std::string> packages;                      // requirements: "torch==2.13.0"
  std::function<void(std::string_view piece)> on_output;  // what venv and pip print
  Duration timeout = std::chrono::hours(1);
};

class Environments {
 public:
  explicit Environments(EnvironmentsOptions options) : options_(std::move(options)) {}

  // InvalidArgument when options.preferred names none. Looks at no interpreter.
  Status check_preferred() const;

  // All of them, the default first, the others by name; one that cannot be used says why.
  std::vector<Environment> list();
  // One, looked at anew. NotFound.
  Result<Environment> probe(const std::string& name);
  // python: an interpreter, or the folder of a virtual or conda environment. InvalidArgument,
  // AlreadyExists.
  Result<Environment> add(const std::string& name, const std::string& python);
  // Makes a virtual environment in <data>/environments/<name> from the default's Python and
  // installs packages into it; nothing stays when that fails. InvalidArgument, AlreadyExists,
  // Timeout.
  Result<Environment> create(const NewEnvironment& environment);
  // Forgets one, and deletes its folder when create made it. NotFound.
  Status remove(const std::string& name);

  // What takes an image's place; see match_environment. script_mode: the user brings a program.
  Result<EnvironmentChoice> choose(const std::string& image, bool script_mode);

 private:
  struct Entry {
    std::string name;
    std::string origin;
    std::string python;
  };
  struct Failure {
    WatchedPath python;
    std::string problem;
  };
  std::vector<Entry> entries() const;
  std::string default_python(std::string& origin) const;
  Status save(const std::vector<Entry>& added) const;
  Result<std::vector<Entry>> added() const;
  Environment look_at(const Entry& entry) CLARY_REQUIRES(mutex_);
  void load_cache() CLARY_REQUIRES(mutex_);
  void save_cache() CLARY_REQUIRES(mutex_);

  const EnvironmentsOptions options_;
  Mutex mutex_;
  bool cache_loaded_ CLARY_GUARDED_BY(mutex_) = false;
  bool cache_changed_ CLARY_GUARDED_BY(mutex_) = false;
  // By `python` of the entry. Failures are kept in memory only, until the file changes.
  std::map<std::string, ProbedInterpreter> cache_ CLARY_GUARDED_BY(mutex_);
  std::map<std::string, Failure> failures_ CLARY_GUARDED_BY(mutex_);
};

}  // namespace clary::runtime

// ModelReload: loads a model again whose files have changed, beside the one that is served, and
// puts it in its place once it is ready.
//
// The one before answers what it has begun, and ends then. A model that cannot be loaded changes
// nothing: the one before goes on, and the log says why. Used by one thread at a time.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/logger.h"
#include "base/result.h"
#include "serving/folder_print.h"
#include "serving/model_unit.h"
#include "serving/one_model.h"

namespace clary::serving {

struct ReloadOptions {
  std::string source;  // a folder
  Duration load_limit = std::chrono::seconds(600);
  Duration retire_limit = std::chrono::minutes(10);  // for what the one before has begun
};

class ModelReload {
 public:
  using Look = std::function<Result<FolderPrint>(const std::string& folder)>;

  // Looks for the first time: what changes from now on is a change. All outlive the object.
  ModelReload(OneModel& shelf, ModelOpener& opener, ReloadOptions options, const Clock& clock,
              const Logger& logger, Look look = print_of_folder);

  // One look, now and then. Files that have changed since the model was loaded, and are as they
  // were at the look before, are all written: the model is loaded, which blocks. A file that
  // changes during two loads in a row is one that the model itself writes, and counts no more.
  void look(const std::stop_token& stop);

  // Waits for what models that were replaced have begun, at most so long; then they end.
  void drain(Duration limit);

 private:
  struct Retired {
    std::shared_ptr<LiveModel> model;
    Duration end{0};  // on the steady clock
  };
  // What it is now, without what counts no more; null: it cannot be said.
  std::unique_ptr<FolderPrint> print_now();
  void load(const FolderPrint& changes, const std::stop_token& stop);
  Status replace(const std::stop_token& stop);
  void note_own_files(const FolderPrint& before);
  void end_retired();

  OneModel& shelf_;
  ModelOpener& opener_;
  const ReloadOptions options_;
  const Clock& clock_;
  const Logger& logger_;
  const Look look_;
  bool gave_up_ = false;
  FolderPrint loaded_;                     // what was there when the last load began
  FolderPrint pending_;                    // changes that the look before has seen
  std::set<std::string> own_;              // of the model, which count no more
  std::set<std::string> changed_in_load_;  // in the last one
  std::vector<Retired> retired_;
};

}  // namespace clary::serving

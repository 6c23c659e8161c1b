// A model server: its model staged, its workers, its HTTP front. The wiring of `clary
// model-server`.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "serving/model_roots.h"
#include "serving/serving_options.h"

namespace clary::apps {

// kTorchFirst: torch where that can run the model, else Python.
enum class EngineKind { kPython, kTorch, kTorchFirst };

// Of a server of many models.
struct ManyModels {
  serving::ModelRoots roots = {};
  std::uint64_t memory_bytes = UINT64_MAX;
  std::string token = {};  // for the management of models; empty: none
};

struct ModelServerPlan {
  std::string source;  // serving::stage_model; of one model
  std::optional<ManyModels> many = {};
  std::string data_folder;
  std::string interpreter;
  EngineKind engine = EngineKind::kPython;
  std::string engine_folder = {};    // of torch; "": the environment's, in data_folder
  std::string environment = "NAME";  // that the interpreter belongs to, as far as is known
  bool reload = true;                // of a folder whose files change
  bool access_log = true;            // on standard output
  bool access_log_pings = false;     // those that succeed too
  std::map<std::string, std::string> variables;  // of the process; the workers get them too
  serving::ServingOptions options;
};

class ModelServerProgram {
 public:
  // Listens when this returns; the model is fetched and loaded in the background.
  static Result<std::unique_ptr<ModelServerProgram>> start(const ModelServerPlan& plan);
  ModelServerProgram(const ModelServerProgram&) = delete;
  ModelServerProgram& operator=(const ModelServerProgram&) = delete;
  ~ModelServerProgram();

  // Ready to be read once the model cannot be fetched; failure() says why.
  const Fd& failed() const;
  Error failure() const;
  const std::string& address() const;  // "http://127.0.0.1:8080", "unix:/path"
  // No new connections; what is under way is answered; then everything ends, after 30 seconds at
  // the latest.
  void stop();

 private:
  struct State;
  explicit ModelServerProgram(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace clary::apps

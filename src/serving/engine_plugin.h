// EnginePlugin: an engine's shared library, opened. `clary environments build-engine` made it, for
// one Python environment, in a folder of its own beside engine.json (docs/formats/engines.md).
//
// A library that was opened stays open until the process ends: torch does not survive its removal.
// Thread-safe.
#pragma once

#include <memory>
#include <string>

#include "base/document.h"
#include "base/result.h"
#include "serving/engine_abi.h"

namespace clary::serving {

inline constexpr const char* kEngineLibrary = "libclary_torch.so";

// What engine.json holds.
struct EngineRecord {
  std::int64_t abi = CLARY_ENGINE_ABI;
  std::string environment;      // the name that it was built for
  std::string library_version;  // of torch: "2.13.0+cpu"
  std::string library_folder;   // where torch lies

  Document to_document() const;
  static Result<EngineRecord> from_document(const Document& document);
};

// Where the engine of an interpreter's environment stands. interpreter: an absolute path.
std::string engine_folder(const std::string& data_folder, const std::string& interpreter);

// __version__ of the torch in a folder, which its version.py tells; "" where it does not.
std::string torch_version_in(const std::string& torch_folder);
// Whether it was compiled with GCC's strings of before C++11, as its TorchConfig.cmake tells: those
// that pip installs often were before 2.7. Source: _GLIBCXX_USE_CXX11_ABI of libstdc++.
bool torch_has_old_strings(const std::string& torch_folder);

class EnginePlugin {
 public:
  // environment: the name that a person would build it for. Unavailable, with the command that
  // mends it: there is none, it speaks another version of the border, or the environment's torch
  // has changed since.
  static Result<std::shared_ptr<const EnginePlugin>> open(const std::string& folder,
                                                          const std::string& environment);

  // One whose functions are part of this program.
  static std::shared_ptr<const EnginePlugin> linked(const clary_engine_api& functions);

  const clary_engine_api& functions() const { return *functions_; }
  const EngineRecord& record() const { return record_; }

 private:
  EnginePlugin(const clary_engine_api& functions, EngineRecord record)
      : functions_(&functions), record_(std::move(record)) {}

  const clary_engine_api* functions_;
  EngineRecord record_;
};

}  // namespace clary::serving

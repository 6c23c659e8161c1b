// LocalBackend: gangs on this machine. Its queue and its gangs stand in files (gang_files.h), so a
// killed server loses nothing.
//
// A host program is started detached, in a session of its own, its output in
// <gang>/backend/<host>.log. It finds the devices it was granted in CLARY_GPU_DEVICES
// ("/dev/nvidia0,/dev/nvidia1"; empty: none).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/logger.h"
#include "base/result.h"
#include "compute/backend.h"
#include "compute/programs.h"
#include "compute/resources.h"

namespace clary::compute {

struct LocalBackendOptions {
  std::string gangs_folder;  // whose folders are gangs: a gang's folder is <gangs_folder>/<name>
  Resources machine = machine_resources();
  // Each gang is kept to as many of these cores as it was granted; empty: to none.
  std::vector<int> cpus = usable_cpus();
  // PATH of the host programs.
  std::string path = program_path();
  // Soft limit of open files of the host programs and what they start; 0: as this process's is.
  std::uint64_t open_files = 0;
};

// Takes up the gangs that are in the folder: what waited goes on waiting, what runs is known again.
// Thread-safe. A gang that was stopped while it waited is kEnded without an exit code. A host
// program that a signal ended, without a stop having been asked for, is lost. A gang is refused
// when a program that starts hosts is missing, and when its start came to nothing three times.
Result<std::unique_ptr<ComputeBackend>> open_local_backend(LocalBackendOptions options,
                                                           const Clock& clock,
                                                           const Logger& logger);

}  // namespace clary::compute

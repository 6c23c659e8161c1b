// Checks, backups and restorations of a data directory: docs/formats/backup.md.
#pragma once

#include "cli/client_commands.h"

namespace clary::apps {

// Its functions make what they write readable for their caller alone: they set the process's umask.
cli::StorageTools storage_tools();

}  // namespace clary::apps

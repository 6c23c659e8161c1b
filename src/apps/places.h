// Where a data directory's metadata and objects are, where that is not in it: <data>/places.json.
#pragma once

#include <string>

#include "base/result.h"

namespace clary::apps {

struct Places {
  std::string metadata;  // a PostgreSQL URL without its password; "": in the data directory
  std::string objects;   // "s3://bucket/prefix"; "": in the data directory

  bool operator==(const Places&) const = default;
};

// What the last start has noted, whatever clary.toml says by now; of a data directory that was
// never told (no server has started on it since releases note it), what its settings say.
Result<Places> read_places(const std::string& data);
// Durable; a note that says so already is left alone.
Status write_places(const std::string& data, const Places& places);

}  // namespace clary::apps

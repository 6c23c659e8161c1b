// A manifest: a JSON list of the objects of a channel. A pure function of its text.
//
// [{"prefix": "s3://bucket/some/prefix/"}, "relative/path-1", "relative/path-2", ...]; an object is
// the prefix and a path put together, and stands under its path. Source: AWS, S3DataSource.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "objects/object_store.h"

namespace clary::host {

struct ManifestEntry {
  objects::ObjectUri object;
  std::string path;  // inside the channel
};

// InvalidArgument says which entry is wrong and how.
Result<std::vector<ManifestEntry>> parse_manifest(std::string_view text);

}  // namespace clary::host

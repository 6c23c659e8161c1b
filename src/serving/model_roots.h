// Where a server of many models may load from. Looks at the disk; no state.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace clary::serving {

struct ModelRoots {
  std::vector<std::string> folders;
  std::string from;  // models by their names: "s3://bucket/prefix/" or a folder; empty: none
};

// `url` as it may be loaded: a path without symbolic links below one of the folders, or objects
// below `from`. Denied, NotFound, InvalidArgument with a sentence.
Result<std::string> allowed_source(const ModelRoots& roots, const std::string& url);

// What a model called `name` is loaded from: "mnist/1.tar.gz" below `from`. NotFound: there is no
// `from`; InvalidArgument: no name that stays below it.
Result<std::string> source_of_name(const ModelRoots& roots, const std::string& name);

}  // namespace clary::serving

// The files under python/ that travel inside the program.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace clary::apps {

struct EmbeddedFile {
  std::string_view path;  // relative to python/
  std::string_view bytes;
};

// Written by the build (cmake/embed_files.py).
std::span<const EmbeddedFile> embedded_python();

// Unpacks them into <data>/python/<hash of their contents>, unless they stand there already, and
// returns that folder. Two programs may do so at once.
Result<std::string> unpack_python(const std::string& data_folder);

}  // namespace clary::apps

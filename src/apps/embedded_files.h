// The files that travel inside the program: python/, and the source of the torch plugin.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace clary::apps {

struct EmbeddedFile {
  std::string_view path;  // relative to python/, or to src/
  std::string_view bytes;
};

// Written by the build (cmake/embed_files.py).
std::span<const EmbeddedFile> embedded_python();
std::span<const EmbeddedFile> embedded_engine();

// Unpacks them into <data>/python/<hash of their contents>, unless they stand there already, and
// returns that folder. Two programs may do so at once.
Result<std::string> unpack_python(const std::string& data_folder);
// The same, of the plugin's source, into <data>/engines/source-<hash>: a folder for -I.
Result<std::string> unpack_engine(const std::string& data_folder);

}  // namespace clary::apps

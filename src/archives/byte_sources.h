// Bytes of a file, or of memory, as a net::ByteSource.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "net/http.h"

namespace clary::archives {

Result<std::unique_ptr<net::ByteSource>> open_file_source(const std::string& path);
std::unique_ptr<net::ByteSource> memory_source(std::string bytes);

}  // namespace clary::archives

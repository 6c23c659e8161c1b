// A gzip, of one member or of several, unpacked while it is read.
#pragma once

#include <memory>

#include "net/http.h"

namespace clary::host {

// packed outlives what is returned, and is read to its end. read() gives InvalidArgument for bytes
// that are no gzip and for one that ends early.
std::unique_ptr<net::ByteSource> gunzip_source(net::ByteSource& packed);

}  // namespace clary::host

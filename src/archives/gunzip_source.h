// A gzip, of one member or of several, unpacked while it is read.
#pragma once

#include <memory>

#include "net/http.h"

namespace clary::archives {

// What may follow the last member: nothing, or bytes that are no gzip and are ignored, as tar does.
enum class AfterGzip { kNothing, kAnything };

// packed outlives what is returned, and is read to its end, or to what is ignored. read() gives
// InvalidArgument for bytes that are no gzip and for one that ends early.
std::unique_ptr<net::ByteSource> gunzip_source(net::ByteSource& packed,
                                               AfterGzip after = AfterGzip::kNothing);

}  // namespace clary::archives

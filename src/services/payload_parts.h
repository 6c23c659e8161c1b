// A model's answer as the events of InvokeEndpointWithResponseStream: a PayloadPart for what there
// is at a time, and where it breaks off, ModelStreamError. Used by one thread at a time.
#pragma once

#include <memory>

#include "net/http.h"

namespace clary::services {

// Its errors are events: read() of the result does not fail.
std::unique_ptr<net::ByteSource> make_payload_parts(std::unique_ptr<net::ByteSource> pieces);

}  // namespace clary::services

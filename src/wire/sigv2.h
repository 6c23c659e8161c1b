// AWS Signature Version 2 of presigned S3 URLs: what boto3's generate_presigned_url makes for an
// endpoint of one's own. Pure.
//
// Source: "Signing and authenticating REST requests (AWS signature version 2)", Amazon S3 API.
#pragma once

#include <string>

#include "base/tagged.h"
#include "net/http.h"

namespace clary::wire {

// The signature, in base64, that the URL's Signature field must hold.
std::string sigv2_signature(const net::RequestHead& head, const Secret& secret);

}  // namespace clary::wire

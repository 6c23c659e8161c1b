// CORS: which pages of other origins a browser may let speak to a bucket. Pure functions.
//
// Source: Fetch Standard, "CORS protocol"; Amazon S3 User Guide, "How does Amazon S3 evaluate the
// CORS configuration on a bucket".
#pragma once

#include <optional>

#include "api/bucket_settings.h"
#include "net/http.h"
#include "services/service_error.h"

namespace clary::services {

using CorsConfiguration = api::s3::CORSConfiguration;

// Whether the rules can be kept: methods that S3 has, one * in an origin or a header.
std::optional<ServiceError> check_cors(const CorsConfiguration& configuration);

// The answer to a browser's OPTIONS: the fields of the first rule that fits. Null: the bucket has
// no rules.
Outcome<net::Headers> answer_preflight(const CorsConfiguration* configuration,
                                       const net::RequestHead& head);

// Adds the fields that let a page of the request's Origin read the reply; none where no rule fits.
void add_cors_fields(const CorsConfiguration& configuration, const net::RequestHead& head,
                     net::Headers& reply);

}  // namespace clary::services

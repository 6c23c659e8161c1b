// What DescribeEndpoint and ListEndpoints tell of an endpoint's record. Pure but for what is there
// at the moment.
#pragma once

#include "api/endpoints.h"
#include "domain/endpoint.h"
#include "hosting/endpoint_sights.h"

namespace clary::services {

// sights: of serverless variants, whose instances come and go.
api::DescribeEndpointOutput describe_endpoint(const domain::Endpoint& endpoint,
                                              hosting::EndpointSights& sights);
api::EndpointSummary summarize_endpoint(const domain::Endpoint& endpoint);

}  // namespace clary::services

// What DescribeEndpoint and ListEndpoints tell of an endpoint's record. Pure.
#pragma once

#include "api/endpoints.h"
#include "domain/endpoint.h"

namespace clary::services {

api::DescribeEndpointOutput describe_endpoint(const domain::Endpoint& endpoint);
api::EndpointSummary summarize_endpoint(const domain::Endpoint& endpoint);

}  // namespace clary::services

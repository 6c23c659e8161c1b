// Requests to one container of an instance, and what its answers say, in SageMaker's container
// contract. Pure but for the link. Source: contract.md 7.1, 7.4.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "hosting/endpoint_calls.h"
#include "hosting/live_table.h"
#include "net/client.h"

namespace clary::hosting {

// A step of a pipeline: the call's body and type, or the last container's.
struct ContainerInput {
  const EndpointCall& call;
  std::optional<std::string> content_type;
  std::string body;
  bool last = true;  // only the last container is told what the caller accepts
};

// Its answer, whatever its status. Of a container of many models, the one that the call names is
// loaded first where it is not there.
// Errors: as InstanceLink's; InvalidArgument: the model that is named is not there.
Result<net::ClientReply> call_container(const LiveContainer& container, const ContainerInput& input,
                                        Duration limit);

// Likewise; the answer may have begun only.
Result<net::ClientStream> open_container(const LiveContainer& container,
                                         const ContainerInput& input, Duration limit);

// Under which name a container of many models knows the model at this address.
std::string model_name_of(std::string_view model_uri);

// What a reply says beside its body.
EndpointAnswer answer_of(net::ClientReply reply);

}  // namespace clary::hosting

// What an endpoint says of an instance that failed: SageMaker's sentence, and the end of what the
// container said, where a traceback has its point. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "domain/endpoint.h"

namespace clary::hosting {

inline constexpr std::size_t kFailureReasonCharacters = 1024;

// "primary" of a model of one container; else its host name, or "container-2".
std::string container_name(const domain::EndpointVariant& variant, std::size_t container);

// said: of the container, "" when nothing is known. A "ClientError" (data that cannot be fetched)
// and an "InternalServerError" stand for themselves; anything else is a failed health check.
std::string failure_of_container(std::string_view variant, std::string_view container,
                                 std::string_view said);

// lead and tail, at most `limit` characters: of a longer tail its end, behind "...".
std::string with_tail(std::string lead, std::string_view tail, std::size_t limit);

}  // namespace clary::hosting

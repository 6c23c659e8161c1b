// ObjectMetadata as one column: name=value pairs, percent-encoded, joined by '&'. Any bytes
// survive. Pure functions.
//
// Names: "type", "sse", "kms", "s.<standard field>", "u.<user field>". What has its default is left
// out.
#pragma once

#include <string>
#include <string_view>

#include "objects/object_store.h"

namespace clary::objects {

std::string metadata_to_text(const ObjectMetadata& metadata);  // "" for the default
Result<ObjectMetadata> metadata_from_text(std::string_view text);

}  // namespace clary::objects

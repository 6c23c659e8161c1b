// Columns of the index as texts. Any bytes survive. Pure functions.
//
// Metadata and tags: name=value pairs, percent-encoded, joined by '&'. Names of metadata: "type",
// "sse", "kms", "s.<standard field>", "u.<user field>". What has its default is left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "objects/object_store.h"

namespace clary::objects {

std::string metadata_to_text(const ObjectMetadata& metadata);  // "" for the default
Result<ObjectMetadata> metadata_from_text(std::string_view text);

std::string tags_to_text(const Tags& tags);  // "" for none
Result<Tags> tags_from_text(std::string_view text);

// "1:8388608,2:17:4:yZRlqg==": number, size and, where there is one, kind and value of the
// checksum.
std::string parts_to_text(const std::vector<ObjectPart>& parts);  // "" for none
Result<std::vector<ObjectPart>> parts_from_text(std::string_view text);

}  // namespace clary::objects

// What a transform job does as the JSON of its row: docs/formats/meta.md. Any thread; no state.
#pragma once

#include "base/document.h"
#include "domain/transform.h"

namespace clary::meta {

Document transform_document(const domain::Transform& transform);
// A member that is absent reads as its default.
domain::Transform read_transform(const Document& document);

}  // namespace clary::meta

#include "domain/scaling.h"

#include "base/strings.h"

namespace clary::domain {

std::optional<ScaledVariant> scaled_variant_of(const std::string& resource) {
  const auto words = split(resource, '/');
  const bool formed = words.size() == 4 && words[0] == "endpoint" && words[2] == "variant" &&
                      !words[1].empty() && !words[3].empty();
  if (!formed) return std::nullopt;
  return ScaledVariant{.endpoint = EndpointName(std::string(words[1])),
                       .variant = std::string(words[3])};
}

}  // namespace clary::domain

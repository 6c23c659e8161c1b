// What IAM's replies have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "services/offset_page.h"
#include "services/service_error.h"

namespace clary::services {

inline constexpr std::int64_t kDefaultIamPage = 100;  // AWS's, for MaxItems

inline ServiceError no_such_entity(std::string sentence) {
  return {"NoSuchEntity", std::move(sentence), 404};
}

// The page of `all` that the request asks for; the reply is told where it ends. ValidationError:
// the marker is none of ours.
template <typename T, typename Request, typename Reply>
Outcome<std::vector<T>> iam_page(std::vector<T> all, const Request& request, Reply& reply) {
  const std::optional<OffsetPage> page =
      offset_page(all.size(), request.marker, request.max_items.value_or(kDefaultIamPage));
  if (!page) return ServiceError("ValidationError", "Invalid Marker: " + *request.marker);
  reply.is_truncated = page->next.has_value();
  reply.marker = page->next;
  const auto at = [&all](std::size_t place) {
    return std::make_move_iterator(all.begin() + static_cast<std::ptrdiff_t>(place));
  };
  return std::vector<T>(at(page->begin), at(page->end));
}

// The reply without members, or the refusal.
template <typename Reply>
Outcome<Reply> done_or(std::optional<ServiceError> refused) {
  if (refused) return *std::move(refused);
  return Reply{};
}

}  // namespace clary::services

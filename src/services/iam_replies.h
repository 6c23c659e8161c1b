// What IAM's replies have in common.
#pragma once

#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include "services/iam_identities.h"
#include "services/service_error.h"

namespace clary::services {

// The page of `all` that the request asks for; the reply is told where it ends.
template <typename T, typename Request, typename Reply>
Outcome<std::vector<T>> iam_page(std::vector<T> all, const Request& request, Reply& reply) {
  CLARY_TRY(const IamPage page, iam_page(all.size(), request.marker, request.max_items));
  reply.is_truncated = page.marker.has_value();
  reply.marker = page.marker;
  const auto at = [&all](std::size_t place) {
    return std::make_move_iterator(all.begin() + static_cast<std::ptrdiff_t>(place));
  };
  return std::vector<T>(at(page.begin), at(page.end));
}

// The reply without members, or the refusal.
template <typename Reply>
Outcome<Reply> done_or(std::optional<ServiceError> refused) {
  if (refused) return *std::move(refused);
  return Reply{};
}

}  // namespace clary::services

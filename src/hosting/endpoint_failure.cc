#include "hosting/endpoint_failure.h"

#include <algorithm>

#include "base/strings.h"

namespace clary::hosting {
namespace {

constexpr std::string_view kLeftOut = "...";

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }

std::size_t character_count(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

}  // namespace

std::string container_name(const domain::EndpointVariant& variant, std::size_t container) {
  if (variant.containers.size() <= 1) return "primary";
  const std::string& given =
      container < variant.containers.size() ? variant.containers[container].hostname : "";
  return given.empty() ? "container-" + std::to_string(container + 1) : given;
}

std::string with_tail(std::string lead, std::string_view tail, std::size_t limit) {
  const std::size_t room = limit - std::min(limit, character_count(lead));
  std::size_t count = character_count(tail);
  if (count <= room) return lead + std::string(tail);
  if (room <= kLeftOut.size()) return lead;
  std::size_t from = 0;
  while (count > room - kLeftOut.size()) {
    ++from;
    while (from < tail.size() && !begins_character(tail[from])) ++from;
    --count;
  }
  return lead.append(kLeftOut).append(tail.substr(from));
}

std::string failure_of_container(std::string_view variant, std::string_view container,
                                 std::string_view said) {
  said = trim(said);
  if (said.starts_with("ClientError") || said.starts_with("InternalServerError"))
    return with_tail("", said, kFailureReasonCharacters);
  std::string lead = "The " + std::string(container) + " container for production variant " +
                     std::string(variant) +
                     " did not pass the ping health check. Please check CloudWatch logs for this "
                     "endpoint.";
  if (said.empty()) return lead;
  return with_tail(lead + " ", said, kFailureReasonCharacters);
}

}  // namespace clary::hosting

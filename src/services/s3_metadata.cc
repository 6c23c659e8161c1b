#include "services/s3_metadata.h"

namespace clary::services {

std::string stored_encoding(const std::string& content_encoding) {
  std::string out;
  for (const std::string_view part : split(content_encoding, ',')) {
    const std::string_view coding = trim(part);
    if (coding.empty() || equals_ignoring_case(coding, "aws-chunked")) continue;
    out.append(out.empty() ? "" : ",").append(coding);
  }
  return out;
}

}  // namespace clary::services

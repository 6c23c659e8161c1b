#include "host/payload_batcher.h"

#include <utility>

#include "host/record_splitter.h"

namespace clary::host {

Result<std::optional<Payload>> PayloadBatcher::add(std::string body, std::string record) {
  if (body.size() > options_.most_bytes) return limit_exceeded(kTooMuchData);
  const bool fits =
      options_.several && open_ && body.size() <= options_.most_bytes - open_->body.size();
  std::optional<Payload> full;
  if (fits) {
    open_->body += body;
  } else {
    full = std::exchange(open_, Payload{.body = std::move(body), .records = {}});
  }
  if (options_.keep_records) open_->records.push_back(std::move(record));
  return full;
}

std::optional<Payload> PayloadBatcher::rest() { return std::exchange(open_, std::nullopt); }

}  // namespace clary::host

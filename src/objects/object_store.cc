#include "objects/object_store.h"

#include <algorithm>
#include <string_view>

#include "objects/store_rules.h"

namespace clary::objects {

Result<ByteRange> resolve_range(const RangeRequest& range, std::uint64_t size_bytes) {
  const auto outside = [&] {
    return limit_exceeded("no byte of the range lies in the object's " +
                          std::to_string(size_bytes) + " bytes");
  };
  if (!range.first) {
    const std::uint64_t wanted = std::min(range.last.value_or(0), size_bytes);
    if (wanted == 0) return outside();
    return ByteRange{size_bytes - wanted, size_bytes - 1};
  }
  if (*range.first >= size_bytes || (range.last && *range.last < *range.first)) return outside();
  return ByteRange{*range.first, std::min(range.last.value_or(size_bytes - 1), size_bytes - 1)};
}

Result<std::optional<ByteRange>> resolve_read(const ReadRequest& read, const ObjectHead& head) {
  if (read.part) {
    if (head.parts.empty() && *read.part == 1) {
      if (head.size_bytes == 0) return std::optional<ByteRange>();
      return std::optional(ByteRange{0, head.size_bytes - 1});
    }
    std::uint64_t first = 0;
    for (const ObjectPart& part : head.parts) {
      // Only an upload of a single part can be without a byte.
      if (part.number == *read.part && part.size_bytes == 0) return std::optional<ByteRange>();
      if (part.number == *read.part)
        return std::optional(ByteRange{first, first + part.size_bytes - 1});
      first += part.size_bytes;
    }
    return limit_exceeded("the object has no part " + std::to_string(*read.part));
  }
  if (!read.range) return std::optional<ByteRange>();
  CLARY_TRY(const ByteRange range, resolve_range(*read.range, head.size_bytes));
  return std::optional(range);
}

Result<ObjectHead> pour(net::ByteSource& from, ObjectWriter& to) {
  constexpr std::size_t kPieceBytes = 256 << 10;
  std::string piece(kPieceBytes, '\0');
  for (;;) {
    CLARY_TRY(const std::size_t got, from.read(piece));
    if (got == 0) return to.finish();
    CLARY_RETURN_IF_ERROR(to.write(std::string_view(piece).substr(0, got)));
  }
}

Result<ObjectHead> ObjectStore::copy(const CopyRequest& request) {
  CLARY_TRY(const ObjectBody body, get(request.from_bucket, request.from_key,
                                       ReadRequest{.version = request.from_version}));
  if (body.head.delete_marker || body.head.etag != request.from_etag)
    return changed_source(request);
  CLARY_TRY(const std::unique_ptr<ObjectWriter> writer, put(request.to));
  return pour(*body.bytes, *writer);
}

Status ObjectStore::remove(const BucketName& bucket, const ObjectKey& key) {
  CLARY_TRY(const std::vector<Result<Removed>> removed,
            remove(bucket, std::vector<Removal>{Removal{.key = key}}));
  return removed.front().ok() ? Status() : Status(removed.front().error());
}

std::string ObjectUri::to_string() const { return "s3://" + bucket.value() + "/" + key; }

Result<ObjectUri> parse_object_uri(std::string_view text) {
  constexpr std::string_view kScheme = "s3://";
  if (!text.starts_with(kScheme)) {
    return invalid_argument("'" + std::string(text) + "': not of the form s3://bucket/key");
  }
  const std::string_view rest = text.substr(kScheme.size());
  const std::size_t slash = rest.find('/');
  const std::string_view bucket = rest.substr(0, slash);
  if (bucket.empty()) return invalid_argument("'" + std::string(text) + "': names no bucket");
  const std::string_view key =
      slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  return ObjectUri{BucketName(std::string(bucket)), std::string(key)};
}

}  // namespace clary::objects

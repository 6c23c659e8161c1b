// What another S3 server answers a client: lists, deletions, tags, errors. Each is read or refused;
// names that are read are the server's, whatever they are.
//
// The first byte of the input says which reply the rest is.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "objects/s3_messages.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clary;  // NOLINT(google-build-using-namespace): the target is this list
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 8) {
    case 0:
      if (const auto page = objects::read_list_reply(body); page.ok())
        CLARY_CHECK(page->objects.size() <= size);
      break;
    case 1:
      static_cast<void>(objects::read_versions_reply(body));
      break;
    case 2:
      static_cast<void>(objects::read_uploads_reply(body));
      break;
    case 3:
      static_cast<void>(objects::read_parts_reply(body));
      break;
    case 4:
      if (const auto removed =
              objects::read_delete_reply(body, {{.key = ObjectKey("a")}, {.key = ObjectKey("b")}});
          removed.ok())
        CLARY_CHECK(removed->size() == 2);
      break;
    case 5:
      if (const auto tags = objects::read_tagging(body); tags.ok())
        static_cast<void>(objects::read_tagging(objects::tagging_body(*tags)));
      break;
    case 6:
      static_cast<void>(objects::read_buckets_reply(body));
      break;
    default:
      objects::read_error_body(body);
      static_cast<void>(objects::read_element(body, "UploadId"));
  }
  return 0;
}

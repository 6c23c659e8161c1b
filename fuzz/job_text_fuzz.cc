// What a job brings with it and a host reads: manifests, hyperparameters, requirements, gzips; and
// what its tools print.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "archives/gunzip_source.h"
#include "base/check.h"
#include "host/manifest.h"
#include "host/python_text.h"
#include "host/requirement_key.h"
#include "host/usage.h"

namespace {

using namespace clary;  // NOLINT(google-build-using-namespace): the target is this list

constexpr std::size_t kMostUnpacked = 1 << 20;

void unpack(std::string_view text) {
  const auto packed = net::make_string_source(std::string(text));
  const auto source = archives::gunzip_source(*packed);
  std::string buffer(1 << 16, '\0');
  for (std::size_t unpacked = 0; unpacked < kMostUnpacked;) {
    const auto got = source->read(buffer);
    if (!got.ok() || *got == 0) return;
    CLARY_CHECK(*got <= buffer.size());
    unpacked += *got;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto entries = host::parse_manifest(text); entries.ok()) {
    for (const host::ManifestEntry& entry : *entries)
      CLARY_CHECK(entry.path.empty() || entry.path.front() != '/');
  }
  if (const auto value = host::python_json_loads(text); value.ok()) {
    host::python_str(*value);
    CLARY_CHECK(host::python_json_loads(host::python_json_dumps(*value)).ok());
  }
  host::is_pinned_line(text);
  CLARY_CHECK(host::local_path_of(text).size() <= size);
  host::pip_variables(text);
  host::parse_gpu_use(text);
  const std::string_view half = text.substr(0, size / 2);
  static_cast<void>(host::parse_process(half, text.substr(size / 2), 4096));
  unpack(text);
  return 0;
}

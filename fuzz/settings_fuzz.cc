// clary.toml, as its owner may have written it: it is taken, or refused in a sentence that names
// the file. What is taken is judged by check_settings().
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "apps/settings.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace clary::apps;  // NOLINT(google-build-using-namespace): the target is this list
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Settings settings;
  const clary::Status read = read_settings_text(text, "clary.toml", settings);
  if (!read.ok()) {
    CLARY_CHECK(read.error().message.starts_with("clary.toml"));
    return 0;
  }
  if (const clary::Status checked = check_settings(settings); checked.ok()) {
    CLARY_CHECK(settings.account.size() == 12);
    CLARY_CHECK(settings.handler_threads >= 1);
  }
  return 0;
}

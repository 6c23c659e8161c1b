// clary.toml: every text is read or refused with a sentence that names the file.
#include <stdlib.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "apps/settings.h"
#include "base/check.h"
#include "base/files.h"

namespace {

std::string make_file() {
  std::string path = (std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp") +
                     std::string("/clary-fuzz-XXXXXX");
  const int made = ::mkstemp(path.data());
  CLARY_CHECK(made >= 0);
  ::close(made);
  return path;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string path = make_file();
  CLARY_CHECK(clary::write_file_atomically(path, {reinterpret_cast<const char*>(data), size}).ok());
  clary::apps::Settings settings;
  settings.data = "/tmp/data";
  const clary::Status read = clary::apps::read_settings_file(path, settings);
  if (!read.ok()) {
    CLARY_CHECK(read.error().message.find(path) != std::string::npos);
    return 0;
  }
  const clary::Status checked = clary::apps::check_settings(settings);
  CLARY_CHECK(checked.ok() || !checked.error().message.empty());
  return 0;
}

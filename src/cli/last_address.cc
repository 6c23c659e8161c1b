#include "cli/last_address.h"

#include "base/files.h"
#include "base/strings.h"

namespace clary::cli {

namespace {
std::string file_of(const std::string& data_folder) {
  return path_join(data_folder, "last_address");
}
}  // namespace

std::string last_address(const std::string& data_folder) {
  const std::string text = read_file(file_of(data_folder), 256).value_or("");
  const std::string_view address = trim(text);
  const bool is_loopback = address.starts_with("127.") || address.starts_with("[::1]:");
  return is_loopback ? std::string(address) : "";
}

Status note_address(const std::string& data_folder, const std::string& address) {
  return write_file_atomically(file_of(data_folder), address + "\n", 0600);
}

}  // namespace clary::cli

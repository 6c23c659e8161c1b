#include "apps/embedded_files.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/digest.h"
#include "base/files.h"
#include "base/text_encoding.h"

namespace clary::apps {
namespace {

std::string contents_hash(std::span<const EmbeddedFile> files) {
  auto hasher = make_hasher(DigestKind::kSha256);
  for (const EmbeddedFile& file : files) {
    hasher->update(file.path);
    hasher->update(std::string_view("\0", 1));
    hasher->update(file.bytes);
  }
  return hex_encode(hasher->finish()).substr(0, 16);
}

// Into `prefix` + the hash of their contents.
Result<std::string> unpack_files(std::span<const EmbeddedFile> files, const std::string& prefix) {
  const std::string folder = prefix + contents_hash(files);
  if (exists(folder)) return folder;
  const std::string aside = folder + "." + std::to_string(::getpid());
  CLARY_RETURN_IF_ERROR(make_folders(aside));
  for (const EmbeddedFile& file : files) {
    const std::string path = path_join(aside, file.path);
    CLARY_RETURN_IF_ERROR(make_folders(folder_of(path)));
    CLARY_RETURN_IF_ERROR(write_file_atomically(path, file.bytes));
  }
  if (::rename(aside.c_str(), folder.c_str()) != 0) {
    const int failure = errno;
    CLARY_RETURN_IF_ERROR(remove_tree(aside));
    if (failure != ENOTEMPTY && failure != EEXIST)
      return system_error("rename to '" + folder + "'", failure);
  }
  return folder;
}

}  // namespace

Result<std::string> unpack_python(const std::string& data_folder) {
  return unpack_files(embedded_python(), data_folder + "/python/");
}

Result<std::string> unpack_engine(const std::string& data_folder) {
  return unpack_files(embedded_engine(), data_folder + "/engines/source-");
}

}  // namespace clary::apps

#include "serving/folder_print.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "base/files.h"

namespace clary::serving {
namespace {

constexpr std::size_t kMostPrintedFiles = 20'000;
constexpr std::string_view kByteCode = "__pycache__";

bool is_left_out(std::string_view name) {
  return name.starts_with('.') || name.ends_with('~') || name.ends_with(".pyc") ||
         name.ends_with(".swp") || name == kByteCode;
}

bool counts_when_new(std::string_view path) {
  constexpr std::array<std::string_view, 9> kEnds = {
      ".py", ".pb", ".pt", ".pth", ".pt2", ".onnx", ".pkl", ".joblib", ".safetensors"};
  return std::any_of(kEnds.begin(), kEnds.end(),
                     [path](std::string_view end) { return path.ends_with(end); });
}

FileMark mark_of(const struct stat& found) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return {.inode = found.st_ino,
          .bytes = static_cast<std::uint64_t>(found.st_size),
          .modified_ns = found.st_mtim.tv_sec * kSecond + found.st_mtim.tv_nsec};
}

// below: of the folder, "" or "code/".
Status add_marks(const std::string& folder, const std::string& below, FolderPrint& print) {
  CLARY_TRY(const std::vector<std::string> names, list_folder(path_join(folder, below)));
  for (const std::string& name : names) {
    if (is_left_out(name)) continue;
    const std::string path = below + name;
    const std::string whole = path_join(folder, path);
    struct stat found{};
    if (::lstat(whole.c_str(), &found) != 0) continue;  // it has just gone
    if (S_ISDIR(found.st_mode)) {
      // One that has just gone has no files.
      const Status added = add_marks(folder, path + "/", print);
      if (!added.ok() && added.error().code == ErrorCode::kLimitExceeded) return added;
      continue;
    }
    if (S_ISLNK(found.st_mode) && ::stat(whole.c_str(), &found) != 0) continue;
    if (!S_ISREG(found.st_mode)) continue;
    if (print.size() == kMostPrintedFiles)
      return limit_exceeded("'" + folder + "' has more than " + std::to_string(kMostPrintedFiles) +
                            " files");
    print.emplace(path, mark_of(found));
  }
  return {};
}

}  // namespace

Result<FolderPrint> print_of_folder(const std::string& folder) {
  FolderPrint print;
  CLARY_RETURN_IF_ERROR(add_marks(folder, "", print));
  return print;
}

FolderPrint changes_between(const FolderPrint& before, const FolderPrint& now) {
  FolderPrint changes;
  for (const auto& [path, mark] : before) {
    const auto found = now.find(path);
    if (found == now.end()) {
      changes.emplace(path, FileMark());
    } else if (found->second != mark) {
      changes.emplace(path, found->second);
    }
  }
  for (const auto& [path, mark] : now) {
    if (!before.contains(path) && counts_when_new(path)) changes.emplace(path, mark);
  }
  return changes;
}

std::string describe_changes(const FolderPrint& changes) {
  const std::string first = changes.begin()->first;
  if (changes.size() == 1) return first;
  return first + " and " + std::to_string(changes.size() - 1) + " more";
}

}  // namespace clary::serving

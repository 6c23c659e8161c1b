#include "host/requirement_key.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <memory>

#include "base/digest.h"
#include "base/files.h"
#include "base/strings.h"
#include "base/text_encoding.h"

namespace clary::host {
namespace {

constexpr std::size_t kRequirementsBytes = 1 << 20;
constexpr int kIncludeDepth = 10;

// A line without its comment and the spaces around it.
std::string_view bare(std::string_view line) {
  if (line.starts_with('#')) return {};
  const std::size_t comment = line.find(" #");
  return trim(line.substr(0, comment));
}

// The value of an option, `-r x`, `-rx`, `--requirement x` or `--requirement=x`; "" when the line
// has another one.
std::string_view option_value(std::string_view line, std::string_view short_name,
                              std::string_view long_name) {
  for (const std::string_view name : {long_name, short_name}) {
    if (!line.starts_with(name)) continue;
    std::string_view rest = line.substr(name.size());
    if (rest.starts_with('=') || rest.starts_with(' ')) return trim(rest.substr(1));
    if (name == short_name) return trim(rest);
  }
  return {};
}

void add(Hasher& hasher, std::string_view part) {
  hasher.update(std::to_string(part.size()) + ":");
  hasher.update(part);
}

Status digest_file(const std::string& path, Hasher& hasher) {
  CLARY_TRY(const Fd file, open_file(path, O_RDONLY | O_NONBLOCK));
  std::array<char, 1 << 16> piece{};
  for (;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("read '" + path + "'");
    if (got == 0) return {};
    hasher.update(std::string_view(piece.data(), static_cast<std::size_t>(got)));
  }
}

Status digest_tree(const std::string& path, Hasher& hasher) {
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) return system_error("look at '" + path + "'");
  if (S_ISREG(found.st_mode)) {
    add(hasher, "file " + std::to_string(found.st_size));
    return digest_file(path, hasher);
  }
  if (S_ISLNK(found.st_mode)) {
    std::error_code failure;
    add(hasher, "link " + std::filesystem::read_symlink(path, failure).string());
    return {};
  }
  if (!S_ISDIR(found.st_mode)) return {};
  CLARY_TRY(const std::vector<std::string> names, list_folder(path));
  add(hasher, "folder " + std::to_string(names.size()));
  for (const std::string& name : names) {
    add(hasher, name);
    CLARY_RETURN_IF_ERROR(digest_tree(path_join(path, name), hasher));
  }
  return {};
}

class KeyMaking {
 public:
  KeyMaking(const RequirementInput& input, Hasher& hasher, RequirementKey& key)
      : input_(input), hasher_(hasher), key_(key) {}

  Status take_file(const std::string& name, int depth) {
    if (depth > kIncludeDepth)
      return invalid_argument("'" + name + "': requirements files include each other without end");
    CLARY_TRY(const std::string path, inside(name));
    CLARY_TRY(const std::string text, read_file(path, kRequirementsBytes));
    key_.included.push_back(name);
    add(hasher_, name);
    add(hasher_, text);
    for (const std::string_view line : split(text, '\n'))
      CLARY_RETURN_IF_ERROR(take_line(bare(line), name, depth));
    return {};
  }

 private:
  // A path of the code folder; a link may not lead out of it.
  Result<std::string> inside(const std::string& name) const {
    CLARY_TRY(const std::string root, real_path(input_.code_folder));
    CLARY_TRY(const std::string path, real_path(path_join(root, name)));
    if (!path.starts_with(root + "/"))
      return invalid_argument("'" + name + "' is not inside the source folder");
    return path;
  }

  Status take_line(std::string_view line, const std::string& of, int depth) {
    if (line.empty()) return {};
    const std::string folder = of.find('/') == std::string::npos ? "" : folder_of(of) + "/";
    for (const auto& [short_name, long_name] :
         {std::pair{"-r", "--requirement"}, std::pair{"-c", "--constraint"}}) {
      const std::string_view included = option_value(line, short_name, long_name);
      if (included.empty() || included.find("://") != std::string_view::npos) continue;
      return take_file(folder + std::string(included), depth + 1);
    }
    key_.all_pinned = key_.all_pinned && is_pinned_line(line);
    const std::string local = local_path_of(line);
    if (local.empty()) return {};
    // pip resolves them against its working folder, the code folder. What lies outside of it is the
    // machine's and not read here: the line counts as one without a version.
    add(hasher_, local);
    const Result<std::string> path = inside(local);
    if (path.ok()) return digest_tree(*path, hasher_);
    key_.all_pinned = false;
    return {};
  }

  const RequirementInput& input_;
  Hasher& hasher_;
  RequirementKey& key_;
};

// Takes off Python's quotes and escapes.
std::string unquoted(std::string_view text) {
  if (text.size() < 2 || (text.front() != '\'' && text.front() != '"')) return std::string(text);
  std::string out;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && i + 2 < text.size()) {
      ++i;
      out += text[i] == 'n' ? ' ' : text[i];
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

bool is_pinned_line(std::string_view line) {
  line = bare(line);
  if (line.empty() || !local_path_of(line).empty()) return true;
  if (line.starts_with('-'))
    return !line.starts_with("-e") && !line.starts_with("--editable") && !line.starts_with("--pre");
  if (line.find("#sha256=") != std::string_view::npos ||
      line.find("--hash=") != std::string_view::npos)
    return true;
  const std::size_t equal = line.find("==");
  return equal != std::string_view::npos &&
         line.substr(0, line.find(';')).find('*') == std::string_view::npos &&
         equal < std::min(line.find(';'), line.size());
}

std::string local_path_of(std::string_view line) {
  line = bare(line);
  for (const auto& [short_name, long_name] :
       {std::pair{"-e", "--editable"}, std::pair{"-f", "--find-links"}}) {
    if (const std::string_view value = option_value(line, short_name, long_name); !value.empty())
      line = value;
  }
  for (const std::string_view name : {"--index-url", "--extra-index-url", "-i"}) {
    if (const std::string_view value = option_value(line, name, name); !value.empty()) line = value;
  }
  if (const std::size_t at = line.find(" @ file:"); at != std::string_view::npos)
    line = trim(line.substr(at + 3));
  if (line.starts_with("file://")) line.remove_prefix(7);
  if (line.starts_with("file:")) line.remove_prefix(5);
  const bool path =
      line.starts_with('.') || line.starts_with('/') ||
      (line.find('/') != std::string_view::npos && line.find("://") == std::string_view::npos &&
       line.find(" @ ") == std::string_view::npos && !line.starts_with('-')) ||
      line.ends_with(".whl") || line.ends_with(".tar.gz");
  if (!path || line.find("://") != std::string_view::npos) return "";
  // Extras and markers are no part of the path.
  return std::string(trim(
      line.substr(0, std::min({line.find('['), line.find(';'), line.find('#'), line.size()}))));
}

Result<std::string> tree_digest(const std::string& path) {
  const std::unique_ptr<Hasher> hasher = make_hasher(DigestKind::kSha256);
  CLARY_RETURN_IF_ERROR(digest_tree(path, *hasher));
  return hex_encode(hasher->finish());
}

Result<RequirementKey> requirement_key(const RequirementInput& input) {
  RequirementKey key;
  const std::unique_ptr<Hasher> hasher = make_hasher(DigestKind::kSha256);
  add(*hasher, "requirements overlay 2");
  add(*hasher, input.python);
  add(*hasher, input.python_version);
  for (const std::string& argument : input.arguments) add(*hasher, argument);
  for (const std::string& package : input.base_packages) add(*hasher, package);
  for (const auto& [name, value] : input.pip_settings) add(*hasher, name + "=" + value);
  const bool package =
      std::find(input.arguments.begin(), input.arguments.end(), ".") != input.arguments.end();
  const bool listed =
      std::find(input.arguments.begin(), input.arguments.end(), "-r") != input.arguments.end();
  if (package) {
    CLARY_RETURN_IF_ERROR(digest_tree(input.code_folder, *hasher));
    key.all_pinned = false;  // setup.py says what it requires
  }
  if (listed)
    CLARY_RETURN_IF_ERROR(KeyMaking(input, *hasher, key).take_file("requirements.txt", 0));
  key.key = hex_encode(hasher->finish());
  return key;
}

std::map<std::string, std::string> pip_variables(std::string_view config_list) {
  std::map<std::string, std::string> variables;
  for (const std::string_view line : split(config_list, '\n')) {
    const std::size_t equal = line.find('=');
    if (equal == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, equal);
    const std::string_view key = name.substr(name.rfind('.') + 1);
    // Where pip installs to is ours to say.
    if (key == "target" || key == "prefix" || key == "root" || key == "user" || key == "cache-dir")
      continue;
    const bool for_install =
        name.starts_with("global.") || name.starts_with("install.") || name.starts_with(":env:.");
    if (for_install)
      variables["PIP_" + to_upper(replace_all(key, "-", "_"))] =
          unquoted(trim(line.substr(equal + 1)));
  }
  return variables;
}

}  // namespace clary::host

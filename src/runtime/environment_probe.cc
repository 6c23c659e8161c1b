#include "runtime/environment_probe.h"

#include <sys/stat.h>

#include <utility>

#include "base/json.h"
#include "base/strings.h"
#include "base/subprocess.h"

namespace clary::runtime {
namespace {

// Prints one line of JSON. prefixes: every folder that the interpreter reads at its start, and
// every link on the way to it, each by its own path and by its real one.
constexpr std::string_view kProbe = R"py(
import importlib.metadata as metadata, json, os, sys, sysconfig

def inside(path, folders):
    return any(path == f or path.startswith(f.rstrip("/") + "/") for f in folders)

python = sys.executable
if sys.prefix == sys.base_prefix:
    python = os.path.realpath(python)
wanted = [sys.prefix, sys.base_prefix, sys.exec_prefix, sysconfig.get_path("stdlib")]
wanted += [p for p in sys.path if p and os.path.isdir(p)]
wanted += [os.path.realpath(p) for p in wanted]
prefixes = []
for path in sorted(set(map(os.path.abspath, wanted)), key=len):
    if not inside(path, prefixes):
        prefixes.append(path)
hop = python
for _ in range(40):
    if not inside(hop, prefixes):
        prefixes.append(hop)
    if not os.path.islink(hop):
        break
    hop = os.path.normpath(os.path.join(os.path.dirname(hop), os.readlink(hop)))
packages = {}
for found in metadata.distributions():
    name = found.metadata["Name"]
    if name:
        packages.setdefault(name.lower().replace("_", "-").replace(".", "-"), found.version)
print(json.dumps({
    "clary_probe": 1,
    "python": python,
    "version": ".".join(map(str, sys.version_info[:3])),
    "prefixes": prefixes,
    "sys_path": [p for p in sys.path if p],
    "packages": packages,
}))
)py";

std::vector<std::string> texts(const Document* list) {
  std::vector<std::string> texts;
  if (list == nullptr || !list->is_array()) return texts;
  for (const Document& element : *list->as_array()) {
    if (const std::string* text = element.as_string()) texts.push_back(*text);
  }
  return texts;
}

Document list_of(const std::vector<std::string>& texts) {
  Document::Array elements(texts.begin(), texts.end());
  return Document(std::move(elements));
}

hostlink::PlanInterpreter interpreter_of(const Document& document) {
  hostlink::PlanInterpreter interpreter{.python = document.string_or("python", ""),
                                        .prefixes = texts(document.find("prefixes")),
                                        .python_version = document.string_or("version", ""),
                                        .sys_path = texts(document.find("sys_path"))};
  if (const Document* packages = document.find("packages"); packages && packages->is_object()) {
    for (const Document::Member& member : *packages->as_object()) {
      if (const std::string* version = member.value.as_string()) {
        interpreter.packages.emplace(member.name, *version);
      }
    }
  }
  return interpreter;
}

// The last line that is not blank: what a launcher script prints before it does no harm.
std::string_view last_line(std::string_view text) {
  text = trim(text);
  return text.substr(text.rfind('\n') + 1);
}

// Why the probe failed. Another program than a Python takes its text for anything, and quotes it.
std::string why_unusable(const SubprocessResult& answer) {
  const bool quotes_it = answer.errors.find("clary_probe") != std::string::npos;
  if (quotes_it || answer.exit_code == 0) return "it is another program";
  const std::string_view why = last_line(answer.errors).substr(0, 200);
  return why.empty() ? "it ended with code " + std::to_string(answer.exit_code) : std::string(why);
}

}  // namespace

WatchedPath watch_path(const std::string& path) {
  struct stat state{};
  if (stat(path.c_str(), &state) != 0) return {path, -1};
  constexpr std::int64_t kSecond = 1'000'000'000;
  return {path, state.st_mtim.tv_sec * kSecond + state.st_mtim.tv_nsec};
}

bool ProbedInterpreter::is_fresh() const {
  for (const WatchedPath& path : watched) {
    if (watch_path(path.path) != path) return false;
  }
  return true;
}

Document ProbedInterpreter::to_document() const {
  Document packages = Document::object();
  for (const auto& [name, version] : interpreter.packages) packages.set(name, version);
  Document paths = Document::array();
  for (const WatchedPath& path : watched) {
    paths.push(Document::object({{"path", path.path}, {"modified_ns", path.modified_ns}}));
  }
  return Document::object({{"python", interpreter.python},
                           {"version", interpreter.python_version},
                           {"prefixes", list_of(interpreter.prefixes)},
                           {"sys_path", list_of(interpreter.sys_path)},
                           {"packages", std::move(packages)},
                           {"watched", std::move(paths)}});
}

Result<ProbedInterpreter> ProbedInterpreter::from_document(const Document& document) {
  ProbedInterpreter probed{.interpreter = interpreter_of(document)};
  if (probed.interpreter.python.empty()) return invalid_argument("interpreter: it has no path");
  if (const Document* paths = document.find("watched"); paths && paths->is_array()) {
    for (const Document& path : *paths->as_array()) {
      probed.watched.push_back({path.string_or("path", ""), path.int_or("modified_ns", -1)});
    }
  }
  return probed;
}

Result<ProbedInterpreter> probe_interpreter(const std::string& python, Duration timeout) {
  const auto asked = run_subprocess(
      {.command = {python, "-I", "-c", std::string(kProbe)}, .folder = "/", .timeout = timeout});
  if (!asked.ok() && asked.error().code == ErrorCode::kNotFound)
    return not_found("'" + python + "': not there");
  if (!asked.ok()) return asked.error().within("'" + python + "'");
  const SubprocessResult& answer = *asked;
  auto document = parse_json(last_line(answer.output));
  if (answer.exit_code != 0 || !document.ok() || document->find("clary_probe") == nullptr) {
    return invalid_argument("'" + python + "': not a usable Python 3: " + why_unusable(answer));
  }
  ProbedInterpreter probed{.interpreter = interpreter_of(*document)};
  if (python.starts_with('/')) probed.watched.push_back(watch_path(python));
  // Installing and removing packages changes their folder; another release changes the interpreter.
  probed.watched.push_back(watch_path(probed.interpreter.python));
  for (const std::string& path : probed.interpreter.sys_path) {
    if (path.ends_with("-packages")) probed.watched.push_back(watch_path(path));
  }
  return probed;
}

}  // namespace clary::runtime

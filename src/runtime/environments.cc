#include "runtime/environments.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/files.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/subprocess.h"

namespace clary::runtime {
namespace {

constexpr std::string_view kDefault = "default";
constexpr std::string_view kCreated = "created";

bool is_folder(const std::string& path) {
  struct stat state{};
  return stat(path.c_str(), &state) == 0 && S_ISDIR(state.st_mode);
}

bool is_executable_file(const std::string& path) {
  return !is_folder(path) && access(path.c_str(), X_OK) == 0;
}

// Lets one process at a time change the list.
Result<Fd> lock_list(const std::string& data_folder) {
  CLARY_RETURN_IF_ERROR(make_folders(data_folder, 0700));
  const std::string path = path_join(data_folder, "environments.lock");
  CLARY_TRY(Fd file, open_file(path, O_RDWR | O_CREAT, 0600));
  if (flock(file.get(), LOCK_EX) != 0) return system_error("'" + path + "': lock");
  return file;
}

// The last thing that a command said, in a sentence.
Error failed(const std::string& name, std::string_view step, const SubprocessResult& result) {
  std::string_view said = trim(result.errors.empty() ? result.output : result.errors);
  said = said.substr(said.rfind('\n') + 1).substr(0, 500);
  return internal_error("environment '" + name + "': " + std::string(step) + ": " +
                        std::string(said));
}

}  // namespace

std::string Environments::default_python(std::string& origin) const {
  if (options_.preferred.find('/') != std::string::npos) {
    origin = "setting";
    return is_folder(options_.preferred) ? path_join(options_.preferred, "bin/python")
                                         : options_.preferred;
  }
  if (!options_.virtual_env.empty()) {
    origin = "VIRTUAL_ENV";
    return path_join(options_.virtual_env, "bin/python");
  }
  origin = "PATH";
  for (const std::string_view folder : split(options_.path, ':')) {
    std::string candidate = path_join(folder, "python3");
    if (candidate.starts_with('/') && is_executable_file(candidate)) return candidate;
  }
  return {};
}

Result<std::vector<Environments::Entry>> Environments::added() const {
  const std::string path = path_join(options_.data_folder, "environments.json");
  std::vector<Entry> entries;
  if (!exists(path)) return entries;
  CLARY_TRY(const std::string text, read_file(path));
  auto document = parse_json(text);
  if (!document.ok()) return document.error().within("'" + path + "'");
  const Document* list = document->find("environments");
  if (list == nullptr || !list->is_array()) return entries;
  for (const Document& entry : *list->as_array()) {
    entries.push_back({entry.string_or("name", ""), entry.string_or("origin", "added"),
                       entry.string_or("python", "")});
  }
  std::ranges::sort(entries, {}, &Entry::name);
  return entries;
}

Status Environments::save(const std::vector<Entry>& added) const {
  Document list = Document::array();
  for (const Entry& entry : added) {
    list.push(Document::object(
        {{"name", entry.name}, {"origin", entry.origin}, {"python", entry.python}}));
  }
  const Document document = Document::object({{"version", 1}, {"environments", std::move(list)}});
  return write_file_atomically(path_join(options_.data_folder, "environments.json"),
                               to_pretty_json(document), 0600);
}

std::vector<Environments::Entry> Environments::entries() const {
  std::vector<Entry> entries;
  Entry first{.name = std::string(kDefault)};
  first.python = default_python(first.origin);
  if (!first.python.empty()) entries.push_back(std::move(first));
  // A list that cannot be read is as good as none here; add and remove say what is wrong with it.
  if (auto more = added(); more.ok()) entries.insert(entries.end(), more->begin(), more->end());
  const auto preferred = std::ranges::find(entries, options_.preferred, &Entry::name);
  if (preferred != entries.end()) {
    std::rotate(entries.begin(), preferred, preferred + 1);
  } else if (!options_.preferred.empty() && options_.preferred.find('/') == std::string::npos) {
    entries.insert(entries.begin(),
                   {.name = options_.preferred, .origin = "setting", .python = {}});
  }
  return entries;
}

Status Environments::check_preferred() const {
  const std::string& wanted = options_.preferred;
  if (wanted.empty()) return {};
  if (wanted.find('/') != std::string::npos) {
    std::string origin;
    const std::string python = default_python(origin);
    if (is_executable_file(python)) return {};
    return invalid_argument("'" + python +
                            "' is no program; wanted is a Python, or its environment");
  }
  std::vector<std::string> names;
  for (const Entry& entry : entries()) {
    if (entry.python.empty()) continue;
    if (entry.name == wanted) return {};
    names.push_back(entry.name);
  }
  const auto meant = nearest(wanted, names);
  return invalid_argument("there is no environment '" + wanted + "'" +
                          (meant ? ", did you mean '" + *meant + "'?" : ";") +
                          " `clary environments add " + wanted + " PATH` adds it");
}

void Environments::load_cache() {
  if (std::exchange(cache_loaded_, true)) return;
  const auto text = read_file(path_join(options_.data_folder, "cache/interpreters.json"));
  if (!text.ok()) return;
  const auto document = parse_json(*text);
  if (!document.ok() || !document->is_object()) return;
  for (const Document::Member& member : *document->as_object()) {
    if (auto probed = ProbedInterpreter::from_document(member.value); probed.ok()) {
      cache_.insert_or_assign(member.name, std::move(probed).value());
    }
  }
}

void Environments::save_cache() {
  if (!std::exchange(cache_changed_, false)) return;
  Document document = Document::object();
  for (const auto& [python, probed] : cache_) document.set(python, probed.to_document());
  // A cache that cannot be kept costs a look at the next start, no more.
  if (make_folders(path_join(options_.data_folder, "cache"), 0700).ok()) {
    static_cast<void>(write_file_atomically(
        path_join(options_.data_folder, "cache/interpreters.json"), to_json(document), 0600));
  }
}

Environment Environments::look_at(const Entry& entry) {
  load_cache();
  Environment environment{.name = entry.name, .origin = entry.origin, .python = entry.python};
  if (entry.python.empty()) {
    environment.problem = "the setting environments.default names it, and there is none";
    return environment;
  }
  auto cached = cache_.find(entry.python);
  if (cached == cache_.end() || !cached->second.is_fresh()) {
    const WatchedPath now = watch_path(entry.python);
    if (const auto failed = failures_.find(entry.python);
        failed != failures_.end() && failed->second.python == now) {
      environment.problem = failed->second.problem;
      return environment;
    }
    auto probed = probe_interpreter(entry.python, options_.probe_timeout);
    if (!probed.ok()) {
      environment.problem = probed.error().message;
      failures_.insert_or_assign(entry.python, Failure{now, environment.problem});
      return environment;
    }
    cached = cache_.insert_or_assign(entry.python, std::move(probed).value()).first;
    cache_changed_ = true;
  }
  environment.interpreter = cached->second.interpreter;
  return environment;
}

std::vector<Environment> Environments::list() {
  std::vector<Environment> environments;
  MutexLock lock(mutex_);
  for (const Entry& entry : entries()) environments.push_back(look_at(entry));
  save_cache();
  return environments;
}

Result<Environment> Environments::probe(const std::string& name) {
  MutexLock lock(mutex_);
  std::vector<std::string> names;
  for (const Entry& entry : entries()) {
    names.push_back(entry.name);
    if (entry.name != name) continue;
    load_cache();
    cache_.erase(entry.python);
    failures_.erase(entry.python);
    Environment environment = look_at(entry);
    save_cache();
    return environment;
  }
  const auto meant = nearest(name, names);
  return not_found("environment '" + name + "': there is none of this name" +
                   (meant ? "; did you mean '" + *meant + "'?" : ""));
}

Result<Environment> Environments::add(const std::string& name, const std::string& python) {
  CLARY_RETURN_IF_ERROR(check_environment_name(name));
  const std::string program = is_folder(python) ? path_join(python, "bin/python") : python;
  const Entry entry{name, "added", program};
  MutexLock lock(mutex_);
  failures_.erase(program);
  const Environment environment = look_at(entry);
  if (!environment.problem.empty()) {
    return invalid_argument("environment '" + name + "': " + environment.problem);
  }
  CLARY_TRY(const Fd held, lock_list(options_.data_folder));
  CLARY_TRY(std::vector<Entry> all, added());
  if (std::ranges::find(all, name, &Entry::name) != all.end()) {
    return already_exists("environment '" + name + "': there is one already");
  }
  // The interpreter itself, not the launcher that was named.
  all.push_back({name, "added", environment.interpreter.python});
  CLARY_RETURN_IF_ERROR(save(all));
  save_cache();
  return environment;
}

Result<Environment> Environments::create(const NewEnvironment& wanted) {
  CLARY_RETURN_IF_ERROR(check_environment_name(wanted.name));
  for (const std::string& package : wanted.packages) {
    if (package.empty() || package[0] == '-') {
      return invalid_argument("environment '" + wanted.name + "': '" + package +
                              "' is no requirement");
    }
  }
  const std::vector<Environment> known = list();
  // One that only the settings name is not there yet.
  const auto same = std::ranges::find(known, wanted.name, &Environment::name);
  if (same != known.end() && !same->python.empty()) {
    return already_exists("environment '" + wanted.name + "': there is one already");
  }
  const auto base = std::ranges::find(known, std::string(), &Environment::problem);
  if (base == known.end()) {
    return not_found("environment '" + wanted.name + "': no Python here to make it from");
  }
  const std::string folder =
      path_join(path_join(options_.data_folder, "environments"), wanted.name);
  CLARY_RETURN_IF_ERROR(make_folders(folder_of(folder), 0755));
  const std::string python = path_join(folder, "bin/python");
  std::vector<std::vector<std::string>> commands = {
      {base->interpreter.python, "-I", "-m", "venv", folder}};
  if (!wanted.packages.empty()) {
    commands.push_back({python, "-I", "-m", "pip", "install", "--disable-pip-version-check"});
    commands.back().insert(commands.back().end(), wanted.packages.begin(), wanted.packages.end());
  }
  for (const std::vector<std::string>& command : commands) {
    const auto done = run_subprocess(
        {.command = command, .timeout = wanted.timeout, .on_output = wanted.on_output});
    if (!done.ok() || done->exit_code != 0) {
      static_cast<void>(remove_tree(folder));
      if (!done.ok()) return done.error().within("environment '" + wanted.name + "'");
      return failed(wanted.name, command[3], *done);
    }
  }
  {
    CLARY_TRY(const Fd held, lock_list(options_.data_folder));
    CLARY_TRY(std::vector<Entry> all, added());
    all.push_back({wanted.name, std::string(kCreated), python});
    CLARY_RETURN_IF_ERROR(save(all));
  }
  return probe(wanted.name);
}

Status Environments::remove(const std::string& name) {
  MutexLock lock(mutex_);
  CLARY_TRY(const Fd held, lock_list(options_.data_folder));
  CLARY_TRY(std::vector<Entry> all, added());
  const auto found = std::ranges::find(all, name, &Entry::name);
  if (found == all.end()) {
    return not_found("environment '" + name + "': none of this name was added or created");
  }
  const bool created = found->origin == kCreated;
  cache_.erase(found->python);
  cache_changed_ = true;
  all.erase(found);
  CLARY_RETURN_IF_ERROR(save(all));
  save_cache();
  if (!created) return {};
  return remove_tree(path_join(path_join(options_.data_folder, "environments"), name));
}

Result<EnvironmentChoice> Environments::choose(const std::string& image, bool script_mode) {
  return match_environment(
      {.image = image, .script_mode = script_mode, .strictness = options_.strictness}, list());
}

}  // namespace clary::runtime

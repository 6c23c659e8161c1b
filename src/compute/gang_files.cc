#include "compute/gang_files.h"

#include <signal.h>
#include <sys/stat.h>

#include <chrono>

#include "base/files.h"
#include "base/json.h"
#include "base/strings.h"

namespace clary::compute {
namespace {

// $1 the folder, $2 the host, then the host program. Between it and the script stands only what the
// shell does itself: each program that it started would take milliseconds of the job's start.
constexpr const char* kRunOnceScript = R"sh(
cd "$1" || exit 1
name=$2
shift 2
set -C
true 2>/dev/null > "$name.started" || { [ -e "$name.started" ] && exit 0; true > "$name.started"; exit 1; }
set +C
if [ -e stopped ]; then rm "$name.started"; exit 0; fi
look_at() { read -r stat < "/proc/$1/stat"; stat=${stat##*) }; set -- $stat; start=${20}; }
read -r boot < /proc/sys/kernel/random/boot_id
"$@" &
child=$!
look_at "$child"
mark="$child $start $boot"
look_at "$$"
echo "$mark $$ $start" > "$name.pid"
wait "$child"
echo "$?" > "$name.exit" && sync "$name.exit"
)sh";

std::string file_of(const std::string& gang_folder, const std::string& name) {
  return path_join(backend_folder(gang_folder), name);
}

// Nothing of a line that is still being written.
std::string first_line(const std::string& path) {
  const std::string text = read_file(path, 4096).value_or("");
  const std::size_t end = text.find('\n');
  return end == std::string::npos ? "" : std::string(trim(text.substr(0, end)));
}

// Field `number` of /proc/PID/stat (proc(5)), from the third on; nothing for a process that has
// ended.
std::optional<std::int64_t> stat_field(const std::string& pid, std::size_t number) {
  const std::string stat = read_file("/proc/" + pid + "/stat", 4096).value_or("");
  const std::size_t name_end = stat.rfind(')');  // the name before it may hold anything
  if (name_end == std::string::npos) return std::nullopt;
  const auto fields = split(std::string_view(stat).substr(name_end + 2), ' ');
  if (fields.size() <= number - 3 || fields[0] == "Z") return std::nullopt;
  return parse_int(fields[number - 3]);
}

std::optional<std::uint64_t> start_of(pid_t pid) {
  const auto start = stat_field(std::to_string(pid), 22);
  if (!start) return std::nullopt;
  return static_cast<std::uint64_t>(*start);
}

// The marks of the host program and of the shell that waits for it.
struct Marks {
  ProcessMark program;
  ProcessMark waiter;
};
std::optional<Marks> read_marks(const std::string& path) {
  const std::string line = first_line(path);
  const auto fields = split(line, ' ');
  if (fields.size() != 5) return std::nullopt;
  const auto mark = [&](std::size_t pid, std::size_t start) {
    return ProcessMark{static_cast<pid_t>(parse_int(fields[pid]).value_or(0)),
                       static_cast<std::uint64_t>(parse_int(fields[start]).value_or(0)),
                       std::string(fields[2])};
  };
  return Marks{mark(0, 1), mark(3, 4)};
}

// Since when the file is there, by the machine's clock.
std::optional<std::chrono::seconds> age_of(const std::string& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now) -
         std::chrono::seconds(found.st_mtim.tv_sec);
}

Document resources_document(const Resources& resources) {
  return Document::object({{"cores", resources.cores},
                           {"memory_bytes", static_cast<std::int64_t>(resources.memory_bytes)},
                           {"gpus", resources.gpus}});
}

Resources read_resources(const Document* document) {
  if (document == nullptr) return {};
  return {.cores = static_cast<int>(document->int_or("cores", 1)),
          .memory_bytes = static_cast<std::uint64_t>(document->int_or("memory_bytes", 0)),
          .gpus = static_cast<int>(document->int_or("gpus", 0))};
}

std::vector<int> numbers_in(const Document* list) {
  std::vector<int> numbers;
  if (list == nullptr || !list->is_array()) return numbers;
  for (const Document& number : *list->as_array()) {
    if (number.as_int() != nullptr) numbers.push_back(static_cast<int>(*number.as_int()));
  }
  return numbers;
}

}  // namespace

std::string backend_folder(const std::string& gang_folder) {
  return path_join(gang_folder, "backend");
}
std::string host_log(const std::string& gang_folder, const std::string& host) {
  return file_of(gang_folder, host + ".log");
}

Status write_spec(const GangSpec& spec) {
  const std::string path = file_of(spec.folder, "spec.json");
  if (exists(path)) return already_exists("gang '" + spec.id.value() + "' has been submitted");
  Document hosts = Document::array();
  for (const GangHost& host : spec.hosts) {
    hosts.push(
        Document::object({{"name", host.name},
                          {"command", Document::array({host.command.begin(), host.command.end()})},
                          {"resources", resources_document(host.resources)}}));
  }
  const Document document =
      Document::object({{"version", 1},
                        {"gang", spec.id.value()},
                        {"submitted_us", std::int64_t{spec.asked.time_since_epoch().count()}},
                        {"preemptible", spec.preemptible},
                        {"priority", spec.priority},
                        {"hosts", std::move(hosts)}});
  CLARY_RETURN_IF_ERROR(make_folders(backend_folder(spec.folder), 0700));
  return write_file_atomically(path, to_pretty_json(document), 0600, Durability::kSynced);
}

Result<GangSpec> read_spec(const std::string& gang_folder) {
  CLARY_TRY(const std::string text, read_file(file_of(gang_folder, "spec.json")));
  CLARY_TRY(const Document document, parse_json(text));
  if (document.int_or("version", 0) != 1)
    return unsupported("gang '" + gang_folder + "': of another version of Clary");
  GangSpec spec;
  spec.id = GangId(document.string_or("gang", ""));
  spec.folder = gang_folder;
  spec.preemptible = document.bool_or("preemptible", false);
  spec.priority = static_cast<int>(document.int_or("priority", 0));
  spec.asked = TimePoint(Duration(document.int_or("submitted_us", 0)));
  const Document* hosts = document.find("hosts");
  if (hosts == nullptr || !hosts->is_array())
    return internal_error("gang '" + gang_folder + "': no hosts in its spec");
  for (const Document& host : *hosts->as_array()) {
    GangHost read{.name = host.string_or("name", ""),
                  .resources = read_resources(host.find("resources"))};
    const Document* command = host.find("command");
    if (command != nullptr && command->is_array()) {
      for (const Document& word : *command->as_array())
        read.command.push_back(word.as_string() ? *word.as_string() : "");
    }
    spec.hosts.push_back(std::move(read));
  }
  return spec;
}

std::string current_boot() { return first_line("/proc/sys/kernel/random/boot_id"); }

bool is_running(const ProcessMark& mark) {
  return mark.pid > 0 && mark.boot == current_boot() && start_of(mark.pid) == mark.start_ticks;
}

Status write_mark(const std::string& path, pid_t pid) {
  const auto start = start_of(pid);
  if (!start) return not_found("process " + std::to_string(pid) + ": it has ended");
  return write_file_atomically(
      path, std::to_string(pid) + " " + std::to_string(*start) + " " + current_boot() + "\n", 0600);
}

Result<ProcessMark> read_mark(const std::string& path) {
  if (!exists(path)) return not_found("'" + path + "': not there");
  const std::string line = first_line(path);
  const auto fields = split(line, ' ');
  if (fields.size() != 3) return internal_error("'" + path + "': not a process's mark");
  return ProcessMark{static_cast<pid_t>(parse_int(fields[0]).value_or(0)),
                     static_cast<std::uint64_t>(parse_int(fields[1]).value_or(0)),
                     std::string(fields[2])};
}

void end_session(pid_t leader) {
  for (const std::string& name : list_folder("/proc").value_or({})) {
    const auto pid = parse_int(name);
    if (pid && stat_field(name, 6) == leader) ::kill(static_cast<pid_t>(*pid), SIGKILL);
  }
}

HostFiles read_host(const std::string& gang_folder, const std::string& host) {
  const auto starting_for = age_of(file_of(gang_folder, host + ".started"));
  if (!starting_for) return {};
  HostFiles files;
  const std::optional<Marks> marks = read_marks(file_of(gang_folder, host + ".pid"));
  if (marks) {
    files.program = marks->program;
    files.waiter = marks->waiter;
  }
  const bool running = marks && (is_running(files.program) || is_running(files.waiter));
  // Read after the processes were looked for: the waiter notes the exit code before it ends.
  const auto code = parse_int(first_line(file_of(gang_folder, host + ".exit")));
  if (code) {
    files.phase = HostPhase::kEnded;
    files.exit_code = static_cast<int>(*code);
  } else if (running) {
    files.phase = HostPhase::kRunning;
  } else if (!marks && *starting_for < kLongestStart) {
    files.phase = HostPhase::kStarting;
  } else {
    files.phase = HostPhase::kLost;
    const bool restarted = marks && files.program.boot != current_boot();
    files.reason =
        "host '" + host +
        (restarted ? "' was lost when the machine restarted" : "' is gone without a word");
  }
  return files;
}

std::vector<std::string> once_command(const std::string& gang_folder, const GangHost& host) {
  std::vector<std::string> command = {
      "/bin/sh", "-c", kRunOnceScript, "clary-host", backend_folder(gang_folder), host.name};
  command.insert(command.end(), host.command.begin(), host.command.end());
  return command;
}

Status write_placed(const GangSpec& gang, const PlacedGang& placed) {
  const Document document =
      Document::object({{"cores", placed.total.cores},
                        {"memory_bytes", static_cast<std::int64_t>(placed.total.memory_bytes)},
                        {"gpus", Document::array({placed.gpus.begin(), placed.gpus.end()})},
                        {"cpus", Document::array({placed.cpus.begin(), placed.cpus.end()})}});
  return write_file_atomically(file_of(gang.folder, "placed.json"), to_json(document), 0600);
}

PlacedGang read_placed(const GangSpec& gang) {
  PlacedGang placed;
  const Result<std::string> text = read_file(file_of(gang.folder, "placed.json"));
  const Result<Document> document = text.ok() ? parse_json(*text) : Result<Document>(text.error());
  if (!document.ok()) return placed;
  placed.total.cores = static_cast<int>(document->int_or("cores", 1));
  placed.total.memory_bytes = static_cast<std::uint64_t>(document->int_or("memory_bytes", 0));
  placed.gpus = numbers_in(document->find("gpus"));
  placed.cpus = numbers_in(document->find("cpus"));
  placed.total.gpus = static_cast<int>(placed.gpus.size());
  return placed;
}

bool is_placed(const GangSpec& gang) { return exists(file_of(gang.folder, "placed.json")); }

std::string why_not_started(const GangSpec& gang) {
  std::string reason = "its host does not start";
  for (const GangHost& host : gang.hosts) {
    const std::string log = read_file(host_log(gang.folder, host.name), 64 << 10).value_or("");
    const std::string_view said = trim(log);
    if (!said.empty()) return reason + ": " + std::string(said.substr(said.rfind('\n') + 1));
  }
  return reason + ", and says nothing: see " + backend_folder(gang.folder);
}

Status mark_stopped(const std::string& gang_folder) {
  return write_file_atomically(file_of(gang_folder, "stopped"), "", 0600, Durability::kSynced);
}
bool is_stopped(const std::string& gang_folder) { return exists(file_of(gang_folder, "stopped")); }

}  // namespace clary::compute

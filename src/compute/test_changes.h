// Events for tests that wait for real gangs, in place of asking again and again.
#pragma once

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/files.h"
#include "compute/gang_files.h"
#include "compute/launch.h"

namespace clary::compute {

inline constexpr std::chrono::duration<int, std::milli> kTestPatience = std::chrono::seconds(10);

// Within kTestPatience.
inline bool has_ended(const Fd& process) {
  pollfd ended{process.get(), POLLIN, 0};
  return ::poll(&ended, 1, kTestPatience.count()) > 0;
}

// What happens to the gangs in a folder: a file of theirs changes, a process of theirs ends.
class TestChanges {
 public:
  explicit TestChanges(std::string gangs_folder) : gangs_folder_(std::move(gangs_folder)) {}

  // Until something happens that had not when this was last asked.
  bool wait() {
    // What was not watched before may have changed before.
    if (watch_more()) return true;
    std::vector<pollfd> ready{{events_.get(), POLLIN, 0}};
    for (const auto& [pid, process] : processes_) ready.push_back({process.get(), POLLIN, 0});
    if (::poll(ready.data(), ready.size(), kTestPatience.count()) <= 0) return false;
    std::array<char, 4096> said{};
    while (::read(events_.get(), said.data(), said.size()) > 0) {
    }
    auto end = ready.begin();
    for (auto& [pid, process] : processes_) {
      if ((++end)->revents != 0) process.close();
    }
    return true;
  }

 private:
  bool watch_more() {
    bool more = watch_folder(gangs_folder_);
    for (const std::string& name : list_folder(gangs_folder_).value_or({})) {
      const std::string gang = path_join(gangs_folder_, name);
      for (const std::string& folder : {gang, backend_folder(gang)})
        if (watch_folder(folder)) more = true;
      const HostFiles host = read_host(gang, "algo-1");
      for (const pid_t pid : {host.program.pid, host.waiter.pid})
        if (watch_process(pid)) more = true;
    }
    return more;
  }
  bool watch_folder(const std::string& path) {
    const int watch = ::inotify_add_watch(events_.get(), path.c_str(),
                                          IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_DELETE);
    return watch >= 0 && folders_.insert(watch).second;
  }
  bool watch_process(pid_t pid) {
    if (pid <= 0 || processes_.contains(pid)) return false;
    processes_.emplace(pid, open_pid(pid).value_or(Fd()));
    return true;
  }

  std::string gangs_folder_;
  Fd events_ = Fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  std::set<int> folders_;
  std::map<pid_t, Fd> processes_;  // closed: it has ended
};

}  // namespace clary::compute

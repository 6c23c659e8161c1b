// A job host in a test: a plan, a store in memory, a fake link, sandbox and network, and verbs.
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/mutex.h"
#include "host/fake_link.h"
#include "host/fake_sandbox.h"
#include "host/run_host.h"
#include "host/test_folder.h"
#include "objects/memory_store.h"

namespace clary::host {

// The store, as one that a host owns. `store` outlives it.
std::unique_ptr<objects::ObjectStore> share(objects::ObjectStore& store);
// A tar in gzip of regular files.
std::string tar_of(const std::map<std::string, std::string>& files);
// The regular files of a tar in gzip.
std::map<std::string, std::string> files_of(const std::string& tar);

class HostFixture : public testing::Test {
 protected:
  void SetUp() override;

  void put_object(const std::string& key, const std::string& bytes);
  // "<absent>" when it is not there.
  std::string object(const std::string& key);
  void set_code(const std::map<std::string, std::string>& files) {
    put_object("job/source/sourcedir.tar.gz", tar_of(files));
  }
  // Writes the plan and runs the host on it.
  int run();
  // Forgets that the plan was run.
  void again();
  Document ended() const { return link_.ended(); }
  std::string failure() const { return ended().string_or("failure", ""); }
  // Whether a line of the job's log, or a notice to its user, contains the text.
  bool logged(std::string_view text) const;
  bool noticed(std::string_view text) const;
  // Of the process's environment; "<absent>" when it is not there.
  static std::string variable(const compute::ProcessSpec& process, std::string_view name);
  std::string ml(std::string_view path) const { return path_join(folder_.at("ml"), path); }
  void write_ml(std::string_view path, std::string_view bytes) const;

  ManualClock clock_;
  CountingIds ids_;
  TestFolder folder_;
  objects::MemoryStore store_{clock_, ids_};
  FakeLinkRecord link_;
  FakeSandboxRecord sandbox_;
  std::vector<FakeLife> lives_;  // of the processes, in order
  hostlink::HostPlan plan_;
  Status network_answer_;
  Status put_answer_;  // of the store
  // The model server of a transform job: its answer to a request, asked by several threads. None:
  // nothing listens there.
  std::function<Result<net::ClientReply>(const net::ClientRequest&)> model_;
  std::vector<Duration> pauses_;  // read when the host has ended
  bool system_ = false;           // the machine's clock and sandboxes in place of the fakes

 private:
  Mutex pauses_mutex_;

  void fake_machine(HostServices& services);
  void fake_surroundings(HostServices& services);
};

}  // namespace clary::host

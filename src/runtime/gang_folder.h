// Where a gang's files lie: <data>/gangs/<gang>/<host>/plan.json, and what the hosts add beside it.
#pragma once

#include <string>
#include <string_view>

#include "base/names.h"
#include "base/result.h"
#include "compute/backend.h"
#include "hostlink/plan.h"

namespace clary::runtime {

// Any thread; no state but the root.
class GangFolders {
 public:
  // data_folder: absolute.
  explicit GangFolders(std::string data_folder) : root_(std::move(data_folder) + "/gangs") {}

  std::string folder(const GangId& gang) const { return root_ + "/" + gang.value(); }
  std::string plan_path(const GangId& gang, std::string_view host) const;

  bool has_plan(const GangId& gang, std::string_view host) const;
  // Whole and readable by this user only. Not synced: after a power cut no host lives that could
  // need it.
  Status write_plan(const hostlink::HostPlan& plan) const;
  Result<hostlink::HostPlan> read_plan(const GangId& gang, std::string_view host) const;
  Status remove(const GangId& gang) const;
  // Every gang that has a folder.
  Result<std::vector<GangId>> list() const;

 private:
  std::string root_;
};

}  // namespace clary::runtime

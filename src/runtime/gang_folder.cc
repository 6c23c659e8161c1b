#include "runtime/gang_folder.h"

#include "base/files.h"
#include "base/json.h"

namespace clary::runtime {

std::string GangFolders::plan_path(const GangId& gang, std::string_view host) const {
  return folder(gang) + "/" + std::string(host) + "/plan.json";
}

bool GangFolders::has_plan(const GangId& gang, std::string_view host) const {
  return exists(plan_path(gang, host));
}

Status GangFolders::write_plan(const hostlink::HostPlan& plan) const {
  const std::string path = plan_path(plan.gang, plan.host);
  CLARY_RETURN_IF_ERROR(make_folders(folder_of(path), 0700));
  return write_file_atomically(path, to_pretty_json(plan.to_document()), 0600);
}

Result<hostlink::HostPlan> GangFolders::read_plan(const GangId& gang, std::string_view host) const {
  CLARY_TRY(const std::string text, read_file(plan_path(gang, host)));
  CLARY_TRY(const Document document, parse_json(text));
  return hostlink::HostPlan::from_document(document);
}

Status GangFolders::remove(const GangId& gang) const { return remove_tree(folder(gang)); }

Result<std::vector<GangId>> GangFolders::list() const {
  std::vector<GangId> gangs;
  if (!exists(root_)) return gangs;
  CLARY_TRY(const std::vector<std::string> names, list_folder(root_));
  for (const std::string& name : names) gangs.emplace_back(name);
  return gangs;
}

}  // namespace clary::runtime

#include "domain/fake_endpoint_store.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "domain/resource_list.h"

namespace clary::domain {
namespace {

bool is_asked_for(const ListedResource& resource, const ResourceQuery& query) {
  if (resource.key.find(to_lower(query.name_contains)) == std::string::npos) return false;
  if (query.created_after && resource.created < *query.created_after) return false;
  if (query.created_before && resource.created > *query.created_before) return false;
  if (query.modified_after && resource.modified < *query.modified_after) return false;
  if (query.modified_before && resource.modified > *query.modified_before) return false;
  return !query.status || resource.status == query.status;
}

template <typename Record>
Status create_in(std::map<std::string, Record>& kept, const Record& record) {
  if (kept.try_emplace(to_lower(record.name.value()), record).second) return {};
  return already_exists("'" + record.name.value() + "': there already");
}

template <typename Record>
Result<Record> find_in(const std::map<std::string, Record>& kept, const std::string& name) {
  const auto found = kept.find(to_lower(name));
  if (found == kept.end()) return not_found("'" + name + "': not there");
  return found->second;
}

template <typename Record>
Status remove_in(std::map<std::string, Record>& kept, const std::string& name) {
  if (kept.erase(to_lower(name)) == 0) return not_found("'" + name + "': not there");
  return {};
}

template <typename Record>
Result<Page<Record>> list_in(const std::map<std::string, Record>& kept,
                             const ResourceQuery& query) {
  CLARY_TRY(const std::optional<ListPlace> begin, begin_of(query));
  const auto is_before = [&query](const ListPlace& a, const ListPlace& b) {
    return query.descending ? b < a : a < b;
  };
  std::vector<std::pair<ListPlace, const Record*>> found;
  for (const auto& [key, record] : kept) {
    const ListedResource resource = listed(record);
    ListPlace place = place_of(resource, query.order);
    if (!is_asked_for(resource, query) || (begin && !is_before(*begin, place))) continue;
    found.emplace_back(std::move(place), &record);
  }
  std::ranges::sort(found,
                    [&](const auto& a, const auto& b) { return is_before(a.first, b.first); });
  Page<Record> page;
  for (const auto& [place, record] : found) {
    if (page.records.size() == query.limit) {
      if (!page.records.empty())
        page.next = token_after(query, place_of(listed(page.records.back()), query.order));
      break;
    }
    page.records.push_back(*record);
  }
  return page;
}

}  // namespace

void FakeEndpointStore::set_broken(bool broken) {
  MutexLock lock(mutex_);
  broken_ = broken;
}

Status FakeEndpointStore::writable() const {
  if (broken_) return unavailable("endpoint store: told to fail");
  return {};
}

Status FakeEndpointStore::create_model(const Model& model) {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(writable());
  return create_in(models_, model);
}

Result<Model> FakeEndpointStore::find_model(const ModelName& name) {
  MutexLock lock(mutex_);
  return find_in(models_, name.value());
}

Status FakeEndpointStore::remove_model(const ModelName& name) {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(writable());
  return remove_in(models_, name.value());
}

Result<Page<Model>> FakeEndpointStore::list_models(const ResourceQuery& query) {
  MutexLock lock(mutex_);
  return list_in(models_, query);
}

Status FakeEndpointStore::create_config(const EndpointConfig& config) {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(writable());
  return create_in(configs_, config);
}

Result<EndpointConfig> FakeEndpointStore::find_config(const EndpointConfigName& name) {
  MutexLock lock(mutex_);
  return find_in(configs_, name.value());
}

Status FakeEndpointStore::remove_config(const EndpointConfigName& name) {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(writable());
  return remove_in(configs_, name.value());
}

Result<Page<EndpointConfig>> FakeEndpointStore::list_configs(const ResourceQuery& query) {
  MutexLock lock(mutex_);
  return list_in(configs_, query);
}

Status FakeEndpointStore::create_endpoint(const Endpoint& endpoint) {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(writable());
  Endpoint first = endpoint;
  first.version = 1;
  return create_in(endpoints_, first);
}

Result<Endpoint> FakeEndpointStore::find_endpoint(const EndpointName& name) {
  MutexLock lock(mutex_);
  return find_in(endpoints_, name.value());
}

Status FakeEndpointStore::commit_endpoint(const Endpoint& endpoint) {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(writable());
  CLARY_TRY(const Endpoint kept, find_in(endpoints_, endpoint.name.value()));
  if (kept.version != endpoint.version || kept.id != endpoint.id)
    return conflict("endpoint '" + endpoint.name.value() + "': it has changed meanwhile");
  Endpoint& changed = endpoints_[to_lower(endpoint.name.value())];
  changed = endpoint;
  ++changed.version;
  return {};
}

Status FakeEndpointStore::remove_endpoint(const EndpointName& name) {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(writable());
  return remove_in(endpoints_, name.value());
}

Result<Page<Endpoint>> FakeEndpointStore::list_endpoints(const ResourceQuery& query) {
  MutexLock lock(mutex_);
  return list_in(endpoints_, query);
}

Status FakeEndpointStore::clear() {
  MutexLock lock(mutex_);
  CLARY_RETURN_IF_ERROR(writable());
  models_.clear();
  configs_.clear();
  endpoints_.clear();
  return {};
}

}  // namespace clary::domain

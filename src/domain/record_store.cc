#include "domain/record_store.h"

#include <algorithm>
#include <iterator>

namespace clary::domain {
namespace {

constexpr std::size_t kRecordPage = 1000;

}  // namespace

Result<std::vector<KeptRecord>> list_all(RecordStore& store, const std::string& space) {
  std::vector<KeptRecord> all;
  for (;;) {
    CLARY_TRY(std::vector<KeptRecord> page,
              store.list(space, all.empty() ? "" : all.back().key, kRecordPage));
    const bool last = page.size() < kRecordPage;
    std::ranges::move(page, std::back_inserter(all));
    if (last) return all;
  }
}

}  // namespace clary::domain

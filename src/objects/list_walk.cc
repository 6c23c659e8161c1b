#include "objects/list_walk.h"

#include <algorithm>
#include <utility>

namespace clary::objects {
namespace {

// The part of `key` up to and with the first delimiter behind the prefix; empty when there is none.
std::string_view common_prefix_of(std::string_view key, const ListRequest& request) {
  if (request.delimiter.empty()) return {};
  const std::size_t at = key.find(request.delimiter, request.prefix.size());
  return at == std::string_view::npos ? std::string_view()
                                      : key.substr(0, at + request.delimiter.size());
}

// Where the page begins: the first key that may belong to it. Empty when no key can.
std::string first_key(const ListRequest& request) {
  if (request.after.empty()) return request.prefix;
  if (std::string_view(request.after).starts_with(request.prefix)) {
    const std::string_view common = common_prefix_of(request.after, request);
    if (!common.empty()) return after_prefix(common);
  }
  return std::max(request.prefix, request.after + '\0');
}

// To the entry behind request.after_id, among those of the key request.after.
Result<bool> seek_behind_id(const ListRequest& request, KeyCursor& cursor) {
  CLARY_TRY(bool there, cursor.seek(request.after));
  while (there && cursor.key() == request.after) {
    const bool found = cursor.id() == request.after_id;
    CLARY_TRY(there, cursor.next());
    if (found) return there;
  }
  // The entry is gone since: what is left of its key has not been listed.
  return cursor.seek(request.after);
}

Result<bool> seek_first(const ListRequest& request, KeyCursor& cursor) {
  const bool inside = !request.after_id.empty() && request.after >= request.prefix &&
                      common_prefix_of(request.after, request).empty();
  if (inside) return seek_behind_id(request, cursor);
  const std::string first = first_key(request);
  if (first.empty() && !request.after.empty()) return false;
  return cursor.seek(first);
}

}  // namespace

std::string after_prefix(std::string_view prefix) {
  std::string out(prefix);
  while (!out.empty() && out.back() == '\xff') out.pop_back();
  if (!out.empty()) out.back() = static_cast<char>(static_cast<unsigned char>(out.back()) + 1);
  return out;
}

Result<PageEnd> collect_page(const ListRequest& request, KeyCursor& cursor) {
  PageEnd page;
  if (request.max_keys == 0) return page;
  CLARY_TRY(bool there, seek_first(request, cursor));
  std::string last;
  std::string last_id;
  for (std::size_t count = 0; there && cursor.key().starts_with(request.prefix); ++count) {
    if (count == request.max_keys) {
      page.truncated = true;
      page.next_after = std::move(last);
      page.next_after_id = std::move(last_id);
      break;
    }
    const std::string_view common = common_prefix_of(cursor.key(), request);
    Result<bool> moved = false;
    if (common.empty()) {
      cursor.take();
      last = cursor.key();
      last_id = cursor.id();
      moved = cursor.next();
    } else {
      last = std::string(common);
      last_id.clear();
      page.common_prefixes.push_back(last);
      const std::string behind = after_prefix(common);
      if (!behind.empty()) moved = cursor.seek(behind);
    }
    if (!moved.ok()) return moved.error();
    there = *moved;
  }
  return page;
}

}  // namespace clary::objects

// Keys of people and programs besides the root key: IAM's users and access keys.
#include "base/files.h"
#include "base/json.h"
#include "base/time_text.h"
#include "cli/commands.h"
#include "cli/server_api.h"
#include "cli/table.h"

namespace clary::cli {

namespace {

// What a key made here may do unless a policy is given: everything but making keys.
constexpr const char* kUsualPolicy =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}]})";
constexpr const char* kPolicyName = "clary-keys";

struct HeldKey {
  std::string id;
  std::string user;
  std::string status;
  std::string created;
};

// Every element of `member`, over all pages.
Result<std::vector<Document>> pages(ServerApi& api, std::string_view operation,
                                    const ServerApi::Fields& fields, std::string_view member) {
  std::vector<Document> out;
  std::string marker;
  do {
    ServerApi::Fields asked = fields;
    if (!marker.empty()) asked.emplace_back("Marker", marker);
    CLARY_TRY(const Document page, api.iam(operation, asked));
    const Document* list = page.find(member);
    if (list != nullptr && list->as_array() != nullptr)
      out.insert(out.end(), list->as_array()->begin(), list->as_array()->end());
    marker = page.string_or("Marker", "");
  } while (!marker.empty());
  return out;
}

Result<std::vector<HeldKey>> keys_of(ServerApi& api, const std::string& user) {
  CLARY_TRY(const std::vector<Document> rows,
            pages(api, "ListAccessKeys", {{"UserName", user}}, "AccessKeyMetadata"));
  std::vector<HeldKey> out;
  for (const Document& row : rows) {
    const Document* created = row.find("CreateDate");
    const TimePoint* time = created == nullptr ? nullptr : created->as_time();
    out.push_back({row.string_or("AccessKeyId", ""), user, row.string_or("Status", ""),
                   time == nullptr ? "" : iso8601(*time)});
  }
  return out;
}

Result<std::vector<HeldKey>> all_keys(ServerApi& api) {
  CLARY_TRY(const std::vector<Document> users, pages(api, "ListUsers", {}, "Users"));
  std::vector<HeldKey> out;
  for (const Document& user : users) {
    CLARY_TRY(const std::vector<HeldKey> held, keys_of(api, user.string_or("UserName", "")));
    out.insert(out.end(), held.begin(), held.end());
  }
  return out;
}

// Of a user. NotFound; InvalidArgument for the root key, which is no user's.
Result<HeldKey> find_key(const Context& context, ServerApi& api, const std::string& id) {
  if (const auto root = context.tools.root_key(context.data_folder); root.ok() && *root->id == id) {
    return invalid_argument(
        "key '" + id +
        "': this is the root key: keys.access_key in clary.toml replaces it, or a start of the "
        "server after keys/root.json in the data directory was removed");
  }
  CLARY_TRY(const std::vector<HeldKey> held, all_keys(api));
  for (const HeldKey& key : held) {
    if (key.id == id) return key;
  }
  return not_found("key '" + id + "': no user has it; `clary keys list` shows them all");
}

// A user has at most two keys, and the new one is made before the old one ends.
Status require_room(ServerApi& api, const HeldKey& key) {
  CLARY_TRY(const std::vector<HeldKey> held, keys_of(api, key.user));
  for (const HeldKey& other : held) {
    if (other.id == key.id) continue;
    return conflict("user '" + key.user +
                    "' has two keys, which is the most: revoke one first: clary keys revoke " +
                    other.id);
  }
  return {};
}

Result<Document> make_key(ServerApi& api, const std::string& user) {
  CLARY_TRY(const Document reply, api.iam("CreateAccessKey", {{"UserName", user}}));
  const Document* key = reply.find("AccessKey");
  if (key == nullptr) return internal_error("the server's answer holds no key");
  return *key;
}

// The user, made with a policy where it is not there yet. A policy that is given replaces.
Status ensure_user(ServerApi& api, const KeyOptions& options) {
  std::string policy = kUsualPolicy;
  if (!options.policy_file.empty()) {
    Result<std::string> text = read_file(options.policy_file, 1 << 20);
    // No key or user is missing: the command line is wrong.
    if (!text.ok()) return invalid_argument("policy: " + text.error().message);
    policy = *std::move(text);
  }
  const Result<Document> present = api.iam("GetUser", {{"UserName", options.user}});
  if (!present.ok() && present.error().code != ErrorCode::kNotFound) return present.error();
  if (!present.ok()) CLARY_RETURN_IF_ERROR(api.iam("CreateUser", {{"UserName", options.user}}));
  if (present.ok() && options.policy_file.empty()) return {};
  const Result<Document> put = api.iam(
      "PutUserPolicy",
      {{"UserName", options.user}, {"PolicyName", kPolicyName}, {"PolicyDocument", policy}});
  if (!put.ok() && !present.ok()) {
    // A user without its policy would be left behind.
    CLARY_RETURN_IF_ERROR(api.iam("DeleteUser", {{"UserName", options.user}}));
  }
  return put.ok() ? Status() : Status(put.error());
}

void show_key(const Context& context, const Document& key) {
  if (context.json) {
    context.terminal.print(to_pretty_json(key) + "\n");
    return;
  }
  context.terminal.print("export AWS_ACCESS_KEY_ID=" + key.string_or("AccessKeyId", "") +
                         "\nexport AWS_SECRET_ACCESS_KEY=" + key.string_or("SecretAccessKey", "") +
                         "\n");
  context.terminal.say("the secret is shown this once");
}

}  // namespace

ExitCode keys_create(const Context& context, const KeyOptions& options) {
  auto api = ServerApi::open(context.data_folder, context.tools);
  if (!api.ok()) return fail(context, api.error());
  if (const Status made = ensure_user(*api, options); !made.ok())
    return fail(context, made.error().within("user '" + options.user + "'"));
  const Result<Document> key = make_key(*api, options.user);
  if (!key.ok()) return fail(context, key.error().within("user '" + options.user + "'"));
  show_key(context, *key);
  return ExitCode::kOk;
}

ExitCode keys_list(const Context& context) {
  auto api = ServerApi::open(context.data_folder, context.tools);
  if (!api.ok()) return fail(context, api.error());
  const auto root = context.tools.root_key(context.data_folder);
  if (!root.ok()) return fail(context, root.error());
  auto held = all_keys(*api);
  if (!held.ok()) return fail(context, held.error());
  held->insert(held->begin(), {*root->id, "root", "Active", ""});
  Document list = Document::array();
  std::vector<Row> rows;
  for (const HeldKey& key : *held) {
    list.push(Document::object({{"AccessKeyId", key.id},
                                {"UserName", key.user},
                                {"Status", key.status},
                                {"CreateDate", key.created}}));
    rows.push_back({key.id, key.user, key.status, key.created});
  }
  context.terminal.print(context.json ? to_pretty_json(list) + "\n"
                                      : format_table({"KEY", "USER", "STATUS", "MADE"}, rows));
  return ExitCode::kOk;
}

ExitCode keys_revoke(const Context& context, const std::string& id) {
  auto api = ServerApi::open(context.data_folder, context.tools);
  if (!api.ok()) return fail(context, api.error());
  const auto key = find_key(context, *api, id);
  if (!key.ok()) return fail(context, key.error());
  const auto gone =
      api->iam("DeleteAccessKey", {{"UserName", key->user}, {"AccessKeyId", key->id}});
  if (!gone.ok()) return fail(context, gone.error().within("key '" + id + "'"));
  context.terminal.say("key " + id + " of " + key->user + " opens nothing any more");
  return ExitCode::kOk;
}

ExitCode keys_rotate(const Context& context, const std::string& id) {
  auto api = ServerApi::open(context.data_folder, context.tools);
  if (!api.ok()) return fail(context, api.error());
  const auto key = find_key(context, *api, id);
  if (!key.ok()) return fail(context, key.error());
  if (const Status room = require_room(*api, *key); !room.ok()) return fail(context, room.error());
  const Result<Document> fresh = make_key(*api, key->user);
  if (!fresh.ok()) return fail(context, fresh.error().within("user '" + key->user + "'"));
  show_key(context, *fresh);
  const auto gone =
      api->iam("DeleteAccessKey", {{"UserName", key->user}, {"AccessKeyId", key->id}});
  if (!gone.ok()) return fail(context, gone.error().within("key '" + id + "' is still good"));
  return ExitCode::kOk;
}

}  // namespace clary::cli

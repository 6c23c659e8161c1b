#include "serving/models_api.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/json.h"
#include "base/strings.h"
#include "base/text_encoding.h"
#include "serving/front_replies.h"

namespace clary::serving {
namespace {

constexpr std::size_t kMostBodyBytes = 64 << 10;
constexpr std::size_t kMostInPage = 100;
constexpr std::size_t kMostModelNameBytes = 1024;
constexpr std::string_view kBearer = "Bearer ";

Document document_of(const ManagedModel& model) {
  const auto ready =
      std::count_if(model.lanes.begin(), model.lanes.end(),
                    [](const LaneView& lane) { return lane.phase == LanePhase::kServing; });
  return Document::object({{"modelName", model.name},
                           {"modelUrl", model.url},
                           {"status", model.ready ? "READY" : "LOADING"},
                           {"pinned", model.pinned},
                           {"memoryBytes", static_cast<std::int64_t>(model.memory_bytes)},
                           {"calls", static_cast<std::int64_t>(model.calls)},
                           {"workers", static_cast<std::int64_t>(ready)}});
}

std::optional<std::string> query_value(std::string_view query, std::string_view name) {
  for (const std::string_view pair : split(query, '&')) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
    Result<std::string> value = form_decode(pair.substr(equals + 1));
    if (value.ok()) return std::move(*value);
  }
  return std::nullopt;
}

}  // namespace

// Gathers what is asked; a load is answered when it is done.
class ModelsApi::Sink final : public net::RequestSink {
 public:
  Sink(ModelsApi& api, std::string name, FrontCall call)
      : api_(api), name_(std::move(name)), call_(std::move(call)) {}

  Status write(std::string_view piece) override {
    call_.count_in(piece.size());
    body_ += piece;
    return body_.size() > kMostBodyBytes ? limit_exceeded("too large") : Status();
  }
  net::Reply finish() override {
    const Result<Document> asked = parse_json(body_);
    if (!asked.ok() || !asked->is_object())
      return call_.ended(refusal_reply(400, "the body is no JSON object"));
    net::Reply reply = name_.empty() ? api_.load(*asked, call_) : api_.change(name_, *asked);
    return reply.later != nullptr ? std::move(reply) : call_.ended(std::move(reply));
  }
  net::Reply rejected(const Error& error) override {
    return call_.ended(error.code == ErrorCode::kLimitExceeded ? too_large_reply(kMostBodyBytes)
                                                               : error_reply(error));
  }

 private:
  ModelsApi& api_;
  const std::string name_;
  FrontCall call_;
  std::string body_;
};

std::variant<net::Reply, std::unique_ptr<net::RequestSink>> ModelsApi::start(
    const net::RequestHead& head, const FrontPath& path, FrontCall call) {
  if (auto reply = refused(head)) return call.ended(std::move(*reply));
  if (head.method == "POST" || head.method == "PUT")
    return std::make_unique<Sink>(*this, path.model, std::move(call));
  if (path.target == FrontTarget::kModels) return call.ended(list(head.raw_query()));
  if (head.method != "DELETE") return call.ended(describe(path.model));
  const Status unloaded = models_.unload(path.model);
  if (!unloaded.ok()) return call.ended(error_reply(unloaded.error()));
  return call.ended(
      json_reply(200, Document::object({{"status", "Model \"" + path.model + "\" unregistered"}})));
}

std::optional<net::Reply> ModelsApi::refused(const net::RequestHead& head) const {
  if (access_.open) return std::nullopt;
  if (access_.token.empty()) {
    return refusal_reply(403,
                         "models are managed by a Unix socket (--listen unix:PATH), or with the "
                         "token of --management-token");
  }
  const std::string_view sent = head.headers.get("authorization");
  if (sent.starts_with(kBearer) &&
      constant_time_equal(trim(sent.substr(kBearer.size())), access_.token))
    return std::nullopt;
  net::Reply reply = refusal_reply(401, "Authorization: Bearer and the token are wanted");
  reply.headers.set("WWW-Authenticate", "Bearer");
  return reply;
}

net::Reply ModelsApi::list(std::string_view query) const {
  std::size_t most = kMostInPage;
  if (const auto limit = query_value(query, "limit")) {
    const std::optional<std::int64_t> number = parse_int(*limit);
    if (!number || *number < 1) return refusal_reply(400, "limit: not a number above 0");
    most = std::min(most, static_cast<std::size_t>(*number));
  }
  const std::string after = query_value(query, "next_page_token").value_or("");
  std::vector<ManagedModel> models = models_.list(after, most + 1);
  const bool more = models.size() > most;
  if (more) models.resize(most);
  Document all = Document::array();
  for (const ManagedModel& model : models) all.push(document_of(model));
  Document page = Document::object({{"models", std::move(all)}});
  if (more) page.set("nextPageToken", models.back().name);
  return json_reply(200, page);
}

net::Reply ModelsApi::describe(const std::string& name) const {
  const std::optional<ManagedModel> model = models_.find(name);
  if (!model) return error_reply(not_found("no model '" + name + "' is loaded"));
  return json_reply(200, document_of(*model));
}

net::Reply ModelsApi::load(const Document& asked, const FrontCall& call) {
  const std::string name = asked.string_or("model_name", "");
  const std::string url = asked.string_or("url", "");
  if (name.empty() || url.empty() || name.size() > kMostModelNameBytes)
    return refusal_reply(400, "model_name and url are wanted");
  auto later = std::make_shared<net::ReplyLater>();
  models_.load(name, url, asked.bool_or("pinned", false), [later, call, name, url](Status loaded) {
    if (!loaded.ok()) return later->answer(call.ended(error_reply(loaded.error())));
    later->answer(
        call.ended(json_reply(200, Document::object({{"status", "Model \"" + name + "\" loaded"},
                                                     {"modelName", name},
                                                     {"modelUrl", url}}))));
  });
  return net::Reply{.later = std::move(later)};
}

net::Reply ModelsApi::change(const std::string& name, const Document& asked) {
  const Document* const pinned = asked.find("pinned");
  if (pinned == nullptr || pinned->as_bool() == nullptr || asked.as_object()->size() != 1)
    return refusal_reply(400, R"({"pinned": true or false} is wanted, and nothing else)");
  const Status changed = models_.pin(name, *pinned->as_bool());
  return changed.ok() ? describe(name) : error_reply(changed.error());
}

}  // namespace clary::serving

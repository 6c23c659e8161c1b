#include "host/fake_link.h"

namespace clary::host {
namespace {

class FakeHostLink final : public hostlink::HostLink {
 public:
  explicit FakeHostLink(FakeLinkRecord& record) : record_(record) {}
  Status put(hostlink::RecordKind kind, Document body) override {
    const MutexLock lock(record_.mutex);
    if (body.string_or("phase", "") == "ended" && record_.puts_refused > 0) {
      --record_.puts_refused;
      return limit_exceeded("spool: No space left on device");
    }
    record_.put.emplace_back(kind, std::move(body));
    record_.changed.notify_all();
    return {};
  }
  Status offer_listener(const Fd&) override {
    ++record_.listeners;
    return {};
  }
  Status flush(Duration timeout) override {
    if (record_.on_flush) record_.on_flush(timeout);
    return record_.flush_answer;
  }

 private:
  FakeLinkRecord& record_;
};

std::vector<std::string> members(const FakeLinkRecord& record, hostlink::RecordKind kind,
                                 std::string_view name) {
  std::vector<std::string> out;
  for (const auto& [one, body] : record.records()) {
    if (one == kind) out.push_back(body.string_or(name, ""));
  }
  return out;
}

}  // namespace

std::vector<std::pair<hostlink::RecordKind, Document>> FakeLinkRecord::records() const {
  const MutexLock lock(mutex);
  return put;
}

void FakeLinkRecord::clear() {
  const MutexLock lock(mutex);
  put.clear();
}

std::vector<std::string> FakeLinkRecord::phases() const {
  return members(*this, hostlink::RecordKind::kState, "phase");
}
std::vector<std::string> FakeLinkRecord::notices() const {
  return members(*this, hostlink::RecordKind::kNotice, "message");
}

std::vector<std::string> FakeLinkRecord::lines() const {
  std::vector<std::string> out;
  for (const auto& [kind, body] : records()) {
    if (kind != hostlink::RecordKind::kLog) continue;
    for (const Document& line : *body.find("lines")->as_array()) out.push_back(*line.as_string());
  }
  return out;
}

Document FakeLinkRecord::ended() const {
  Document last;
  for (const auto& [kind, body] : records()) {
    if (kind == hostlink::RecordKind::kState && body.string_or("phase", "") == "ended") last = body;
  }
  return last;
}

bool FakeLinkRecord::wait_until(const std::function<bool()>& seen,
                                const std::stop_token& end) const {
  const std::stop_callback wake(end, [this] {
    const MutexLock lock(mutex);
    changed.notify_all();
  });
  for (;;) {
    std::size_t count = 0;
    {
      const MutexLock lock(mutex);
      count = put.size();
    }
    if (seen()) return true;
    const MutexLock lock(mutex);
    while (put.size() == count) {
      if (end.stop_requested()) return false;
      changed.wait_for(mutex, std::chrono::minutes(1));
    }
  }
}

std::unique_ptr<hostlink::HostLink> make_fake_link(FakeLinkRecord& record) {
  return std::make_unique<FakeHostLink>(record);
}

}  // namespace clary::host

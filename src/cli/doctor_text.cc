#include "cli/doctor_text.h"

#include <algorithm>
#include <set>

#include "api/services.h"
#include "cli/table.h"
#include "wire/shape.h"

namespace clary::cli {

namespace {

std::string_view state_name(Finding::State state) {
  switch (state) {
    case Finding::State::kWorks:
      return "works";
    case Finding::State::kLimited:
      return "limited";
    case Finding::State::kBroken:
      return "broken";
  }
  return "";
}

Style state_style(Finding::State state) {
  if (state == Finding::State::kWorks) return Style::kGood;
  return state == Finding::State::kLimited ? Style::kWarning : Style::kBad;
}

// Walks the tree of a request's shapes; a shape that stands in two places is visited once.
class InertMembers {
 public:
  void visit(const wire::Shape* shape) {
    if (shape == nullptr || !seen_.insert(shape).second) return;
    visit(shape->element);
    for (const wire::Member& member : shape->members) {
      if (member.standing == wire::Standing::kInert) {
        add(*shape, member);
      } else {
        visit(member.shape);
      }
    }
  }
  std::vector<std::pair<std::string, std::string>> found;

 private:
  void add(const wire::Shape& shape, const wire::Member& member) {
    const std::string suffix = "." + std::string(member.name);
    for (auto& [name, reason] : found) {
      if (reason != member.note || (name != member.name && !name.ends_with(suffix))) continue;
      name = member.name;
      return;
    }
    found.emplace_back(std::string(shape.name) + suffix, member.note);
  }

  std::set<const wire::Shape*> seen_;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> members_without_effect() {
  InertMembers members;
  for (const wire::Service* service : api::services()) {
    for (const wire::Operation& operation : service->operations) {
      if (operation.carried_out) members.visit(operation.input);
    }
  }
  return members.found;
}

std::string findings_text(const std::vector<Finding>& findings, const Terminal& terminal) {
  std::vector<Row> rows;
  for (const Finding& finding : findings) {
    rows.push_back({terminal.styled(state_name(finding.state), state_style(finding.state)),
                    finding.subject, harmless(finding.found)});
    if (!finding.mend.empty())
      rows.push_back({"", "", terminal.styled("mend: ", Style::kBold) + finding.mend});
  }
  return format_table({}, rows);
}

Document findings_document(const std::vector<Finding>& findings) {
  Document list = Document::array();
  for (const Finding& finding : findings) {
    list.push(Document::object({{"subject", finding.subject},
                                {"state", state_name(finding.state)},
                                {"found", finding.found},
                                {"mend", finding.mend}}));
  }
  return list;
}

}  // namespace clary::cli

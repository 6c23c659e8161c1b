#include "host/training_environment.h"

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/json.h"

namespace clary::host {
namespace {

// Inputs and observed values of the toolkits. Source: training_env_oracle.md, sections 1 to 4.
Document oracle() {
  Result<std::string> text = read_file(CLARY_HOST_TESTDATA "/training_environment.json");
  EXPECT_TRUE(text.ok());
  Result<Document> document = parse_json(*text);
  EXPECT_TRUE(document.ok());
  return *document;
}

std::vector<std::string> texts(const Document* array) {
  std::vector<std::string> out;
  if (array == nullptr) return out;
  for (const Document& element : *array->as_array()) out.push_back(*element.as_string());
  return out;
}

Variables variables(const Document* object) {
  Variables out;
  for (const auto& [name, value] : *object->as_object()) out[name] = *value.as_string();
  return out;
}

ToolkitInput input_of(const Document& file, const Document& one) {
  ToolkitInput input;
  for (const auto& [name, value] : *one.find("hyperparameters")->as_object()) {
    input.hyperparameters.emplace_back(name, *value.as_string());
  }
  input.resource_config = *one.find("resource_config");
  input.input_data_config = *one.find("input_data_config");
  input.process_environment = variables(one.find("process_environment"));
  input.program_folder = file.string_or("program_folder", "");
  input.sys_path = texts(file.find("sys_path"));
  input.cpus = static_cast<int>(file.int_or("cpus", 0));
  input.torch_version = one.string_or("torch_version", "");
  return input;
}

class Oracle : public testing::TestWithParam<std::size_t> {};

TEST_P(Oracle, GivesWhatTheToolkitGives) {
  const Document file = oracle();
  const Document& one = (*file.find("cases")->as_array())[GetParam()];
  SCOPED_TRACE(one.string_or("name", ""));
  Result<TrainingEnvironment> made = make_training_environment(input_of(file, one));
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->arguments, texts(one.find("argv")));
  const Variables expected = variables(one.find("environment"));
  for (const auto& [name, value] : expected) {
    ASSERT_TRUE(made->variables.contains(name)) << name;
    EXPECT_EQ(made->variables.at(name), value) << name;
  }
  if (!one.bool_or("whole", false)) return;
  const Variables given = variables(one.find("process_environment"));
  for (const auto& [name, value] : made->variables) {
    EXPECT_TRUE(expected.contains(name) || given.contains(name)) << name << " was not observed";
  }
}
INSTANTIATE_TEST_SUITE_P(Cases, Oracle, testing::Range<std::size_t>(0, 5));

TEST(OracleFile, HasItsCases) { EXPECT_EQ(oracle().find("cases")->as_array()->size(), 5U); }

ToolkitInput small_input() {
  ToolkitInput input;
  input.hyperparameters = {{"sagemaker_program", "\"train.py\""}};
  input.resource_config =
      Document::object({{"hosts", Document::array({"algo-1"})}, {"current_host", "algo-1"}});
  input.input_data_config = Document::object();
  input.program_folder = "/env/bin";
  input.sys_path = {"/env/lib"};
  return input;
}

TEST(TrainingEnvironment, WithoutEntryPointIsRefusedWithWhatToDo) {
  ToolkitInput input = small_input();
  input.hyperparameters.clear();
  const Result<TrainingEnvironment> made = make_training_environment(input);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(made.error().message.find("entry_point"), std::string::npos);
}

TEST(TrainingEnvironment, UsersPythonPathStandsBeforeTheInterpreters) {
  ToolkitInput input = small_input();
  input.process_environment["PYTHONPATH"] = "/mine::/yours";
  EXPECT_EQ(make_training_environment(input)->variables.at("PYTHONPATH"),
            "/opt/ml/code:/env/bin:/mine:/yours:/env/lib");
}

TEST(TrainingEnvironment, UsersVariablesGiveWayToTheToolkits) {
  ToolkitInput input = small_input();
  input.process_environment = {{"SM_MODEL_DIR", "/elsewhere"}, {"MINE", "1"}};
  const Variables made = make_training_environment(input)->variables;
  EXPECT_EQ(made.at("SM_MODEL_DIR"), "/opt/ml/model");
  EXPECT_EQ(made.at("MINE"), "1");
}

TEST(TrainingEnvironment, ProgramVariableBeatsTheHyperparameter) {
  ToolkitInput input = small_input();
  input.process_environment["SAGEMAKER_PROGRAM"] = "other.py";
  EXPECT_EQ(make_training_environment(input)->variables.at("SM_MODULE_NAME"), "other");
}

TEST(TrainingEnvironment, NamesWhatWasKeptAsText) {
  ToolkitInput input = small_input();
  input.hyperparameters.emplace_back("raw", "plain words");
  EXPECT_EQ(make_training_environment(input)->kept_as_text, std::vector<std::string>{"raw"});
}

TEST(TrainingEnvironment, RefusesResourceConfigWithoutHosts) {
  ToolkitInput input = small_input();
  input.resource_config = Document::object();
  EXPECT_FALSE(make_training_environment(input).ok());
}

}  // namespace
}  // namespace clary::host

// The rows of the inference oracle that a body and an Accept decide, with an identity for a model;
// and what numpy and torch were seen to do besides.
#include "serving/tensor_codec.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <string_view>

#include "serving/python_json.h"

namespace clary::serving {
namespace {

using std::string_literals::operator""s;

constexpr const char* kJson = "application/json";
constexpr const char* kCsv = "text/csv";
constexpr const char* kNpy = "application/x-npy";

// What comes back for a body, or the message of the refusal.
std::string answer(std::string_view body, const std::string& type,
                   const std::string& accept = kJson) {
  TensorReader reader;
  const Result<Tensor> input = reader.read(body, type);
  if (!input.ok()) return input.error().message;
  Prediction prediction;
  prediction.tensors.push_back(input->view());
  Result<std::string> text = encode_prediction(prediction, accept);
  return text.ok() ? *text : text.error().message;
}

std::string npy(std::string_view descr, std::string_view shape, std::string_view data,
                std::string_view fortran = "False") {
  std::string header = "{'descr': '" + std::string(descr) +
                       "', 'fortran_order': " + std::string(fortran) +
                       ", 'shape': " + std::string(shape) + ", }\n";
  return "\x93NUMPY\x01"s + '\0' + static_cast<char>(header.size()) + '\0' + header +
         std::string(data);
}

template <typename Number, std::size_t kCount>
std::string bytes_of_numbers(const Number (&numbers)[kCount]) {
  return {reinterpret_cast<const char*>(numbers), sizeof numbers};
}

const std::string kSquare = npy("<f4", "(2, 2)", bytes_of_numbers<float>({1, 2, 3, 4}));

struct Row {
  const char* body;
  const char* answer;
};

TEST(TensorCodec, JsonIsReadAsPythonReadsIt) {
  for (const Row& row : std::initializer_list<Row>{
           {"[[1,2],[3,4]]", "[[1.0, 2.0], [3.0, 4.0]]"},
           {"[1,2]", "[1.0, 2.0]"},
           {"3", "3.0"},
           {" [ ] ", "[]"},
           {"[[],[]]", "[[], []]"},
           {"[true, false, 2]", "[1.0, 0.0, 2.0]"},
           {"[NaN, Infinity, -Infinity]", "[NaN, Infinity, -Infinity]"},
           {"[1e400, 1e-400]", "[Infinity, 0.0]"},
           {"[-0, -0.0]", "[0.0, -0.0]"},
           {"[0.1, 1e16, 1e-5]",
            "[0.10000000149011612, 1.0000000272564224e+16, "
            "9.999999747378752e-06]"},
           // int64 goes to float32 in one step, beside a decimal by way of a double.
           {"[9007199791611905]", "[9007200328482816.0]"},
           {"[9007199791611905, 0.5]", "[9007199254740992.0, 0.5]"},
           {"[18446744073709551615]", "[1.8446744073709552e+19]"},
           {"", "Expecting value: line 1 column 1 (char 0)"},
           {"{\"bad", "Unterminated string starting at: line 1 column 2 (char 1)"},
           {"[1,]", "Expecting value: line 1 column 4 (char 3)"},
           {"[1 2]", "Expecting ',' delimiter: line 1 column 4 (char 3)"},
           {"[1]\n\nq", "Extra data: line 3 column 1 (char 5)"},
           {"[\"\xc3\xa9\"x]", "Expecting ',' delimiter: line 1 column 5 (char 4)"},
           {"\xff", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"},
           {"[1\xc3", "'utf-8' codec can't decode byte 0xc3 in position 2: unexpected end of data"},
           {"[[1,2],[3]]",
            "setting an array element with a sequence. The requested array has an inhomogeneous "
            "shape after 1 dimensions. The detected shape was (2,) + inhomogeneous part."},
           {"[[[1,2],[3]],[[1],[2,3]]]",
            "setting an array element with a sequence. The requested array has an inhomogeneous "
            "shape after 2 dimensions. The detected shape was (2, 2) + inhomogeneous part."}}) {
    EXPECT_EQ(answer(row.body, kJson), row.answer) << row.body;
  }
  EXPECT_EQ(answer("{\"inputs\":[1,2]}", kJson), not_convertible("object_"));
  EXPECT_EQ(answer("[null]", kJson), not_convertible("object_"));
  EXPECT_EQ(answer("[18446744073709551616]", kJson), not_convertible("object_"));
  EXPECT_EQ(answer("[1, \"a\"]", kJson), not_convertible("str_"));
}

TEST(TensorCodec, TheExactReaderAgreesWithTheFastOne) {
  for (const char* body : {"[[1,2.5],[-3,4e2]]", "[]", "[[[1]]]", "[0.1,0.2]"}) {
    const Result<Tensor> exact = read_python_json(body);
    const Result<Tensor> fast = read_json_tensor(body);
    ASSERT_TRUE(exact.ok() && fast.ok()) << body;
    EXPECT_EQ(exact->shape, fast->shape);
    ASSERT_EQ(exact->byte_count(), fast->byte_count());
    const std::size_t bytes = exact->byte_count();
    EXPECT_TRUE(bytes == 0 || std::memcmp(exact->data.get(), fast->data.get(), bytes) == 0) << body;
  }
}

TEST(TensorCodec, DeepListsAreRefused) {
  const std::string deepest = std::string(64, '[') + "1" + std::string(64, ']');
  EXPECT_TRUE(read_json_tensor(deepest).ok());
  EXPECT_FALSE(read_json_tensor("[" + deepest + "]").ok());
  EXPECT_FALSE(read_json_tensor(std::string(1'000'000, '[')).ok());
}

TEST(TensorCodec, CsvIsReadAsGenfromtxtReadsIt) {
  for (const Row& row : std::initializer_list<Row>{
           {"1,2\n3,4\n", "[[1.0, 2.0], [3.0, 4.0]]"},
           {"1,2", "[1.0, 2.0]"},
           {"5", "5.0"},
           {"1\n2.5\n", "[1.0, 2.5]"},
           {"1,2.5\n3,4.5\n", "[[1.0, 2.5], [3.0, 4.5]]"},
           {"1, 2\r\n\r\n3,4\r\n", "[[1.0, 2.0], [3.0, 4.0]]"},
           {"#a comment\n1,2", "[1.0, 2.0]"},
           {"1,,3\n4,5,6", "[[1.0, -1.0, 3.0], [4.0, 5.0, 6.0]]"},
           {"1.5,\n2.5,3.5", "[[1.5, NaN], [2.5, 3.5]]"},
           {"true,False", "[1.0, 0.0]"},
           {"1_000,+2,inf", "[1000.0, 2.0, Infinity]"},
           {"1,2\n3\n", "Some errors were detected !\n    Line #2 (got 1 columns instead of 2)"},
           {"\n\n1,2\n\n3\n",
            "Some errors were detected !\n    Line #3 (got 1 columns instead of 2)"}}) {
    EXPECT_EQ(answer(row.body, kCsv), row.answer) << row.body;
  }
  EXPECT_EQ(answer("a,b", kCsv), not_convertible("str_"));
  EXPECT_EQ(answer("x,y\n1,2\n", kCsv), not_convertible("str_"));
  EXPECT_EQ(answer("1,a", kCsv), not_convertible("void"));
  EXPECT_EQ(answer("", kCsv), not_convertible("void"));
}

TEST(TensorCodec, NpyKeepsItsKind) {
  EXPECT_EQ(answer(kSquare, kNpy), "[[1.0, 2.0], [3.0, 4.0]]");
  EXPECT_EQ(answer(npy("<i8", "(2,)", bytes_of_numbers<std::int64_t>({1, -2})), kNpy), "[1, -2]");
  EXPECT_EQ(answer(npy("|b1", "(2,)", "\x01\x00"s), kNpy), "[true, false]");
  EXPECT_EQ(answer(npy("<f2", "(2,)", bytes_of_numbers<std::uint16_t>({0x3c00, 0x0001})), kNpy),
            "[1.0, 5.960464477539063e-08]");
  EXPECT_EQ(answer(npy("<f8", "()", bytes_of_numbers<double>({0.1})), kNpy), "0.1");
  EXPECT_EQ(answer(npy("<f4", "(0, 3)", ""), kNpy), "[]");
}

TEST(TensorCodec, NpyInFortranOrderIsTurned) {
  const float columns[] = {1, 2, 3, 4, 5, 6};
  EXPECT_EQ(answer(npy("<f4", "(2, 3)", bytes_of_numbers(columns), "True"), kNpy),
            "[[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]");
}

TEST(TensorCodec, NpyThatLiesIsRefused) {
  const auto refused = [](const std::string& body, std::string_view why) {
    const std::string said = answer(body, kNpy);
    EXPECT_NE(said.find(why), std::string::npos) << said;
  };
  refused(npy("<f4", "(2,)", "1234"), "shape (2,) of float32 takes 8 bytes, the body has 4");
  refused(npy("<f4", "(1000000000000,)", "1234"), "takes 4000000000000 bytes, the body has 4");
  refused(npy("<f4", "(9223372036854775807, 9223372036854775807)", "1234"), "takes too many bytes");
  refused(npy("<f4", "(-1,)", "1234"), "the header has shape (-1,), fortran_order False");
  refused(npy("<f4", "(-1, -1)", "1234"), "the header has shape (-1, -1)");
  refused(npy("<f4", "(10**3,)", ""), "the header cannot be read");
  refused(npy("<f4", "(3)", ""), "the header cannot be read");
  refused(npy("no", "(1,)", "1234"), "the header cannot be read");
  refused(npy("|O", "(1,)", "1234"), "the array holds Python objects");
  refused(npy(">f4", "(1,)", "1234"), "byte order different from the native");
  refused(npy("<U3", "(1,)", "123456789012"), "numpy.str_");
  refused("\x93NUMPY\x01"s + '\0', "the body ends within the header");
  refused("\x93NUMPY", "the body ends within the header");
  refused("\x93NUMPY\x02"s + '\0' + "\x20\x4e"s + '\0' + '\0' + std::string(20000, ' '),
          "a header of 20000 bytes");
  refused("garbage", "the body is not an NPY array");
  refused("", "the body is not an NPY array");
  refused("PK\x03\x04", "expected np.ndarray (got NpzFile)");
}

TEST(TensorCodec, NothingHasNoMoreRowsThanABodyCouldHave) {
  for (const char* shape : {"9223372036854775807,0", "1,0,16777217", "0,4294967296,4294967296"}) {
    const std::string why = " has too many rows without an element";
    EXPECT_NE(answer(npy("<f4", "(" + std::string(shape) + ")", ""), kNpy).find(why),
              std::string::npos)
        << shape;
    EXPECT_NE(answer("", "application/x-tensor;dtype=f4;shape=" + std::string(shape)).find(why),
              std::string::npos)
        << shape;
  }
  EXPECT_EQ(answer(npy("<f4", "(2, 0)", ""), kNpy), "[[], []]");
  EXPECT_EQ(answer("", "application/x-tensor;dtype=f4;shape=0,3,1024,1024"), "[]");
}

TEST(TensorCodec, BareNumbersSayWhatTheyAre) {
  const std::string two = bytes_of_numbers<float>({1, 2});
  EXPECT_EQ(answer(two, "application/x-tensor;dtype=f4;shape=1,2"), "[[1.0, 2.0]]");
  EXPECT_EQ(answer(two, "application/x-tensor; shape=8; dtype=u1"), "[0, 0, 128, 63, 0, 0, 0, 64]");
  for (const char* type :
       {"application/x-tensor;dtype=f4;shape=3", "application/x-tensor;dtype=f4;shape=-1,-2",
        "application/x-tensor;dtype=f4;shape=4611686018427387904,2,2"}) {
    EXPECT_NE(answer(two, type).find("does not take the 8 bytes"), std::string::npos) << type;
  }
  EXPECT_NE(answer(two, "application/x-tensor;dtype=f5;shape=2").find("wanted is a type"),
            std::string::npos);
}

TEST(TensorCodec, TypesAreMatchedToTheLetter) {
  for (const char* type : {"application/json; charset=utf-8", "Application/JSON", "",
                           "text/csv;charset=utf-8", "text/plain", "application/octet-stream"}) {
    EXPECT_EQ(answer("[1]", type), unsupported_type(type));
  }
  EXPECT_EQ(TensorReader().read("[1]", std::nullopt).error().message, unsupported_type("None"));
  EXPECT_EQ(answer("", "application/x-npz"), "expected np.ndarray (got csr_matrix)");
}

TEST(TensorCodec, TheFirstFormThatThereIsIsTaken) {
  const std::string square = "[[1,2],[3,4]]";
  EXPECT_EQ(answer(square, kJson, kCsv), "1.0,2.0\n3.0,4.0\n");
  EXPECT_EQ(answer(square, kJson, "text/csv,application/json"), "1.0,2.0\n3.0,4.0\n");
  EXPECT_EQ(answer(square, kJson, "application/xml, application/json"), "[[1.0, 2.0], [3.0, 4.0]]");
  for (const char* accept : {"application/x-npz", "text/csv;q=0.9", "text/html, */*", "text/plain",
                             "APPLICATION/JSON", "application/json; charset=utf-8"}) {
    EXPECT_EQ(answer(square, kJson, accept), unsupported_type(accept));
  }
}

TEST(TensorCodec, CsvHasOneOrTwoAxes) {
  EXPECT_EQ(answer("[1,2]", kJson, kCsv), "1.0\n2.0\n");
  EXPECT_EQ(answer("[[[1]]]", kJson, kCsv), "Expected 1D or 2D array, got 3D array instead");
  EXPECT_EQ(answer("1", kJson, kCsv), "Expected 1D or 2D array, got 0D array instead");
  EXPECT_EQ(answer("[NaN, -Infinity]", kJson, kCsv), "nan\n-inf\n");
  EXPECT_EQ(answer(npy("|b1", "(2,)", "\x01\x00"s), kNpy, kCsv), "True\nFalse\n");
}

TEST(TensorCodec, NpyAnswersAreWrittenAsNumpyWritesThem) {
  const std::string text = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }";
  const std::string expected = "\x93NUMPY\x01"s + '\0' + "v"s + '\0' + text +
                               std::string(117 - text.size(), ' ') + "\n" +
                               bytes_of_numbers<double>({1, 2.5});
  EXPECT_EQ(answer("[1,2.5]", kJson, kNpy), expected);
  EXPECT_NE(answer(npy("<i4", "(1,)", bytes_of_numbers<int>({7})), kNpy, kNpy).find("'<i8'"),
            std::string::npos);
}

TEST(TensorCodec, SeveralTensorsStandInTheirLayout) {
  const Tensor one = Tensor::of({1, 2}, {2});
  const Tensor two = Tensor::of({3}, {});
  Prediction prediction{.tensors = {one.view(), two.view()},
                        .layout = "{\"a\": \x01, \"b\": [\x01, null]}"};
  EXPECT_EQ(encode_prediction(prediction, kJson).value(),
            "{\"a\": [1.0, 2.0], \"b\": [3.0, null]}");
  EXPECT_FALSE(encode_prediction(prediction, kCsv).ok());
  prediction.tensors.pop_back();
  EXPECT_FALSE(encode_prediction(prediction, kJson).ok());
}

}  // namespace
}  // namespace clary::serving

#include "dynode/io/torch_file.h"

#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>

#include "dynode/io/file.h"
#include "dynode/io/io_test.h"

namespace dynode {
namespace {

/// Files that torch wrote; scripts/write-torch-seeds says how.
std::string seed(const std::string& name) {
  const auto root = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();
  return (root / "fuzz/seeds/torch" / name).string();
}

std::string refusal(const std::string& name) {
  return message_of([&] { load_torch(seed(name)); });
}

/// A checkpoint with this pickle and one storage, data/0, of 8 bytes.
std::string checkpoint(const std::string& pickle, const std::string& storage = std::string(8, '\1')) {
  return zip_bytes({{"top/data.pkl", pickle}, {"top/version", "3\n"}, {"top/data/0", storage}});
}
std::string refusal_of(const std::string& pickle) {
  return message_of([&] { TorchFile(checkpoint("\x80\2" + pickle), "m.pth"); });
}

std::string text(const std::string& words) { return std::string("\x8c") + char(words.size()) + words; }
std::string integer(int32_t n) { return "J" + std::string(reinterpret_cast<const char*>(&n), 4); }
std::string tuple(const std::vector<int32_t>& numbers) {
  std::string bytes = "(";
  for (const int32_t n : numbers) bytes += integer(n);
  return bytes + "t";
}
/// A mapping {"w": tensor} with this storage and view.
std::string tensor(const std::string& type, const std::string& key, int32_t numel, int32_t offset,
                   const std::vector<int32_t>& size, const std::vector<int32_t>& stride) {
  return "}" + text("w") + "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\n" + type + "\n" + text(key) +
         text("cpu") + integer(numel) + "tQ" + integer(offset) + tuple(size) + tuple(stride) + "\x89" "ccollections\nOrderedDict\n)RtRs.";
}
std::string tensor_refusal(const std::string& pickle) {
  const TorchFile file(checkpoint("\x80\2" + pickle), "m.pth");
  return message_of([&] { file.tensor(*file.find(file.root(), "w"), "w"); });
}

}  // namespace

TEST(TorchFile, ReadsTensorsOfEveryTypeAndView) {
  const TorchFile file = load_torch(seed("tensors.pt"));
  const auto      read = [&](const char* name) { return file.tensor(*file.find(file.root(), name), name); };
  EXPECT_EQ(read("whole"), (Array{{3, 4}, std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}));
  EXPECT_EQ(read("turned"), (Array{{4, 3}, std::vector<double>{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}}));
  EXPECT_EQ(read("part"), (Array{{2, 2}, std::vector<double>{4, 6, 8, 10}}));
  EXPECT_EQ(read("wide"), (Array{{2, 3}, std::vector<float>(6, 7)}));
  EXPECT_EQ(read("parameter"), (Array{{4}, std::vector<double>{0, 1, 2, 3}}));
  EXPECT_EQ(read("half"), (Array{{2}, std::vector<float>{1.5, -2}}));
  EXPECT_EQ(read("brain"), (Array{{2}, std::vector<float>{1.5, -2}}));
  EXPECT_EQ(read("flags"), (Array{{2}, std::vector<uint8_t>{1, 0}}));
  EXPECT_EQ(read("small"), (Array{{2}, std::vector<int64_t>{-3, 4}}));
  EXPECT_EQ(read("long"), (Array{{}, std::vector<int64_t>{int64_t(1) << 40}}));
  EXPECT_EQ(read("none"), (Array{{0, 3}, std::vector<float>{}}));
}

TEST(TorchFile, ReadsTheSettingsBesideThem) {
  const TorchFile file = load_torch(seed("training.pth"));
  const auto      read = [&](const char* name) { return file.value(*file.find(file.root(), name), name); };
  EXPECT_EQ(read("loss"), Value(0.25));       // a NumPy number
  EXPECT_EQ(read("step"), Value(-7));
  EXPECT_EQ(read("epoch"), Value(3));
  EXPECT_EQ(read("args"), Value::map({{"lr", 0.1}, {"name", "größe"}}));
  EXPECT_EQ(read("history"), Value::list_of({1.5, {}, true, Value::list_of({1, 2})}));
  const auto* state = file.find(file.root(), "model_state_dict");
  ASSERT_EQ(file.tensor_nodes(*state).size(), 2u);
  EXPECT_EQ(file.tensor(*file.find(*state, "bias"), "bias"), (Array{{2}, std::vector<float>{0.5, -0.5}}));
  EXPECT_EQ(read("optimizer").at("param_groups").list()[0].at("lr"), Value(0.001));
}

TEST(TorchFile, RunsNothing) {
  EXPECT_SAYS(refusal("evil.pth"), "evil.pth[evil/data.pkl]: asks for posix.system, which is not read");
  EXPECT_SAYS(refusal("evil.pth"), "nothing in such a file is ever run");
  EXPECT_SAYS(refusal("module.pth"), "asks for torch.nn.modules.linear.Linear");
  EXPECT_SAYS(refusal("module.pth"), "save model.state_dict() instead");
  EXPECT_SAYS(refusal_of("cbuiltins\neval\n."), "asks for builtins.eval");
  EXPECT_SAYS(refusal_of(text("os") + text("system") + "\x93."), "asks for os.system");
  EXPECT_SAYS(refusal_of("(ios\nsystem\n."), "opcode 0x69 (INST)");
}

TEST(TorchFile, RefusesOldFilesAndOtherArchivesInWords) {
  EXPECT_SAYS(refusal("legacy.pth"), "was written by torch before 1.6");
  EXPECT_SAYS(message_of([] { TorchFile("no zip at all", "m.pth"); }), "m.pth: is not a readable torch file");
  EXPECT_SAYS(message_of([] { TorchFile(zip_bytes({{"w.npy", "x"}}), "m.pth"); }), "it has no data.pkl");
  const TorchFile complex = load_torch(seed("complex.pth"));
  EXPECT_SAYS(message_of([&] { complex.tensor(*complex.find(complex.root(), "z"), "z"); }), "is a ComplexFloatStorage");
}

TEST(TorchFile, ReadsBigEndianStorages) {
  const std::string pickle = "\x80\2" + tensor("ShortStorage", "0", 4, 0, {2}, {2});
  const std::string bytes("\1\2\3\4\5\6\7\10", 8);
  for (const bool big : {false, true}) {
    const TorchFile file(zip_bytes({{"a/data.pkl", pickle}, {"a/byteorder", big ? "big" : "little"}, {"a/data/0", bytes}}), "m.pth");
    const Array     w = file.tensor(*file.find(file.root(), "w"), "w");
    EXPECT_EQ(w.as_integers("w"), big ? (std::vector<int64_t>{0x102, 0x506}) : (std::vector<int64_t>{0x201, 0x605}));
  }
}

TEST(TorchFile, NoTensorReachesBeyondItsStorage) {
  EXPECT_EQ(tensor_refusal(tensor("FloatStorage", "0", 2, 0, {2}, {1})), "");
  EXPECT_SAYS(tensor_refusal(tensor("FloatStorage", "0", 2, 0, {3}, {1})), "m.pth: w: reaches number 2 of 2");
  EXPECT_SAYS(tensor_refusal(tensor("FloatStorage", "0", 2, 1, {2}, {1})), "reaches number 2 of 2");
  EXPECT_SAYS(tensor_refusal(tensor("FloatStorage", "0", 3, 0, {3}, {1})), "claims 3 numbers, its storage has 2");
  EXPECT_SAYS(tensor_refusal(tensor("FloatStorage", "1", 2, 0, {2}, {1})), "its storage is not in the file");
  EXPECT_SAYS(tensor_refusal(tensor("FloatStorage", "0", 2, 0, {2}, {-1})), "has no proper shape");
  EXPECT_SAYS(tensor_refusal(tensor("FloatStorage", "0", 2, -1, {1}, {1})), "has no proper shape");
  EXPECT_SAYS(tensor_refusal(tensor("FloatStorage", "0", 2, 0, {2, 2}, {1})), "has no proper shape");
  EXPECT_SAYS(tensor_refusal(tensor("FloatStorage", "0", 2, 0, {65536, 65536, 65536}, {0, 0, 0})), "repeat its numbers too often");
  EXPECT_SAYS(tensor_refusal(tensor("FloatStorage", "0", 2, 0, {2147483647, 2147483647, 2147483647}, {0, 0, 0})), "has no proper shape");
}

TEST(TorchFile, MistakesOfThePickleAreNamedWithTheirPlace) {
  EXPECT_SAYS(refusal_of(""), "m.pth[top/data.pkl]: ends before its end mark (byte 2)");
  EXPECT_SAYS(refusal_of("."), "takes a value from an empty stack");
  EXPECT_SAYS(refusal_of("t."), "has no mark to go back to");
  EXPECT_SAYS(refusal_of("h\5."), "recalls value 5 before it is there");
  EXPECT_SAYS(refusal_of("X\xff\xff\xff\xff."), "ends in the middle of a value");
  EXPECT_SAYS(refusal_of("}NNa."), "appends to something that is no list");
  EXPECT_SAYS(refusal_of("NNNs."), "sets items of something that is no mapping");
  EXPECT_SAYS(refusal_of("}(Nu."), "has a key without a value");
  EXPECT_SAYS(refusal_of("NNb."), "gives a state to something that has none");
  EXPECT_SAYS(refusal_of("N)R."), "calls something that is no function");
  EXPECT_SAYS(refusal_of("\x8a\x09" "123456789."), "more than 64 bits");
  EXPECT_SAYS(message_of([] { TorchFile(checkpoint("\x80\7N."), "m.pth"); }), "is of protocol 7");
}

TEST(TorchFile, ListsThatHoldThemselvesEnd) {
  const TorchFile file(checkpoint("\x80\2]q\1h\1a."), "m.pth");
  EXPECT_SAYS(message_of([&] { file.value(file.root(), "x"); }), "nests deeper than 64");

  // each list holds the one before ten times: 10^8 values in a few bytes
  std::string bomb = "\x80\2]q" + std::string(1, '\0') + "K\1a";
  for (int i = 0; i < 8; ++i) {
    bomb += "]q" + std::string(1, char(i + 1)) + "(";
    for (int k = 0; k < 10; ++k) bomb += "h" + std::string(1, char(i));
    bomb += "e";
  }
  const TorchFile large(checkpoint(bomb + "."), "m.pth");
  EXPECT_SAYS(message_of([&] { large.value(large.root(), "x"); }), "stands for more than 1000000 values");
}

TEST(TorchFile, CutOrChangedAnywhereIsAnErrorOrAnotherFile) {
  const std::string whole = read_file(seed("recurrent.soen"));
  for (size_t n = 0; n < whole.size(); n += 7) EXPECT_THROW(TorchFile(whole.substr(0, n), "m.pth"), IoError) << n;
}

}  // namespace dynode

#include "dynode/io/model_file.h"

#include <gtest/gtest.h>

#include "dynode/base/version.h"
#include "dynode/io/file.h"
#include "dynode/io/io_test.h"
#include "dynode/spec/json.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

// signs, a hole in a mask, plasticity, a logarithm, a bias
const char* const kNetwork = R"(seed: 9
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 2, source_func: Tanh, polarity: [1, -1]}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: chain, params: {bias: zero}}
  - {from_layer: 1, to_layer: 1, connection_type: dense, params: {plasticity_mask: [[0, 1], [1, 0.5]]}}
)";

std::shared_ptr<const Plan> plan_of(const char* text) { return compile(read_spec(parse_yaml(text))); }

template <class R> TensorFile file_of(const Plan& plan) {
  return model_tensors<R>(plan, std::vector<R>(plan.theta.begin(), plan.theta.end()));
}

}  // namespace

TEST(ModelFile, HoldsTheNetworkAndItsNumbersByTheirNames) {
  const auto       plan = plan_of(kNetwork);
  const TensorFile file = file_of<float>(*plan);
  EXPECT_EQ(file.metadata.at("dynode.version"), kVersion);
  EXPECT_EQ(file.metadata.at("dynode.model"), to_json(write_spec(plan->spec), false));
  std::vector<std::string> names;
  for (const auto& [name, tensor] : file.tensors) names.push_back(name + " " + dtype_name(tensor.dtype));
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{
                       "J_0_to_1 F32", "J_1_to_1 F32", "b_0_to_1 F32", "layer1/bias_current F32", "layer1/log_gamma_minus F32",
                       "layer1/log_gamma_plus F32", "layer1/phi_offset F32", "layer1/polarity I8", "mask/J_0_to_1 U8",
                       "plasticity_mask/J_1_to_1 F64"}));
  EXPECT_EQ(file.find("mask/J_0_to_1")->as_array("").as_integers(""), (std::vector<int64_t>{0, 0, 1, 0}));
  EXPECT_EQ(file.find("layer1/polarity")->as_array("").as_integers(""), (std::vector<int64_t>{1, -1}));
  EXPECT_EQ(file_of<double>(*plan).find("J_0_to_1")->dtype, Dtype::F64);
}

TEST(ModelFile, EqualModelsAreEqualBytesWithAChecksumAndNoTime) {
  const std::string bytes = safetensors_bytes(file_of<float>(*plan_of(kNetwork)));
  EXPECT_EQ(safetensors_bytes(file_of<float>(*plan_of(kNetwork))), bytes);
  const TensorFile read = parse_safetensors(bytes, "m.dynode");
  EXPECT_EQ(read.metadata.at("format"), "pt");
  EXPECT_EQ(read.metadata.at("dynode.crc32c").size(), 8u);
  EXPECT_EQ(read.metadata.size(), 4u);
  for (const size_t back : {1u, 40u, 90u}) {
    std::string damaged = bytes;
    damaged[damaged.size() - back] = char(damaged[damaged.size() - back] ^ 4);
    EXPECT_SAYS(message_of([&] { parse_safetensors(damaged, "m.dynode"); }), "m.dynode: ") << back;
  }
}

TEST(ModelFile, MasksSignsAndNumbersComeFromTheFileAndNotFromTheSeed) {
  const TensorFile file = file_of<double>(*plan_of(kNetwork));
  CompileOptions   options = model_options(file);
  options.seed = 1234;
  const auto again = compile(model_spec(file, "m.dynode"), options);
  EXPECT_EQ(model_theta<double>(*again, file, "m.dynode"), plan_of(kNetwork)->theta);
  EXPECT_EQ(again->parameters[again->parameters.find("J_0_to_1")].mask, (std::vector<uint8_t>{0, 0, 1, 0}));
  EXPECT_EQ(again->layers[1].polarity, (std::vector<int8_t>{1, -1}));
}

TEST(ModelFile, AnOldFileStaysWholeWhereTheNewOneCannotBeWritten) {
  const TemporaryFolder folder;
  const TensorFile      file = file_of<float>(*plan_of(kNetwork));
  save_safetensors(folder / "m.dynode", file);
  const std::string before = read_file(folder / "m.dynode");
  TensorFile        twice  = file;
  twice.tensors.push_back(twice.tensors[0]);
  EXPECT_THROW(save_safetensors(folder / "m.dynode", twice), IoError);
  EXPECT_EQ(read_file(folder / "m.dynode"), before);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"m.dynode"});   // nothing half-written stays
}

TEST(ModelFile, SaysWhatDoesNotFit) {
  const auto plan = plan_of(kNetwork);
  TensorFile file = file_of<float>(*plan);
  TensorFile bare = file;
  bare.metadata.erase("dynode.model");
  EXPECT_SAYS(message_of([&] { model_spec(bare, "m.dynode"); }), "m.dynode: holds tensors but no dynode model");
  std::erase_if(file.tensors, [](const auto& entry) { return entry.first == "layer1/log_gamma_plus"; });
  EXPECT_SAYS(message_of([&] { model_theta<float>(*plan, file, "m.dynode"); }), "m.dynode: has no parameter 'layer1/log_gamma_plus'");
  file.tensors.emplace_back("layer1/log_gamma_plus", make_tensor({3}, std::vector<float>{1, 2, 3}));
  EXPECT_SAYS(message_of<ShapeError>([&] { model_theta<float>(*plan, file, "m.dynode"); }), "m.dynode: layer1/log_gamma_plus");
}

}  // namespace dynode

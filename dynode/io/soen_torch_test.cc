#include "dynode/io/soen_torch.h"

#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>

#include "dynode/io/io_test.h"
#include "dynode/io/model_formats.h"
#include "dynode/io/npz.h"
#include "dynode/io/soen_model.h"

namespace dynode {
namespace {

const std::filesystem::path kRoot = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();

/// Written by scripts/write-torch-seeds.
std::string seed(const std::string& name) { return (kRoot / "fuzz/seeds/torch" / name).string(); }

}  // namespace

TEST(SoenCheckpoint, NumbersOfLayersAreFoundByPositionThoseOfConnectionsById) {
  const auto model = load_stored_model(seed("multipliers.pth"));   // layers 2, 5, 11, 12
  ASSERT_TRUE(model);
  const Npz recorded = load_npz((kRoot / "tests/golden/soen/layer_multiplier_wicc_tanh/weights.npz").string());
  EXPECT_EQ(model->find("layer5/phi_y")->as_double(), recorded.at("layer1/phi_y").as_double());
  EXPECT_EQ(model->find("layer11/beta_out")->as_double(), recorded.at("layer2/beta_out").as_double());
  EXPECT_EQ(model->find("J_5_to_11")->as_double(), recorded.at("J_1_to_2").as_double());
  const std::vector<double> logs = model->find("layer5/log_gamma_plus")->as_double(), real = recorded.at("layer1/gamma_plus").as_double();
  for (size_t i = 0; i < logs.size(); ++i) EXPECT_NEAR(std::exp(logs[i]), real[i], 1e-15);
  for (const auto& [name, array] : model->arrays) EXPECT_EQ(name.find("table"), name.npos) << name;
}

TEST(SoenCheckpoint, CoresMasksSignsAndTheLearntStepAreThere) {
  const auto gru = load_stored_model(seed("gru.soen"));
  const Npz  recorded = load_npz((kRoot / "tests/golden/soen/virtual_gru/weights.npz").string());
  EXPECT_EQ(gru->find("layer1/weight_hh_l0")->as_double(), recorded.at("layer1/weight_hh_l0").as_double());

  const auto model = load_stored_model(seed("recurrent.soen"));
  EXPECT_EQ(model->spec.simulation.dt, 20.0);   // of the file, not of its configuration
  EXPECT_TRUE(model->spec.simulation.dt_learnable);
  EXPECT_EQ(model->find("dt")->as_double(), std::vector<double>{20});
  EXPECT_EQ(model->find("layer3/polarity")->as_integers(""), (std::vector<int64_t>{1, -1, 1, 1}));
  EXPECT_EQ(model->find("mask/J_0_to_3")->as_integers(""), (std::vector<int64_t>{1, 0, 1, 0, 1, 1, 1, 1, 0, 1, 0, 0}));
  EXPECT_EQ(model->find("J_3_to_3")->as_float()[2], 0.02f);
  EXPECT_EQ(model->spec.connections[0].mode, "NOCC");
  EXPECT_TRUE(model->spec.layers[1].noise.is_null());
  ASSERT_EQ(model->notes.size(), 2u);
  EXPECT_SAYS(model->notes[0], "'use_tensorboard' of the simulation means nothing here");
}

TEST(SoenCheckpoint, IsCompleteForItsNetwork) {
  for (const char* name : {"gru.soen", "multipliers.pth", "recurrent.soen"}) {
    const auto model = load_stored_model(seed(name));
    const auto plan  = compile(model->spec, stored_options(*model));
    EXPECT_EQ(stored_theta<double>(*plan, *model, name).size(), plan->parameters.size()) << name;
    EXPECT_EQ(unused_arrays(*plan, *model), std::vector<std::string>{}) << name;
  }
}

TEST(SoenCheckpoint, OldNamesOfInternalConnectionsAreKnown) {
  EXPECT_EQ(soen_layer_array(7, "internal_J"), "J_7_to_7");
  EXPECT_EQ(soen_layer_array(7, "connectivity.weight"), "J_7_to_7");
  EXPECT_EQ(soen_layer_array(7, "source_function.g_table"), "");
  EXPECT_EQ(soen_layer_array(7, "_solver._dynamics._source_function.g_table"), "");
  EXPECT_EQ(soen_layer_array(7, "module.hidden_proj.weight"), "layer7/hidden_proj.weight");
  EXPECT_EQ(soen_layer_array(7, "log_gamma_plus"), "layer7/log_gamma_plus");
}

TEST(SoenCheckpoint, ATensorFileWithoutANetworkSaysSo) {
  EXPECT_SAYS(message_of([] { load_stored_model(seed("training.pth")); }), "holds tensors but no network");
  const TorchFile   file  = load_torch(seed("training.pth"));
  const StoredModel state = read_state_dict(file);
  ASSERT_EQ(state.arrays.size(), 2u);
  EXPECT_EQ(state.arrays[0], (std::pair<std::string, Array>("weight", {{2, 3}, std::vector<float>{0, 1, 2, 3, 4, 5}})));
}

}  // namespace dynode

// The published figures, and how the networks were trained.
#include <algorithm>

#include "dynode/base/text.h"
#include "dynode/models/reproduce.h"

namespace dynode {
namespace {

Score percent(double mean, double deviation) { return {mean / 100, deviation / 100}; }

PublishedTable xor_table() {
  // the heads and the sign of the gate are those of the code the figures were made with
  const std::string heads = ", head_activation: lecun_tanh, time_sign: '-'";
  const auto cfc = [&](const std::string& words) { return "{layer_type: CfC, params: {" + words + heads + "}}"; };
  const auto rms = [](const char* lr) {
    return std::string("{name: rmsprop, lr: ") + lr + ", kwargs: {alpha: 0.9, eps: 1.0e-7}}";
  };
  return {.name        = "xor",
          .summary     = "parity of a stream of bits, a step per bit (dense) or per change (event)",
          .source      = "Hasani, Lechner et al. 2022, Closed-form continuous-time neural networks",
          .metric      = "accuracy",
          .columns     = {"dense", "event"},
          .epochs      = 20,
          .full_epochs = 200,
          .samples     = 20'000,
          .models      = {{"cfc",
                           "CfC",
                           cfc("dim: 192, backbone_units: 128, activation: relu"),
                           128,
                           rms("0.0007"),
                           0.97,
                           1,
                           false,
                           {percent(100, 0), percent(99.42, 0.42)}},
                          {"cf_s",
                           "CfC, closed form alone",
                           cfc("dim: 64, mode: pure, backbone_units: 64, activation: silu"),
                           256,
                           "{name: adam, lr: 0.005}",
                           0.9,
                           5,
                           false,
                           {percent(100, 0), percent(85.42, 2.84)}},
                          {"no_gate",
                           "CfC without a gate",
                           cfc("dim: 128, mode: no_gate, backbone_units: 192, activation: silu"),
                           128,
                           rms("0.005"),
                           0.95,
                           10,
                           false,
                           {percent(100, 0), percent(96.29, 1.61)}},
                          {"mmrnn",
                           "CfC behind an LSTM",
                           cfc("dim: 64, backbone_units: 128, activation: relu, mixed_memory: input, forget_bias: 0.6"),
                           128,
                           rms("0.005"),
                           0.95,
                           10,
                           false,
                           {percent(100, 0), percent(99.72, 0.08)}},
                          {"ltc",
                           "LTC",
                           "{layer_type: LTC, params: {dim: 64, ode_unfolds: 3}}",
                           128,
                           "{name: adam, lr: 0.005}",
                           0.95,
                           1,
                           false,
                           {percent(100, 0), percent(49.11, 0)}},
                          {"lstm",
                           "LSTM that also reads the time",
                           "{layer_type: LSTM, params: {dim: 64}}",
                           128,
                           "{name: adam, lr: 0.005}",
                           0.95,
                           1,
                           true,
                           {percent(100, 0), percent(89.71, 3.48)}},
                          {"ct_lstm",
                           "LSTM that decays in time",
                           "{layer_type: CTLSTM, params: {dim: 64}}",
                           128,
                           "{name: adam, lr: 0.005}",
                           0.95,
                           1,
                           false,
                           {percent(97.73, 0.08), percent(95.09, 0.30)}},
                          {"phased_lstm",
                           "phased LSTM",
                           "{layer_type: PhasedLSTM, params: {dim: 64, period_init: [0.05, 1]}}",
                           128,
                           "{name: adam, lr: 0.005}",
                           0.95,
                           1,
                           false,
                           {percent(50.99, 0.76), percent(80.29, 0.99)}},
                          {"ode_lstm",
                           "ODE-LSTM",
                           "{layer_type: ODELSTM, params: {dim: 64}}",
                           128,
                           "{name: adam, lr: 0.005}",
                           0.95,
                           1,
                           false,
                           {percent(100, 0), percent(98.89, 0.26)}},
                          {"gru_d",
                           "GRU-D",
                           "{layer_type: GRUD, params: {dim: 64}}",
                           128,
                           "{name: adam, lr: 0.005}",
                           0.95,
                           1,
                           false,
                           {percent(100, 0), percent(97.90, 1.71)}},
                          {"rnn_decay",
                           "RNN decay",
                           "{layer_type: RNNDecay, params: {dim: 64}}",
                           128,
                           "{name: adam, lr: 0.005}",
                           0.95,
                           1,
                           false,
                           {percent(60.28, 19.87), percent(75.53, 5.28)}},
                          {"ode_rnn",
                           "ODE-RNN",
                           "{layer_type: ODERNN, params: {dim: 64}}",
                           128,
                           "{name: adam, lr: 0.005}",
                           0.95,
                           1,
                           false,
                           {percent(50.47, 0.06), percent(51.21, 0.37)}},
                          {"ct_rnn",
                           "CT-RNN",
                           "{layer_type: ODERNN, params: {dim: 64, decay: 1}}",
                           128,
                           "{name: adam, lr: 0.005}",
                           0.95,
                           1,
                           false,
                           {percent(50.42, 0.12), percent(50.79, 0.34)}},
                          {"ct_gru",
                           "CT-GRU",
                           "{layer_type: CTGRU, params: {dim: 64}}",
                           128,
                           "{name: adam, lr: 0.005}",
                           0.95,
                           1,
                           false,
                           {percent(100, 0), percent(61.36, 4.87)}},
                          {"co_rnn",
                           "coRNN that also reads the time",
                           "{layer_type: coRNN, params: {dim: 64, dt: 0.5}}",
                           128,
                           "{name: adam, lr: 0.005}",
                           0.95,
                           1,
                           true,
                           {percent(100, 0), percent(52.89, 1.25)}},
                          {"lipschitz_rnn",
                           "Lipschitz RNN that also reads the time",
                           "{layer_type: LipschitzRNN, params: {dim: 64, dt: 0.1}}",
                           128,
                           "{name: adam, lr: 0.005}",
                           0.95,
                           1,
                           true,
                           {percent(100, 0), percent(52.84, 3.25)}},
                          {"gru_ode",
                           "GRU-ODE",
                           "{layer_type: GRUODE, params: {dim: 64}}",
                           128,
                           "{name: adam, lr: 0.005}",
                           0.95,
                           1,
                           false,
                           {percent(50.41, 0.40), percent(52.52, 0.35)}},
                          {"gru",
                           "GRU that also reads the time",
                           "{layer_type: GRU, params: {dim: 64}}",
                           128,
                           "{name: adam, lr: 0.005}",
                           0.95,
                           1,
                           true,
                           {}}},
          .differences =
              "gradients are clipped as a whole, not variable by variable; cfc learns at 0.0007, 3 % less in every "
              "epoch, not at 0.05 and 5 % less; nothing is dropped out; the network with the smallest loss on 10 % of "
              "the training data is tested, not the last; all but the CfCs have 64 units"};
}

PublishedTable sine_table() {
  const auto auto_ncp = [](const char* type, const char* dim) {
    return std::string("{layer_type: ") + type + ", params: {dim: " + dim +
           ", wiring: {type: AutoNCP, params: {units: " + dim +
           ", output_size: 1, sparsity_level: 0.5, seed: 22222}}}}";
  };
  const std::string adam = "{name: adam, lr: 0.01}";
  return {
      .name        = "sine",
      .summary     = "the tutorial of ncps: a sine of twice the frequency, one sequence, 400 updates",
      .source      = "tutorials of ncps; where they give no figure, its PyTorch layers run with seeds 0, 1, 2",
      .metric      = "mse",
      .columns     = {"loss"},
      .epochs      = 4,
      .full_epochs = 4,
      .models      = {{"ltc_16", "LTC, AutoNCP(16, 1)", auto_ncp("LTC", "16"), 1, adam, 1, 1, false, {Score{3.97e-4}}},
                      {"ltc_8", "LTC, AutoNCP(8, 1)", auto_ncp("LTC", "8"), 1, adam, 1, 1, false, {Score{2.30e-4}}},
                      {"cfc_16", "CfC, AutoNCP(16, 1)", auto_ncp("CfC", "16"), 1, adam, 1, 1, false, {Score{3.9e-4, 4e-5}}},
                      {"cfc_32",
                       "CfC of 32 units, one linear output",
                       "{layer_type: CfC, params: {dim: 32, proj_size: 1}}",
                       1,
                       adam,
                       1,
                       1,
                       false,
                       {Score{3.9e-7, 2.2e-7}}}},
      .differences = "the loss is that of the best of the networks after 100, 200, 300 and 400 updates"};
}

PublishedTable mnist_table() {
  const auto layer = [](const char* type, const char* more = "") {
    return std::string("{layer_type: ") + type + ", params: {dim: 32" + more + "}}";
  };
  return {
      .name        = "mnist",
      .summary     = "digits read row by row, 28 steps of 28 pixels, 32 units",
      .source      = "Hasani et al. 2021, Liquid time-constant networks",
      .metric      = "accuracy",
      .needs_data  = true,
      .columns     = {"rows"},
      .epochs      = 3,
      .full_epochs = 200,
      .models = {{"lstm", "LSTM", layer("LSTM"), 16, "{name: adam, lr: 0.001}", 1, 1, false, {percent(98.41, 0.12)}},
                 {"ltc", "LTC", layer("LTC"), 16, "{name: adam, lr: 0.005}", 1, 1, false, {percent(97.57, 0.18)}},
                 {"ct_rnn",
                  "CT-RNN",
                  layer("ODERNN", ", decay: 1, unfolds: 6, dt: 0.6"),
                  16,
                  "{name: adam, lr: 0.001}",
                  1,
                  1,
                  false,
                  {percent(96.73, 0.19)}},
                 {"ct_gru", "CT-GRU", layer("CTGRU"), 16, "{name: adam, lr: 0.001}", 1, 1, false, {percent(98.27, 0.14)}},
                 {"gru", "GRU", layer("GRU"), 16, "{name: adam, lr: 0.001}", 1, 1, false, {}},
                 {"cfc", "CfC", layer("CfC", ", backbone_units: 64"), 16, "{name: adam, lr: 0.001}", 1, 1, false, {}}},
      .differences = "the files decide: figures of MNIST mean nothing for Fashion-MNIST"};
}

PublishedTable half_cheetah_table() {
  const auto layer = [](const char* type, const char* more = "") {
    return std::string("{layer_type: ") + type + ", params: {dim: 32" + more + "}}";
  };
  return {
      .name        = "half_cheetah",
      .summary     = "the next observation of a simulated robot, 17 numbers, 32 units",
      .source      = "Hasani et al. 2021, Liquid time-constant networks",
      .metric      = "mse",
      .needs_data  = true,
      .columns     = {"test"},
      .epochs      = 30,
      .full_epochs = 200,
      .models = {{"lstm", "LSTM", layer("LSTM"), 16, "{name: adam, lr: 0.001}", 1, 1, false, {Score{2.500, 0.140}}},
                 {"ltc", "LTC", layer("LTC"), 16, "{name: adam, lr: 0.01}", 1, 1, false, {Score{2.308, 0.015}}},
                 {"ct_rnn",
                  "CT-RNN",
                  layer("ODERNN", ", decay: 1, unfolds: 6, dt: 0.6"),
                  16,
                  "{name: adam, lr: 0.001}",
                  1,
                  1,
                  false,
                  {Score{2.838, 0.112}}},
                 {"ct_gru", "CT-GRU", layer("CTGRU"), 16, "{name: adam, lr: 0.001}", 1, 1, false, {Score{3.014, 0.134}}},
                 {"gru", "GRU", layer("GRU"), 16, "{name: adam, lr: 0.001}", 1, 1, false, {}},
                 {"cfc", "CfC", layer("CfC", ", backbone_units: 64"), 16, "{name: adam, lr: 0.005}", 1, 1, false, {}}},
      .differences = "gradients are clipped at 1"};
}

}  // namespace

const std::vector<PublishedTable>& published_tables() {
  static const std::vector<PublishedTable> all = {xor_table(), sine_table(), mnist_table(), half_cheetah_table()};
  return all;
}

const PublishedTable& find_published_table(const std::string& name) {
  std::vector<std::string> known;
  for (const PublishedTable& table : published_tables()) {
    if (name == table.name) return table;
    known.push_back(table.name);
  }
  throw SpecError({}, "there is no table '" + name + "'", did_you_mean(name, known, "there are"));
}

}  // namespace dynode

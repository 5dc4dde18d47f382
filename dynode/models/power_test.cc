// Power and energy of dendrites, as people record them.
#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/models/hardware.h"
#include "dynode/models/model.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

using Numbers = std::vector<double>;
using Names   = std::vector<std::string>;

/// Input, two dendrites, a readout; `simulation` and `layer` go where their names say.
Model model_of(const std::string& simulation = "dt: 2", const std::string& layer = "") {
  return Model::from_spec(read_spec(parse_yaml("simulation: {" + simulation + R"(}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 2, source_func: Tanh, bias_current: 1.5, gamma_plus: 0.1,
     gamma_minus: 0.05})" + layer + R"(}
  - {layer_id: 2, layer_type: Linear, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 2, connection_type: dense}
)", "net.yaml")), {.precision = Precision::float64});
}

const Array kInput{{2, 3, 2}, Numbers{1, 2, 0.5, -1, 0.3, 0.2, 2, 1, 0, 0, -0.4, 0.7}};

Names names_of(const Results& results) {
  Names names;
  for (const auto& entry : results.arrays) names.push_back(entry.first);
  return names;
}

TEST(Power, FollowsFromDriveAndState) {
  Model         m = model_of();
  const Results r = m.simulate(kInput, {.record = {"s/1", "g/1", "power_bias_dimensionless/1", "power_diss_dimensionless/1",
                                                   "energy_bias_dimensionless/1", "energy_diss_dimensionless/1"}});
  const Numbers s = r.at("s/1").as_double(), g = r.at("g/1").as_double();
  const auto at = [&](const char* name, size_t i) { return r.at(std::string(name) + "_dimensionless/1").as_double()[i]; };
  EXPECT_EQ(r.at("energy_bias_dimensionless/1").shape, (std::vector<int64_t>{2, 3, 2}));
  for (size_t row = 0; row < 2; ++row)
    for (size_t u = 0; u < 2; ++u) {
      double bias = 0, diss = 0;
      for (size_t t = 0; t < 3; ++t) {
        const size_t i = (row * 3 + t) * 2 + u, before = (row * 4 + t) * 2 + u, after = before + 2;
        EXPECT_NEAR(at("power_bias", i), g[i] * 1.5, 1e-15);
        EXPECT_NEAR(at("power_diss", i), g[i] * 1.5 - s[after] * (s[after] - s[before]) / 2 / 0.1, 1e-14);
        bias += 2 * at("power_bias", i), diss += 2 * at("power_diss", i);
        EXPECT_NEAR(at("energy_bias", i), bias, 1e-14);
        EXPECT_NEAR(at("energy_diss", i), diss, 1e-14);
      }
    }
}

TEST(Power, IsInUnitsOfTheJunction) {
  Model          m = model_of();
  const Junction j{.I_c = 2e-4, .gamma_c = 1.2e-9, .beta_c = 0.5};
  const Results  r = m.simulate(kInput, {.record = {"power", "power_dimensionless", "energy", "energy_dimensionless"}, .junction = j});
  for (size_t i = 0; i < 12; ++i) {
    EXPECT_DOUBLE_EQ(r.at("power/1").as_double()[i], j.power_unit() * r.at("power_dimensionless/1").as_double()[i]);
    EXPECT_DOUBLE_EQ(r.at("energy/1").as_double()[i], j.energy_unit() * r.at("energy_dimensionless/1").as_double()[i]);
  }
  const Numbers energy = r.at("energy/1").as_double();   // [row][step][unit]
  EXPECT_DOUBLE_EQ(r.energy->total(), (energy[4] + energy[5] + energy[10] + energy[11]) / 2);
  EXPECT_FALSE(m.simulate(kInput, {.record = {"s"}}).energy);
}

TEST(Power, CanBeAskedForByKindAndByLayer) {
  Model m = model_of();
  EXPECT_EQ(names_of(m.simulate(kInput, {.record = {"power"}})), (Names{"power/1", "output"}));
  EXPECT_EQ(names_of(m.simulate(kInput, {.record = {"energy_diss/1", "g", "power_bias"}})),
            (Names{"energy_diss/1", "g/1", "power_bias/1", "output"}));
}

TEST(Power, OfOtherLayersIsUnknown) {
  Model      m     = model_of();
  const auto warns = [&](Names record) { return m.simulate(kInput, {.record = std::move(record)}).warnings; };
  const Names warning = {"layer 2 (Linear) has no power: that of SingleDendrite is known, others count as 0"};
  EXPECT_EQ(warns({"power"}), warning);
  EXPECT_EQ(warns({"power", "energy_bias", "power/2"}), warning) << "once";
  EXPECT_EQ(warns({"power/1"}), Names{});
  EXPECT_EQ(warns({"power/2"}), warning);
  EXPECT_EQ(warns({"power/0"}), Names{"layer 0 (Linear) has no power: that of SingleDendrite is known, others count as 0"});
  EXPECT_EQ(m.simulate(kInput, {.record = {"power/2"}}).find("power/2"), nullptr);
  const std::string text = failure([&] { warns({"power/7"}); });
  EXPECT_EQ(text.substr(0, text.find('\n')), "'power/7' cannot be recorded");
}

TEST(Tracking, IsAskedForInTheSpec) {
  EXPECT_EQ(names_of(model_of("dt: 2, track_phi: true").simulate(kInput)), (Names{"phi/1", "phi/2", "output"}));
  EXPECT_EQ(names_of(model_of("dt: 2, track_g: true").simulate(kInput)), (Names{"g/1", "output"}));
  EXPECT_EQ(names_of(model_of("dt: 2, track_s: true").simulate(kInput)), (Names{"s/0", "s/1", "s/2", "output"}));
  Model m = model_of("dt: 2, track_power: true, track_s: true");
  EXPECT_EQ(names_of(m.simulate(kInput, {.record = {"s/2"}})),
            (Names{"s/2", "s/0", "s/1", "power/1", "power_bias/1", "power_diss/1", "energy_bias/1", "energy_diss/1", "output"}));
  EXPECT_EQ(m.simulate(kInput).warnings.size(), 1u);
  EXPECT_EQ(names_of(m.simulate(kInput, {.record = {"g"}, .track = false})), (Names{"g/1", "output"}));
  EXPECT_EQ(names_of(model_of("dt: 2, track_s: false").simulate(kInput)), Names{"output"});
}

TEST(Power, FollowsTimeSpansAndALearntStep) {
  Model       m     = model_of("dt: 2, dt_learnable: true");
  const Names wish  = {"power_bias_dimensionless/1", "energy_bias_dimensionless/1"};
  const auto  check = [&](const Results& r, Numbers h) {
    const Numbers power = r.at(wish[0]).as_double(), energy = r.at(wish[1]).as_double();
    for (size_t row = 0; row < 2; ++row) {
      double sum = 0;
      for (size_t t = 0; t < 3; ++t) {
        const size_t i = (row * 3 + t) * 2;
        sum += h[row * 3 + t] * power[i];
        EXPECT_NEAR(energy[i], sum, 1e-14);
      }
    }
  };
  check(m.simulate(kInput, {.record = wish}), Numbers(6, 2));
  m.set_parameter("dt", {{}, Numbers{3}});
  check(m.simulate(kInput, {.record = wish}), Numbers(6, 3));
  const Numbers spans = {1, 2, 0, 0.5, 4, 1};
  check(m.simulate(kInput, {.record = wish, .timespans = Array{{2, 3}, spans}}), spans);
}

TEST(Power, HasTheNoiseOfTheBiasButNotThatOfTheState) {
  Model m = model_of("dt: 2", ", perturb: {bias_current_mean: 0.25}, noise: {s: 0.1}");
  const Results r = m.simulate(kInput, {.record = {"s/1", "g/1", "power_bias_dimensionless/1", "power_diss_dimensionless/1"}});
  const Numbers s = r.at("s/1").as_double(), g = r.at("g/1").as_double();
  const Numbers bias = r.at("power_bias_dimensionless/1").as_double(), diss = r.at("power_diss_dimensionless/1").as_double();
  for (size_t row = 0; row < 2; ++row)
    for (size_t n = 0; n < 6; ++n) {
      const size_t i    = row * 6 + n;
      const double now  = s[row * 8 + n], rate = 0.1 * g[i] - 0.05 * now;
      EXPECT_NEAR(bias[i], g[i] * 1.75, 1e-15);
      EXPECT_NEAR(diss[i], bias[i] - (now + 2 * rate) * rate / 0.1, 1e-14);
      EXPECT_GT(std::abs(s[row * 8 + n + 2] - (now + 2 * rate)), 1e-6) << "there is noise";
    }
}

TEST(Hardware, AStepTakesItsTimeInUnitsOfOneOverOmegaC) {
  const Junction j;
  const auto text = [&](const Model& m, size_t steps) { return run_text(*hardware_step(m, j), steps); };
  EXPECT_EQ(text(model_of("dt: 37"), 100), "100 steps of 99.88 ps, 9.988 ns");
  Model learnt = model_of("dt: 37, dt_learnable: true");
  learnt.set_parameter("dt", {{}, Numbers{74}});
  EXPECT_EQ(text(learnt, 1), "1 step of 199.8 ps, 199.8 ps");
  const Model rates = Model::from_spec(read_spec(parse_yaml(R"(layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 1}}
  - {layer_id: 1, layer_type: CTRNN, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
)", "net.yaml")));
  EXPECT_FALSE(hardware_step(rates, j));
  EXPECT_EQ(energy_text({3.21e-15, 3.1e-15}),
            "3.21 fJ from the bias sources, 3.1 fJ of it become heat, 930 fJ with cooling (× 300)");
}

}  // namespace
}  // namespace dynode

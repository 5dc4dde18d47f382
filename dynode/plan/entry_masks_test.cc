// Signs, balance and plasticity of connections, from the words of a spec to blocks.
#include <cmath>
#include <gtest/gtest.h>
#include <map>

#include "dynode/plan/plan.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

using Numbers = std::vector<double>;
using Signs   = std::vector<int8_t>;

/// Two layers of two and three units and a readout of two; `files` are what the spec's files hold.
std::shared_ptr<const Plan> plan_of(const std::string& layer, const std::string& connection,
                                    const std::map<std::string, NamedArray>& files = {},
                                    const CompileOptions&                    given = {}) {
  CompileOptions options = given;
  options.load_array     = [&](const std::string& path, const std::string& key) {
    EXPECT_TRUE(key == "mask" || key == "weights") << key;
    return files.at(path);
  };
  return compile(read_spec(parse_yaml("layers:\n"
                                      "  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}\n"
                                      "  - {layer_id: 1, layer_type: CTRNN, params: {dim: 3" +
                                          layer +
                                          "}}\n"
                                          "  - {layer_id: 2, layer_type: Linear, params: {dim: 2}}\n"
                                          "connections:\n"
                                          "  - {from_layer: 0, to_layer: 1, connection_type: dense}\n"
                                          "  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {" +
                                          connection + "}}\n",
                                      "net.yaml")),
                 options);
}

const Block& block(const Plan& plan) { return plan.parameters[plan.parameters.find("J_1_to_2")]; }
Numbers      weights(const Plan& plan) {
       Numbers w(6);
       to_real<double>(block(plan), plan.theta.data(), w);
       return w;
}

template <class F>
std::string failure(const F& f) {
  try {
    f();
  } catch (const Error& error) {
    const std::string what = error.what();
    return what.substr(0, what.find('\n'));
  }
  return "no error";
}

/// [to 2, from 3]
const std::map<std::string, NamedArray> kFiles = {
    {"w.npy", {{2, 3}, {3, -1, -2, 1, -2, 5}}},    {"signs.npz", {{2, 3}, {1, -1, 0, 9, -0.5, 0}}},
    {"mixed.npz", {{2, 3}, {1, -1, 0, 1, 1, 0}}},  {"sources.npz", {{3}, {1, -1, 0}}},
    {"turned.npz", {{3, 2}, {1, -1, 0, 1, 1, 0}}}, {"holes.npz", {{2, 3}, {0, 1, 1, 1, 1, 1}}},
};
const std::string kWeights = "init: {name: custom, params: {weights_file: w.npy}}";

TEST(EiMask, ComesFromAFileOrFromTheSpecItself) {
  const Signs signs = {1, -1, 0, 1, -1, 0};
  for (const char* mask : {"signs.npz", "sources.npz", "[1, -1, 0]", "[[1, -1, 0], [2, -7, 0]]"}) {
    const auto plan = plan_of("", kWeights + ", ei_mask: " + mask, kFiles);
    EXPECT_EQ(block(*plan).sign, signs) << mask;
    EXPECT_EQ(weights(*plan), (Numbers{3, -1, -2, 1, -2, 5})) << mask;
    EXPECT_FALSE(block(*plan).rectified);
  }
}

TEST(EiMask, WeightsOfTheWrongSignAreClippedUnlessTheLayerSaysOtherwise) {
  const std::string mask = ", ei_mask: [-1, -1, 1]";
  EXPECT_EQ(weights(*plan_of("", kWeights + mask, kFiles)), (Numbers{0, -1, 0, 0, -2, 5}));
  EXPECT_EQ(weights(*plan_of(", polarity_enforcement_method: sign_flip", kWeights + mask, kFiles)),
            (Numbers{-3, -1, 2, -1, -2, 5}));
}

TEST(EiMask, SourcesOfBothSignsNeedTheSwitch) {
  EXPECT_EQ(failure([] { plan_of("", "ei_mask: mixed.npz", kFiles); }).substr(0, 8), "net.yaml");
  EXPECT_NE(failure([] {
              plan_of("", "ei_mask: mixed.npz", kFiles);
            }).find("ei_mask: unit 1 of the source has weights of both signs"),
            std::string::npos);
  EXPECT_EQ(block(*plan_of("", "ei_mask: mixed.npz, allow_mixed_signs: true", kFiles)).sign,
            (Signs{1, -1, 0, 1, 1, 0}));
}

TEST(EiMask, StandsBesideAPolarityOnlyWhereThatIsSwitchedOff) {
  const std::string polarity = ", polarity_init: excitatory";
  EXPECT_NE(failure([&] { plan_of(polarity, "ei_mask: [1, -1, 0]"); }).find("layer 1 has a polarity"),
            std::string::npos);
  EXPECT_EQ(block(*plan_of(polarity, "polarity: false, ei_mask: [1, -1, 0]")).sign, (Signs{1, -1, 0, 1, -1, 0}));
}

TEST(EiMask, WrongShapesAndWordsNameTheConnection) {
  EXPECT_EQ(failure([] { plan_of("", "ei_mask: turned.npz", kFiles); }),
            "turned.npz: ei_mask of J_1_to_2: expected [2, 3], got [3, 2]");
  EXPECT_EQ(failure([] { plan_of("", "ei_mask: [[1, 1], [1, 1]]"); }),
            "ei_mask of J_1_to_2: expected [2, 3], got [2, 2]");
  EXPECT_NE(
      failure([] { plan_of("", "ei_mask: [[1, 1, 1], [1, 1]]"); }).find("this row has 2 entries, the first one has 3"),
      std::string::npos);
  EXPECT_NE(failure([] { plan_of("", "ei_mask: [[1, 1, 1], 1]"); }).find("expected a list, like the first row"),
            std::string::npos);
  EXPECT_NE(failure([] { plan_of("", "ei_mask: true"); }).find("expected a file or a list of numbers"),
            std::string::npos);
  EXPECT_EQ(failure([] { plan_of("", "ei_mask: []"); }), "ei_mask of J_1_to_2: expected [2, 3], got [0]");
}

TEST(EiBalance, ActsAfterAbsentWeightsAndSigns) {
  // without the hole and the clipped −1: E = 1 + 5 = 6, I = 2
  const std::string net  = kWeights + ", structure: {type: custom, params: {mask_file: holes.npz}}, ei_balance: true, ";
  const auto        plan = plan_of("", net + "ei_mask: [[1, 1, -1], [1, -1, 1]], allow_mixed_signs: true", kFiles);
  EXPECT_EQ(weights(*plan), (Numbers{0, 0, -2, 1.0 * (4.0 / 6), -2, 5 * (4.0 / 6)}));
}

TEST(EiBalance, UsesThePolarityOfTheSourceToo) {
  const auto plan = plan_of(", polarity: [1, 1, -1]", kWeights + ", ei_balance: true", kFiles);
  // flipped: 3 1 −2 / 1 2 −5; E = 7 = I
  EXPECT_EQ(weights(*plan), (Numbers{3, 1, -2, 1, 2, -5}));
  const auto raw =
      plan_of(", polarity: [1, 1, -1], polarity_enforcement_method: relu", kWeights + ", ei_balance: true", kFiles);
  // as they are stored, negative ones do not act: E = 4, I = 5
  EXPECT_EQ(weights(*raw), (Numbers{3, 0, 0, 1, 0, 5 * 0.8}));
}

TEST(EiBalance, NeedsSigns) {
  EXPECT_NE(failure([] { plan_of("", "ei_balance: true"); }).find("weights without signs have no balance"),
            std::string::npos);
  EXPECT_EQ(weights(*plan_of("", kWeights + ", ei_balance: false", kFiles)), (Numbers{3, -1, -2, 1, -2, 5}));
}

TEST(Relu, StoresMagnitudesAndLetsCustomWeightsAsTheyAre) {
  const std::string relu  = ", polarity: [1, -1, 0], polarity_enforcement_method: relu";
  const auto        drawn = plan_of(relu, "init: {name: normal, params: {std: 1}}");
  EXPECT_TRUE(block(*drawn).rectified);
  EXPECT_EQ(block(*drawn).sign, (Signs{1, -1, 0, 1, -1, 0}));
  const Numbers w = weights(*drawn), plain = weights(*plan_of("", "init: {name: normal, params: {std: 1}}"));
  for (size_t i = 0; i < 6; ++i) EXPECT_EQ(w[i], i % 3 < 2 ? std::abs(plain[i]) : plain[i]);
  EXPECT_EQ(weights(*plan_of(relu, kWeights, kFiles)), (Numbers{3, -1, -2, 1, -2, 5}));
  EXPECT_FALSE(block(*plan_of(relu, "polarity: false")).rectified);
  EXPECT_FALSE(block(*plan_of(", polarity_enforcement_method: relu", "bias: zero")).rectified) << "nobody has a sign";
}

TEST(PlasticityMask, ComesFromAFileOrFromTheSpecItself) {
  EXPECT_EQ(block(*plan_of("", "plasticity_mask: holes.npz", kFiles)).plasticity, (Numbers{0, 1, 1, 1, 1, 1}));
  EXPECT_EQ(block(*plan_of("", "plasticity_mask: [[0, 0.1, 1], [1, 1, 0.5]]")).plasticity,
            (Numbers{0, 0.1, 1, 1, 1, 0.5}));
  EXPECT_TRUE(block(*plan_of("", "bias: zero")).plasticity.empty());
}

TEST(PlasticityMask, HoldsSharesOfTheLearningRateEntryByEntry) {
  EXPECT_NE(failure([] { plan_of("", "plasticity_mask: [[0, 0, 1], [1, 2, 1]]"); }).find("plasticity_mask[1, 1] is 2"),
            std::string::npos);
  EXPECT_NE(failure([] { plan_of("", "plasticity_mask: signs.npz", kFiles); }).find("plasticity_mask[0, 1] is -1"),
            std::string::npos);
  EXPECT_EQ(failure([] { plan_of("", "plasticity_mask: [1, 1, 0]"); }),
            "plasticity_mask of J_1_to_2: expected [2, 3], got [3]");
}

TEST(LearnableParams, AreForALayerOrForEachOfItsUnits) {
  const auto alpha = [](const std::string& words) {
    const auto plan = plan_of(", learnable_params: {alpha: " + words + "}", "bias: zero");
    return plan->parameters[plan->parameters.find("layer1/alpha")];
  };
  EXPECT_TRUE(alpha("true").learnable);
  EXPECT_TRUE(alpha("[true, false, true]").learnable);
  EXPECT_EQ(alpha("[true, false, true]").plasticity, (Numbers{1, 0, 1}));
  EXPECT_TRUE(alpha("[true, true, true]").plasticity.empty());
  EXPECT_FALSE(alpha("[false, false, false]").learnable);
  EXPECT_TRUE(alpha("[false, false, false]").plasticity.empty());
  EXPECT_NE(failure([&] { alpha("[true, false]"); }).find("learnable_params.alpha: 2 words for 3 units"), std::string::npos);
  EXPECT_NE(failure([&] { alpha("[true, 1, false]"); }).find("expected true or false"), std::string::npos);
}

TEST(EntryMasks, KeptOnesAreTakenBeforeFilesAndKeptWeightsStayAsTheyAre) {
  CompileOptions options;
  options.stored = [](const std::string& name) -> std::optional<NamedArray> {
    if (name == "J_1_to_2") return NamedArray{{2, 3}, {3, -1, -2, 1, -2, 5}};
    if (name == "ei_mask/J_1_to_2") return NamedArray{{2, 3}, {1, -1, 0, 1, -1, 0}};
    if (name == "plasticity_mask/J_1_to_2") return NamedArray{{2, 3}, {0, 1, 0.25, 1, 1, 1}};
    return std::nullopt;
  };
  const auto plan = plan_of("", "ei_mask: gone.npz, ei_balance: true, plasticity_mask: gone.npz", {}, options);
  EXPECT_EQ(block(*plan).sign, (Signs{1, -1, 0, 1, -1, 0}));
  EXPECT_EQ(block(*plan).plasticity, (Numbers{0, 1, 0.25, 1, 1, 1}));
  EXPECT_EQ(weights(*plan), (Numbers{3, -1, -2, 1, -2, 5}));
}

TEST(EntryMasks, AreDescribed) {
  const std::string text =
      describe(*plan_of("", "ei_mask: mixed.npz, allow_mixed_signs: true, plasticity_mask: holes.npz", kFiles));
  EXPECT_NE(text.find("signs entry by entry"), std::string::npos) << text;
  EXPECT_NE(text.find("plasticity mask, 1"), std::string::npos) << text;
  const std::string raw = describe(*plan_of(", polarity: [1, -1, 0], polarity_enforcement_method: relu", "bias: none"));
  EXPECT_NE(raw.find("relu(w) times signs of the source"), std::string::npos) << raw;
}

}  // namespace
}  // namespace dynode

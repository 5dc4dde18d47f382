// What people are told about bad input, beyond what the tests of each room ask for: every message names the place and
// the cause and, where the cause does not say it, the way out. What claims to be huge is refused before memory is taken.
#include <cmath>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "dynode/base/failure_test.h"
#include "dynode/io/file.h"
#include "dynode/io/io_test.h"
#include "dynode/io/model_file.h"
#include "dynode/io/npz.h"
#include "dynode/models/model.h"
#include "dynode/spec/json.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

// ---- specs -----------------------------------------------------------------------------------------------

const std::string kInput  = "layers:\n  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}\n";
const std::string kLayers = kInput + "  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 3}}\n";

TEST(SpecsMadeInCode, AreCheckedLikeFiles) {
  Spec spec = read_spec(parse_yaml(kLayers + "connections: [{from_layer: 0, to_layer: 1, connection_type: dense}]\n", "net.yaml"));
  spec.connections.push_back(spec.connections[0]);
  spec.connections[1].at = {};
  EXPECT_SAYS(failure([&] { Model::from_spec(spec); }), "connections[1]: ");
}

std::string sized(const std::string& dim) {
  return kInput + "  - {layer_id: 1, layer_type: CTRNN, params: {dim: " + dim + "}}\n";
}
std::string layer(const std::string& type, const std::string& words) {
  return kInput + "  - {layer_id: 1, layer_type: " + type + ", params: {dim: 3, " + words + "}}\n";
}
std::string dendrite(const std::string& words) { return layer("SingleDendrite", words); }
std::string som(const std::string& words) {
  return layer("RateDale", "noise_std: 0, " + words) +
         "connections:\n  - {from_layer: 1, to_layer: 1, connection_type: dense}\n";
}

std::string ends(const std::string& from, const std::string& to) {
  return kLayers + "connections:\n  - {from_layer: " + from + ", to_layer: " + to + ", connection_type: dense}\n";
}
std::string connection(const std::string& words) {
  return kLayers + "connections:\n  - {from_layer: 0, to_layer: 1, connection_type: " + words + "}\n";
}
std::string dense(const std::string& words) { return connection("dense, " + words); }
std::string structure(const std::string& type, const std::string& words) {
  return connection(type + ", params: {" + words + "}");
}
std::string blocks(const std::string& words) {
  return structure("block_structure", words + ", within_block_density: 1, cross_block_density: 0");
}
std::string init(const std::string& name, const std::string& words) {
  return structure("dense", "init: {name: " + name + ", params: {" + words + "}}");
}
std::string simulation(const std::string& words) { return "simulation: {" + words + "}\n" + kLayers; }

std::string said_about(const std::string& yaml) {
  return failure([&] { Model::from_spec(read_spec(parse_yaml(yaml, "net.yaml"))); });
}

struct BadSpec {
  const char* name;
  std::string text;
  const char *place, *cause, *way_out;  // how the way out begins; "": the cause says it
};
void PrintTo(const BadSpec& bad, std::ostream* out) { *out << "\n" << bad.text; }

class BadSpecs : public testing::TestWithParam<BadSpec> {};

TEST_P(BadSpecs, AreExplained) {
  const BadSpec&    bad  = GetParam();
  const std::string said = said_about(bad.text), place = bad.place;
  const size_t      line = said.find('\n');
  EXPECT_EQ(said.substr(0, line), place + (place.empty() ? "" : ": ") + bad.cause);
  const std::string rest = line == said.npos ? "" : said.substr(line + 1);
  if (*bad.way_out) EXPECT_EQ(rest.substr(0, 2 + std::string(bad.way_out).size()), std::string("  ") + bad.way_out);
  else EXPECT_EQ(rest, "");
}

// clang-format off
const BadSpec kBadSpecs[] = {
    // sizes
    {"SizeInWords", sized("many"), "net.yaml:3:52 layers[1].params.dim", "expected a whole number, got the text 'many'",
     ""},
    {"NegativeSize", sized("-3"), "net.yaml:3:52 layers[1].params.dim", "must be within 1 … 10000000, got -3", ""},
    {"NoSize", sized(""), "net.yaml:3:52 layers[1].params.dim", "expected a whole number, got nothing", ""},
    {"SizeThatIsTrue", sized("true"), "net.yaml:3:52 layers[1].params.dim", "expected a whole number, got true", ""},
    {"SizeOfTwoNumbers", sized("[3, 4]"), "net.yaml:3:52 layers[1].params.dim", "expected a whole number, got a list",
     ""},
    {"SizeThatIsNotANumber", sized(".nan"), "net.yaml:3:52 layers[1].params.dim",
     "expected a whole number, got the number .nan", ""},
    {"SizeBeyondWholeNumbers", sized("1.0e30"), "net.yaml:3:52 layers[1].params.dim",
     "expected a whole number of at most 63 bits, got the number 1.0e+30", ""},
    {"SizeBeyondTheLimit", sized("1.0e12"), "net.yaml:3:52 layers[1].params.dim",
     "must be within 1 … 10000000, got 1000000000000", ""},
    // layers
    {"LayersInWords", "layers: three\n", "net.yaml:1:9 layers", "expected a list, got the text 'three'", ""},
    {"LayerIsAWord", "layers: [Linear]\n", "net.yaml:1:10 layers[0]", "expected a mapping, got the text 'Linear'", ""},
    {"LayerIsNothing", "layers:\n  -\n", "net.yaml:2:4 layers[0]", "missing keys: layer_id, layer_type, params", ""},
    {"ParamsAreAList", "layers:\n  - {layer_id: 0, layer_type: Linear, params: [2]}\n",
     "net.yaml:2:47 layers[0].params", "expected a mapping, got a list", ""},
    {"IdInWords", "layers:\n  - {layer_id: first, layer_type: Linear, params: {dim: 2}}\n",
     "net.yaml:2:16 layers[0].layer_id", "expected a whole number, got the text 'first'", ""},
    {"IdWithAFraction", "layers:\n  - {layer_id: 1.5, layer_type: Linear, params: {dim: 2}}\n",
     "net.yaml:2:16 layers[0].layer_id", "expected a whole number, got the number 1.5", ""},
    {"IdBeyondTheLimit", "layers:\n  - {layer_id: 99999999999, layer_type: Linear, params: {dim: 2}}\n",
     "net.yaml:2:16 layers[0].layer_id", "must be within -2147483648 … 2147483647, got 99999999999", ""},
    {"PartOfAConnection", layer("NOCCEdge", ""), "net.yaml:3:5 layers[1]", "there is no layer type 'NOCCEdge'",
     "there are: Linear"},
    {"MisspeltKind", layer("singledendrit", ""), "net.yaml:3:5 layers[1]", "there is no layer type 'singledendrit'",
     "did you mean 'SingleDendrite'?"},
    {"KindOfAnotherField", layer("Transformer", ""), "net.yaml:3:5 layers[1]", "there is no layer type 'Transformer'",
     "there are: Linear"},
    {"SourceInNumbers", dendrite("source_func: 3"), "net.yaml:3:77 layers[1].params.source_func",
     "expected text, got the number 3", "put it in quotes"},
    {"MisspeltSource", dendrite("source_func: Tahn"), "net.yaml:3:77 layers[1].params.source_func",
     "there is no source function 'Tahn'", "did you mean 'Tanh'?"},
    // parameters
    {"ParameterIsNothing", layer("CTRNN", "alpha: "), "net.yaml:3:62 layers[1].params.alpha",
     "expected a number, a list of numbers or a mapping, got nothing", ""},
    {"ParameterInWords", layer("CTRNN", "alpha: fast"), "net.yaml:3:62 layers[1].params.alpha",
     "expected a number, got the text 'fast'", ""},
    {"ParameterIsTrue", layer("CTRNN", "alpha: true"), "net.yaml:3:62 layers[1].params.alpha",
     "expected a number, a list of numbers or a mapping, got true", ""},
    {"ParameterIsNotANumber", dendrite("phi_offset: .nan"), "net.yaml:3:76 layers[1].params.phi_offset",
     "phi_offset of unit 0 is nan, but must be finite", ""},
    {"OneParameterIsNotANumber", dendrite("phi_offset: [0.1, .nan, 0.2]"), "net.yaml:3:76 layers[1].params.phi_offset",
     "phi_offset of unit 1 is nan, but must be finite", ""},
    {"NoParameters", dendrite("phi_offset: []"), "net.yaml:3:76 layers[1].params.phi_offset",
     "expected numbers, got an empty list", ""},
    {"OneParameterInWords", dendrite("phi_offset: [0.1, x, 0.2]"), "net.yaml:3:82 layers[1].params.phi_offset[1]",
     "expected a number, got the text 'x'", ""},
    {"ParametersInAListOfLists", dendrite("phi_offset: [[0.1, 0.1, 0.2]]"),
     "net.yaml:3:77 layers[1].params.phi_offset[0]", "expected a number, got a list", ""},
    {"MisspeltValue", dendrite("phi_offset: {vale: 1}"), "net.yaml:3:77 layers[1].params.phi_offset.vale",
     "unknown key 'vale'", "did you mean 'value'?"},
    {"ValueAndDistribution", dendrite("phi_offset: {value: 1, distribution: normal}"),
     "net.yaml:3:84 layers[1].params.phi_offset.value", "a parameter has either a value or a distribution, not both",
     ""},
    {"LearnableInWords", dendrite("phi_offset: {value: 1, learnable: maybe}"),
     "net.yaml:3:98 layers[1].params.phi_offset.learnable", "expected true or false, got the text 'maybe'", ""},
    {"LearnableIsANumber", layer("CTRNN", "learnable_params: {alpha: 1}"),
     "net.yaml:3:81 layers[1].params.learnable_params.alpha", "expected true or false, got the number 1", ""},
    {"LearnableOfEverything", layer("CTRNN", "learnable_params: true"),
     "net.yaml:3:73 layers[1].params.learnable_params", "expected a mapping, got true", ""},
    {"ConstraintsTurnedRound", dendrite("phi_offset: {value: 1, constraints: {min: 3, max: 1}}"),
     "net.yaml:3:100 layers[1].params.phi_offset.constraints", "min 3 is above max 1", ""},
    {"ConstraintIsNotANumber", dendrite("phi_offset: {value: 1, constraints: {min: .nan}}"),
     "net.yaml:3:106 layers[1].params.phi_offset.constraints.min", "expected a number, got the number .nan", ""},
    {"ParamsWithoutDistribution", dendrite("phi_offset: {params: {mean: 1}}"),
     "net.yaml:3:85 layers[1].params.phi_offset.params", "params belong to a distribution, but none is given",
     "add 'distribution'"},
    // distributions
    {"RangeTurnedRound", dendrite("phi_offset: {distribution: uniform, params: {min: 2, max: 1}}"),
     "net.yaml:3:76 layers[1].params.phi_offset", "min 2 is larger than max 1", "numbers are drawn from min to max"},
    {"NegativeDeviation", dendrite("phi_offset: {distribution: normal, params: {std: -1}}"),
     "net.yaml:3:113 layers[1].params.phi_offset.params.std", "std of normal is -1, outside its range [0, inf]", ""},
    {"DeviationIsNotANumber", dendrite("phi_offset: {distribution: normal, params: {std: .nan}}"),
     "net.yaml:3:113 layers[1].params.phi_offset.params.std", "std of normal must be a finite number, not nan", ""},
    {"MeanInWords", dendrite("phi_offset: {distribution: normal, params: {mean: high}}"),
     "net.yaml:3:114 layers[1].params.phi_offset.params.mean", "expected a number, got the text 'high'", ""},
    {"DistributionInNumbers", dendrite("phi_offset: {distribution: 3}"),
     "net.yaml:3:91 layers[1].params.phi_offset.distribution", "expected text, got the number 3", "put it in quotes"},
    {"BoundMissing", dendrite("phi_offset: {distribution: loguniform, params: {max: 1}}"),
     "net.yaml:3:111 layers[1].params.phi_offset.params", "loguniform needs 'min'",
     "it is: smallest value, not its logarithm; at least 1e-10"},
    {"AllBoundsMissing", dendrite("phi_offset: {distribution: loguniform}"),
     "net.yaml:3:76 layers[1].params.phi_offset", "loguniform needs 'min'",
     "it is: smallest value, not its logarithm; at least 1e-10"},
    {"FanOutsOfOtherUnits", dendrite("phi_offset: {distribution: fan_out, params: {node_fan_outs: [1, 2]}}"),
     "net.yaml:3:76 layers[1].params.phi_offset", "node_fan_outs has 2 entries for 3 units",
     "leave it out to have them counted"},
    {"MisspeltBlockMode", dendrite("phi_offset: {distribution: normal, block_size: 3, block_mode: sharde}"),
     "net.yaml:3:126 layers[1].params.phi_offset.block_mode", "unknown word 'sharde'", "did you mean 'shared'?"},
    {"BlocksOfNothing", dendrite("phi_offset: {distribution: normal, block_size: 0}"),
     "net.yaml:3:111 layers[1].params.phi_offset.block_size", "must be within 1 … 10000000, got 0", ""},
    {"DrawnBeyondAllNumbers", dendrite("phi_offset: {distribution: lognormal, params: {mean: 1000}}"),
     "net.yaml:3:76 layers[1].params.phi_offset", "phi_offset of unit 0 is inf, but must be finite", ""},
    // families
    {"RangeOfTimesTurnedRound", layer("RateDale", "taus: [20, 4], noise_std: 0"), "net.yaml:3:64 layers[1].params.taus",
     "taus [20, 4] is not a range of numbers that are at least 1e-09", "give [lowest, highest], or one number"},
    {"RangeOfTwoTimesTurnedRound", kInput + "  - {layer_id: 1, layer_type: RateDale, params: {dim: 2, taus: [5, 4]}}\n",
     "net.yaml:3:64 layers[1].params.taus", "taus [5, 4] is not a range of numbers that are at least 1e-09",
     "give [lowest, highest], one number, or {value: [5, 4]} for a number of each unit"},
    {"NegativeTime", layer("RateDale", "taus: -4, noise_std: 0"), "net.yaml:3:64 layers[1].params.taus",
     "taus of unit 0 is -4, but must be at least 1e-09", ""},
    {"MoreSOMUnitsThanInhibitoryOnes", som("som_N: 5, polarity_init: alternating"),
     "net.yaml:3:79 layers[1].params.som_N", "som_N is 5, but layer 1 has 1 inhibitory units",
     "SOM units are inhibitory units"},
    {"SOMUnitsInWords", som("som_N: few, polarity_init: alternating"), "net.yaml:3:79 layers[1].params.som_N",
     "expected a whole number, got the text 'few'", ""},
    {"SOMUnitsWithoutPolarity", som("som_N: 1"), "net.yaml:3:79 layers[1].params.som_N",
     "som_N is 1, but layer 1 has 0 inhibitory units", "SOM units are inhibitory units"},
    {"SOMUnitsWithoutFeedback", layer("RateDale", "som_N: -7"), "net.yaml:3:65 layers[1].params.som_N",
     "som_N is about the connection of layer 1 to itself, and there is none", "add it, or remove som_N"},
    {"MisspeltDiagonal", layer("LeakyGRU", "candidate_diag: ones"), "net.yaml:3:74 layers[1].params.candidate_diag",
     "there is no candidate_diag 'ones'", "did you mean 'one'?"},
    {"MisspeltSpacing", layer("LeakyGRU", "tau_init: [1, 5], tau_spacing: log"),
     "net.yaml:3:89 layers[1].params.tau_spacing", "there is no tau_spacing 'log'", "there are: geometric"},
    {"GeometricNegativeTimes", layer("LeakyGRU", "tau_init: [-1, 5]"), "net.yaml:3:68 layers[1].params.tau_init",
     "-1 and 5 cannot be spaced geometrically", "give positive numbers, or tau_spacing: linear"},
    {"FloorOfNothing", layer("LeakyGRU", "tau_eps: 2"), "net.yaml:3:67 layers[1].params.tau_eps",
     "tau_eps belongs to tau_init, which is not given", "give tau_init, or remove it"},
    {"SpacingOfNothing", layer("LeakyGRU", "tau_spacing: linear"), "net.yaml:3:71 layers[1].params.tau_spacing",
     "tau_spacing belongs to tau_init, which is not given", "give tau_init, or remove it"},
    {"NegativeFloor", layer("LeakyGRU", "tau_init: 3, tau_eps: -1"), "net.yaml:3:80 layers[1].params.tau_eps",
     "must be a positive number", ""},
    // polarity
    {"PolarityInWords", layer("CTRNN", "polarity: plus"), "net.yaml:3:65 layers[1].params.polarity",
     "expected a list, got the text 'plus'", ""},
    {"NegativeSeedOfPolarity", layer("CTRNN", "polarity_init: {seed: -1}"),
     "net.yaml:3:77 layers[1].params.polarity_init.seed", "seed of polarity_init is -1, outside its range [0, inf]",
     ""},
    {"PolarityByAnotherDraw", layer("CTRNN", "polarity_init: {draw: coin}"),
     "net.yaml:3:70 layers[1].params.polarity_init", "draw 'coin' is unknown", "there is: count"},
    {"PolarityInNumbers", layer("CTRNN", "polarity_init: 0.8"), "net.yaml:3:70 layers[1].params.polarity_init",
     "expected a mapping, got the number 0.8", ""},
    // structures
    {"NoConnectionsAtAll", structure("sparse", "sparsity: 0"), "net.yaml:5:5 connections[0]",
     "sparsity is the share of connections that exist and must be larger than 0",
     "for no connections at all leave the connection out"},
    {"DensityIsNotANumber", structure("sparse", "sparsity: .nan"), "net.yaml:5:78 connections[0].params.sparsity",
     "sparsity of sparse must be a finite number, not nan", ""},
    {"DensityInPercent", structure("sparse", "sparsity: 20%"), "net.yaml:5:78 connections[0].params.sparsity",
     "expected a number, got the text '20%'", ""},
    {"InverseOfOtherSizes", connection("inverse_one_to_one"), "net.yaml:5:5 connections[0]",
     "inverse_one_to_one needs layers of equal size, not 2 and 3", "give both the same dim, or use dense"},
    {"HalfARange", structure("one_to_one", "source_start_node_id: 0"), "net.yaml:5:5 connections[0]",
     "a range needs both source_start_node_id and source_end_node_id", "give both or none"},
    {"RangeBehindTheEnd", structure("one_to_one", "source_start_node_id: 0, source_end_node_id: 5"),
     "net.yaml:5:5 connections[0]", "source_end_node_id 5 is outside the source layer of 2 units", "the last one is 1"},
    {"RangeOfSourcesTurnedRound", structure("one_to_one", "source_start_node_id: 1, source_end_node_id: 0"),
     "net.yaml:5:5 connections[0]", "source_start_node_id 1 is behind source_end_node_id 0",
     "the last source is included: start and end may be the same"},
    {"RangeWithFractions", structure("one_to_one", "source_start_node_id: 0.5, source_end_node_id: 1"),
     "net.yaml:5:94 connections[0].params.source_start_node_id", "expected a whole number, got the number 0.5", ""},
    {"NoTargets", structure("constant", "expected_fan_out: 0"), "net.yaml:5:88 connections[0].params.expected_fan_out",
     "expected_fan_out of constant is 0, outside its range [1, inf]", ""},
    {"TargetsMissing", connection("power_law"), "net.yaml:5:5 connections[0]", "power_law needs 'expected_fan_out'",
     "it is: targets of every source; fewer where there are not as many"},
    {"InfiniteExponent", structure("power_law", "expected_fan_out: 1, alpha: .inf"),
     "net.yaml:5:99 connections[0].params.alpha", "alpha of power_law must be a finite number, not inf", ""},
    {"NoDistance", structure("exponential", "expected_fan_out: 1, d_0: 0"), "net.yaml:5:5 connections[0]",
     "d_0 must be larger than 0", "it is a distance, in units"},
    {"MisspeltMode", blocks("block_count: 2, connection_mode: ful"), "net.yaml:5:5 connections[0]",
     "connection_mode 'ful' is unknown", "did you mean 'full'?"},
    {"NoBlocks", blocks("block_count: 0, connection_mode: full"), "net.yaml:5:90 connections[0].params.block_count",
     "block_count of block_structure is 0, outside its range [1, inf]", ""},
    {"HierarchyOfOtherSizes", structure("hierarchical_blocks", "levels: 2, base_size: 2"),
     "net.yaml:5:5 connections[0]", "base_size 2 and 2 levels need 4 units on both sides, not 2 and 3",
     "a layer has base_size to the power of levels units"},
    {"SharesAboveOne", structure("hierarchical_blocks", "levels: 1, base_size: 2, tier_fractions: [3]"),
     "net.yaml:5:123 connections[0].params.tier_fractions[0]",
     "tier_fractions of hierarchical_blocks is 3, outside its range [0, 1]", ""},
    {"MisspeltNestedStructure", structure("dense", "structure: {type: spars}"), "net.yaml:5:5 connections[0]",
     "there is no structure 'spars'", "did you mean 'sparse'?"},
    {"SelfConnectionsInWords", structure("dense", "allow_self_connections: no"),
     "net.yaml:5:91 connections[0].params.allow_self_connections", "expected true or false, got the text 'no'",
     "write false, without quotes"},
    {"StructureInNumbers", connection("5"), "net.yaml:5:51 connections[0].connection_type",
     "expected text, got the number 5", "put it in quotes"},
    // weights
    {"WeightsOfNaN", init("normal", "std: .nan"), "net.yaml:5:102 connections[0].params.init.params.std",
     "std of normal must be a finite number, not nan", ""},
    {"WeightsWithoutEnd", init("constant", "value: .inf"), "net.yaml:5:106 connections[0].params.init.params.value",
     "value of constant must be a finite number, not inf", ""},
    {"WeightsInARangeTurnedRound", init("uniform", "min: 2, max: 1"), "net.yaml:5:5 connections[0]",
     "min 2 is larger than max 1", "weights are drawn from min to max"},
    {"NoneOfTheWeights", init("gaus", "density: 0"), "net.yaml:5:5 connections[0]", "density must be larger than 0",
     "init: zero gives zeros"},
    {"GammaWithoutShape", init("gamma", "shape: 0"), "net.yaml:5:5 connections[0]",
     "shape of a gamma distribution must be larger than 0", "2 when missing"},
    {"SilentSources", init("flux_balanced", "mean_state: 0"), "net.yaml:5:5 connections[0]", "mean_state must not be 0",
     "silent sources cannot drive anything"},
    {"MisspeltName", structure("dense", "init: {nam: normal}"), "net.yaml:5:74 connections[0].params.init.nam",
     "unknown key 'nam'", "parameters go into 'params'; it has: name, params"},
    {"BiasIsANumber", structure("dense", "bias: 1"), "net.yaml:5:73 connections[0].params.bias",
     "expected text, got the number 1", "put it in quotes"},
    {"MisspeltConstraint", structure("dense", "constraints: {low: 1}"),
     "net.yaml:5:81 connections[0].params.constraints.low", "unknown key 'low'", "it has: min"},
    {"SignsOfOtherSources", structure("dense", "ei_mask: [1, -1, 1]"), "",
     "ei_mask of J_0_to_1: expected [3, 2], got [3]", "[2] for all targets alike is fine, too"},
    {"BothSignsOfASource", structure("dense", "ei_mask: [[1, 1], [-1, 1], [1, 1]]"),
     "net.yaml:5:76 connections[0].params.ei_mask", "ei_mask: unit 0 of the source has weights of both signs",
     "by Dale's law it has one; give allow_mixed_signs: true if both are meant"},
    {"RaggedSigns", structure("dense", "ei_mask: [[1, 1], [1], [1, 1]]"),
     "net.yaml:5:85 connections[0].params.ei_mask[1]", "this row has 1 entries, the first one has 2", ""},
    {"SignsInWords", structure("dense", "ei_mask: [plus, minus]"), "net.yaml:5:77 connections[0].params.ei_mask[0]",
     "expected a number, got the text 'plus'", ""},
    {"OneSign", structure("dense", "ei_mask: 1"), "net.yaml:5:76 connections[0].params.ei_mask",
     "expected a file or a list of numbers, got the number 1", ""},
    {"BalanceWithoutSigns", structure("dense", "ei_balance: true"), "net.yaml:5:79 connections[0].params.ei_balance",
     "weights without signs have no balance", "give 'ei_mask', or the source a polarity"},
    {"PlasticityAboveOne", structure("dense", "plasticity_mask: [[1, 2], [1, 1], [1, 1]]"),
     "net.yaml:5:84 connections[0].params.plasticity_mask", "plasticity_mask[0, 1] is 2",
     "it is a share of the learning rate, from 0 (frozen) to 1"},
    {"PlasticityOfSources", structure("dense", "plasticity_mask: [1, 1]"), "",
     "plasticity_mask of J_0_to_1: expected [3, 2], got [2]", ""},
    // programmable connections
    {"BiasOfCircuits", dense("mode: WICC, params: {bias: zero}"), "net.yaml:5:5 connections[0]",
     "WICC connections have no bias", "remove 'bias'"},
    {"MisspeltConstant", dense("mode: WICC, connection_params: {gama_plus: 1}"),
     "net.yaml:5:90 connections[0].connection_params.gama_plus", "WICC has no parameter 'gama_plus'",
     "did you mean 'gamma_plus'?"},
    {"NegativeInductance", dense("mode: NOCC, connection_params: {beta: -1}"),
     "net.yaml:5:96 connections[0].connection_params.beta", "beta of NOCC is -1, outside its range [1e-09, inf]", ""},
    {"MisspeltSourceOfCircuits", dense("mode: NOCC, connection_params: {source_func: Tnh}"),
     "net.yaml:5:103 connections[0].connection_params.source_func", "there is no source function 'Tnh'",
     "did you mean 'Tanh'?"},
    {"OffsetIsANumber", dense("mode: WICC, connection_params: {half_flux_offset: 1}"),
     "net.yaml:5:108 connections[0].connection_params.half_flux_offset", "expected true or false, got the number 1",
     ""},
    // ends and lags
    {"SourceLayerInWords", ends("zero", "1"), "net.yaml:5:18 connections[0].from_layer",
     "expected a whole number, got the text 'zero'", ""},
    {"NegativeLayer", ends("-1", "1"), "net.yaml:5:18 connections[0].from_layer", "must be >= 0, got -1", ""},
    {"LayerWithAFraction", ends("0.5", "1"), "net.yaml:5:18 connections[0].from_layer",
     "expected a whole number, got the number 0.5", ""},
    {"NoSuchLayer", ends("0", "3"), "net.yaml:5:5 connections[0]", "connection 0 → 3: there is no layer 3",
     "there are layers 0, 1"},
    {"HalfALag", dense("lag: 0.5"), "net.yaml:5:63 connections[0].lag", "expected a whole number, got the number 0.5",
     ""},
    {"NegativeLag", dense("lag: -1"), "net.yaml:5:63 connections[0].lag", "must be within 0 … 1, got -1", ""},
    {"LearnableConnectionInWords", dense("learnable: no"), "net.yaml:5:69 connections[0].learnable",
     "expected true or false, got the text 'no'", "write false, without quotes"},
    {"ConnectionsInWords", kLayers + "connections: none\n", "net.yaml:4:14 connections",
     "expected a list, got the text 'none'", ""},
    {"ConnectionIsNothing", kLayers + "connections:\n  -\n", "net.yaml:5:4 connections[0]",
     "missing keys: from_layer, to_layer, connection_type", ""},
    // time, method, table
    {"NegativeStep", simulation("dt: -37"), "net.yaml:1:18 simulation.dt", "must be > 0, got -37", ""},
    {"EndlessStep", simulation("dt: .inf"), "net.yaml:1:18 simulation.dt", "must be finite, got .inf", ""},
    {"StepWithItsUnit", simulation("dt: 37ps"), "net.yaml:1:18 simulation.dt", "expected a number, got the text '37ps'",
     ""},
    {"HalfAMethod", simulation("network_evaluation_method: jacobi"),
     "net.yaml:1:41 simulation.network_evaluation_method", "unknown word 'jacobi'", "it can be: layerwise"},
    {"NegativeTolerance", simulation("early_stopping_tolerance: -1"),
     "net.yaml:1:40 simulation.early_stopping_tolerance", "must be >= 0, got -1", ""},
    {"TableIsANumber", simulation("rate_table: 3"), "net.yaml:1:26 simulation.rate_table",
     "expected text, got the number 3", "put it in quotes"},
    {"SimulationIsAList", "simulation: [1]\n" + kLayers, "net.yaml:1:13 simulation", "expected a mapping, got a list",
     ""},
    {"SeedWithAFraction", "seed: 1.5\n" + kLayers, "net.yaml:1:7 seed", "expected a whole number, got the number 1.5",
     ""},
    {"SeedInWords", "seed: lucky\n" + kLayers, "net.yaml:1:7 seed", "expected a whole number, got the text 'lucky'",
     ""},
    {"SeedBeyondWholeNumbers", "seed: 99999999999999999999999\n" + kLayers, "net.yaml:1:7 seed",
     "expected a whole number of at most 63 bits, got the number 1.0e+23", ""},
    // texts
    {"TextOfOneNumber", "3\n", "net.yaml:1:1", "expected a mapping, got the number 3", ""},
    {"KeyTwice", "layers: []\nlayers: []\n", "net.yaml:2:1 layers", "the key 'layers' is written twice",
     "the first is at 1:1"},
    {"WideCharacters", std::string("\xff\xfel\0a\0", 6), "net.yaml:1:1", "byte 0xff is not UTF-8",
     "save the file with the encoding UTF-8"},
};
// clang-format on

INSTANTIATE_TEST_SUITE_P(All, BadSpecs, testing::ValuesIn(kBadSpecs),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(BadJson, IsExplainedLikeYaml) {
  const auto said = [](const std::string& layer) {
    const std::string text =
        "{\"layers\": [\n  {\"layer_id\": 0, \"layer_type\": \"CTRNN\", \"params\": " + layer + "}\n]}";
    return failure([&] { Model::from_spec(read_spec(parse_json(text, "net.json"))); });
  };
  EXPECT_EQ(said("{\"dim\": \"3\"}"),
            "net.json:2:60 layers[0].params.dim: expected a whole number, got the text '3'\n  remove the quotes");
  EXPECT_EQ(said("{\"dim\": null}"), "net.json:2:60 layers[0].params.dim: expected a whole number, got nothing");
  EXPECT_SAYS(said("{\"dim\": 3, \"tua\": 1}"),
              "net.json:2:63 layers[0].params.tua: CTRNN has no parameter 'tua'\n  did you mean 'tau'?");
  EXPECT_EQ(said("[3]"), "net.json:2:52 layers[0].params: expected a mapping, got a list");
}

// ---- sizes -----------------------------------------------------------------------------------------------

size_t most_memory_so_far() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return size_t(usage.ru_maxrss) * 1024;
}

TEST(GiantSizes, AreRefusedBeforeMemoryIsTaken) {
  const size_t before = most_memory_so_far();
  const auto   two    = [](const std::string& connection) {
    return "layers:\n  - {layer_id: 0, layer_type: Linear, params: {dim: 10000000}}\n"
                "  - {layer_id: 1, layer_type: Linear, params: {dim: 10000000}}\n"
                "connections:\n  - {from_layer: 0, to_layer: 1, connection_type: " +
           connection + "}\n";
  };
  const std::string too_many = "10000000 × 10000000 weights are too many\n  at most 1e9";
  EXPECT_SAYS(said_about(two("one_to_one")), too_many);
  EXPECT_SAYS(said_about(two("sparse, params: {sparsity: 1.0e-9}")), too_many);
  EXPECT_SAYS(said_about(two("constant, params: {expected_fan_out: 1}")), too_many);
  EXPECT_SAYS(said_about(two("dense, mode: NOCC")), too_many);
  EXPECT_SAYS(said_about(layer("GRU", "") + "  - {layer_id: 2, layer_type: LSTM, params: {dim: 9000000}}\n"),
              "36000000 × 9000000 weights are too many");
  // each connection could be held, all of them cannot
  std::string layers = "layers:\n", connections = "connections:\n";
  for (int to = 0; to < 30; ++to) {
    layers += fmt::format("  - {{layer_id: {}, layer_type: Linear, params: {{dim: 31000}}}}\n", to);
    for (int from = 0; from < 30 && to > 0; ++from)
      connections += fmt::format("  - {{from_layer: {}, to_layer: {}, connection_type: dense}}\n", from, to);
  }
  EXPECT_SAYS(said_about(layers + connections), "net.yaml: this network has 8.4e+11 weights and parameters, absent weights "
                                                "included; they need 20066 GB, and this machine has ");
  EXPECT_SAYS(said_about(structure("hierarchical_blocks", "levels: 4, base_size: 1000000")), "need 1e+24 units");
  EXPECT_SAYS(said_about("layers: " + std::string(100'000, '[')), "nested more than 64 deep");

  // files that claim more than they hold
  const auto npy = [](const std::string& shape) {
    const std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': " + shape + ", }\n";
    return std::string("\x93NUMPY\1\0", 8) + char(header.size()) + '\0' + header + std::string(16, '\0');
  };
  EXPECT_SAYS(failure([&] { parse_npy(npy("(1000000000000,)"), "x.npy"); }), "x.npy: is truncated");
  EXPECT_SAYS(failure([&] { parse_npy(npy("(4294967296, 4294967296, 16)"), "x.npy"); }), "x.npy");
  const auto tensors = [](const std::string& header) {
    std::string size(8, '\0');
    for (int i = 0; i < 8; ++i) size[size_t(i)] = char(uint64_t(header.size()) >> 8 * i);
    return size + header;
  };
  EXPECT_SAYS(failure([&] {
                parse_safetensors(
                    tensors(R"({"w":{"dtype":"F64","shape":[99999999999],"data_offsets":[0,799999999992]}})"),
                    "m.dynode");
              }),
              "m.dynode: tensor 'w' ends at byte 799999999992 of 0");
  EXPECT_LT(most_memory_so_far() - before, size_t(64) << 20) << "bytes";
}

// ---- files -----------------------------------------------------------------------------------------------

struct BadFiles : testing::Test {
  TemporaryFolder folder;
  std::string     loading(const std::string& name) {
        return failure([&] { Model::load(folder / name); });
  }
  std::string loading(const std::string& name, const std::string& bytes) {
    write_file(folder / name, bytes);
    return loading(name);
  }
  /// What is said, without the folder.
  std::string told(std::string said) const {
    for (size_t at; (at = said.find(folder.path() + "/")) != said.npos;) said.erase(at, folder.path().size() + 1);
    return said;
  }
  static Model small(Precision precision = Precision::float64) {
    return Model::from_spec(
        read_spec(parse_yaml(kLayers + "connections: [{from_layer: 0, to_layer: 1, connection_type: "
                                       "sparse, params: {sparsity: 0.5}}]\n")),
        {.precision = precision});
  }
  /// A model file with something changed.
  template <class F>
  std::string changed(const F& change) {
    Model model = small();
    model.save(folder / "m.dynode");
    TensorFile file = load_safetensors(folder / "m.dynode");
    file.metadata.erase("dynode.crc32c");
    change(file);
    save_safetensors(folder / "m.dynode", file);
    return told(loading("m.dynode"));
  }
};

TEST_F(BadFiles, Specs) {
  EXPECT_EQ(told(loading("net.yaml", "")), "net.yaml: the file is empty");
  EXPECT_EQ(told(loading("net.txt", kLayers)), "net.txt: unknown ending '.txt'\n  known are .yaml, .yml and .json");
  EXPECT_EQ(told(loading("net", kLayers)), "net: the name has no ending\n  known are .yaml, .yml and .json");
  std::filesystem::create_directory(folder / "dir.yaml");
  EXPECT_EQ(told(loading("dir.yaml")), "dir.yaml: is a directory, not a file");
  EXPECT_SAYS(told(loading("array.yaml", npy_bytes({{1}, std::vector<double>{1}}))),
              "array.yaml:1:1: byte 0x93 is not UTF-8");
  EXPECT_SAYS(told(loading("net.json", kLayers)), "net.json:1:1: ");
}

TEST_F(BadFiles, FilesASpecNames) {
  write_file(folder / "text.npz", "not an archive");
  save_npz(folder / "other.npz", {{"w", {{3, 2}, std::vector<double>(6)}}});
  save_npz(folder / "signs.npz", {{"mask", {{3, 2}, std::vector<double>{1, 1, 1, NAN, 1, 1}}}});
  save_npz(folder / "flat.npz", {{"mask", {{6}, std::vector<double>(6)}}});
  const auto with = [&](const std::string& words) { return told(loading("net.yaml", connection(words))); };
  EXPECT_SAYS(with("custom, params: {mask_file: text.npz}"), "text.npz: is not a readable .npz file");
  EXPECT_EQ(with("custom, params: {mask_file: other.npz}"), "other.npz: has no array 'mask'\n  it has: w");
  EXPECT_EQ(with("custom, params: {mask_file: flat.npz}"), "flat.npz: mask of J_0_to_1: expected [3, 2], got [6]");
  EXPECT_EQ(with("dense, params: {init: {name: custom, params: {weights_file: other.npz}}}"),
            "other.npz: has no array 'weights'\n  it has: w");
  save_npz(folder / "holes.npz", {{"weights", {{3, 2}, std::vector<double>{1, 1, 1, NAN, 1, 1}}}});
  EXPECT_SAYS(with("dense, params: {init: {name: custom, params: {weights_file: holes.npz}}}"),
              "net.yaml:5:5 connections[0]: weights[1, 1] is nan\n  weights must be finite");
  EXPECT_SAYS(with("dense, params: {ei_mask: signs.npz}"), "ei_mask[1, 1] is nan\n  it must be a sign: -1, 0 or 1");
  EXPECT_SAYS(told(loading("net.yaml", simulation("rate_table: other.npz"))), "other.npz: has no array 'phi'");
}

TEST_F(BadFiles, Models) {
  EXPECT_EQ(changed([](TensorFile&) {}), "no error");
  EXPECT_EQ(changed([](TensorFile& f) { f.metadata.erase("dynode.model"); }),
            "m.dynode: holds tensors but no dynode model\n  use it as weights: --weights, with a spec");
  EXPECT_SAYS(changed([](TensorFile& f) { f.metadata["dynode.model"] = "{\"layers\": ["; }),
              "m.dynode (dynode.model):1:13 layers[0]: not valid JSON: unexpected end of input");
  EXPECT_SAYS(changed([](TensorFile& f) { f.metadata["dynode.model"] = "{\"layers\": []}"; }),
              "m.dynode (dynode.model):1:12 layers: a network needs at least one layer");
  const auto replaced = [](const std::string& name, const Tensor& tensor) {
    return [=](TensorFile& f) {
      for (auto& [known, content] : f.tensors)
        if (known == name) content = tensor;
    };
  };
  EXPECT_EQ(changed(replaced("J_0_to_1", make_tensor({2, 3}, std::vector<double>(6)))),
            "J_0_to_1: expected [3, 2], got [2, 3]");
  EXPECT_EQ(changed(replaced("layer1/phi_offset", make_tensor({2}, std::vector<double>(2)))),
            "m.dynode: layer1/phi_offset: expected [3], got [2]");
  EXPECT_SAYS(changed(replaced("mask/J_0_to_1", make_tensor({3, 2}, std::vector<uint8_t>{1, 0, 1, 0, 2, 1}))),
              "mask[2, 0] is 2\n  a mask holds only 0 and 1");
  EXPECT_EQ(changed([](TensorFile& f) {
              std::erase_if(f.tensors, [](const auto& t) { return t.first == "layer1/log_gamma_plus"; });
            }),
            "m.dynode: has no parameter 'layer1/log_gamma_plus'\n  it was written for another network");
  EXPECT_SAYS(told(loading("cut.dynode", read_file(folder / "m.dynode").substr(0, 100))), "cut.dynode: ");
  EXPECT_SAYS(told(loading("empty.dynode", "")), "empty.dynode: is no model file: it has fewer than 8 bytes");
}

TEST_F(BadFiles, Weights) {
  Model      model = small();
  const auto with  = [&](const std::string& name, const Array& values) {
    save_npz(folder / "w.npz", {{name, values}});
    return told(failure([&] { model.load_parameters(folder / "w.npz"); }));
  };
  EXPECT_SAYS(with("layer1/gamma_plus", {{3}, std::vector<double>{1, -1, 1}}),
              "layer1/gamma_plus: value -1 at position 1 is not positive");
  EXPECT_SAYS(with("layer1/phi_offset", {{3}, std::vector<double>{1, 1, INFINITY}}),
              "layer1/phi_offset: value inf at position 2 is not finite");
  EXPECT_SAYS(with("layer1/gamma_minu", {{3}, std::vector<double>(3)}), "did you mean 'layer1/gamma_minus'?");
  EXPECT_SAYS(with("layer1/phi_offset", {{1, 3}, std::vector<double>(3)}),
              "layer1/phi_offset: expected [3], got [1, 3]");
  EXPECT_SAYS(with("mask/J_0_to_1", {{2, 3}, std::vector<double>(6)}), "mask/J_0_to_1");
  write_file(folder / "w.npz", "PK");
  EXPECT_SAYS(told(failure([&] { model.load_parameters(folder / "w.npz"); })), "w.npz: is not a readable .npz file");
}

}  // namespace
}  // namespace dynode

// Structures: what each rule connects, by hand, and what random rules must satisfy.
#include "dynode/wiring/structures.h"

#include <gtest/gtest.h>

#include "dynode/base/random.h"
#include "dynode/base/arguments_test.h"

namespace dynode {
namespace {

using Given = std::initializer_list<std::pair<const char*, Arguments::Value>>;

struct Sizes {
  size_t to, from;
  bool   internal = false, allow_self = true;
};

Mask build(const char* name, Sizes sizes, Given given = {}, uint64_t seed = 1) {
  const StructureEntry& entry     = find_structure(name);
  const Arguments       arguments = arguments_of(entry.facts, given);
  Random                random(seed, name);
  return build_mask(entry, {sizes.to, sizes.from, sizes.internal, sizes.allow_self, arguments, random});
}

/// One line per target, '1' where a connection is.
std::string picture(const Mask& mask) {
  std::string text;
  for (size_t i = 0; i < mask.to; ++i) {
    if (i) text += ' ';
    for (size_t j = 0; j < mask.from; ++j) text += mask(i, j) ? '1' : '0';
  }
  return text;
}

template <class F>
std::string message_of(F call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

TEST(Structures, DenseConnectsEverythingAndMayLeaveOutTheDiagonal) {
  EXPECT_EQ(picture(build("dense", {2, 3})), "111 111");
  EXPECT_EQ(picture(build("dense", {3, 3, true, false})), "011 101 110");
  EXPECT_EQ(picture(build("dense", {2, 3, false, false})), "111 111");   // only square masks have a diagonal
}

TEST(Structures, OneToOneFollowsTheDiagonalOrARange) {
  EXPECT_EQ(picture(build("one_to_one", {2, 3})), "100 010");
  EXPECT_EQ(picture(build("one_to_one", {3, 2})), "10 01 00");
  const Given range = {{"source_start_node_id", 1.0}, {"source_end_node_id", 2.0}};
  EXPECT_EQ(picture(build("one_to_one", {3, 4}, range)), "0100 0010 0000");
}

TEST(Structures, OneToOneRefusesRangesThatDoNotFit) {
  const auto range = [](double start, double end, Sizes sizes) {
    return message_of(
        [&] { build("one_to_one", sizes, {{"source_start_node_id", start}, {"source_end_node_id", end}}); });
  };
  EXPECT_TRUE(contains(range(-1, 1, {3, 4}), "below 0"));
  EXPECT_TRUE(contains(range(0, 4, {9, 4}), "outside the source layer of 4 units"));
  EXPECT_TRUE(contains(range(3, 2, {3, 4}), "behind"));
  EXPECT_TRUE(contains(range(0, 3, {3, 4}), "4 sources for 3 targets"));
  EXPECT_TRUE(contains(message_of([] { build("one_to_one", {3, 4}, {{"source_start_node_id", 1.0}}); }), "both"));
}

TEST(Structures, InverseOneToOneNeedsEqualSizes) {
  EXPECT_EQ(picture(build("inverse_one_to_one", {3, 3})), "011 101 110");
  EXPECT_THROW(build("inverse_one_to_one", {3, 2}), SpecError);
}

TEST(Structures, ChainLeadsEverySourceToTheNextTarget) {
  EXPECT_EQ(picture(build("chain", {3, 3})), "000 100 010");
  EXPECT_EQ(picture(build("chain", {4, 2})), "00 10 00 00");
  EXPECT_EQ(picture(build("chain", {2, 4})), "0000 1000");
}

TEST(Structures, SparseHitsItsDensity) {
  EXPECT_EQ(build("sparse", {20, 30}, {{"sparsity", 1.0}}).count(), 600u);
  const size_t count = build("sparse", {200, 200}, {{"sparsity", 0.2}}).count();
  EXPECT_NEAR(double(count), 8000, 5 * std::sqrt(40000 * 0.2 * 0.8));   // five standard deviations
  EXPECT_THROW(build("sparse", {2, 2}, {{"sparsity", 0.0}}), SpecError);
}

TEST(Structures, ConstantGivesEverySourceTheSameNumberOfTargets) {
  const Given three = {{"expected_fan_out", 3.0}};
  EXPECT_EQ(build("constant", {7, 5}, three).fan_out(), std::vector<size_t>(5, 3));
  EXPECT_EQ(build("constant", {2, 5}, three).fan_out(), std::vector<size_t>(5, 2));

  // the source itself is left out before drawing, so the number stays
  const Mask loopless = build("constant", {4, 4, true, false}, three);
  EXPECT_EQ(picture(loopless), "0111 1011 1101 1110");
}

TEST(Structures, ConstantDrawsTargetsEvenly) {
  const std::vector<size_t> fan_in = build("constant", {10, 5000}, {{"expected_fan_out", 2.0}}).fan_in();
  for (const size_t count : fan_in) EXPECT_NEAR(double(count), 1000, 5 * std::sqrt(5000 * 0.2 * 0.8));
}

TEST(Structures, ExponentialDrawsByDistance) {
  // external: distance H + |k − k'| with H = 1 cancels, so target 1 has the weight e^−1 of target 0
  size_t first = 0;
  for (uint64_t seed = 0; seed < 4000; ++seed)
    first += build("exponential", {2, 1}, {{"expected_fan_out", 1.0}, {"d_0", 1.0}}, seed)(0, 0);
  const double p = 1 / (1 + std::exp(-1.0));
  EXPECT_NEAR(double(first) / 4000, p, 5 * std::sqrt(p * (1 - p) / 4000));
}

TEST(Structures, PowerLawDrawsByDistance) {
  // external: H = ⌈√2⌉ = 2, so the targets of source 0 are 2 and 3 away: odds 2^−2 to 3^−2
  size_t first = 0;
  for (uint64_t seed = 0; seed < 4000; ++seed)
    first += build("power_law", {2, 1}, {{"expected_fan_out", 1.0}, {"alpha", 2.0}}, seed)(0, 0);
  const double p = 9.0 / 13;
  EXPECT_NEAR(double(first) / 4000, p, 5 * std::sqrt(p * (1 - p) / 4000));
}

TEST(Structures, WithinALayerUnitsLieOnAGrid) {
  // 9 units, 3 by 3: in the logarithm a self connection outweighs everything; without it the four neighbours of the
  // middle do when alpha is huge
  const Given four = {{"expected_fan_out", 4.0}, {"alpha", 200.0}};
  const Mask  mask = build("power_law", {9, 9, true, false}, four);
  for (size_t target = 0; target < 9; ++target) EXPECT_EQ(mask(target, 4), target % 2 == 1) << target;
  const Mask self = build("power_law", {9, 9, true, true}, {{"expected_fan_out", 1.0}});
  for (size_t k = 0; k < 9; ++k) EXPECT_EQ(self(k, k), 1);
}

TEST(Structures, BlocksRepeatAPattern) {
  const auto blocks = [](const char* mode, double within, double cross, Sizes sizes, double count) {
    return picture(build("block_structure", sizes,
                         {{"block_count", count},
                          {"connection_mode", std::string(mode)},
                          {"within_block_density", within},
                          {"cross_block_density", cross}}));
  };
  EXPECT_EQ(blocks("none", 1, 1, {4, 4}, 2), "1100 1100 0011 0011");
  EXPECT_EQ(blocks("diagonal", 1, 0.25, {4, 4}, 2), "1100 1100 1011 0011");
  EXPECT_EQ(blocks("full", 1, 0.25, {4, 4}, 2), "1110 1100 1011 0011");
  EXPECT_EQ(blocks("none", 0.5, 0, {4, 4}, 2), "1000 1000 0010 0010");         // every second entry of a block
  EXPECT_EQ(blocks("none", 1, 0, {5, 3}, 2), "100 100 010 010 000");           // what does not divide stays empty
  EXPECT_EQ(blocks("none", 1, 0, {2, 2}, 9), "10 01");                         // at most min(to, from) blocks
  EXPECT_EQ(blocks("none", 0.125, 0, {4, 4}, 2), "0000 0000 0000 0000");       // 0.5 rounds to even: none
  EXPECT_EQ(blocks("none", 0.375, 0, {4, 4}, 2), "1000 1000 0010 0010");       // 1.5 rounds to even: two
  EXPECT_TRUE(contains(message_of([&] { blocks("diagonl", 1, 0, {2, 2}, 1); }), "did you mean 'diagonal'"));
}

TEST(Structures, HierarchicalBlocksJoinTheirInterneurons) {
  // tier 0: pairs; tier 1: half of 4 units, one of each pair, the lowest
  const Given two = {{"levels", 2.0}, {"base_size", 2.0}};
  EXPECT_EQ(picture(build("hierarchical_blocks", {4, 4}, two)), "1110 1100 1011 0011");

  const Given shares = {{"levels", 2.0}, {"base_size", 2.0}, {"tier_fractions", std::vector<double>{0.5, 0.75}}};
  EXPECT_EQ(picture(build("hierarchical_blocks", {4, 4}, shares)), "1110 1110 1110 0000");
}

TEST(Structures, HierarchicalBlocksRefuseWhatDoesNotFit) {
  EXPECT_THROW(build("hierarchical_blocks", {5, 5}, {{"levels", 2.0}, {"base_size", 2.0}}), SpecError);
  const auto fractions = [](std::vector<double> list) {
    build("hierarchical_blocks", {4, 4}, {{"levels", 2.0}, {"base_size", 2.0}, {"tier_fractions", list}});
  };
  EXPECT_THROW(fractions({1}), SpecError);
  EXPECT_THROW(fractions({1, 1.5}), SpecError);
}

TEST(Structures, ACustomMaskIsTakenAsItIsOrRefused) {
  EXPECT_EQ(picture(custom_mask(2, 2, {1, 0, 0, 1})), "10 01");
  EXPECT_EQ(picture(build("custom", {1, 2}, {{"mask", std::vector<double>{0, 1}}})), "01");
  EXPECT_THROW(custom_mask(2, 2, {1, 0, 0}), ShapeError);
  EXPECT_TRUE(contains(message_of([] { custom_mask(2, 2, {1, 0, 0.5, 1}); }), "mask[1, 0] is 0.5"));
  EXPECT_THROW(build("custom", {1, 2}), SpecError);
}

TEST(Structures, AnUnknownNameIsAnErrorWithASuggestion) {
  const At at{.file = "net.yaml", .line = 3, .column = 5, .path = "connections[0]"};
  const std::string message = message_of([&] { find_structure("sparce", at); });
  EXPECT_TRUE(contains(message, "net.yaml:3:5")) << message;
  EXPECT_TRUE(contains(message, "did you mean 'sparse'")) << message;
  EXPECT_THROW(build("dense", {0, 2}), SpecError);
}

TEST(Structures, TheSameSeedMakesTheSameMask) {
  for (const char* name : {"sparse", "constant", "power_law", "exponential"}) {
    const auto make = [&](uint64_t seed) {
      return name == std::string("sparse") ? build(name, {12, 12, true}, {{"sparsity", 0.5}}, seed)
                                           : build(name, {12, 12, true}, {{"expected_fan_out", 4.0}}, seed);
    };
    EXPECT_EQ(make(7), make(7)) << name;
    EXPECT_NE(make(7), make(8)) << name;
  }
}

TEST(Structures, FactsHoldTheirOwnDefaults) {
  for (const StructureEntry& entry : structures())
    for (const Fact& fact : entry.facts) {
      const bool has_number = fact.kind != ArgumentKind::text && fact.kind != ArgumentKind::numbers;
      if (fact.required || !has_number || std::isnan(fact.value)) continue;
      EXPECT_TRUE(fact.value >= fact.min && fact.value <= fact.max) << entry.name << "." << fact.name;
    }
}

}  // namespace
}  // namespace dynode

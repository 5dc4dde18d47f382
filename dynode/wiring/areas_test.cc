// Networks in parts: areas, groups of channels, chosen units, by hand.
#include "dynode/wiring/areas.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "dynode/base/arguments_test.h"
#include "dynode/base/failure_test.h"
#include "dynode/wiring/polarity.h"
#include "dynode/wiring/structures.h"

namespace dynode {
namespace {

using Numbers = std::vector<double>;

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string picture(const Mask& mask) {
  std::string text;
  for (size_t i = 0; i < mask.to; ++i) {
    if (i) text += ' ';
    for (size_t j = 0; j < mask.from; ++j) text += mask(i, j) ? '1' : '0';
  }
  return text;
}

Mask build(const char* name, size_t to, size_t from, std::initializer_list<std::pair<const char*, Arguments::Value>> given,
           uint64_t seed = 1) {
  const StructureEntry& entry     = find_structure(name);
  const Arguments       arguments = arguments_of(entry.facts, given);
  Random                random(seed, name);
  return build_mask(entry, {to, from, false, true, arguments, random});
}

TEST(Areas, ForwardIsBelowTheDiagonalAndBackwardAbove) {
  EXPECT_EQ(picture(build("multi_area", 4, 4, {{"areas", Numbers{2, 1, 1}}, {"density", Numbers{1, 0, 0}}})),
            "0000 0000 1100 1110");
  EXPECT_EQ(picture(build("multi_area", 3, 3, {{"areas", Numbers{3}}, {"density", Numbers{0, 1}}})), "111 011 001")
      << "within an area everything is connected unless somebody says otherwise";
  EXPECT_EQ(picture(build("multi_area", 3, 3, {{"areas", Numbers{2, 1}}, {"density", Numbers{0, 1, 1, 0}}})),
            "001 001 110") << "a density for each pair of areas, targets row by row";
}

TEST(Areas, DensitiesAreProbabilitiesAndFollowTheSeed) {
  const auto drawn = [](uint64_t seed) {
    return build("multi_area", 200, 200, {{"areas", Numbers{2}}, {"density", Numbers{0.3, 0.1, 0.6}}}, seed);
  };
  const Mask mask = drawn(1);
  EXPECT_EQ(mask, drawn(1));
  EXPECT_NE(mask, drawn(2));
  double block[2][2] = {};
  for (size_t i = 0; i < 200; ++i)
    for (size_t j = 0; j < 200; ++j) block[i / 100][j / 100] += mask(i, j) / 1e4;
  EXPECT_NEAR(block[1][0], 0.3, 0.02);
  EXPECT_NEAR(block[0][1], 0.1, 0.02);
  EXPECT_NEAR(block[0][0], 0.6, 0.02);
}

TEST(Areas, KindsOfConnectionsBetweenAreasCanBeLeftOut) {
  // areas of an excitatory and an inhibitory unit; from area 0 (columns 0, 1) to area 1 (rows 2, 3)
  const auto only = [](Numbers between) {
    return picture(build("multi_area", 4, 4, {{"areas", Numbers{2}}, {"density", Numbers{1, 0, 0}},
                                              {"excitatory_ratio", 0.5}, {"between", std::move(between)}}));
  };
  EXPECT_EQ(only({1, 0, 0, 0}), "0000 0000 1000 0000") << "excitatory to excitatory";
  EXPECT_EQ(only({0, 1, 0, 0}), "0000 0000 0000 1000") << "excitatory to inhibitory";
  EXPECT_EQ(only({0, 0, 1, 0}), "0000 0000 0100 0000") << "inhibitory to excitatory";
  EXPECT_EQ(only({0, 0, 0, 1}), "0000 0000 0000 0100");
}

TEST(Areas, InputsAndReadoutsChooseAreas) {
  EXPECT_EQ(picture(build("area_input", 3, 2, {{"areas", Numbers{2, 1}}, {"input_areas", Numbers{1}}})), "00 00 11");
  EXPECT_EQ(picture(build("area_input", 3, 1, {{"areas", Numbers{3}}})), "1 1 1");
  EXPECT_EQ(picture(build("area_readout", 2, 3, {{"areas", Numbers{2, 1}}, {"readout_areas", Numbers{0}}})), "110 110");
  EXPECT_EQ(picture(build("area_readout", 1, 6, {{"areas", Numbers{2}}, {"excitatory_ratio", 0.7},
                                                 {"inhibitory_readout", 0.0}})), "110110");
}

TEST(Areas, GroupsHaveUnitsOfTheirOwn) {
  const Numbers table = {1, 1, 0, 0, 1, 1};
  EXPECT_EQ(picture(build("input_groups", 3, 4, {{"group_sizes", Numbers{1, 3}}, {"table", table}})), "1000 1111 0111");
  EXPECT_EQ(picture(build("readout_groups", 4, 3, {{"group_sizes", Numbers{1, 3}}, {"table", table}})), "110 011 011 011");
  EXPECT_EQ(picture(build("input_groups", 2, 2, {})), "11 11");
}

TEST(Areas, ChosenUnitsAreDrawnOnceForInputsAndReadouts) {
  const auto share = [](const Mask& m, bool rows) {
    std::vector<size_t> units;
    for (size_t u = 0; u < 10; ++u)
      if (rows ? m(u, 0) : m(0, u)) units.push_back(u);
    return units;
  };
  for (double seed : {1.0, 2.0, 3.0}) {
    const auto in  = share(build("random_inputs", 10, 2, {{"input_share", 0.4}, {"seed", seed}}), true);
    const auto out = share(build("random_readouts", 2, 10, {{"input_share", 0.4}, {"readout_share", 0.6}, {"overlap", 0.0}, {"seed", seed}}), false);
    EXPECT_EQ(in.size(), 4u);
    EXPECT_EQ(out.size(), 6u);
    for (const size_t u : in) EXPECT_EQ(std::ranges::count(out, u), 0) << u;
  }
  EXPECT_EQ(picture(build("random_readouts", 1, 3, {})), "111");
}

TEST(Areas, PolarityMayFollowAreas) {
  const Arguments arguments = arguments_of(polarity_facts(), {{"draw", std::string("areas")}, {"areas", Numbers{5, 3}},
                                                              {"excitatory_ratio", 0.7}});
  Random random(1);
  EXPECT_EQ(draw_polarity(8, arguments, random), (std::vector<int8_t>{1, 1, 1, -1, -1, 1, 1, -1}));
  EXPECT_PRED2(says, failure([&] { draw_polarity(9, arguments, random); }), "the areas have 8 units, the layer has 9");
}

TEST(Areas, WhatDoesNotFitIsRefused) {
  const auto said = [](const char* name, size_t to, size_t from, std::initializer_list<std::pair<const char*, Arguments::Value>> given) {
    return failure([&] { build(name, to, from, given); });
  };
  EXPECT_PRED2(says, said("multi_area", 4, 3, {{"areas", Numbers{1}}, {"density", Numbers{1, 1}}}), "not 3 units with 4");
  EXPECT_PRED2(says, said("multi_area", 5, 5, {{"areas", Numbers{2}}, {"density", Numbers{1, 1}}}), "5 units do not make 2 areas of equal size");
  EXPECT_PRED2(says, said("multi_area", 5, 5, {{"areas", Numbers{2, 2}}, {"density", Numbers{1, 1}}}), "the areas have 4 units, the layer has 5");
  EXPECT_PRED2(says, said("multi_area", 6, 6, {{"areas", Numbers{1.5}}, {"density", Numbers{1, 1}}}), "1.5 is no number of areas");
  EXPECT_PRED2(says, said("multi_area", 6, 6, {{"areas", Numbers{3}}, {"density", Numbers{1, 1, 1, 1}}}), "4 densities for 3 areas");
  EXPECT_PRED2(says, said("multi_area", 6, 6, {{"areas", Numbers{3}}, {"density", Numbers{1, 2}}}), "a density between areas is 2");
  EXPECT_PRED2(says, said("multi_area", 6, 6, {{"areas", Numbers{3}}, {"density", Numbers{1, 1}}, {"between", Numbers{1, 1, 1, 1}}}), "give excitatory_ratio");
  EXPECT_PRED2(says, said("multi_area", 6, 6, {{"areas", Numbers{3}}, {"density", Numbers{1, 1}}, {"excitatory_ratio", 0.5}, {"between", Numbers{1}}}), "four switches");
  EXPECT_PRED2(says, said("area_input", 4, 1, {{"areas", Numbers{2}}, {"input_areas", Numbers{2}}}), "input_areas: there is no area 2");
  EXPECT_PRED2(says, said("input_groups", 2, 3, {{"group_sizes", Numbers{1, 1}}}), "do not make up 3 channels");
  EXPECT_PRED2(says, said("input_groups", 2, 3, {{"group_sizes", Numbers{1, 2.5}}}), "a group of 2.5 channels");
  EXPECT_PRED2(says, said("input_groups", 2, 3, {{"table", Numbers{1, 1, 1}}}), "the table of groups has 3 entries");
  EXPECT_PRED2(says, said("input_groups", 2, 3, {{"table", Numbers{1, 2}}}), "has 2 at group 0, unit 1");
  EXPECT_PRED2(says, said("random_readouts", 1, 4, {{"input_share", 0.6}, {"readout_share", 0.6}, {"overlap", 0.0}}), "overlap");
}

}  // namespace
}  // namespace dynode

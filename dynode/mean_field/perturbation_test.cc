#include "dynode/mean_field/perturbation.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "dynode/mean_field/stimulus.h"

namespace dynode::mean_field {
namespace {

TEST(Perturbations, PutValuesWhereTheyAreListed) {
  EXPECT_EQ(scatter({1, -1}, {3, 0}, 4), (std::vector<double>{-1, 0, 0, 1}));
  EXPECT_THROW(scatter({1, -1}, {3}, 4), SpecError);
  EXPECT_THROW(scatter({1}, {4}, 4), SpecError);
  EXPECT_THROW(scatter({1, 2}, {3, 3}, 4), SpecError);
}

TEST(Perturbations, AddUpAndFollowTheirMask) {
  EXPECT_EQ(combine({{1, 0}, {1, 2}}, {2, 3}), (std::vector<double>{5, 6}));
  EXPECT_EQ(combine({{1, 2}}, {1}, std::vector<double>{0, 1, 0}), (std::vector<double>{0, 1, 0, 0, 2, 0}));
  EXPECT_THROW(combine({{1, 0}}, {2, 3}), ShapeError);
  EXPECT_THROW(combine({{1, 0}, {1}}, {2, 3}), ShapeError);
}

TEST(Perturbations, OfACirculantShiftByOne) {
  EXPECT_EQ(circulant_factors(4, 2, 2, 0.5, 0.25), (std::vector<double>{1, 1.5, 1, 1.25,    //
                                                                        1.5, 1, 1.25, 1,    //
                                                                        1, 1, 1, 1,         //
                                                                        1, 1, 1, 1}));
  EXPECT_THROW(circulant_factors(4, 3, 2, 1, 1), SpecError);
}

TEST(Stimulus, HasItsShape) {
  Stimulus s{.shape          = StimulusShape::box,
             .total_duration = 0.6,
             .onsets         = {0.1, 0.2},
             .duration       = 0.3,
             .amplitude      = 2,
             .delta_t        = 0.1};
  EXPECT_EQ(waveform(s), (std::vector<double>{0, 2, 4, 4, 2, 0}));  // 0.3/0.1 is a little less than 3
  s.shape = StimulusShape::linear, s.onsets = {0.1};
  EXPECT_NEAR(waveform(s)[3], 4.0 / 3, 1e-15);
  EXPECT_EQ(waveform(s)[4], 0);
}

TEST(Stimulus, OfTwoExponentialsPeaksAtItsAmplitudeAlsoWhereTheyAreEqual) {
  for (double rise : {0.01, 0.03 * (1 - 1e-5), 0.03, 0.09}) {
    const auto values = waveform(
        {.total_duration = 1, .onsets = {0}, .amplitude = 3, .delta_t = 1e-4, .tau_rise = rise, .tau_decay = 0.03});
    EXPECT_NEAR(*std::max_element(values.begin(), values.end()), 3, 1e-4) << rise;
  }
}

TEST(Stimulus, NamesWhatIsWrong) {
  EXPECT_THROW(stimulus_shape("boxx"), SpecError);
  EXPECT_THROW(waveform({.delta_t = 0}), SpecError);
  EXPECT_THROW(waveform({.onsets = {-1}}), SpecError);
  EXPECT_THROW(waveform({.tau_rise = 0}), SpecError);
}

}  // namespace
}  // namespace dynode::mean_field

#include "dynode/io/rate_table.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/io/npz.h"
#include "dynode/io/io_test.h"

namespace dynode {
namespace {

Array vector(std::vector<double> values) { return {{int64_t(values.size())}, values}; }

/// What loading a file with these arrays says.
template <class E>
std::string refusal(const std::vector<Npz::Entry>& entries) {
  const TemporaryFolder folder;
  save_npz(folder / "t.npz", entries);
  return message_of<E>([&] { load_rate_table(folder / "t.npz"); });
}

const Array kIb = vector({1, 1.5, 2}), kPhi = vector({0, 0.5});
const Array kG{{3, 2}, std::vector<double>{0, 0, 0.1, 0.2, 0.3, 0.4}};

}  // namespace

TEST(RateTable, GivesBackWhatWasSaved) {
  const TemporaryFolder folder;
  const RateTableData   table{.phi_first = -0.5,
                              .phi_step  = 0.25,
                              .phi_count = 2,
                              .ib_first  = 1,
                              .ib_step   = 0.5,
                              .ib_count  = 3,
                              .g         = {0, 0, 0.1, 0.2, 0.3, 0.4}};
  save_rate_table(folder / "t.npz", table);
  EXPECT_EQ(load_rate_table(folder / "t.npz"), table);
  EXPECT_EQ(load_npz(folder / "t.npz").names(), (std::vector<std::string>{"ib", "phi", "g"}));
}

TEST(RateTable, TakesAxesInSinglePrecision) {
  std::vector<float> phi(201);
  for (int k = 0; k < 201; ++k) phi[k] = 0.0025f * float(k);
  EXPECT_EQ(refusal<IoError>({{"ib", kIb}, {"phi", {{201}, phi}}, {"g", {{3, 201}, std::vector<double>(603)}}}), "");
}

TEST(RateTable, NamesWhatIsWrong) {
  EXPECT_SAYS(refusal<IoError>({{"ib", kIb}, {"g", kG}}), "t.npz: has no array 'phi'\n  it has: ib, g");
  EXPECT_SAYS(refusal<ShapeError>({{"ib", kIb}, {"phi", kPhi}, {"g", {{2, 3}, kG.data}}}),
              "t.npz[g]: expected [3, 2], got [2, 3]");
  EXPECT_SAYS(refusal<ShapeError>({{"ib", vector({1})}, {"phi", kPhi}, {"g", kG}}),
              "t.npz[ib]: expected [any], got [1]");
  EXPECT_SAYS(refusal<IoError>({{"ib", vector({2, 1.5, 1})}, {"phi", kPhi}, {"g", kG}}),
              "t.npz[ib]: the axis does not increase");
  EXPECT_SAYS(refusal<IoError>({{"ib", vector({1, 1.4, 2})}, {"phi", kPhi}, {"g", kG}}),
              "the axis is not equidistant: value 1 is 1.4, expected 1.5");
  EXPECT_SAYS(refusal<IoError>({{"ib", vector({1, NAN, 2})}, {"phi", kPhi}, {"g", kG}}), "value 1 is nan");
  Array g                                  = kG;
  std::get<std::vector<double>>(g.data)[3] = INFINITY;
  EXPECT_SAYS(refusal<IoError>({{"ib", kIb}, {"phi", kPhi}, {"g", g}}), "t.npz[g]: value [1][1] is inf");
}

}  // namespace dynode

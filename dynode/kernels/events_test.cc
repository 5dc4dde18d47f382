#include "dynode/kernels/events.h"

#include <gtest/gtest.h>

#include "dynode/base/buffer.h"
#include "dynode/base/random.h"
#include "dynode/kernels/isa.h"

namespace dynode {
namespace {

template <class R>
class Events : public ::testing::Test {
 protected:
  void TearDown() override { use_isa(""); }

  static std::vector<Slab> slabs(size_t units) {
    const size_t width = dense_kernels<R>().width;
    return {{Layout::tiles, units, width, width},
            {Layout::tiles, units, 2 * width, 2 * width},
            {Layout::rows, units, 3, (units + width - 1) / width * width}};
  }
  static size_t at(const Slab& s, size_t row, size_t unit) {
    return s.layout == Layout::tiles ? unit * s.stride + row : row * s.stride + unit;
  }
};
using Precisions = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Events, Precisions);

TYPED_TEST(Events, WhoFiredIsFoundInAscendingOrder) {
  using R = TypeParam;
  for (const std::string& isa : isa_names()) {
    use_isa(isa);
    for (size_t units : {1, 7, 64, 65, 200, 1000})
      for (const Slab& slab : this->slabs(units))
        for (double density : {0.0, 0.01, 0.5, 1.0}) {
          Random                             random(units, "fired");
          Buffer<R>                          s(slab.size());
          std::vector<std::vector<uint32_t>> wanted(slab.rows);
          for (size_t row = 0; row < slab.rows; ++row)
            for (size_t unit = 0; unit < units; ++unit)
              if (random.uniform() < density)
                s[this->at(slab, row, unit)] = R(1), wanted[row].push_back(uint32_t(unit));
          if (slab.layout == Layout::rows)  // what stands in the padding does not count
            for (size_t row = 0; row < slab.rows; ++row)
              for (size_t unit = units; unit < slab.stride; ++unit) s[this->at(slab, row, unit)] = R(1);
          for (size_t row = 0; row < slab.rows; ++row) {
            std::vector<uint32_t> fired(units + 1, 7777);
            fired.resize(event_kernels<R>().find(slab, row, s.data(), fired.data()));
            ASSERT_EQ(fired, wanted[row]) << isa << ", " << units << " units, row " << row;
          }
        }
  }
}

TYPED_TEST(Events, ListsAreAddedInTheOrderOfSpikesWithTheSameBitsEverywhere) {
  using R                       = TypeParam;
  const size_t          sources = 40, units = 77;
  Random                random(3, "lists");
  std::vector<uint32_t> begin = {0}, column;
  std::vector<R>        values;
  for (size_t j = 0; j < sources; ++j) {
    for (size_t i = 0; i < units; ++i)
      if (j != 5 && random.uniform() < 0.3) column.push_back(uint32_t(i)), values.push_back(R(random.normal()));
    begin.push_back(uint32_t(column.size()));
  }
  const SparseRows            lists{begin.data(), column.data()};
  const std::vector<uint32_t> fired = {0, 5, 6, 11, 39};

  std::vector<R> wanted(units);
  for (size_t i = 0; i < units; ++i) wanted[i] = R(0.1) * R(i);
  for (uint32_t j : fired)
    for (size_t k = begin[j]; k < begin[j + 1]; ++k) wanted[column[k]] += values[k];

  for (const std::string& isa : isa_names()) {
    use_isa(isa);
    for (const Slab& slab : this->slabs(units))
      for (size_t row = 0; row < slab.rows; ++row) {
        Buffer<R> to(slab.size());
        for (size_t i = 0; i < units; ++i) to[this->at(slab, row, i)] = R(0.1) * R(i);
        event_kernels<R>().add(slab, row, lists, values.data(), fired.data(), fired.size(), to.data());
        for (size_t other = 0; other < slab.rows; ++other)
          for (size_t i = 0; i < units; ++i)
            ASSERT_EQ(to[this->at(slab, other, i)], other == row ? wanted[i] : R(0)) << isa << ", row " << row;
      }
  }
}

}  // namespace
}  // namespace dynode

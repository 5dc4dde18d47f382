// Slabs of noise against the scalar counter function, for every instruction set.
#include "dynode/kernels/noise.h"

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dynode/base/buffer.h"
#include "dynode/kernels/isa.h"

namespace dynode {
namespace {

// one word of the published known answers: key 0, counter 0
static_assert(noise_word({0, 0}, 0, 0, 2) == 0xbc57ac4c);
// seed, site and pass all count, also at zero and when exchanged
static_assert(noise_key(0, 0, 0) != noise_key(0, 0, 1) && noise_key(0, 0, 0) != noise_key(0, 1, 0) &&
              noise_key(0, 0, 0) != noise_key(1, 0, 0) && noise_key(0, 1, 0) != noise_key(0, 0, 1) &&
              noise_key(1, 0, 0) != noise_key(0, 1, 0));

template <class R>
class Noise : public ::testing::Test {
 public:
  size_t width = 1;

  void TearDown() override { use_isa(""); }

  template <class F>
  void on_every_isa(F test) {
    for (const std::string& isa : isa_names()) {
      use_isa(isa);
      width = dense_kernels<R>().width;
      SCOPED_TRACE(isa);
      test(noise_kernels<R>());
    }
  }
  Slab slab(Layout layout, size_t units, size_t rows) const {
    return {layout, units, rows, layout == Layout::tiles ? rows : (units + width - 1) / width * width};
  }
  static size_t at(const Slab& shape, size_t unit, size_t row) {
    return shape.layout == Layout::tiles ? unit * shape.stride + row : row * shape.stride + unit;
  }
  std::vector<Slab> slabs(size_t units) const {
    return {slab(Layout::tiles, units, width), slab(Layout::tiles, units, 2 * width), slab(Layout::rows, units, 1),
            slab(Layout::rows, units, 7)};
  }
};

using Numbers = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Noise, Numbers);

/// Box and Muller by libm on the words of unit 4g + 2h and its neighbour.
double expected_normal(const NoisePlace& at, uint32_t row, uint32_t unit) {
  const uint32_t first = unit / 2 * 2;
  const double u = ((noise_word(at.key, at.step, row, first, at.draw) >> 1) + 0.5) * 0x1p-31;
  const double angle = M_PI * int32_t(noise_word(at.key, at.step, row, first + 1, at.draw)) * 0x1p-31;
  return std::sqrt(-2 * std::log(u)) * (unit % 2 == 0 ? std::cos(angle) : std::sin(angle));
}

TYPED_TEST(Noise, EveryNumberIsThatOfItsCounterInEveryLayout) {
  using R = TypeParam;
  const NoisePlace place{noise_key(7, 3, 11), 1234, 40, 2};
  const int    kept = sizeof(R) == 4 ? 24 : 31;
  const double off  = sizeof(R) == 4 ? 4e-6 : 1e-14;
  this->on_every_isa([&](const NoiseKernels<R>& kernels) {
    for (size_t units = 1; units <= 70; ++units)
      for (const Slab& shape : this->slabs(units)) {
        Buffer<R> uniform(shape.size() + 1), normal(shape.size() + 1);
        std::fill(uniform.begin(), uniform.end(), R(-5));
        std::fill(normal.begin(), normal.end(), R(-5));
        kernels.uniform(shape, place, uniform.data());
        kernels.normal(shape, place, normal.data());
        EXPECT_EQ(uniform[shape.size()], R(-5));
        EXPECT_EQ(normal[shape.size()], R(-5));
        for (size_t row = 0; row < shape.rows; ++row) {
          for (size_t unit = 0; unit < units; ++unit) {
            const uint32_t word = noise_word(place.key, place.step, uint32_t(40 + row), uint32_t(unit), place.draw);
            const size_t   i    = this->at(shape, unit, row);
            ASSERT_EQ(uniform[i], R((word >> (32 - kept)) * std::ldexp(1.0, -kept)))
                << "unit " << unit << " row " << row;
            ASSERT_NEAR(normal[i], expected_normal(place, uint32_t(40 + row), uint32_t(unit)), off)
                << "unit " << unit << " row " << row;
          }
          for (size_t unit = units; shape.layout == Layout::rows && unit < shape.stride; ++unit) {
            ASSERT_EQ(uniform[this->at(shape, unit, row)], 0);
            ASSERT_EQ(normal[this->at(shape, unit, row)], 0);
          }
        }
      }
  });
}

TYPED_TEST(Noise, TilesAndRowsHaveTheSameBits) {
  using R = TypeParam;
  this->on_every_isa([&](const NoiseKernels<R>& kernels) {
    const Slab tile = this->slab(Layout::tiles, 33, 2 * this->width), one = this->slab(Layout::rows, 33, 1);
    Buffer<R> batch(tile.size()), alone(one.size());
    kernels.normal(tile, {.key = noise_key(1, 2, 3), .first_row = 64}, batch.data());
    for (size_t row = 0; row < tile.rows; ++row) {
      kernels.normal(one, {.key = noise_key(1, 2, 3), .first_row = uint32_t(64 + row)}, alone.data());
      for (size_t unit = 0; unit < 33; ++unit) ASSERT_EQ(alone[unit], batch[this->at(tile, unit, row)]);
    }
  });
}

TYPED_TEST(Noise, IsAddedOrMultipliedUnitByUnit) {
  using R = TypeParam;
  const NoisePlace place{noise_key(7, 3, 11), 1234, 40, 2};
  const double     off = sizeof(R) == 4 ? 1e-5 : 1e-13;
  this->on_every_isa([&](const NoiseKernels<R>& kernels) {
    for (size_t units : {1, 4, 7, 33})
      for (const Slab& shape : this->slabs(units)) {
        const size_t padded = (units + this->width - 1) / this->width * this->width;
        Buffer<R>    normal(shape.size()), from(shape.size()), to(shape.size() + 1), deviation(padded), mean(padded);
        for (size_t i = 0; i < from.size(); ++i) from[i] = R(0.01 * double(i));
        for (size_t u = 0; u < units; ++u) deviation[u] = R(0.1 * double(u)), mean[u] = R(1 + double(u));
        kernels.normal(shape, place, normal.data());
        const auto check = [&](const char* what, auto&& expected) {
          ASSERT_EQ(to[shape.size()], R(0));
          for (size_t row = 0; row < shape.rows; ++row)
            for (size_t u = 0; u < units; ++u) {
              const size_t i = this->at(shape, u, row);
              ASSERT_NEAR(to[i], expected(double(from[i]), double(normal[i]), u), off * (1 + std::abs(double(to[i])))) << what << " " << u;
            }
        };
        kernels.add(shape, place, deviation.data(), mean.data(), from.data(), to.data());
        check("mean", [](double x, double n, size_t u) { return x + 1 + double(u) + 0.1 * double(u) * n; });
        kernels.add(shape, place, deviation.data(), nullptr, from.data(), to.data());
        check("no mean", [](double x, double n, size_t u) { return x + 0.1 * double(u) * n; });
        std::copy(from.begin(), from.end(), to.begin());
        kernels.scale(shape, place, deviation.data(), to.data(), to.data());
        check("in place", [](double x, double n, size_t u) { return x * (1 + 0.1 * double(u) * n); });
      }
  });
}

TYPED_TEST(Noise, HasTheRightMomentsAndNoCorrelations) {
  using R = TypeParam;
  this->on_every_isa([&](const NoiseKernels<R>& kernels) {
    const Slab shape = this->slab(Layout::tiles, 64, 2 * this->width);
    const size_t size = shape.size(), steps = 200000 / size + 1;
    Buffer<R> x(size), before(size), u(size);
    double sum[4] = {}, pairs = 0, in_time = 0, uniform = 0, uniform_square = 0;
    for (size_t t = 0; t < steps; ++t) {
      kernels.normal(shape, {.key = noise_key(5, 0, 0), .step = uint32_t(t)}, x.data());
      kernels.uniform(shape, {.key = noise_key(6, 0, 0), .step = uint32_t(t)}, u.data());
      for (size_t i = 0; i < size; ++i) {
        const double v = x[i], w = u[i];
        sum[0] += v, sum[1] += v * v, sum[2] += v * v * v, sum[3] += v * v * v * v;
        in_time += v * before[i];
        uniform += w, uniform_square += w * w;
        before[i] = x[i];
      }
      for (size_t i = 0; i + shape.stride < size; ++i) pairs += double(x[i]) * x[i + shape.stride];
    }
    const double n = double(size * steps), one = 1 / std::sqrt(n);
    EXPECT_NEAR(sum[0] / n, 0, 5 * one);
    EXPECT_NEAR(sum[1] / n, 1, 5 * std::sqrt(2.0) * one);
    EXPECT_NEAR(sum[2] / n, 0, 5 * std::sqrt(15.0) * one);
    EXPECT_NEAR(sum[3] / n, 3, 5 * std::sqrt(96.0) * one);
    EXPECT_NEAR(pairs / n, 0, 5 * one) << "neighbouring units";
    EXPECT_NEAR(in_time / n, 0, 5 * one) << "neighbouring steps";
    EXPECT_NEAR(uniform / n, 0.5, 5 * std::sqrt(1.0 / 12) * one);
    EXPECT_NEAR(uniform_square / n, 1.0 / 3, 5 * std::sqrt(4.0 / 45) * one);
  });
}

}  // namespace
}  // namespace dynode

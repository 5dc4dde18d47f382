// The folded logistic function against libm, on every instruction set.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "dynode/kernels/logistic_test.cc"
#include <hwy/foreach_target.h>
#include "dynode/kernels/logistic-inl.h"

#ifndef DYNODE_KERNELS_LOGISTIC_TEST_ONCE
#define DYNODE_KERNELS_LOGISTIC_TEST_ONCE
namespace dynode {
template <class T>
struct LogisticTable {
  double unit;
  void (*at)(size_t n, const T* y, T* result);
};
}  // namespace dynode
#endif

HWY_BEFORE_NAMESPACE();
namespace dynode::HWY_NAMESPACE {

template <class T>
void logistic_of(size_t n, const T* y, T* result) {
  for (size_t i = 0; i < n; i += Lane<T>::width) Logistic<T>::at(Lane<T>::load(y + i)).store(result + i);
}
LogisticTable<float>  SingleLogistic() { return {Logistic<float>::unit, logistic_of<float>}; }
LogisticTable<double> PreciseLogistic() { return {Logistic<double>::unit, logistic_of<double>}; }

}  // namespace dynode::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/buffer.h"
#include "dynode/kernels/isa.h"

namespace dynode {
HWY_EXPORT(SingleLogistic);
HWY_EXPORT(PreciseLogistic);
namespace {

template <class T, class Table>
void check(const Table& table_now, double tolerance) {
  for (const std::string& isa : isa_names()) {
    use_isa(isa);
    const LogisticTable<T> table = table_now();
    Buffer<T>              y(1 << 14), got(1 << 14);
    for (size_t i = 0; i < y.size(); ++i) y[i] = T(double(i) / 64 - 128);  // ±128
    table.at(y.size(), y.data(), got.data());
    for (size_t i = 0; i < y.size(); ++i)
      ASSERT_NEAR(got[i], 1 / (1 + std::exp(-double(y[i]) / table.unit)), tolerance) << isa << " at " << y[i];

    for (size_t i = 0; i < 16; ++i) y[i] = T(i % 2 ? NAN : table.unit * HUGE_VAL);
    table.at(16, y.data(), got.data());
    EXPECT_NEAR(got[0], 1, 1e-30) << isa;
    EXPECT_TRUE(std::isnan(got[1])) << isa;
    for (size_t i = 0; i < 16; ++i) y[i] = T(-table.unit * HUGE_VAL);
    table.at(16, y.data(), got.data());
    EXPECT_NEAR(got[0], 0, 1e-30) << isa;
  }
  use_isa("");
}

TEST(Logistic, IsCloseEverywhereInFloat) {
  check<float>([] { return HWY_DYNAMIC_DISPATCH(SingleLogistic)(); }, 1.2e-7);
}
TEST(Logistic, IsCloseEverywhereInDouble) {
  check<double>([] { return HWY_DYNAMIC_DISPATCH(PreciseLogistic)(); }, 1e-15);
}

}  // namespace
}  // namespace dynode
#endif

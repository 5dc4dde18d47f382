#include "dynode/mean_field/error_functions.h"

#include <gtest/gtest.h>

namespace dynode::mean_field {
namespace {

TEST(ScaledErfc, AgreesWithTablesAndWithItselfAcrossItsFormulas) {
  EXPECT_DOUBLE_EQ(scaled_erfc(0), 1);
  EXPECT_NEAR(scaled_erfc(1), 0.42758357615580705, 1e-15);
  EXPECT_NEAR(scaled_erfc(10) / scaled_erfc(std::nextafter(10, 0)), 1, 4e-15);
}

TEST(Dawson, AgreesWithTablesAndWithItselfAcrossItsFormulas) {
  EXPECT_EQ(dawson(0), 0);
  EXPECT_NEAR(dawson(0.9241388730045918), 0.5410442246351817, 1e-15);  // its maximum
  EXPECT_NEAR(dawson(2), 0.30134038892379197, 1e-15);
  for (double y : {1.0, 10.0}) EXPECT_NEAR(dawson(y) / dawson(std::nextafter(y, 0)), 1, 4e-15) << y;
}

TEST(ScaledErfcIntegral, IsAdditive) {
  for (double a : {0.0, 0.7, 3.0, 15.9, 200.0})
    for (double gap : {0.3, 0.6, 4.0, 1e3}) {
      double sum = 0;
      for (int k = 0; k < 10; ++k) sum += scaled_erfc_integral(a + gap * k / 10, gap / 10);
      EXPECT_NEAR(scaled_erfc_integral(a, gap) / sum, 1, 1e-13) << a << " " << gap;
    }
}

TEST(ErrorTables, AgreeWithTheFormulas) {
  const ErrorTables& tables = ErrorTables::get();
  for (double x = 1e-9; x < 1e9; x *= 1.01) {
    EXPECT_NEAR(tables.scaled_erfc(x) / scaled_erfc(x), 1, 1e-14) << x;
    EXPECT_NEAR(tables.dawson(x) / dawson(x), 1, 1e-14) << x;
    for (double gap : {1e-9, 0.01, 0.099, 0.11, 2.0, 1e3}) {
      EXPECT_NEAR(tables.integral(x, gap) / scaled_erfc_integral(x, gap), 1, 1e-13) << x << " " << gap;
      EXPECT_NEAR(-tables.integral(x + gap, -gap) / tables.integral(x, gap), 1, 1e-13) << x << " " << gap;
    }
  }
  EXPECT_DOUBLE_EQ(tables.scaled_erfc(0), 1);
  EXPECT_EQ(tables.dawson(0), 0);
  EXPECT_EQ(tables.integral(7, 0), 0);
}

}  // namespace
}  // namespace dynode::mean_field

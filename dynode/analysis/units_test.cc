#include "dynode/analysis/units.h"

#include <cmath>
#include <cstdlib>
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"

namespace dynode {
namespace {

/// Relative difference of numbers that were worked out in the same way.
constexpr double kClose = 1e-13;

#define EXPECT_CLOSE(a, b) EXPECT_LE(std::abs((a) - (b)), kClose * std::abs(b)) << (a) << " and " << (b)

TEST(Junction, HasTheConstantsOfTheToolkit) {
  const Junction j;
  EXPECT_CLOSE(kFluxQuantum, 2.0678338484619295e-15);
  EXPECT_CLOSE(j.c_j(), 1.5e-13);
  EXPECT_CLOSE(j.r_jj(), 1.2191160341258176);
  EXPECT_CLOSE(j.omega_c(), 3.704326611668486e11);
  EXPECT_CLOSE(j.omega_p(), 1423267343300.2087);
  EXPECT_CLOSE(j.tau_0(), 2.6995459764536922e-12);
  EXPECT_CLOSE(j.V_j(), 0.00012191160341258176);
  EXPECT_CLOSE(j.power_unit(), j.I_c * j.I_c * j.r_jj());
  EXPECT_NEAR(j.power_unit(), 1.2191e-8, 1e-12);
  EXPECT_NEAR(j.energy_unit(), 3.291e-20, 1e-23);
}

TEST(Junction, OfAnOlderCalibrationIsSlower) {
  Junction j;
  j.beta_c = 0.3;
  EXPECT_NEAR(j.r_jj(), 2.5656, 1e-4);
  EXPECT_NEAR(j.omega_c(), 7.796e11, 5e7);
  EXPECT_NEAR(j.tau_0(), 1.283e-12, 1e-15);
}

TEST(Junction, WithAnotherOmegaCKeepsCurrentAndCapacitance) {
  const Junction j = with_omega_c({.I_c = 2e-4, .gamma_c = 1.2e-9}, 1e12);
  EXPECT_EQ(j.I_c, 2e-4);
  EXPECT_EQ(j.gamma_c, 1.2e-9);
  EXPECT_CLOSE(j.omega_c(), 1e12);
}

TEST(Junction, TakesOmegaCFromTheEnvironment) {
  ::setenv("SOEN_OMEGA_C", "7.5e11", 1);
  EXPECT_CLOSE(standard_junction().omega_c(), 7.5e11);
  ::setenv("SOEN_OMEGA_C", "fast", 1);
  EXPECT_EQ(failure([] { standard_junction(); }),
            "SOEN_OMEGA_C: expected a number of rad/s above 0, got 'fast'\n  unset the environment variable for the default");
  ::setenv("SOEN_OMEGA_C", "-1", 1);
  EXPECT_THROW(standard_junction(), SpecError);
  ::unsetenv("SOEN_OMEGA_C");
  EXPECT_EQ(standard_junction(), Junction{});
}

TEST(Units, AreConvertedBothWays) {
  struct Spot { const char* from; double x; const char* to; double y; };
  for (const Spot& s : {Spot{"gamma_plus", 0.002, "beta_L", 500}, {"gamma_plus", 0.002, "L", 1.6455298923772665e-09},
                        {"L", 1e-9, "beta_L", 303.85348957572523}, {"L", 300e-12, "beta_L", 91.15604687271757},
                        {"gamma_minus", 0.001, "tau", 1000}, {"gamma_minus", 0.001, "tau_physical", 2.6995459764536924e-09},
                        {"tau_physical", 5e-8, "tau", 18521.633058342428},
                        {"tau_physical", 5e-8, "gamma_minus", 5.399091952907385e-05},
                        {"alpha", 1.64053, "r_leak", 1.9999964274644275}, {"r_leak", 2, "alpha", 1.6405329304311258},
                        {"i", 1.7, "I", 0.00017}, {"I", 0.00021, "i", 2.1}, {"phi", 0.23, "Phi", 4.756017851462438e-16},
                        {"Phi", 1e-15, "phi", 0.4835978484169836}, {"t_prime", 37, "t", 9.988320112878662e-11},
                        {"t", 1e-9, "t_prime", 370.4326611668486}, {"t", 10e-9, "t_prime", 3704.326611668486},
                        {"g_fq", 0.5, "G_fq", 29478094553.69457}, {"G_fq", 1e11, "g_fq", 1.6961747615309608}}) {
    EXPECT_CLOSE(convert(s.x, s.from, s.to), s.y);
    EXPECT_CLOSE(convert(s.y, s.to, s.from), s.x);
  }
}

TEST(Units, DependOnTheJunction) {
  const Junction j{.I_c = 2e-4, .gamma_c = 1.2e-9, .beta_c = 0.5};
  EXPECT_CLOSE(j.r_jj(), 1.8515364635312943);
  EXPECT_CLOSE(convert(0.002, "gamma_plus", "L", j), 8.227649461886333e-10);
  EXPECT_CLOSE(convert(1.64053, "alpha", "r_leak", j), 3.0375011145169943);
  EXPECT_CLOSE(convert(5e-8, "tau_physical", "gamma_minus", j), 1.777475004990043e-05);
  EXPECT_CLOSE(convert(0.00021, "I", "i", j), 1.05);
  EXPECT_CLOSE(convert(37, "t_prime", "t", j), 3.2883287592315794e-11);
}

TEST(Units, HaveAliases) {
  for (const char* name : {"gamma+", "gamma", "gp"}) EXPECT_EQ(convert(0.5, name, "beta_l"), 2);
  for (const char* name : {"betaL", "beta_l", "beta"}) EXPECT_EQ(convert(4, name, "gp"), 0.25);
  for (const char* name : {"gamma-", "gm"}) EXPECT_EQ(convert(0.5, name, "tau"), 2);
  for (const char* name : {"tau_phys", "tau_s"}) EXPECT_CLOSE(convert(1e-9, name, "tau"), 370.4326611668486);
  EXPECT_CLOSE(convert(2, "rleak", "alpha"), 1.6405329304311258);
  EXPECT_CLOSE(convert(37, "t'", "t"), 9.988320112878662e-11);
}

TEST(Units, FollowFromSeveralQuantitiesTogether) {
  // tau = L / r_leak
  const std::vector<Converted> all = convert_all({{"L", {1e-9, 2e-9}}, {"r_leak", {2}}});
  const auto values = [&](const char* name) {
    for (const Converted& c : all)
      if (c.quantity == &find_quantity(name)) return c.values;
    return std::vector<double>{};
  };
  ASSERT_EQ(values("tau_physical").size(), 2u);
  EXPECT_CLOSE(values("tau_physical")[0], 0.5e-9);
  EXPECT_CLOSE(values("tau_physical")[1], 1e-9);
  EXPECT_CLOSE(values("gamma_minus")[0], 1.6405329304311258 / 303.85348957572523);
  EXPECT_TRUE(values("i").empty());
  EXPECT_EQ(all[0].quantity->name, std::string("L"));
  EXPECT_EQ(all[1].way, "r_leak");
}

TEST(Units, NameTheWay) {
  for (const Converted& c : convert_all({{"L", {1e-9}}, {"alpha", {1.6}}}))
    if (c.quantity->name == std::string("gamma_minus"))
      EXPECT_EQ(c.way, "alpha, (L → beta_L → gamma_plus) → gamma_minus");
}

TEST(Units, ThatContradictAreRefused) {
  EXPECT_NO_THROW(convert_all({{"L", {1e-9}}, {"beta_L", {303.8535}}}));   // seven digits
  EXPECT_EQ(failure([] { convert_all({{"L", {1e-9}}, {"beta_L", {303}}}); }),
            "what is given contradicts itself: L → beta_L gives beta_L 303.8535, but it is 303 (beta_L)\n"
            "  leave one of them out");
  EXPECT_EQ(failure([] { convert_all({{"beta", {1}}, {"beta_L", {1}}}); }), "beta_L is given twice");
  EXPECT_EQ(failure([] { convert_all({{"L", {1, 2}}, {"r_leak", {1, 2, 3}}}); }),
            "r_leak has 3 values, others have 2\n  lists are equally long, or one value serves all");
}

TEST(Units, ThatMakeNoSenseAreRefused) {
  EXPECT_EQ(failure([] { convert(0, "gamma_plus", "L"); }), "gamma_plus is 0, which must be above 0");
  EXPECT_EQ(failure([] { convert(INFINITY, "i", "I"); }), "i is inf, which must be a finite number");
  EXPECT_EQ(convert(0, "phi", "Phi"), 0);
  EXPECT_EQ(failure([] { convert(1, "gamma_minus", "alpha"); }),
            "alpha does not follow from gamma_minus alone\n  alpha = gamma_minus/gamma_plus ties gain, leak and resistance "
            "together: two of them give the third");
  const std::string text = failure([] { convert(1, "gama_plus", "L"); });
  EXPECT_EQ(text.substr(0, text.find("  there are")), "there is no quantity 'gama_plus'\n  did you mean 'gamma_plus'?");
}

TEST(QuantityText, IsReadWithPrefixesAndUnits) {
  const auto one = [](const char* text, const char* unit) {
    const std::vector<double> values = read_quantity(text, unit);
    EXPECT_EQ(values.size(), 1u) << text;
    return values[0];
  };
  EXPECT_DOUBLE_EQ(one("300pH", "H"), 300e-12);
  EXPECT_DOUBLE_EQ(one("210uA", "A"), 210e-6);
  EXPECT_DOUBLE_EQ(one("210 µA", "A"), 210e-6);
  EXPECT_DOUBLE_EQ(one("210 μA", "A"), 210e-6);
  EXPECT_DOUBLE_EQ(one("2", "Ohm"), 2);
  EXPECT_DOUBLE_EQ(one("2Ω", "Ohm"), 2);
  EXPECT_DOUBLE_EQ(one("2 kohm", "Ohm"), 2000);
  EXPECT_DOUBLE_EQ(one("1e-9", "s"), 1e-9);
  EXPECT_DOUBLE_EQ(one("-3mA", "A"), -3e-3);
  EXPECT_DOUBLE_EQ(one("100GHz", "Hz"), 1e11);
  EXPECT_DOUBLE_EQ(one("1.2nF/A", "F/A"), 1.2e-9);
  EXPECT_EQ(read_quantity("1.5,1.7, 1.9", ""), (std::vector<double>{1.5, 1.7, 1.9}));
}

TEST(QuantityText, OfAnotherUnitIsRefused) {
  const auto says = [](const char* text, const char* unit) {
    return failure([&] { read_quantity(text, unit, {.path = "L"}); });
  };
  EXPECT_EQ(says("300pF", "H"), "L: '300pF' is not in H\n  write it like 300pH, or as a plain number of H");
  EXPECT_EQ(says("300p", "H"), "L: '300p' is not in H\n  write it like 300pH, or as a plain number of H");
  EXPECT_EQ(says("pH", "H"), "L: 'pH' is no number\n  write it like 300pH, or as a plain number of H");
  EXPECT_EQ(says("", "H"), "L: '' is no number\n  write it like 300pH, or as a plain number of H");
  EXPECT_EQ(says("1,,2", ""), "L: '' is no number\n  it is a plain number, such as 0.23");
  EXPECT_EQ(says("2m", ""), "L: '2m' has a unit, though it has no dimension\n  it is a plain number, such as 0.23");
  EXPECT_EQ(says("inf", ""), "L: 'inf' is not finite\n  it is a plain number, such as 0.23");
  EXPECT_EQ(says("1e999", ""), "L: '1e999' is no number\n  it is a plain number, such as 0.23");
}

TEST(QuantityText, IsWrittenWithAPrefix) {
  EXPECT_EQ(quantity_text(9.988320112878662e-11, "s", 4), "99.88 ps");
  EXPECT_EQ(quantity_text(300e-12, "H"), "300 pH");
  EXPECT_EQ(quantity_text(210e-6, "A"), "210 µA");
  EXPECT_EQ(quantity_text(1.2191160341258176e-8, "W"), "12.1912 nW");
  EXPECT_EQ(quantity_text(0.999999999e-9, "s"), "1 ns");
  EXPECT_EQ(quantity_text(0.5e-3, "A"), "500 µA");
  EXPECT_EQ(quantity_text(2, "Ohm"), "2 Ohm");
  EXPECT_EQ(quantity_text(0, "A"), "0 A");
  EXPECT_EQ(quantity_text(303.85348957572523, ""), "303.853");
  EXPECT_EQ(quantity_text(-4.2e3, "V"), "-4.2 kV");
}

}  // namespace
}  // namespace dynode

// What the transfer function is made of: e^{x²} erfc x, its integral, and Dawson's integral, two ways.
//
//   scaled_erfc …       by formulas that hold wherever they are used: the judge, and the source of the tables
//   ErrorTables         piecewise polynomials in t = c/(c + x) ∈ (0, 1], in which all three are smooth up to x = ∞, of
//                       what is left of them when their behaviour near 0 and ∞ is divided or taken off; a few
//                       nanoseconds each
//
//   erfcx x = E(t) / (1 + √π x)      dawson y = D(t) y / (1 + 2y²)      √π ∫₀ˣ erfcx = ln(1 + x/c) + G(t)
#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace dynode::mean_field {

inline constexpr double kRootPi = 1.7724538509055160273;  // √π

/// e^{x²} erfc x, x ≥ 0.
double scaled_erfc(double x);

/// Dawson's integral e^{−y²} ∫₀^y e^{t²} dt, y ≥ 0.
double dawson(double y);

/// √π ∫ₐ^{a+gap} e^{u²} erfc u du, a ≥ 0, gap ≥ 0; relative error about 1e-14.
double scaled_erfc_integral(double a, double gap);

/// ∫ₐ^{a+gap} f, five points of Gauss and Legendre.
template <class F>
double gauss5(double a, double gap, const F& f) {
  const double half = gap / 2, middle = a + half, near = 0.53846931010568309 * half, far = 0.90617984593866399 * half;
  return half * (0.56888888888888889 * f(middle) + 0.47862867049936647 * (f(middle - near) + f(middle + near)) +
                 0.23692688505618909 * (f(middle - far) + f(middle + far)));
}

/// The same three by tables, relative error below 1e-14. Made once, in about half a millisecond.
class ErrorTables {
 public:
  static const ErrorTables& get();

  double scaled_erfc(double x) const { return at(erfc_, x) / (1 + kRootPi * x); }
  double dawson(double y) const { return at(dawson_, y) * y / (1 + 2 * y * y); }

  /// √π ∫ₐ^{a+gap} erfcx, both ends ≥ 0; the gap may be negative.
  double integral(double a, double gap) const {
    const double b = a + gap, low = gap > 0 ? a : b;
    // between close limits the difference of two values would lose digits
    if (std::abs(gap) < 0.1 * (1 + low)) return kRootPi * gauss5(a, gap, [&](double u) { return scaled_erfc(u); });
    return std::log((kScale + b) / (kScale + a)) + (at(integral_, b) - at(integral_, a));
  }

 private:
  static constexpr size_t kPieces = 128, kTerms = 8;
  static constexpr double kScale = 3;
  using Table = std::array<std::array<double, kTerms>, kPieces>;  // powers of the place in the piece, −1 … 1

  ErrorTables();
  template <class F>
  static void fill(Table& table, const F& f);

  static double at(const Table& table, double x) {
    const double t     = double(kPieces) * kScale / (kScale + x);
    const size_t whole = size_t(t), piece = whole < kPieces ? whole : kPieces - 1;
    const double u = 2 * (t - double(piece)) - 1, u2 = u * u;
    const auto&  c = table[piece];
    return (c[0] + c[1] * u + u2 * (c[2] + c[3] * u)) + u2 * u2 * (c[4] + c[5] * u + u2 * (c[6] + c[7] * u));
  }

  Table erfc_, dawson_, integral_;
};

}  // namespace dynode::mean_field

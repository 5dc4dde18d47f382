#include "dynode/mean_field/error_functions.h"

#include <algorithm>

namespace dynode::mean_field {
namespace {

constexpr double kFar = 10;  // from here asymptotic series reach full precision

/// Σ (2k−1)!! zᵏ, the series behind erfcx (z = −1/2x²) and Dawson's integral (z = 1/2x²); |z| ≤ 1/200.
double asymptotic_series(double z) {
  double sum = 1;
  for (int k = 13; k >= 1; --k) sum = 1 + (2 * k - 1) * z * sum;
  return sum;
}

/// ∫ₐ^{a+gap} f, ten points of Gauss and Legendre.
template <class F>
double gauss(double a, double gap, const F& f) {
  constexpr std::array node   = {0.14887433898163121, 0.43339539412924719, 0.67940956829902441, 0.86506336668898451,
                                 0.97390652851717172};
  constexpr std::array weight = {0.29552422471475287, 0.26926671930999636, 0.21908636251598204, 0.14945134915058059,
                                 0.066671344308688138};
  const double         middle = a + gap / 2, half = gap / 2;
  double               sum = 0;
  for (size_t k = 0; k < node.size(); ++k) sum += weight[k] * (f(middle - half * node[k]) + f(middle + half * node[k]));
  return half * sum;
}

/// F(x) = √π ∫₀^x erfcx: Chebyshev polynomials in s = ln(1+x), in which the integrand is smooth, up to kEnd, and a
/// series beyond. Made once, at first use.
class IntegralTable {
 public:
  static constexpr double kEnd = 16;

  IntegralTable() {
    for (size_t piece = 0; piece < kPieces; ++piece) {
      // integrand at the Chebyshev points, its coefficients, then those of its integral from the left end
      std::array<double, kTerms> value, slope{};
      for (size_t j = 0; j < kTerms; ++j) {
        const double s = (double(piece) + 0.5 + 0.5 * std::cos(std::numbers::pi * (double(j) + 0.5) / kTerms)) * width_;
        const double x = std::expm1(s);
        value[j]       = kRootPi * scaled_erfc(x) * (1 + x);
      }
      for (size_t k = 0; k < kTerms; ++k)
        for (size_t j = 0; j < kTerms; ++j)
          slope[k] += 2.0 / kTerms * value[j] * std::cos(std::numbers::pi * double(k) * (double(j) + 0.5) / kTerms);
      auto& c = pieces_[piece];
      for (size_t k = 1; k <= kTerms; ++k) {
        const double before = slope[k - 1], after = k + 1 < kTerms ? slope[k + 1] : 0;
        c[k] = width_ / 4 * (before - after) / double(k);
      }
      c[0] = piece == 0 ? 0 : at_right_end(piece - 1);
      for (size_t k = 1; k <= kTerms; ++k) c[0] += (k % 2 ? 1 : -1) * c[k];
    }
  }

  double operator()(double x) const {
    if (x >= kEnd) {
      const double z = 1 / (x * x);
      return std::log(2 * x) + std::numbers::egamma / 2 + decay(z);
    }
    const double place = std::log1p(x) / width_;
    const size_t piece = std::min(size_t(place), kPieces - 1);
    const double t     = 2 * (place - double(piece)) - 1;
    const auto&  c     = pieces_[piece];
    double       b1 = 0, b2 = 0;  // Clenshaw's recurrence
    for (size_t k = kTerms; k >= 1; --k) {
      const double b0 = c[k] + 2 * t * b1 - b2;
      b2 = b1, b1 = b0;
    }
    return c[0] + t * b1 - b2;
  }

  /// F(x) − ln(2x) − γ/2 for large x, z = 1/x²: Σ (−1)^{k+1} (2k−1)!!/(2k 2ᵏ) zᵏ = z/4 − 3z²/16 + …
  static double decay(double z) {
    double sum = 0, factor = 1;
    for (int k = 1; k <= 9; ++k) {
      factor *= -(2 * k - 1) * z / 2;
      sum -= factor / (2 * k);
    }
    return sum;
  }

 private:
  static constexpr size_t kPieces = 12, kTerms = 18;

  double at_right_end(size_t piece) const {
    double sum = 0;
    for (double c : pieces_[piece]) sum += c;
    return sum;
  }

  double                                              width_ = std::log1p(kEnd) / kPieces;
  std::array<std::array<double, kTerms + 1>, kPieces> pieces_{};
};

const IntegralTable& table() {
  static const IntegralTable made;
  return made;
}

}  // namespace

double scaled_erfc(double x) {
  if (x >= kFar) return asymptotic_series(-0.5 / (x * x)) / (kRootPi * x);
  // the rounding of x² would be magnified by the exponential
  const double square = x * x, rest = std::fma(x, x, -square);
  return std::exp(square) * (1 + rest) * std::erfc(x);
}

double dawson(double y) {
  if (y >= kFar) return asymptotic_series(0.5 / (y * y)) / (2 * y);
  if (y < 1) {
    // e^{−y²} Σ y^{2k+1} / (k! (2k+1)), all terms positive
    const double square = y * y;
    double       term = y, sum = y;
    for (int k = 1; k <= 18; ++k) term *= square / k, sum += term / (2 * k + 1);
    return std::exp(-square) * sum;
  }
  // Rybicki's sum of Gaussians, Σ e^{−(y−nh)²}/(n√π) over odd n; its error is e^{−(π/2h)²}. Around the even n₀ next to
  // y/h each term is e^{−d²} e^{2dkh} e^{−(kh)²}, k odd.
  constexpr double  h        = 0.25;
  constexpr int     reach    = 27;
  static const auto gaussian = [] {
    std::array<double, reach + 1> g{};
    for (int k = 1; k <= reach; k += 2) g[size_t(k)] = std::exp(-(k * h) * (k * h));
    return g;
  }();
  const int    n0 = 2 * int(std::lround(y / (2 * h)));
  const double d = y - n0 * h, up = std::exp(2 * d * h);
  double       right = up, left = 1 / up, sum = 0;
  for (int k = 1; k <= reach; k += 2, right *= up * up, left /= up * up)
    sum += gaussian[size_t(k)] * (right / (n0 + k) + left / (n0 - k));
  return std::exp(-d * d) * sum / kRootPi;
}

double scaled_erfc_integral(double a, double gap) {
  // close limits are integrated directly: the difference of two table values would lose digits
  if (gap < 0.5) return kRootPi * gauss(a, gap, scaled_erfc);
  const double b = a + gap;
  if (a >= IntegralTable::kEnd)
    return std::log1p(gap / a) + IntegralTable::decay(1 / (b * b)) - IntegralTable::decay(1 / (a * a));
  return table()(b) - table()(a);
}

const ErrorTables& ErrorTables::get() {
  static const ErrorTables made;
  return made;
}

ErrorTables::ErrorTables() {
  using dynode::mean_field::dawson, dynode::mean_field::scaled_erfc;
  fill(erfc_, [](double x) { return scaled_erfc(x) * (1 + kRootPi * x); });
  fill(dawson_, [](double y) { return y > 0 ? dawson(y) * (1 / y + 2 * y) : 1; });
  fill(integral_, [](double x) { return scaled_erfc_integral(0, x) - std::log1p(x / kScale); });
}

template <class F>
void ErrorTables::fill(Table& table, const F& f) {
  // per piece: values at the Chebyshev points, the coefficients of their polynomial, its powers
  std::array<std::array<double, kTerms>, kTerms> cosine, power{};  // power[k]: those of the k-th Chebyshev polynomial
  for (size_t k = 0; k < kTerms; ++k)
    for (size_t j = 0; j < kTerms; ++j)
      cosine[k][j] = std::cos(std::numbers::pi * double(k) * (double(j) + 0.5) / kTerms);
  power[0][0] = power[1][1] = 1;
  for (size_t k = 2; k < kTerms; ++k)
    for (size_t m = 0; m < kTerms; ++m) power[k][m] = (m ? 2 * power[k - 1][m - 1] : 0) - power[k - 2][m];

  for (size_t piece = 0; piece < kPieces; ++piece) {
    std::array<double, kTerms> value;
    for (size_t j = 0; j < kTerms; ++j) {
      const double t = (double(piece) + 0.5 + 0.5 * cosine[1][j]) / kPieces;
      value[j]       = f(kScale * (1 - t) / t);
    }
    table[piece].fill(0);
    for (size_t k = 0; k < kTerms; ++k) {
      double c = 0;
      for (size_t j = 0; j < kTerms; ++j) c += (k ? 2.0 : 1.0) / kTerms * value[j] * cosine[k][j];
      for (size_t m = 0; m <= k; ++m) table[piece][m] += c * power[k][m];
    }
  }
}

}  // namespace dynode::mean_field

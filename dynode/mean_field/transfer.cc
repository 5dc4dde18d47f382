#include "dynode/mean_field/transfer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace dynode::mean_field {
namespace {

const double     kRootPi       = std::sqrt(std::numbers::pi);
const double     kNoiseShift   = 1.4603545088095868 / std::sqrt(2.0);  // |ζ(½)|/√2
constexpr double kShortest     = 1e-12;               // s, least mean time between spikes
constexpr double kFar          = 10;                  // from here asymptotic series reach full precision
constexpr double kInfinity     = std::numeric_limits<double>::infinity();

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
  const double middle = a + gap / 2, half = gap / 2;
  double       sum    = 0;
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
        c[k]                = width_ / 4 * (before - after) / double(k);
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

  double                                             width_ = std::log1p(kEnd) / kPieces;
  std::array<std::array<double, kTerms + 1>, kPieces> pieces_{};
};

const IntegralTable& table() {
  static const IntegralTable made;
  return made;
}

/// Without noise: the time of the climb from reset to threshold.
Response noise_free(double mu, const Neuron& n) {
  const double above = mu - n.threshold;
  if (!(above > 0)) return {std::isnan(mu) ? mu : 0, -kInfinity, 0, 0};
  const double span = n.threshold - n.v_reset;
  const double rate = 1 / std::max(n.tau_ref + n.tau_m * std::log1p(span / above), kShortest);
  return {rate, std::log(rate), rate * rate * n.tau_m * span / (above * (above + span)), 0};
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
  constexpr double h = 0.25;
  constexpr int    reach = 27;
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

namespace {

/// Both faces: with `slopes` everything, without the rate alone.
template <bool slopes>
Response evaluate(double mu, double sigma, const Neuron& n) {
  if (!(sigma > 0)) return noise_free(mu, n);
  const double b = kNoiseShift * std::sqrt(n.tau_s / n.tau_m), gap = (n.threshold - n.v_reset) / sigma;
  const double x_t = (n.threshold - mu) / sigma, x_r = (n.v_reset - mu) / sigma;
  const double y_t = x_t + b, y_r = x_r + b;

  // Everything carries the factor scale = e^{−y_θ²} where the threshold is above the mean:
  //   integral = scale · Q,   h(y) = scale · √π e^{y²} (1 + erf y),   period = scale / Φ
  double scale = 1, log_scale = 0, integral, h_t = 0, h_r = 0;
  if (y_t <= 0) {
    integral = scaled_erfc_integral(-y_t, gap);
    if (slopes) h_t = kRootPi * scaled_erfc(-y_t), h_r = kRootPi * scaled_erfc(-y_r);
  } else {
    log_scale = -y_t * y_t;
    scale     = std::exp(log_scale);
    if (slopes) h_t = kRootPi * (2 - scale * scaled_erfc(y_t));
    if (y_r < 0) {
      integral = 2 * kRootPi * dawson(y_t);
      if (scale > 0) integral += scale * (scaled_erfc_integral(0, -y_r) - scaled_erfc_integral(0, y_t));
      if (slopes) h_r = kRootPi * scale * scaled_erfc(-y_r);
    } else {
      const double ratio = std::exp(-gap * (y_t + y_r));  // e^{y_r² − y_θ²}
      if (slopes) h_r = kRootPi * (2 * ratio - scale * scaled_erfc(y_r));
      if (gap < 0.5 && gap * (y_t + y_r) < 1) {
        // the terms below would cancel
        integral = kRootPi * gauss(0, gap, [&](double down) {  // from the threshold downwards
          const double u = y_t - down;
          return 2 * std::exp(-down * (u + y_t)) - scale * scaled_erfc(u);
        });
      } else {
        integral = 2 * kRootPi * (dawson(y_t) - ratio * dawson(y_r)) - scale * scaled_erfc_integral(y_r, gap);
      }
    }
  }

  const double period = std::max(n.tau_ref * scale + n.tau_m * integral, kShortest * scale);
  const double rate   = scale / period;
  if (!slopes) return {rate, 0, 0, 0};
  const double slope  = rate * n.tau_m / (sigma * period);
  return {rate, log_scale - std::log(period), slope * (h_t - h_r), slope * (x_t * h_t - x_r * h_r)};
}

}  // namespace

Response transfer(double mu, double sigma, const Neuron& n) { return evaluate<true>(mu, sigma, n); }

double transfer_rate(double mu, double sigma, const Neuron& n) { return evaluate<false>(mu, sigma, n).rate; }

}  // namespace dynode::mean_field

#include "dynode/mean_field/transfer.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "dynode/mean_field/error_functions.h"

namespace dynode::mean_field {
namespace {

const double     kNoiseShift = 1.4603545088095868 / std::sqrt(2.0);  // |ζ(½)|/√2
constexpr double kShortest   = 1e-12;                                // s, least mean time between spikes
constexpr double kInfinity   = std::numeric_limits<double>::infinity();

/// The judge of the tables.
struct Formulas {
  double scaled_erfc(double x) const { return mean_field::scaled_erfc(x); }
  double dawson(double y) const { return mean_field::dawson(y); }
  double integral(double a, double gap) const {
    return gap >= 0 ? scaled_erfc_integral(a, gap) : -scaled_erfc_integral(a + gap, -gap);
  }
};

/// Without noise: the time of the climb from reset to threshold.
Response noise_free(double mu, const Neuron& n) {
  const double above = mu - n.threshold;
  if (!(above > 0)) return {std::isnan(mu) ? mu : 0, -kInfinity, 0, 0};
  const double span = n.threshold - n.v_reset;
  const double rate = 1 / std::max(n.tau_ref + n.tau_m * std::log1p(span / above), kShortest);
  return {rate, std::log(rate), rate * rate * n.tau_m * span / (above * (above + span)), 0};
}

/// Both faces: with `slopes` everything, without the rate alone.
template <bool slopes, class Functions>
Response evaluate(double mu, double sigma, const Neuron& n, const Functions& of) {
  if (!(sigma > 0)) return noise_free(mu, n);
  const double b = kNoiseShift * std::sqrt(n.tau_s / n.tau_m), gap = (n.threshold - n.v_reset) / sigma;
  const double x_t = (n.threshold - mu) / sigma, x_r = (n.v_reset - mu) / sigma;
  const double y_t = x_t + b, y_r = x_r + b;

  // Everything carries the factor scale = e^{−y_θ²} where the threshold is above the mean:
  //   integral = scale · Q,   h(y) = scale · √π e^{y²} (1 + erf y),   period = scale / Φ
  double scale = 1, log_scale = 0, integral, h_t = 0, h_r = 0;
  if (y_t <= 0) {
    integral = of.integral(-y_t, gap);
    if (slopes) h_t = kRootPi * of.scaled_erfc(-y_t), h_r = kRootPi * of.scaled_erfc(-y_r);
  } else {
    log_scale        = -y_t * y_t;
    scale            = std::exp(log_scale);
    const bool faint = scale < 1e-18;  // what carries it as a factor adds nothing
    if (slopes) h_t = kRootPi * (faint ? 2 : 2 - scale * of.scaled_erfc(y_t));
    if (y_r < 0) {
      integral = 2 * kRootPi * of.dawson(y_t);
      if (!faint) integral += scale * of.integral(y_t, -y_r - y_t);
      if (slopes) h_r = kRootPi * scale * of.scaled_erfc(-y_r);
    } else {
      const double ratio = std::exp(-gap * (y_t + y_r));  // e^{y_r² − y_θ²}
      if (slopes) h_r = kRootPi * (2 * ratio - (faint ? 0 : scale * of.scaled_erfc(y_r)));
      if (gap < 0.1 && gap * (y_t + y_r) < 0.3) {
        // the terms below would cancel
        integral = kRootPi * gauss5(0, gap, [&](double down) {  // from the threshold downwards
                     const double u = y_t - down;
                     return 2 * std::exp(-down * (u + y_t)) - (faint ? 0 : scale * of.scaled_erfc(u));
                   });
      } else {
        integral = 2 * kRootPi * (of.dawson(y_t) - ratio * of.dawson(y_r));
        if (!faint) integral -= scale * of.integral(y_r, gap);
      }
    }
  }

  const double period = std::max(n.tau_ref * scale + n.tau_m * integral, kShortest * scale);
  const double rate   = scale / period;
  if (!slopes) return {rate, 0, 0, 0};
  const double slope = rate * n.tau_m / (sigma * period);
  return {rate, log_scale - std::log(period), slope * (h_t - h_r), slope * (x_t * h_t - x_r * h_r)};
}

}  // namespace

Response transfer(double mu, double sigma, const Neuron& neuron) {
  return evaluate<true>(mu, sigma, neuron, ErrorTables::get());
}

double transfer_rate(double mu, double sigma, const Neuron& neuron) {
  return evaluate<false>(mu, sigma, neuron, ErrorTables::get()).rate;
}

Response transfer_by_formulas(double mu, double sigma, const Neuron& neuron) {
  return evaluate<true>(mu, sigma, neuron, Formulas{});
}

}  // namespace dynode::mean_field

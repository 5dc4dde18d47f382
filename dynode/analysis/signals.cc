#include "dynode/analysis/signals.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <complex>
#include <fmt/format.h>
#include <numbers>
#include <unsupported/Eigen/FFT>

#include "dynode/base/text.h"

namespace dynode {
namespace {

constexpr double kJitter = 1e-6;   // on the diagonal of a covariance, as a share of the variance

std::vector<double> white(size_t n, Random& random) {
  std::vector<double> x(n);
  for (double& v : x) v = random.normal();
  return x;
}

std::vector<double> constant(const SignalArgs& a, const std::vector<double>&, Random&) {
  return std::vector<double>(a.steps, a.arguments.number("value"));
}

std::vector<double> gaussian(const SignalArgs& a, const std::vector<double>&, Random& random) {
  std::vector<double> x = white(a.steps, random);
  for (double& v : x) v = a.arguments.number("mean") + a.arguments.number("std") * v;
  return x;
}

/// White noise, each frequency times f^(−beta/2); the factors have mean square 1 and the one of frequency 0 is 0.
std::vector<double> coloured(const SignalArgs& a, const std::vector<double>&, Random& random) {
  const size_t              n = a.steps;
  const std::vector<double> x = white(n, random);
  std::vector<double>       factor(n);
  double                    energy = 0;
  for (size_t k = 1; k < n; ++k) {
    factor[k] = std::pow(double(std::min(k, n - k)), -0.5 * a.arguments.number("beta"));
    energy += factor[k] * factor[k];
  }
  const double scale = energy > 0 ? a.arguments.number("std") / std::sqrt(energy / double(n)) : 0;

  Eigen::FFT<double>                fft;
  std::vector<std::complex<double>> spectrum, from(x.begin(), x.end()), back;
  fft.fwd(spectrum, from);
  for (size_t k = 0; k < n; ++k) spectrum[k] *= factor[k] * scale;
  fft.inv(back, spectrum);
  std::vector<double> y(n);
  for (size_t t = 0; t < n; ++t) y[t] = a.arguments.number("mean") + back[t].real();
  return y;
}

double phase_at(const SignalArgs& a, size_t t) {
  return 2 * std::numbers::pi * a.arguments.number("frequency") * 1e6 * double(t) * a.step_time + a.arguments.number("phase");
}

std::vector<double> sine(const SignalArgs& a, const std::vector<double>&, Random&) {
  std::vector<double> x(a.steps);
  for (size_t t = 0; t < a.steps; ++t)
    x[t] = a.arguments.number("offset") + a.arguments.number("amplitude") * std::sin(phase_at(a, t));
  return x;
}

std::vector<double> square(const SignalArgs& a, const std::vector<double>&, Random&) {
  std::vector<double> x(a.steps);
  for (size_t t = 0; t < a.steps; ++t) {
    const double wave = std::sin(phase_at(a, t));
    x[t] = a.arguments.number("offset") + a.arguments.number("amplitude") * double((wave > 0) - (wave < 0));
  }
  return x;
}

/// The Cholesky factor of the covariance, row by row.
std::vector<double> process_factor(const SignalArgs& a) {
  if (a.steps > kMostProcessSteps)
    throw SpecError({}, fmt::format("a Gaussian process of {} steps is too long", a.steps),
                    fmt::format("at most {}; coloured noise has no limit", kMostProcessSteps));
  const auto      n = Eigen::Index(a.steps);
  const double    length = a.arguments.number("length") * 1e-9 / a.step_time;   // steps
  Eigen::MatrixXd covariance(n, n);
  for (Eigen::Index i = 0; i < n; ++i)
    for (Eigen::Index j = 0; j < n; ++j) covariance(i, j) = std::exp(-0.5 * std::pow(double(i - j) / length, 2)) + (i == j ? kJitter : 0);
  const Eigen::MatrixXd lower = covariance.llt().matrixL();
  std::vector<double>   factor(a.steps * a.steps);
  Eigen::Map<Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(factor.data(), n, n) = lower;
  return factor;
}

std::vector<double> process(const SignalArgs& a, const std::vector<double>& factor, Random& random) {
  const std::vector<double> n = white(a.steps, random);
  std::vector<double>       x(a.steps);
  for (size_t i = 0; i < a.steps; ++i) {
    double sum = 0;
    for (size_t j = 0; j <= i; ++j) sum += factor[i * a.steps + j] * n[j];
    x[i] = a.arguments.number("mean") + a.arguments.number("std") * sum;
  }
  return x;
}

Fact number(const char* name, double value, const char* help, const char* unit = "", double min = -1e300, double max = 1e300) {
  return {.name = name, .value = value, .min = min, .max = max, .unit = unit, .help = help};
}

std::vector<Fact> wave_facts() {
  return {number("offset", 0, "added to the wave"), number("amplitude", 1, "of the wave"),
          number("frequency", 100, "of the wave", "MHz", 0), number("phase", 0, "at the first step", "rad")};
}

}  // namespace

const std::vector<SignalEntry>& signals() {
  static const std::vector<SignalEntry> entries = {
      {"constant", "one value", {number("value", 1, "the value")}, constant},
      {"gaussian", "white noise", {number("mean", 0, "mean"), number("std", 1, "deviation", "", 0)}, gaussian},
      {"coloured", "noise with a power spectrum that falls as f^-beta",
       {number("mean", 0, "mean, exactly"), number("std", 1, "deviation", "", 0),
        number("beta", 1, "0: white, 1: pink, 2: red", "", -8, 8)}, coloured},
      {"sine", "sine wave", wave_facts(), sine},
      {"square", "square wave", wave_facts(), square},
      {"gp", "Gaussian process with a squared-exponential kernel",
       {number("mean", 0, "mean"), number("std", 1, "deviation (sigma)", "", 0),
        number("length", 1, "over which it changes (ell)", "ns", 1e-9)}, process, process_factor}};
  return entries;
}

const SignalEntry& find_signal(std::string_view name, const At& at) {
  std::vector<std::string> names;
  for (const SignalEntry& s : signals()) {
    if (name == s.name) return s;
    names.push_back(s.name);
  }
  throw SpecError(at, fmt::format("there is no signal '{}'", name), did_you_mean(name, names, "there are"));
}

std::vector<double> make_signals(const SignalEntry& kind, const Arguments& arguments, size_t rows, size_t steps, size_t channels,
                                 double step_time, uint64_t seed) {
  expects(rows > 0 && steps > 0 && channels > 0 && step_time > 0, "signals have a size and a step of time");
  const SignalArgs          args{arguments, step_time, steps};
  const std::vector<double> prepared = kind.prepare ? kind.prepare(args) : std::vector<double>();
  std::vector<double>       x(rows * steps * channels);
  for (size_t row = 0; row < rows; ++row)
    for (size_t c = 0; c < channels; ++c) {
      Random                    random(seed, fmt::format("signal/{}/{}", row, c));
      const std::vector<double> one = kind.make(args, prepared, random);
      for (size_t t = 0; t < steps; ++t) x[(row * steps + t) * channels + c] = one[t];
    }
  return x;
}

void rescale(std::vector<double>& values, double low, double high) {
  if (values.empty()) return;
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const double from = *least, span = *most - *least;
  for (double& v : values) v = span > 0 ? low + (high - low) * (v - from) / span : low;
}

}  // namespace dynode

// Rich margin: right answers win clearly, in a way that noise does not change, and classes point in directions of
// their own. Over the positions a = 1 … n of a batch that count, with p = softmax(z), u = z / |z|:
//
//   gap          1/n Σ_a Σ_c max(0, m + z_c − z_y)² (1 − σ(z_y − z_c))
//   stability    1/n Σ_a KL(p ‖ softmax(z + σ |z| ξ)),  ξ ~ N(0, 1)
//   calm         1/n Σ_a H(p), taken off: confidence costs
//   consistency  1/n² Σ_ab (u_a · u_b − [same class])²
//              = (‖A‖² − 2 Σ_k |S_k|² + Σ_k n_k²) / n²,   A = Σ_a u_a u_aᵀ,  S_k = Σ_{a in k} u_a
//   diversity    1/K² Σ_{k<l} U_k · U_l,   U_k the direction of the mean of z over class k, K classes that are there
//
// Source: SOEN toolkit.
#include <algorithm>

#include "dynode/base/random.h"
#include "dynode/learn/loss_terms.h"

namespace dynode {
namespace {

using Vector = std::vector<double>;

constexpr double kTiny = 1e-12;   // length of what has no direction

double dot(const double* a, const double* b, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

/// p = softmax(z), log_p its logarithm.
void softmax(const double* z, size_t n, double* p, double* log_p) {
  const double top = *std::max_element(z, z + n);
  double       sum = 0;
  for (size_t k = 0; k < n; ++k) sum += std::exp(z[k] - top);
  for (size_t k = 0; k < n; ++k) log_p[k] = z[k] - top - std::log(sum), p[k] = std::exp(log_p[k]);
}

/// The direction of v, and how a slope by it becomes one by v.
struct Direction {
  double length;
  Vector u;
  Direction(const double* v, size_t n) : length(std::max(std::sqrt(dot(v, v, n)), kTiny)), u(v, v + n) {
    for (double& x : u) x /= length;
  }
  void hand_back(const double* u_bar, double factor, double* v_bar) const {
    const double along = dot(u.data(), u_bar, u.size());
    for (size_t i = 0; i < u.size(); ++i) v_bar[i] += factor * (u_bar[i] - along * u[i]) / length;
  }
};

/// The positions that count: outputs, classes, and slopes of the value by the outputs.
struct Positions {
  size_t              n = 0, units;
  Vector              z, bar;   // [n][units]
  std::vector<size_t> classes;

  const double* at(size_t a) const { return z.data() + a * units; }
};

double gap(Positions& P, double margin) {
  const size_t C   = P.units;
  double       sum = 0;
  for (size_t a = 0; a < P.n; ++a) {
    const double *z = P.at(a), z_y = z[P.classes[a]];
    double*       bar = P.bar.data() + a * C;
    for (size_t c = 0; c < C; ++c) {
      const double h = std::max(0.0, margin + z[c] - z_y), doubt = 1 / (1 + std::exp(z_y - z[c]));
      sum += h * h * doubt;
      const double slope = (2 * h * doubt + h * h * doubt * (1 - doubt)) / double(P.n);
      bar[c] += slope, bar[P.classes[a]] -= slope;
    }
  }
  return sum / double(P.n);
}

double stability(Positions& P, double noise, double factor) {
  if (noise == 0) return 0;
  const size_t C = P.units;
  Vector       p(C), log_p(C), q(C), log_q(C), moved(C), by(C);
  Random       random(1, "rich_margin_loss");
  double       sum = 0;
  for (size_t a = 0; a < P.n; ++a) {
    const double* z   = P.at(a);
    double*       bar = P.bar.data() + a * C;
    for (size_t k = 0; k < C; ++k) {
      const double xi = noise * random.normal();
      moved[k] = z[k] + xi * std::abs(z[k]), by[k] = 1 + xi * sign_of(z[k]);
    }
    softmax(z, C, p.data(), log_p.data());
    softmax(moved.data(), C, q.data(), log_q.data());
    double kl = 0;
    for (size_t k = 0; k < C; ++k) kl += p[k] * (log_p[k] - log_q[k]);
    for (size_t k = 0; k < C; ++k)
      bar[k] += factor / double(P.n) * (p[k] * (log_p[k] - log_q[k] - kl) + (q[k] - p[k]) * by[k]);
    sum += kl;
  }
  return factor * sum / double(P.n);
}

double calm(Positions& P, double factor) {
  const size_t C = P.units;
  Vector       p(C), log_p(C);
  double       sum = 0;
  for (size_t a = 0; a < P.n; ++a) {
    softmax(P.at(a), C, p.data(), log_p.data());
    const double H = -dot(p.data(), log_p.data(), C);
    for (size_t k = 0; k < C; ++k) P.bar[a * C + k] += factor / double(P.n) * p[k] * (log_p[k] + H);
    sum -= H;
  }
  return factor * sum / double(P.n);
}

double consistency(Positions& P, double factor) {
  const size_t           C = P.units;
  const double           pairs = double(P.n) * double(P.n);
  std::vector<Direction> u;
  Vector                 A(C * C), S(C * C), counts(C), u_bar(C);
  for (size_t a = 0; a < P.n; ++a) {
    const Vector& d = u.emplace_back(P.at(a), C).u;
    for (size_t i = 0; i < C; ++i) {
      S[P.classes[a] * C + i] += d[i];
      for (size_t j = 0; j < C; ++j) A[i * C + j] += d[i] * d[j];
    }
    counts[P.classes[a]] += 1;
  }
  for (size_t a = 0; a < P.n; ++a) {
    for (size_t i = 0; i < C; ++i)
      u_bar[i] = 4 * (dot(A.data() + i * C, u[a].u.data(), C) - S[P.classes[a] * C + i]) / pairs;
    u[a].hand_back(u_bar.data(), factor, P.bar.data() + a * C);
  }
  return factor * (dot(A.data(), A.data(), C * C) - 2 * dot(S.data(), S.data(), C * C) + dot(counts.data(), counts.data(), C)) / pairs;
}

double diversity(Positions& P, double factor) {
  const size_t C = P.units;
  Vector       means(C * C), counts(C), sum(C), bar(C);
  for (size_t a = 0; a < P.n; ++a) {
    counts[P.classes[a]] += 1;
    for (size_t i = 0; i < C; ++i) means[P.classes[a] * C + i] += P.at(a)[i];
  }
  std::vector<Direction> U;
  std::vector<size_t>    at(C);   // of a class in U
  double                 own = 0;
  for (size_t k = 0; k < C; ++k) {
    if (counts[k] == 0) continue;
    for (size_t i = 0; i < C; ++i) means[k * C + i] /= counts[k];
    at[k] = U.size();
    const Vector& d = U.emplace_back(means.data() + k * C, C).u;
    for (size_t i = 0; i < C; ++i) sum[i] += d[i];
    own += dot(d.data(), d.data(), C);
  }
  const double pairs = double(U.size()) * double(U.size());
  for (size_t a = 0; a < P.n; ++a) {
    const Direction& d = U[at[P.classes[a]]];
    for (size_t i = 0; i < C; ++i) bar[i] = (sum[i] - d.u[i]) / pairs;
    d.hand_back(bar.data(), factor / counts[P.classes[a]], P.bar.data() + a * C);
  }
  return factor * (dot(sum.data(), sum.data(), C) - own) / 2 / pairs;
}

template <class R>
double rich_margin(const Arguments& arguments, const LossCall<R>& call) {
  Positions           P{.units = call.units, .z = {}, .bar = {}, .classes = {}};
  std::vector<size_t> where;
  for (size_t p = 0; p < call.rows * call.steps; ++p) {
    if (call.classes[p] == kIgnoredClass || !counts(call.mask, p)) continue;
    where.push_back(p);
    P.classes.push_back(size_t(call.classes[p]));
    P.z.insert(P.z.end(), call.output + p * call.units, call.output + (p + 1) * call.units);
  }
  P.n = where.size();
  P.bar.resize(P.z.size());
  const double value = gap(P, arguments.number("margin")) +
                       stability(P, arguments.number("sigma_noise"), arguments.number("stability")) +
                       calm(P, arguments.number("calm")) + consistency(P, arguments.number("consistency")) +
                       diversity(P, arguments.number("diversity"));
  for (size_t a = 0; a < P.n && call.output_bar; ++a)
    for (size_t k = 0; k < call.units; ++k)
      call.output_bar[where[a] * call.units + k] += R(call.weight * P.bar[a * call.units + k]);
  return call.weight * value;
}

}  // namespace

LossEntry rich_margin_loss() {
  return {.name    = "rich_margin_loss",
          .summary = "right classes win clearly and calmly, and point in directions of their own",
          .facts   = {{.name = "margin", .value = 0.5, .help = "by which the right class should win"},
                      {.name = "sigma_noise", .value = 0.05, .min = 0, .help = "noise that should change nothing, share of each output"},
                      {.name = "stability", .value = 0.3, .help = "factor of what noise changes"},
                      {.name = "calm", .value = 0.1, .help = "factor of the entropy, which is taken off"},
                      {.name = "consistency", .value = 0.2, .help = "factor of unlike outputs in a class, and like ones across"},
                      {.name = "diversity", .value = 0.1, .help = "factor of likeness among means of classes"}},
          .target   = LossTarget::classes,
          .of_batch = true,
          .count    = count_classes,
          .value_and_adjoint_float  = rich_margin<float>,
          .value_and_adjoint_double = rich_margin<double>};
}

}  // namespace dynode

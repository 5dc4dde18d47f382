// Losses on the learnable weights of connections.
//
//   rnn_conn                    Σ over connections of  fro: √Σ w²    l1: Σ |w|    mean_square: Σ w² / entries
//   reg_J_loss                  factor · Σ exp(scale · (|w| − θ)) − 1  over weights with |w| > θ
//   gravity_quantization_loss   factor · mean of |w − c| or (w − c)²,  c: the level of the codebook next to w
//
// Absent weights are not looked at; mean_square divides by all entries, as nn4n does. Sources: nn4n, connectivity
// criterion and RNNLoss; SOEN toolkit.
#include <algorithm>
#include <fmt/format.h>

#include "dynode/learn/loss_terms.h"

namespace dynode {
namespace {

/// Calls body(w, w_bar) for every weight there is.
template <class Body>
void for_present(const LossWeights& c, Body body) {
  for (size_t i = 0; i < c.weights.size(); ++i)
    if (c.present.empty() || c.present[i]) body(c.weights[i], c.weights_bar[i]);
}

double connectivity(const Arguments& arguments, std::span<const LossWeights> connections) {
  const std::string &where = arguments.text("layer"), &metric = arguments.text("metric");
  double             total = 0;
  for (const LossWeights& c : connections) {
    const char* place = c.place == WeightPlace::input ? "input" : c.place == WeightPlace::hidden ? "hidden" : "readout";
    if (where != "all" && where != place) continue;
    double sum = 0;
    for_present(c, [&](double w, double&) { sum += metric == "l1" ? std::abs(w) : w * w; });
    if (metric == "l1") {
      for_present(c, [&](double w, double& bar) { bar += sign_of(w); });
    } else if (metric == "fro") {
      sum = std::sqrt(sum);
      if (sum > 0) for_present(c, [&](double w, double& bar) { bar += w / sum; });
    } else {
      const double entries = double(c.weights.size());
      sum /= entries;
      for_present(c, [&](double w, double& bar) { bar += 2 * w / entries; });
    }
    total += sum;
  }
  return total;
}

double large_weights(const Arguments& arguments, std::span<const LossWeights> connections) {
  const double theta = arguments.number("threshold"), scale = arguments.number("scale");
  const double factor = arguments.number("factor");
  double       sum    = 0;
  for (const LossWeights& c : connections)
    for_present(c, [&](double w, double& bar) {
      const double over = std::abs(w) - theta;
      if (over <= 0) return;
      sum += std::expm1(scale * over);
      bar += factor * scale * std::exp(scale * over) * sign_of(w);
    });
  return factor * sum;
}

/// `count` levels with exactly one zero: from min to 0 and from 0 to max in equal steps, or, where 0 is outside, from
/// min to max and 0.
std::vector<double> uniform_codebook(double min, double max, int count) {
  std::vector<double> levels = {0};
  const int           k = count - 1;
  if (min > 0 || max < 0) {
    for (int i = 0; i < k; ++i) levels.push_back(k == 1 ? min : min + (max - min) * i / (k - 1));
  } else {
    const int below = min == 0 ? 0 : max == 0 ? k : k / 2, above = k - below;
    for (int i = 0; i < below; ++i) levels.push_back(min * (below - i) / below);
    for (int i = 1; i <= above; ++i) levels.push_back(max * i / above);
  }
  std::ranges::sort(levels);
  return levels;
}

std::vector<double> codebook(const Arguments& arguments) {
  if (arguments.has("codebook")) {
    std::vector<double> levels = arguments.numbers("codebook");
    std::ranges::sort(levels);
    return levels;
  }
  const bool   bits = arguments.has("bits"), levels = arguments.has("levels");
  const double min = arguments.number("min_val"), max = arguments.number("max_val");
  const int count = levels ? int(arguments.number("levels")) : bits ? (1 << int(arguments.number("bits"))) + 1 : 9;
  return uniform_codebook(min, max, count);
}

double gravity(const Arguments& arguments, std::span<const LossWeights> connections) {
  const std::vector<double> levels = codebook(arguments);
  const std::string&        mode   = arguments.text("mode");
  const bool                square = mode == "mse" || mode == "l2";
  double                    count = 0, sum = 0;
  for (const LossWeights& c : connections) for_present(c, [&](double, double&) { count += 1; });
  if (count == 0) return 0;
  const double factor = arguments.number("factor") / count;
  for (const LossWeights& c : connections)
    for_present(c, [&](double w, double& bar) {
      // of two levels equally near, the lower one
      auto next = std::ranges::lower_bound(levels, w);
      if (next == levels.end() || (next != levels.begin() && w - next[-1] <= *next - w)) --next;
      const double d = w - *next;
      sum += square ? d * d : std::abs(d);
      bar += factor * (square ? 2 * d : sign_of(d));
    });
  return factor * sum;
}

void check_connectivity(const Arguments& arguments, size_t, size_t, const At& at) {
  check_word(arguments, "layer", {"all", "input", "hidden", "readout"}, at);
  check_word(arguments, "metric", {"fro", "l1", "mean_square"}, at);
}

void check_gravity(const Arguments& arguments, size_t, size_t, const At& at) {
  check_word(arguments, "mode", {"mse", "l2", "mae", "l1"}, at);
  if (arguments.has("codebook") && arguments.numbers("codebook").empty())
    throw SpecError(at, "the codebook is empty", "give its levels, such as codebook: [-0.2, 0, 0.2]");
  if (arguments.has("bits") && arguments.has("levels"))
    throw SpecError(at, "bits and levels say the same", "keep one of them; 2 bits are 5 levels");
  if (!(arguments.number("min_val") < arguments.number("max_val")))
    throw SpecError(at, "min_val must be below max_val");
}

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();   // a fact without a default

}  // namespace

LossEntry connectivity_loss() {
  return {.name       = "rnn_conn",
          .summary    = "size of the learnable weights of connections",
          .facts      = {{.name     = "layer",
                          .kind     = ArgumentKind::text,
                          .help     = "all; input: connections out of the input layer; readout: into the last layer; "
                                      "hidden: all others",
                          .required = true},
                         {.name = "metric",
                          .kind = ArgumentKind::text,
                          .help = "fro, l1 or mean_square",
                          .text = "fro"}},
          .of_weights = connectivity,
          .check      = check_connectivity};
}

LossEntry large_weights_loss() {
  return {.name       = "reg_J_loss",
          .summary    = "penalty for large weights that grows exponentially",
          .facts      = {{.name = "threshold", .value = 0.24, .min = 0, .help = "size up to which nothing is lost"},
                         {.name = "scale", .value = 1, .help = "steepness of the exponential"},
                         {.name = "factor", .value = 0.01, .help = "factor on the sum"}},
          .of_weights = large_weights};
}

LossEntry gravity_quantization_loss() {
  return {.name       = "gravity_quantization_loss",
          .summary    = "pulls weights towards the levels of a codebook",
          .facts      = {{.name = "codebook", .kind = ArgumentKind::numbers, .help = "its levels; else equal steps"},
                         {.name = "min_val", .value = -1, .help = "lowest level of equal steps"},
                         {.name = "max_val", .value = 1, .help = "highest level of equal steps"},
                         {.name  = "bits",
                          .kind  = ArgumentKind::integer,
                          .value = kNone,
                          .min   = 0,
                          .max   = 16,
                          .help  = "2^bits + 1 levels; missing: 9 levels"},
                         {.name = "levels", .kind = ArgumentKind::integer, .value = kNone, .min = 2, .max = 65537,
                          .help = "number of levels, one of them 0"},
                         {.name = "mode",
                          .kind = ArgumentKind::text,
                          .help = "mse (or l2), mae (or l1)",
                          .text = "mse"},
                         {.name = "factor", .value = 1, .help = "factor on the mean"}},
          .of_weights = gravity,
          .check      = check_gravity};
}

}  // namespace dynode

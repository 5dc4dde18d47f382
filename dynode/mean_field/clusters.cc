#include "dynode/mean_field/clusters.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace dynode::mean_field {
namespace {

void check(const ClusterSpec& s) {
  const auto fail = [](const char* key, const std::string& what, const char* hint = "") {
    throw SpecError({.path = key}, what, hint);
  };
  if (s.n_neurons < 1 || s.n_neurons > 2'000'000'000)
    fail("n_neurons", fmt::format("must be from 1 to 2e9, got {}", s.n_neurons));
  if (s.n_excitatory < 0 || s.n_excitatory > s.n_neurons)
    fail("n_excitatory", fmt::format("must be from 0 to n_neurons = {}, got {}", s.n_neurons, s.n_excitatory));
  if (s.n_clusters < 1 || s.n_clusters > 10'000)
    fail("n_clusters", fmt::format("must be from 1 to 10000, got {}", s.n_clusters));
  const auto background = [&](const char* key, const char* type, int64_t all, int64_t outside) {
    if (outside < 0 || outside > all)
      fail(key, fmt::format("must be from 0 to {}, the number of {} neurons, got {}", all, type, outside));
    const int64_t left = (all - outside) % s.n_clusters;
    if (left != 0)
      fail(key,
           fmt::format("leaves {} {} neurons, which do not divide into {} clusters", all - outside, type, s.n_clusters),
           fmt::format("{} more in the background would fit", left).c_str());
  };
  background("n_excitatory_background", "excitatory", s.n_excitatory, s.n_excitatory_background);
  background("n_inhibitory_background", "inhibitory", s.n_neurons - s.n_excitatory, s.n_inhibitory_background);
  for (double p : s.connectivity_fraction_probs)
    if (!(p >= 0 && p <= 1)) fail("connectivity_fraction_probs", fmt::format("must be from 0 to 1, got {}", p));
  for (double j : s.j_baseline)
    if (!std::isfinite(j)) fail("j_baseline", "must be finite");
  for (double g : s.j_potentiated)
    if (!std::isfinite(g)) fail("j_potentiated", "must be finite");
}

}  // namespace

double Arousal::denominator() const {
  const double x = std::clamp(level, 1e-6, 1.0);
  const double c = -std::log2(1 + std::pow((1 - x_0) / x_0, 1 / k));
  return 1 + std::pow(std::pow(x, c) - 1, k);
}

double Arousal::e_to_e_reduction() const { return L / denominator(); }

double Arousal::mean_extra_rate() const { return M / (2 * denominator()); }

ClusterMatrices cluster_matrices(const ClusterSpec& s) {
  check(s);
  const size_t  clusters = size_t(s.n_clusters), p = size_t(s.populations());
  const int64_t n_inhibitory = s.n_neurons - s.n_excitatory;
  const std::array<int64_t, 2> all{s.n_excitatory, n_inhibitory};
  const std::array<int64_t, 2> outside{s.n_excitatory_background, s.n_inhibitory_background};

  ClusterMatrices m{std::vector<double>(p * p), std::vector<double>(p * p), {0}, {}};
  std::array<double, 2> share;  // of a cluster among its type
  for (size_t type = 0; type < 2; ++type) {
    const int64_t size = (all[type] - outside[type]) / s.n_clusters;
    share[type]        = all[type] ? double(size) / double(all[type]) : 0;
    for (size_t k = 0; k < clusters; ++k) m.boundaries.push_back(m.boundaries.back() + size);
    m.boundaries.push_back(m.boundaries.back() + outside[type]);
  }

  std::array<double, 4> raised = s.j_potentiated;
  if (!s.potentiate && !s.legacy_potentiate) raised.fill(1);
  for (size_t pre = 0; pre < 2; ++pre)
    for (size_t post = 0; post < 2; ++post) {
      const size_t type  = 2 * pre + post;
      const double sum   = share[pre] + share[post], product = share[pre] * share[post], k = double(s.n_clusters);
      const double below = sum - product * (k + 1);
      double       g     = below == 0 ? 1 : (sum - product * (k + raised[type])) / below;
      if (!s.potentiate || !std::isfinite(g)) g = 1;
      m.depression[type] = s.clip_depression ? std::max(g, 0.0) : g;
    }

  for (size_t i = 0; i < p; ++i)
    for (size_t j = 0; j < p; ++j) {
      const size_t post = i > clusters, pre = j > clusters, type = 2 * pre + post;
      const size_t here = i % (clusters + 1), there = j % (clusters + 1);  // the background comes as cluster K
      const double factor = here != there ? m.depression[type] : here == clusters ? 1 : raised[type];
      m.strength[i * p + j]    = s.j_baseline[type] / std::sqrt(double(s.n_neurons)) * factor;
      m.probability[i * p + j] = s.connectivity_fraction_probs[s.legacy_probability_order ? 2 * post + pre : type];
    }
  return m;
}

}  // namespace dynode::mean_field

#include "dynode/mean_field/perturbation_block.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/random.h"
#include "dynode/base/text.h"
#include "dynode/mean_field/perturbation.h"
#include "dynode/spec/fields.h"

namespace dynode::mean_field {
namespace {

/// One target of `perturbation`.
struct Words {
  std::optional<Value>   vectors, involved_clusters, params, time_dependence, matrix, circulant;
  std::optional<double>  value;
  int64_t                n_vectors = 1;
  std::optional<int64_t> length;
  uint64_t               seed       = 256;
  bool                   structured = true, legacy_cluster_order = false;
  double                 balance = 0.5, mean = 0, sigma = 1;

  static constexpr auto fields =
      field_list(field("vectors", &Words::vectors, "lists of values, one list per vector"),
                 field("involved_clusters", &Words::involved_clusters,
                       "populations they apply to: one list for all or one per vector"),
                 field("legacy_cluster_order", &Words::legacy_cluster_order,
                       "values go to the listed clusters in ascending order, not in that of the list"),
                 field("params", &Words::params, "coefficients, one per vector"),
                 field("value", &Words::value, "the same for all populations, instead of vectors"),
                 field("matrix", &Words::matrix, "j, j_baseline: rows of numbers (post, pre), instead of vectors"),
                 field("circulant", &Words::circulant, "j: alpha, beta and n_clusters_to_perturb, instead of vectors"),
                 field("time_dependence", &Words::time_dependence, "of spiking runs"),
                 field("n_vectors", &Words::n_vectors, "random vectors, where none are given", within(1, 100'000)),
                 field("length", &Words::length, "number of populations"),
                 field("seed", &Words::seed, "of random vectors"),
                 field("structured", &Words::structured, "random vectors of +1 and -1; else normal"),
                 field("balance", &Words::balance, "probability of +1", within(0, 1)),
                 field("mean", &Words::mean, "of normal entries"),
                 field("sigma", &Words::sigma, "their deviation", non_negative));
};

struct When {
  std::optional<std::string> shape;
  std::optional<double>      onset_time, offset_time;

  static constexpr auto fields =
      field_list(field("shape", &When::shape, "whatever it is called, a box"),
                 field("onset_time", &When::onset_time, "when it begins to act", non_negative),
                 field("offset_time", &When::offset_time, "when it ends; missing: with the run", non_negative));
};

struct CirculantWords {
  double                 alpha = 0, beta = 0;
  std::optional<int64_t> n_clusters_to_perturb;

  static constexpr auto fields =
      field_list(field("alpha", &CirculantWords::alpha, "added along the shifted diagonal of E → E"),
                 field("beta", &CirculantWords::beta, "added along the shifted diagonal of I → E"),
                 field("n_clusters_to_perturb", &CirculantWords::n_clusters_to_perturb, "missing: all", at_least(1)));
};

std::vector<double> numbers(const Value& list) {
  std::vector<double> values;
  for (const Value& item : list.list()) values.push_back(item.number());
  return values;
}

PerturbationBlock with_time(const std::optional<Value>& written, PerturbationBlock out) {
  if (!written || written->empty()) return out;
  const auto when = read<When>(*written);
  if (!when.shape || when.shape->empty()) return out;  // without a shape there is no time in it
  out.timed  = true;
  out.onset  = when.onset_time.value_or(0);
  out.offset = when.offset_time;
  if (out.offset && *out.offset < out.onset) written->fail("offset_time is before onset_time");
  return out;
}

}  // namespace

const std::vector<std::string>& perturbation_targets() {
  static const std::vector<std::string> targets{
      "rate",           "j_baseline",    "j_potentiated", "j",           "threshold", "tau_membrane", "tau_synaptic",
      "tau_refractory", "arousal_level", "arousal_L",     "arousal_x_0", "arousal_k", "arousal_M",    "j_ext"};
  return targets;
}

PerturbationBlock read_perturbation(const Value& block, const std::string& target, size_t populations) {
  const auto b = read<Words>(block);
  if (b.length && *b.length != int64_t(populations))
    block.at("length").fail(fmt::format("must be the number of populations, {}, got {}", populations, *b.length));
  // one of four forms
  const int forms = int(b.vectors || b.params) + int(b.value.has_value()) + int(b.matrix.has_value()) +
                    int(b.circulant.has_value());
  if (forms > 1) block.fail("vectors with params, value, matrix and circulant exclude each other", "keep one of them");
  if (b.matrix && target != "j" && target != "j_baseline")
    b.matrix->fail(fmt::format("{} has no matrix", target), "it is for j and j_baseline; give vectors and params");
  if (b.circulant && target != "j")
    b.circulant->fail(fmt::format("a circulant is a factor of efficacies, not of {}", target), "it is for the target j");
  if (b.value) return with_time(b.time_dependence, {std::vector<double>(populations, *b.value)});
  if (b.matrix) {
    PerturbationBlock out{std::vector<double>(populations)};
    if (b.matrix->list().size() != populations)
      b.matrix->fail(fmt::format("needs {} rows, one per population; got {}", populations, b.matrix->size()));
    for (const Value& row : b.matrix->list()) {
      const std::vector<double> line = numbers(row);
      if (line.size() != populations) row.fail(fmt::format("needs {} numbers, got {}", populations, line.size()));
      out.matrix.insert(out.matrix.end(), line.begin(), line.end());
    }
    return with_time(b.time_dependence, std::move(out));
  }
  if (b.circulant) {
    const auto   c    = read<CirculantWords>(*b.circulant);
    const size_t half = populations / 2, m = c.n_clusters_to_perturb ? size_t(*c.n_clusters_to_perturb) : half - 1;
    if (populations % 2 || half < 2 || m > half - 1)
      b.circulant->fail(fmt::format("{} of {} clusters cannot be perturbed", m, half > 0 ? half - 1 : 0));
    return with_time(b.time_dependence, {std::vector<double>(populations),
                                         circulant_factors(populations, half, m, c.alpha, c.beta)});
  }
  const Value&              params       = block.at("params");
  const std::vector<double> coefficients = params.is_list() ? numbers(params) : std::vector{params.number()};
  const size_t              count        = b.vectors ? b.vectors->list().size() : size_t(b.n_vectors);
  if (coefficients.size() != count)
    params.fail(fmt::format("needs one coefficient per vector, {}; got {}", count, coefficients.size()));

  const bool each = b.involved_clusters && b.involved_clusters->size() > 0 && b.involved_clusters->list()[0].is_list();
  if (each && b.involved_clusters->size() != count)
    b.involved_clusters->fail(
        fmt::format("needs one list for all or one per vector, {}; got {}", count, b.involved_clusters->size()));
  Random                           random(b.seed, "perturbation/" + target);
  std::vector<std::vector<double>> vectors;
  bool                             ascending = true;
  for (size_t m = 0; m < count; ++m) {
    std::vector<size_t> involved;
    if (b.involved_clusters) {
      for (const Value& place : (each ? b.involved_clusters->list()[m] : *b.involved_clusters).list())
        involved.push_back(size_t(place.unsigned_integer()));
    } else {
      for (size_t i = 0; i < populations; ++i) involved.push_back(i);
    }
    if (b.legacy_cluster_order) std::sort(involved.begin(), involved.end());
    ascending &= !b.vectors || std::is_sorted(involved.begin(), involved.end());
    std::vector<double> values;
    if (b.vectors) values = numbers(b.vectors->list()[m]);
    else
      for (size_t k = 0; k < involved.size(); ++k)
        values.push_back(b.structured ? (random.uniform() < b.balance ? 1 : -1) : b.mean + b.sigma * random.normal());
    try {
      vectors.push_back(scatter(values, involved, populations));
    } catch (const SpecError& error) {
      const std::string what = error.what();
      block.fail(what);
    }
  }
  PerturbationBlock out{combine(vectors, coefficients)};
  out.ascending = ascending;
  return with_time(b.time_dependence, std::move(out));
}

Perturbations read_perturbations(const Value& written, size_t populations) {
  Perturbations found;
  if (written.is_null()) return found;
  const std::vector<std::string>& targets = perturbation_targets();
  for (const Value::Entry& entry : written.entries()) {
    if (std::find(targets.begin(), targets.end(), entry.key) == targets.end())
      throw SpecError(written.key_at(entry), fmt::format("there is no target '{}'", entry.key),
                      did_you_mean(entry.key, targets, "there are"));
    if (!entry.value.empty()) found.emplace(entry.key, read_perturbation(entry.value, entry.key, populations));
  }
  return found;
}

double change_of(const Perturbations& perturbations, const std::string& target, size_t population) {
  const auto found = perturbations.find(target);
  return found == perturbations.end() ? 0 : found->second.values[population];
}

double mean_change(const Perturbations& perturbations, const std::string& target, size_t populations) {
  double sum = 0;
  for (size_t i = 0; i < populations; ++i) sum += change_of(perturbations, target, i);
  return sum / double(populations);
}

void perturb_efficacies(const Perturbations& perturbations, size_t clusters, std::vector<double>& strength) {
  const size_t P    = size_t(std::llround(std::sqrt(double(strength.size()))));
  const auto   of   = [&](const char* target) {
    const auto found = perturbations.find(target);
    return found == perturbations.end() ? nullptr : &found->second;
  };
  const PerturbationBlock *baseline = of("j_baseline"), *potentiated = of("j_potentiated"), *all = of("j");
  const auto entry = [&](const PerturbationBlock& b, size_t i, size_t j) {
    return b.matrix.empty() ? b.values[i] : b.matrix[i * P + j];
  };
  for (size_t i = 0; i < P; ++i)
    for (size_t j = 0; j < P; ++j) {
      double&      w    = strength[i * P + j];
      const size_t here = i % (clusters + 1), there = j % (clusters + 1);
      if (baseline) w *= 1 + entry(*baseline, i, j);
      if (potentiated && here == there && here < clusters) w *= 1 + potentiated->values[j];
      if (all) w *= entry(*all, i, j);
    }
}

}  // namespace dynode::mean_field

#include "dynode/mean_field/perturbation_block.h"

#include <fmt/format.h>

#include "dynode/base/random.h"
#include "dynode/mean_field/perturbation.h"
#include "dynode/spec/fields.h"

namespace dynode::mean_field {
namespace {

/// One target of `perturbation`.
struct Words {
  std::optional<Value>   vectors, involved_clusters, params, time_dependence;
  int64_t                n_vectors = 1;
  std::optional<int64_t> length;
  uint64_t               seed       = 256;
  bool                   structured = true;
  double                 balance = 0.5, mean = 0, sigma = 1;

  static constexpr auto fields =
      std::tuple{field("vectors", &Words::vectors, "lists of values, one list per vector"),
                 field("involved_clusters", &Words::involved_clusters,
                       "populations they apply to: one list for all or one per vector"),
                 field("params", &Words::params, "coefficients, one per vector"),
                 field("time_dependence", &Words::time_dependence, "of spiking runs"),
                 field("n_vectors", &Words::n_vectors, "random vectors, where none are given", within(1, 100'000)),
                 field("length", &Words::length, "number of populations"),
                 field("seed", &Words::seed, "of random vectors"),
                 field("structured", &Words::structured, "random vectors of +1 and -1; else normal"),
                 field("balance", &Words::balance, "probability of +1", within(0, 1)),
                 field("mean", &Words::mean, "of normal entries"),
                 field("sigma", &Words::sigma, "their deviation", non_negative)};
};

struct When {
  std::optional<std::string> shape;
  std::optional<double>      onset_time, offset_time;

  static constexpr auto fields =
      std::tuple{field("shape", &When::shape, "whatever it is called, a box"),
                 field("onset_time", &When::onset_time, "when it begins to act", non_negative),
                 field("offset_time", &When::offset_time, "when it ends; missing: with the run", non_negative)};
};

std::vector<double> numbers(const Value& list) {
  std::vector<double> values;
  for (const Value& item : list.list()) values.push_back(item.number());
  return values;
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
  for (size_t m = 0; m < count; ++m) {
    std::vector<size_t> involved;
    if (b.involved_clusters) {
      for (const Value& place : (each ? b.involved_clusters->list()[m] : *b.involved_clusters).list())
        involved.push_back(size_t(place.unsigned_integer()));
    } else {
      for (size_t i = 0; i < populations; ++i) involved.push_back(i);
    }
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
  if (!b.time_dependence || b.time_dependence->empty()) return out;
  const auto when = read<When>(*b.time_dependence);
  if (!when.shape || when.shape->empty()) return out;  // without a shape there is no time in it
  out.timed  = true;
  out.onset  = when.onset_time.value_or(0);
  out.offset = when.offset_time;
  if (out.offset && *out.offset < out.onset) b.time_dependence->fail("offset_time is before onset_time");
  return out;
}

}  // namespace dynode::mean_field

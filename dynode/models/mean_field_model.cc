#include "dynode/models/mean_field_model.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <functional>
#include <numeric>
#include <set>

#include "dynode/mean_field/config.h"
#include "dynode/mean_field/lif_mean_field.h"
#include "dynode/models/spiking_runs.h"
#include "dynode/plan/spiking.h"
#include "dynode/spec/fields.h"

namespace dynode {
namespace {

using namespace mean_field;

/// Σ of independent inputs with different efficacies: the theory needs Σ c J and Σ c J² alone.
struct Input {
  double mean = 0, square = 0;  // Σ c J, Σ c J²

  double efficacy() const { return mean != 0 ? square / mean : 0; }
  double count() const { return square != 0 ? mean * mean / square : 0; }
};

/// Partners of a neuron.
double in_degree(const SynapseRule& rule, size_t post, size_t pre) {
  const double count = rule.count[post * rule.pres() + pre];
  switch (rule.kind) {
    case SynapseRule::Kind::fixed_indegree: return count;
    case SynapseRule::Kind::bernoulli: return count * double(rule.from[pre + 1] - rule.from[pre]);
    case SynapseRule::Kind::fixed_total_number: break;
  }
  const double units = double(rule.to[post + 1] - rule.to[post]);
  return units ? count / units : 0;
}

class Reader {
 public:
  /// @param values  of a parameter, by its name
  Reader(const Plan& plan, std::function<std::vector<double>(const std::string&)> values)
      : plan_(plan), values_(std::move(values)) {
    if (!plan_.spiking)
      throw SpecError({.file = plan_.spec.file},
                      "the mean field is of networks of spiking layers without an input array",
                      "give simulation.input_type: none, and drives");
    for (const auto& begin : plan_.spiking->populations) first_.push_back(count_), count_ += begin.size() - 1;
    inputs_.resize(count_ * count_), external_.resize(count_), shift_.resize(count_);
  }

  MeanFieldNetwork network() {
    net_.names    = population_names(plan_);
    net_.clusters = cluster_count(plan_) ? cluster_count(plan_) : count_;
    for (size_t l = 0; l < plan_.layers.size(); ++l) add_layer(l);
    for (const ConnectionPlan& c : plan_.connections) add_connection(c);
    for (const Drive& drive : plan_.spiking->drives) add_drive(drive);
    Populations& p = net_.populations;
    for (const Input& input : inputs_) p.c_matrix.push_back(input.count()), p.j_matrix.push_back(input.efficacy());
    for (size_t i = 0; i < count_; ++i) {
      if (external_[i].mean == 0 && external_[i].square > 0)
        throw SpecError({.file = plan_.spec.file, .path = "drives"},
                        fmt::format("drives of {} cancel in the mean", net_.names[i]),
                        "the theory describes an input by its mean and its efficacy");
      p.c_ext.push_back(1), p.j_ext.push_back(external_[i].efficacy()), p.nu_ext.push_back(external_[i].count());
      Neuron& n = p.neurons[i];
      n.threshold -= shift_[i], n.v_reset -= shift_[i];
      n.tau_m *= unit_, n.tau_s *= unit_, n.tau_ref *= unit_, p.nu_ext[i] /= unit_;
    }
    p.check();
    add_changes();
    net_.duration = double(plan_.spiking->steps) * plan_.layers[0].dt * unit_;
    return std::move(net_);
  }

 private:
  const std::vector<uint32_t>& begin(size_t layer) const { return plan_.spiking->populations[layer]; }

  void add_layer(size_t l) {
    const LayerPlan& layer = plan_.layers[l];
    const int        id    = plan_.spec.layers[l].layer_id;
    const bool       jumps = layer.cell->name == std::string("LIFDelta");  // no synaptic time constant: white noise
    if (!jumps && std::string(layer.cell->name) != "LIF")
      throw SpecError(plan_.spec.layers[l].at, fmt::format("layer {} is of type {}: the mean field is known for LIF "
                                                           "and LIFDelta", id, layer.cell->name));
    const auto&                      inhibitory = plan_.spiking->inhibitory[l];
    std::vector<std::vector<double>> values;  // of the parameters of Neuron, in its order
    for (const char* name : {"threshold", "reset_voltage", "tau_membrane", "tau_synaptic", "tau_refractory"})
      values.push_back(jumps && name == std::string("tau_synaptic")
                           ? std::vector<double>(layer.units)
                           : values_(fmt::format("layer{}/{}", id, name)));
    const auto mean = [&](size_t parameter, size_t p) {
      // a population without units is like another of its type
      size_t of = p;
      for (size_t k = 0; k + 1 < begin(l).size() && begin(l)[of] == begin(l)[of + 1]; ++k)
        if (inhibitory.empty() || inhibitory[k] == inhibitory[p]) of = k;
      const std::vector<double>& all  = values[parameter];
      const uint32_t             from = begin(l)[of], to = begin(l)[of + 1];
      return from == to ? all.at(0) : std::accumulate(all.begin() + from, all.begin() + to, 0.0) / (to - from);
    };
    for (size_t p = 0; p + 1 < begin(l).size(); ++p)
      net_.populations.neurons.push_back({mean(0, p), mean(1, p), mean(2, p), mean(3, p), mean(4, p)});
  }

  void add_connection(const ConnectionPlan& c) {
    const size_t to = size_t(c.to), from = size_t(c.from);
    const auto   at = [&](size_t post, size_t pre) -> Input& {
      return inputs_[(first_[to] + post) * count_ + first_[from] + pre];
    };
    if (const SynapseRule* rule = c.synapses.get()) {
      for (size_t i = 0; i < rule->posts(); ++i)
        for (size_t j = 0; j < rule->pres(); ++j) {
          const double n = in_degree(*rule, i, j), w = rule->weight[i * rule->pres() + j];
          const double spread = rule->weight_deviation.empty() ? 0 : rule->weight_deviation[i * rule->pres() + j];
          at(i, j).mean += n * w, at(i, j).square += n * w * w * (1 + spread * spread);
        }
      return;
    }
    const std::vector<double> w       = values_(c.name);
    const size_t              columns = plan_.layers[from].units;
    for (size_t i = 0; i + 1 < begin(to).size(); ++i)
      for (size_t j = 0; j + 1 < begin(from).size(); ++j)
        for (uint32_t row = begin(to)[i]; row < begin(to)[i + 1]; ++row)
          for (uint32_t column = begin(from)[j]; column < begin(from)[j + 1]; ++column) {
            const double x = w[row * columns + column] / (begin(to)[i + 1] - begin(to)[i]);
            at(i, j).mean += x, at(i, j).square += x * w[row * columns + column];
          }
  }

  void add_drive(const Drive& drive) {
    const size_t l      = size_t(drive.layer);
    const double dt     = plan_.layers[l].dt;
    const bool   events = plan_.layers[l].cell->ports[size_t(drive.port)] == std::string("events");
    if (drive.kind == Drive::Kind::file)
      throw SpecError({.file = plan_.spec.file, .path = "drives"},
                      "a drive from a file changes in time, and a fixed point knows none");
    for (size_t p = 0; p + 1 < begin(l).size(); ++p) {
      const size_t i = first_[l] + p;
      const double w = drive.weight[p];
      if (drive.kind == Drive::Kind::constant) {
        shift_[i] += net_.populations.neurons[i].tau_m * w / (events ? dt : 1);
        continue;
      }
      add_events(drive, p, 0, external_);
    }
  }

  /// What comes from a Poisson drive from `step` on.
  void add_events(const Drive& drive, size_t population, size_t step, std::vector<Input>& to) const {
    size_t part = 0;
    while (part + 1 < drive.parts.size() && drive.parts[part + 1].first <= step) ++part;
    const double w    = drive.weight[population];
    const double rate = std::max(0.0, drive.parts[part].mean[population] +
                                          (drive.spread.empty() ? 0 : drive.spread[population] / 2)) /
                        plan_.layers[size_t(drive.layer)].dt;
    Input&       input = to[first_[size_t(drive.layer)] + population];
    input.mean += rate * w, input.square += rate * w * w;
  }

  void add_changes() {
    std::set<size_t> steps;
    for (const Drive& drive : plan_.spiking->drives)
      for (size_t k = 1; k < drive.parts.size(); ++k) steps.insert(drive.parts[k].first);
    const Populations& p = net_.populations;
    for (size_t step : steps) {
      std::vector<Input> now(count_);
      for (const Drive& drive : plan_.spiking->drives)
        for (size_t k = 0; drive.kind == Drive::Kind::poisson && k + 1 < begin(size_t(drive.layer)).size(); ++k)
          add_events(drive, k, step, now);
      MeanFieldNetwork::Change change{double(step) * plan_.layers[0].dt * unit_, {}};
      for (size_t i = 0; i < count_; ++i) {
        if (now[i].square > 0 && std::abs(now[i].efficacy() - p.j_ext[i]) > 1e-9 * std::abs(p.j_ext[i]))
          throw SpecError({.file = plan_.spec.file, .path = "drives"},
                          fmt::format("drives of {} with different weights change in time", net_.names[i]),
                          "the theory follows the rate of one kind of input");
        change.nu_ext.push_back(now[i].count() / unit_);
      }
      net_.changes.push_back(std::move(change));
    }
  }

  const Plan&         plan_;
  std::function<std::vector<double>(const std::string&)> values_;
  std::vector<size_t> first_;      // per layer, of its populations
  size_t              count_ = 0;  // of all populations
  std::vector<Input>  inputs_, external_;
  std::vector<double> shift_;  // of potentials
  const double        unit_ = seconds_of(plan_.spec.simulation.time_unit);
  MeanFieldNetwork    net_;
};

/// The oldest layout: populations with their matrices, efficacies as they act.
struct OldNetwork {
  int64_t n_clusters = 0;
  Value   c_matrix, j_matrix, j_ext, c_ext, nu_ext, tau_membrane = 0.02, tau_synaptic = 0.005, threshold,
                                                  reset_voltage = 0.0, tau_refractory = 0.0;

  static constexpr auto fields =
      field_list(field("n_clusters", &OldNetwork::n_clusters, "number of populations", required | at_least(1)),
                 field("c_matrix", &OldNetwork::c_matrix, "connections, rows of those that listen", required),
                 field("j_matrix", &OldNetwork::j_matrix, "their efficacies", required),
                 field("j_ext", &OldNetwork::j_ext, "external efficacies", required),
                 field("c_ext", &OldNetwork::c_ext, "external connections", required),
                 field("nu_ext", &OldNetwork::nu_ext, "external rates, Hz", required),
                 field("tau_membrane", &OldNetwork::tau_membrane, "membrane time constants, s"),
                 field("tau_synaptic", &OldNetwork::tau_synaptic, "synaptic time constants, s"),
                 field("threshold", &OldNetwork::threshold, "potentials of a spike", required),
                 field("reset_voltage", &OldNetwork::reset_voltage, "potentials after it"),
                 field("tau_refractory", &OldNetwork::tau_refractory, "refractory times, s"));
};

struct OldConfig {
  OldNetwork           network;
  std::optional<Value> runner, sweep, settings;

  static constexpr auto fields = field_list(field("network", &OldConfig::network, "populations"),
                                            field("runner", &OldConfig::runner, "what its program does"),
                                            field("sweep", &OldConfig::sweep, "what its program does"),
                                            field("settings", &OldConfig::settings, "what its program does"));
};

/// A number, a list of numbers, or rows of them.
std::vector<double> numbers_of(const Value& value) {
  if (!value.is_list()) return {value.number()};
  std::vector<double> all;
  for (const Value& item : value.list())
    for (double x : numbers_of(item)) all.push_back(x);
  return all;
}

MeanFieldNetwork old_network(const Value& config) {
  const OldNetwork n      = read<OldConfig>(config).network;
  const size_t     p      = size_t(n.n_clusters);
  const auto       matrix = [&](const Value& value) {
    std::vector<double> all = numbers_of(value);
    if (all.size() != p * p) value.fail(fmt::format("needs {} rows of {} numbers, got {} in all", p, p, all.size()));
    return all;
  };
  const auto each = [&](const Value& value) {
    std::vector<double> all = numbers_of(value);
    if (all.size() == 1) all.assign(p, all[0]);
    if (all.size() != p) value.fail(fmt::format("needs one number or {}, got {}", p, all.size()));
    return all;
  };
  const LIFMeanField net({.n_clusters     = p,
                          .c_matrix       = matrix(n.c_matrix),
                          .j_matrix       = matrix(n.j_matrix),
                          .j_ext          = each(n.j_ext),
                          .c_ext          = each(n.c_ext),
                          .nu_ext         = each(n.nu_ext),
                          .tau_membrane   = each(n.tau_membrane),
                          .tau_synaptic   = each(n.tau_synaptic),
                          .threshold      = each(n.threshold),
                          .reset_voltage  = each(n.reset_voltage),
                          .tau_refractory = each(n.tau_refractory)});
  MeanFieldNetwork   out{net.populations(), {}, p, {}, false};
  for (size_t i = 0; i < p; ++i) out.names.push_back(fmt::format("population {}", i));
  return out;
}

}  // namespace

MeanFieldNetwork mean_field_of(const Model& model) {
  return Reader(model.plan(), [&](const std::string& name) { return model.parameter(name).as_double(); }).network();
}

namespace {

MeanFieldNetwork mean_field_of_spec(const Value& config) {
  const auto plan = compile(read_spec(config));
  // where all synapses follow rules a plan says everything, and nothing need be prepared
  if (std::any_of(plan->connections.begin(), plan->connections.end(), [](const auto& c) { return !c.synapses; }))
    return mean_field_of(Model::from_spec(read_spec(config), {.precision = Precision::float64}));
  return Reader(*plan, [&](const std::string& name) {
           const Block&        block = plan->parameters[plan->parameters.find(name)];
           std::vector<double> values(block.size());
           to_real<double>(block, plan->theta.data(), values);
           return values;
         }).network();
}

}  // namespace

MeanFieldNetwork mean_field_in_time(const Value& config) {
  return config.has("network") ? old_network(config) : mean_field_of_spec(config);
}

MeanFieldNetwork mean_field_of(const Value& config) {
  if (config.has("layers")) return mean_field_of_spec(config);
  if (config.has("network")) return old_network(config);
  ClusteredNetwork net = clustered_network(config);
  const size_t     k   = size_t(net.clusters.n_clusters);
  MeanFieldNetwork out{std::move(net.populations), {}, k, net.arousal.level, false};
  for (const char* type : {"E", "I"}) {
    for (size_t c = 0; c < k; ++c) out.names.push_back(fmt::format("{} cluster {}", type, c));
    out.names.push_back(fmt::format("{} background", type));
  }
  const auto depression = cluster_matrices(net.clusters).depression;
  out.potentiated_signs = *std::min_element(depression.begin(), depression.end()) < 0;
  return out;
}

}  // namespace dynode

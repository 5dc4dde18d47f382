#include "dynode/mean_field/config.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <optional>

#include "dynode/base/text.h"
#include "dynode/mean_field/perturbation_block.h"
#include "dynode/spec/clustered_network.h"
#include "dynode/spec/fields.h"

namespace dynode::mean_field {
namespace {

struct InitParams {
  std::optional<double>  delta_t, duration_sec;
  std::optional<Value>   mechanism;
  int64_t                n_neurons = 2000, n_excitatory = 1600;
  std::optional<int64_t> n_inhibitory;

  static constexpr auto fields = field_list(
      field("delta_t", &InitParams::delta_t, "time step of spiking runs, s"),
      field("duration_sec", &InitParams::duration_sec, "length of spiking runs, s"),
      field("mechanism", &InitParams::mechanism, "integration of spiking runs"),
      field("n_neurons", &InitParams::n_neurons, "all neurons", at_least(1)),
      field("n_excitatory", &InitParams::n_excitatory, "excitatory ones", non_negative),
      field("n_inhibitory", &InitParams::n_inhibitory, "the others", non_negative));
};

struct Network {
  Value tau_membrane = 0.02, tau_synaptic = 0.005, tau_refractory = 0.005, reset_voltage = 0.0;
  Value threshold = Value::list_of({1.5, 0.75}), j_ext = Value::list_of({2.3, 2.3, 0, 0});

  static constexpr auto fields = field_list(
      field("tau_membrane", &Network::tau_membrane, "membrane time constant, s"),
      field("tau_synaptic", &Network::tau_synaptic, "synaptic time constant, s"),
      field("tau_refractory", &Network::tau_refractory, "refractory time, s"),
      field("threshold", &Network::threshold, "potential of a spike"),
      field("reset_voltage", &Network::reset_voltage, "potential after it"),
      field("j_ext", &Network::j_ext, "external efficacies [E→E, E→I, I→E, I→I], divided by √n_neurons at use"));
};

struct Clusters {
  int64_t                n_excitatory_background = 160, n_inhibitory_background = 40, n_clusters = 18;
  std::optional<int64_t> total_pops;
  std::optional<Value>   connectivity_fraction_probs, j_baseline, j_potentiated, rule;
  bool potentiate = true, clip_depression = false, legacy_probability_order = false, legacy_potentiate = false;

  static constexpr auto fields = field_list(
      field("n_excitatory_background", &Clusters::n_excitatory_background, "excitatory neurons outside clusters",
            non_negative),
      field("n_inhibitory_background", &Clusters::n_inhibitory_background, "inhibitory neurons outside clusters",
            non_negative),
      field("n_clusters", &Clusters::n_clusters, "clusters of each type", at_least(1)),
      field("total_pops", &Clusters::total_pops, "2 n_clusters + 2"),
      field("connectivity_fraction_probs", &Clusters::connectivity_fraction_probs, "connection probabilities by types"),
      field("j_baseline", &Clusters::j_baseline, "efficacies by types, divided by √n_neurons at use"),
      field("j_potentiated", &Clusters::j_potentiated, "factors within clusters by types"),
      field("potentiate", &Clusters::potentiate, "whether clusters differ from the rest"),
      field("clip_depression", &Clusters::clip_depression, "keep strong potentiation from flipping signs"),
      field("legacy_probability_order", &Clusters::legacy_probability_order, "probabilities by (post, pre)"),
      field("legacy_potentiate", &Clusters::legacy_potentiate, "without potentiation clusters keep their factors"),
      field("rule", &Clusters::rule, "fixed_indegree or bernoulli: of spiking runs"));
};

struct Architecture {
  Network  network;
  Clusters clusters;

  static constexpr auto fields = field_list(field("network", &Architecture::network, "neurons"),
                                            field("clusters", &Architecture::clusters, "who is connected to whom"));
};

struct ExternalCurrents {
  Value       c_ext = Value::list_of({320, 320, 0, 0}), nu_ext_baseline = Value::list_of({7, 7, 0, 0});
  std::string j_ext_semantics = "by_types";
  bool        legacy_external_projection = false;

  static constexpr auto fields = field_list(
      field("c_ext", &ExternalCurrents::c_ext, "external connections by types"),
      field("nu_ext_baseline", &ExternalCurrents::nu_ext_baseline, "their rates by types, Hz"),
      field("j_ext_semantics", &ExternalCurrents::j_ext_semantics,
            "by_types; per_source: j_ext[0] excitatory, j_ext[1] inhibitory events"),
      field("legacy_external_projection", &ExternalCurrents::legacy_external_projection,
            "inhibitory populations have c_ext and nu_ext_baseline of the excitatory ones"));
};

struct ArousalParams {
  double               level = 0.3, L = 0.75, x_0 = 0.2, k = 1.25, M = 13.125;
  std::optional<Value> noise;

  static constexpr auto fields = field_list(
      field("level", &ArousalParams::level, "from 0 to 1", within(0, 1)),
      field("L", &ArousalParams::L, "largest part that E→E synapses lose"),
      field("x_0", &ArousalParams::x_0, "value of the sigmoid in its middle", within(1e-6, 1 - 1e-6)),
      field("k", &ArousalParams::k, "steepness of the sigmoid", positive),
      field("M", &ArousalParams::M, "largest extra external rate, Hz", non_negative),
      field("noise", &ArousalParams::noise, "white or quenched: of spiking runs"));
};

struct Config {
  InitParams           init_params;
  Architecture         architecture;
  ExternalCurrents     external_currents;
  ArousalParams        arousal;
  std::optional<Value> stimulus, settings, perturbation;

  static constexpr auto fields = field_list(
      field("init_params", &Config::init_params, "sizes and times"),
      field("architecture", &Config::architecture, "neurons and connections"),
      field("external_currents", &Config::external_currents, "drive from outside"),
      field("arousal", &Config::arousal, "arousal"),
      field("stimulus", &Config::stimulus, "of spiking runs"),
      field("settings", &Config::settings, "of spiking runs"),
      field("perturbation", &Config::perturbation, "changes of populations"));
};

/// What `perturbation` asks for, where nothing changes in time.
Perturbations perturbations_of(const Value* written, size_t populations) {
  if (!written) return {};
  Perturbations found = read_perturbations(*written, populations);
  for (const auto& [target, block] : found)
    if (block.timed)
      written->at(target).at("time_dependence")
          .fail("a fixed point knows no time", "leave time_dependence out, or run the spiking network");
  return found;
}

/// A vector by types; one item x stands for [x, x, 0, 0] where `short_form`.
std::array<double, 4> by_types(const Value& value, bool short_form = false) {
  const Value::List& items = value.list();
  if (short_form && items.size() == 1) return {items[0].number(), items[0].number(), 0, 0};
  if (items.size() != 4) value.fail(fmt::format("needs 4 numbers, for E→E, E→I, I→E, I→I; got {}", items.size()));
  return {items[0].number(), items[1].number(), items[2].number(), items[3].number()};
}

/// One number, [E, I], or one per population, as one per population.
std::vector<double> by_population(const Value& value, int64_t clusters) {
  const size_t        count = size_t(2 * clusters + 2), half = count / 2;
  std::vector<double> values(count);
  if (!value.is_list()) {
    std::fill(values.begin(), values.end(), value.number());
    return values;
  }
  const Value::List& items = value.list();
  if (items.size() != 1 && items.size() != 2 && items.size() != count)
    value.fail(fmt::format("needs one number, [E, I] or {} numbers, one per population; got {}", count, items.size()));
  for (size_t i = 0; i < count; ++i)
    values[i] = items[items.size() == count ? i : items.size() == 2 ? i / half : 0].number();
  return values;
}

ClusterSpec cluster_spec(const InitParams& sizes, const Clusters& c) {
  ClusterSpec spec{.n_neurons               = sizes.n_neurons,
                   .n_excitatory            = sizes.n_excitatory,
                   .n_excitatory_background = c.n_excitatory_background,
                   .n_inhibitory_background = c.n_inhibitory_background,
                   .n_clusters              = c.n_clusters};
  if (c.connectivity_fraction_probs) spec.connectivity_fraction_probs = by_types(*c.connectivity_fraction_probs);
  if (c.j_baseline) spec.j_baseline = by_types(*c.j_baseline);
  if (c.j_potentiated) spec.j_potentiated = by_types(*c.j_potentiated);
  spec.potentiate               = c.potentiate;
  spec.clip_depression          = c.clip_depression;
  spec.legacy_probability_order = c.legacy_probability_order;
  spec.legacy_potentiate        = c.legacy_potentiate;
  return spec;
}

}  // namespace

ClusteredNetwork clustered_network(const Value& given) {
  const Value   config = clustered_network_of_today(given);
  const Config  c     = read<Config>(config);
  const auto&   sizes = c.init_params;
  const int64_t k     = c.architecture.clusters.n_clusters;
  if (sizes.n_inhibitory && *sizes.n_inhibitory != sizes.n_neurons - sizes.n_excitatory)
    config.at("init_params")
        .at("n_inhibitory")
        .fail(fmt::format("must be n_neurons − n_excitatory = {}, got {}", sizes.n_neurons - sizes.n_excitatory,
                          *sizes.n_inhibitory));
  if (const auto& total = c.architecture.clusters.total_pops; total && *total != 2 * k + 2)
    config.at("architecture").at("clusters").at("total_pops").fail(
        fmt::format("must be 2 n_clusters + 2 = {}, got {}", 2 * k + 2, *total));
  const size_t        count    = size_t(2 * k + 2);
  const Perturbations perturbs = perturbations_of(c.perturbation ? &*c.perturbation : nullptr, count);
  const auto          change   = [&](const char* target, size_t i) { return change_of(perturbs, target, i); };
  const auto          mean     = [&](const char* target) { return mean_change(perturbs, target, count); };

  ArousalParams a = c.arousal;
  a.level         = std::clamp(a.level + mean("arousal_level"), 0.0, 1.0);
  a.L += mean("arousal_L"), a.x_0 += mean("arousal_x_0"), a.k += mean("arousal_k"), a.M += mean("arousal_M");
  if (!(a.x_0 > 0 && a.x_0 < 1 && a.k > 0 && a.M >= 0))
    c.perturbation->fail(fmt::format("leads to an arousal with x_0 = {}, k = {}, M = {}", a.x_0, a.k, a.M));
  ClusteredNetwork     net{{}, cluster_spec(sizes, c.architecture.clusters), {a.level, a.L, a.x_0, a.k, a.M}};
  ClusterSpec          aroused = net.clusters;
  aroused.j_baseline[0] *= 1 - net.arousal.e_to_e_reduction();
  const ClusterMatrices m = cluster_matrices(aroused);

  Populations& p = net.populations;
  p.j_matrix     = m.strength;
  perturb_efficacies(perturbs, size_t(k), p.j_matrix);
  for (size_t i = 0; i < count * count; ++i)
    p.c_matrix.push_back(m.probability[i] * double(m.boundaries[i % count + 1] - m.boundaries[i % count]));

  const Network& n       = c.architecture.network;
  const auto     j_ext   = by_types(n.j_ext, true), c_ext = by_types(c.external_currents.c_ext),
                 nu_ext  = by_types(c.external_currents.nu_ext_baseline, true);
  const auto threshold   = by_population(n.threshold, k), reset = by_population(n.reset_voltage, k),
             tau_m       = by_population(n.tau_membrane, k), tau_s = by_population(n.tau_synaptic, k),
             tau_ref     = by_population(n.tau_refractory, k);
  const std::string& semantics = c.external_currents.j_ext_semantics;
  if (semantics != "by_types" && semantics != "per_source")
    config.at("external_currents").at("j_ext_semantics").fail(fmt::format("there is no j_ext_semantics '{}'", semantics),
                                                              "there are: by_types, per_source");
  for (size_t type : {2, 3})
    if (c_ext[type] * nu_ext[type] * j_ext[semantics == "per_source" ? 1 : type] != 0)
      config.at("external_currents").at("c_ext").fail("inhibitory sources from outside are not part of this form",
                                                      "write the network as a spec, with a drive for each source");
  for (size_t i = 0; i < count; ++i) {
    const size_t type = i > size_t(k);
    const size_t from = c.external_currents.legacy_external_projection ? 0 : type;
    p.c_ext.push_back(c_ext[from]);
    p.j_ext.push_back((j_ext[semantics == "per_source" ? 0 : type] + change("j_ext", i)) / std::sqrt(double(aroused.n_neurons)));
    p.nu_ext.push_back(nu_ext[from] + net.arousal.mean_extra_rate() + change("rate", i));
    p.neurons.push_back({threshold[i] + change("threshold", i), reset[i], tau_m[i] + change("tau_membrane", i),
                         tau_s[i] + change("tau_synaptic", i), tau_ref[i] + change("tau_refractory", i)});
  }
  p.check();
  return net;
}

}  // namespace dynode::mean_field

// Networks of spiking layers alone: populations, synapses that follow a rule, drives, stimuli, arousal, perturbations.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/mean_field/clusters.h"
#include "dynode/mean_field/stimulus.h"
#include "dynode/plan/arguments.h"
#include "dynode/plan/compiler.h"
#include "dynode/plan/spiking_words.h"

namespace dynode {

using spiking::Types;
using spiking::list_or_number;

// ---- populations ----------------------------------------------------------------------------------------

bool Compiler::follows_rule(const ConnectionSpec& c) {
  const std::string structure = read_connection_params(c).structure;
  const auto&       known     = spiking::rules();
  return std::find(known.begin(), known.end(), structure) != known.end();
}

const ConnectionSpec* Compiler::clustered_connection(int layer_id) const {
  for (const ConnectionSpec& c : plan_.spec.connections)
    if (c.to_layer == layer_id && c.from_layer == layer_id && read_connection_params(c).structure == "clustered")
      return &c;
  return nullptr;
}

mean_field::ClusterSpec Compiler::cluster_spec(const LayerSpec& layer, const ConnectionSpec& c) const {
  const auto w = spiking::clustered_words(read_connection_params(c));
  if (!layer.params.has("n_excitatory"))
    throw SpecError(layer.at,
                    fmt::format("layer {} is clustered, and which units are excitatory is not said", layer.layer_id),
                    "give params.n_excitatory; they come first");
  mean_field::ClusterSpec s{.n_neurons               = layer.dim(),
                            .n_excitatory            = layer.params.at("n_excitatory").integer(),
                            .n_excitatory_background = w.n_excitatory_background,
                            .n_inhibitory_background = w.n_inhibitory_background,
                            .n_clusters              = w.n_clusters};
  s.connectivity_fraction_probs = spiking::by_types(w.connectivity_fraction_probs);
  s.j_baseline                  = spiking::by_types(w.j_baseline);
  s.j_potentiated               = spiking::by_types(w.j_potentiated);
  s.potentiate                  = w.potentiate;
  s.clip_depression             = w.clip_depression;
  s.legacy_probability_order    = w.legacy_probability_order;
  s.legacy_potentiate           = w.legacy_potentiate;
  return s;
}

Types Compiler::populations_of(const LayerSpec& layer) const {
  const int64_t units = layer.dim();
  Types         types{{0}, {}};
  if (const Value* sizes = layer.params.find("populations")) {
    // a list of sizes, or names with sizes
    std::vector<uint64_t> each;
    if (sizes->is_mapping())
      for (const Value::Entry& entry : sizes->entries())
        types.names.push_back(entry.key), each.push_back(entry.value.unsigned_integer());
    else
      for (const Value& size : sizes->list()) each.push_back(size.unsigned_integer());
    double all = 0;
    for (uint64_t size : each) all += double(size);
    if (each.empty() || all != double(units))
      sizes->fail(fmt::format("populations of {} units in all, but dim is {}", all, units));
    for (uint64_t size : each) types.begin.push_back(uint32_t(types.begin.back() + size));
  } else if (const ConnectionSpec* c = clustered_connection(layer.layer_id)) {
    try {
      const auto boundaries = mean_field::cluster_matrices(cluster_spec(layer, *c)).boundaries;
      types.begin.assign(boundaries.begin(), boundaries.end());
    } catch (const SpecError& error) {
      if (!error.at.file.empty()) throw;
      throw SpecError(c->at, error.what());
    }
  } else if (const Value* n = layer.params.find("n_excitatory"); n && n->integer() > 0 && n->integer() < units) {
    types.begin = {0, uint32_t(n->integer()), uint32_t(units)};
  } else {
    types.begin = {0, uint32_t(units)};
  }
  if (const Value* n = layer.params.find("n_excitatory")) {
    if (n->integer() < 0 || n->integer() > units) n->fail(fmt::format("n_excitatory is within 0 … {}", units));
    const auto first = uint32_t(n->integer());
    if (first != uint32_t(units) && std::find(types.begin.begin(), types.begin.end(), first) == types.begin.end())
      n->fail("the excitatory units end inside a population", "give populations that are of one type each");
    // an empty population begins where the next one does: clustered ones are told by their order
    const bool clustered = !layer.params.has("populations") && clustered_connection(layer.layer_id);
    for (size_t p = 0; p < types.count(); ++p)
      types.inhibitory.push_back(clustered ? p >= types.count() / 2 : types.begin[p] >= first);
  }
  return types;
}

void Compiler::spread_populations(const LayerSpec& layer, ParameterSpec& p) const {
  if (p.values.size() == size_t(layer.dim()) || p.values.empty()) return;
  const Types types = populations_of(layer);
  if (p.values.size() != types.count() && !(p.values.size() == 2 && !types.inhibitory.empty())) return;
  const std::vector<double> given = std::move(p.values);
  p.values.clear();
  for (size_t k = 0; k < types.count(); ++k) {
    const double x = given[given.size() == types.count() ? k : types.inhibitory[k]];
    p.values.insert(p.values.end(), types.begin[k + 1] - types.begin[k], x);
  }
}

void Compiler::perturb_parameter(const LayerSpec& layer, const ParamFacts& facts, std::vector<double>& values) {
  const auto found = perturbations_.find(facts.name);
  if (found == perturbations_.end() || layer.layer_id != perturbed_layer_) return;
  const Types types = populations_of(layer);
  for (size_t k = 0; k < types.count(); ++k)
    for (uint32_t u = types.begin[k]; u < types.begin[k + 1]; ++u) {
      values[u] += found->second.values[k];
      if (!(values[u] >= facts.min && values[u] <= facts.max))
        plan_.spec.perturbation.at(facts.name)
            .fail(fmt::format("leads to a {} of {:g} in population {}, and it is within {:g} … {:g}", facts.name,
                              values[u], k, facts.min, facts.max));
    }
}

// ---- what the blocks of the spec say --------------------------------------------------------------------

void Compiler::read_modulation() {
  const Spec& spec = plan_.spec;
  if (spec.perturbation.is_null() && spec.arousal.is_null() && spec.stimulus.is_null()) return;
  const LayerSpec* clustered = nullptr;
  for (const LayerSpec& l : spec.layers)
    if (clustered_connection(l.layer_id)) {
      if (clustered)
        throw SpecError(l.at, "arousal, stimulus and perturbation are of one clustered layer, and there are two");
      clustered = &l;
    }
  for (const auto& [word, value] :
       {std::pair{"stimulus", &spec.stimulus}, {"arousal", &spec.arousal}, {"perturbation", &spec.perturbation}})
    if (!value->is_null() && !clustered) {
      // the populations of a single layer can be perturbed, too
      if (value == &spec.perturbation && spec.layers.size() == 1) continue;
      value->fail(fmt::format("'{}' is for a layer with a clustered connection, and there is none", word),
                  "remove the block");
    }
  if (!clustered) clustered = &spec.layers.front();
  perturbed_layer_         = clustered->layer_id;
  const size_t populations = populations_of(*clustered).count();
  perturbations_ = mean_field::read_perturbations(spec.perturbation, populations);
  for (const auto& [target, block] : perturbations_) {
    if (block.timed && target != "rate")
      plan_.warnings.push_back(fmt::format("perturbation.{} acts all the time: in time only the rate changes", target));
    if (!block.ascending)
      plan_.warnings.push_back(fmt::format("perturbation.{} lists populations in another order than theirs, and values "
                                           "follow it: VectorialNeuroModulators gives them to ascending ones", target));
    if (!clustered_connection(perturbed_layer_) && target == "j_potentiated")
      spec.perturbation.at(target).fail("synapses within clusters are strengthened by a clustered connection, and there is none");
    if (spec.arousal.is_null() && target.starts_with("arousal_"))
      spec.perturbation.at(target).fail("there is no arousal to change", "give arousal: {level: …}");
  }
  if (spec.arousal.is_null()) return;
  const auto mean = [&](const char* target) { return mean_field::mean_change(perturbations_, target, populations); };
  const auto a = read<spiking::ArousalWords>(spec.arousal);
  arousal_     = mean_field::Arousal{std::clamp(a.level + mean("arousal_level"), 0.0, 1.0), a.L + mean("arousal_L"),
                                 a.x_0 + mean("arousal_x_0"), a.k + mean("arousal_k"), a.M + mean("arousal_M")};
  if (!(arousal_->x_0 > 0 && arousal_->x_0 < 1 && arousal_->k > 0 && arousal_->M >= 0))
    spec.perturbation.fail(
        fmt::format("leads to an arousal with x_0 = {}, k = {}, M = {}", arousal_->x_0, arousal_->k, arousal_->M));
  quenched_ = a.noise == "quenched";
}

size_t Compiler::steps_of_run() const {
  const SimulationSpec& s    = plan_.spec.simulation;
  const auto            from = [&](double duration) { return size_t(std::llround(duration / dt_)); };
  if (s.steps && s.duration && size_t(*s.steps) != from(*s.duration))
    throw SpecError({plan_.spec.file, 0, 0, "simulation"},
                    fmt::format("{} steps and a duration of {} differ", *s.steps, *s.duration), "give one of them");
  const size_t steps = s.steps ? size_t(*s.steps) : s.duration ? std::max<size_t>(1, from(*s.duration)) : 0;
  if (steps > 4'000'000'000u)
    throw SpecError({plan_.spec.file, 0, 0, "simulation.duration"}, "at most 4e9 steps can be run");
  return steps;
}

void Compiler::add_spiking() {
  const Spec& spec = plan_.spec;
  if (spec.simulation.input_type != InputType::none) return;
  const size_t steps = steps_of_run();
  bool of_spikes = true;
  for (const LayerPlan& l : plan_.layers) of_spikes &= l.cell->fires;
  for (const ConnectionPlan& c : plan_.connections) of_spikes &= c.delay > 0;
  const bool needed = !spec.drives.is_null() || !spec.stimulus.is_null() ||
                      std::any_of(plan_.connections.begin(), plan_.connections.end(), [&](const ConnectionPlan& c) {
                        return c.synapses || plan_.layers[size_t(c.to)].cell->inhibitory.state >= 0;
                      });
  if (!of_spikes || !plan_.noise.empty() || plan_.dt_block >= 0) {
    if (needed)
      throw SpecError({spec.file},
                      "drives, stimuli and synapses that follow a rule are for networks in which every layer fires, "
                      "without noise and with a fixed dt",
                      "leave the other layers and the noise out");
    return;
  }
  auto out   = std::make_shared<SpikingPlan>();
  out->steps = steps;
  for (const LayerSpec& l : spec.layers) {
    Types types = populations_of(l);
    add_starts(l, types, *out);
    out->populations.push_back(std::move(types.begin));
    out->inhibitory.push_back(std::move(types.inhibitory));
    out->names.push_back(std::move(types.names));
  }
  if (!spec.drives.is_null())
    for (const Value& drive : spec.drives.list()) add_drive(drive, *out);
  add_stimulus(*out);
  plan_.spiking = std::move(out);
}

void Compiler::add_starts(const LayerSpec& layer, const Types& types, SpikingPlan& out) {
  const Value* initial = layer.params.find("initial");
  if (!initial) return;
  const int                position = layer_position(layer.layer_id);
  const LayerPlan&         l        = plan_.layers[size_t(position)];
  std::vector<std::string> names;
  for (const StateFacts& s : l.cell->states) names.push_back(s.name);
  for (const Value::Entry& entry : initial->entries()) {
    const auto state = std::find(names.begin(), names.end(), entry.key);
    if (state == names.end())
      throw SpecError(initial->key_at(entry), fmt::format("layer {} has no state '{}'", layer.layer_id, entry.key),
                      did_you_mean(entry.key, names, "it has"));
    DrawnStart start{position,
                     int(state - names.begin()),
                     hash_text(fmt::format("layer{}/initial/{}", layer.layer_id, entry.key)),
                     {},
                     {}};
    if (entry.value.is_mapping()) {
      const auto w    = read<spiking::StartWords>(entry.value);
      start.mean      = list_or_number(w.mean, types);
      start.deviation = list_or_number(w.std, types);
    } else {
      start.mean = list_or_number(entry.value, types);
      start.deviation.assign(types.count(), 0);
    }
    out.starts.push_back(std::move(start));
  }
}

// ---- synapses -------------------------------------------------------------------------------------------

void Compiler::add_rule(const ConnectionSpec& c, const ConnectionParams& p) {
  ConnectionPlan k = spike_connection(c, p);
  if (p.mode != "spike")
    throw SpecError(c.at, fmt::format("synapses of structure {} are for spikes", p.structure), "give mode: spike");
  if (plan_.spec.simulation.input_type != InputType::none)
    throw SpecError(c.at, fmt::format("structure {} is for networks without an input array", p.structure),
                    "give simulation.input_type: none, and drives");
  if (c.params.has("init"))
    c.params.at("init").fail(fmt::format("structure {} gives its synapses their weights itself", p.structure),
                             "remove 'init'");
  const LayerSpec &to = *plan_.spec.layer(c.to_layer), &from = *plan_.spec.layer(c.from_layer);
  const Types      posts = populations_of(to), pres = populations_of(from);

  SynapseRule rule;
  rule.to = posts.begin, rule.from = pres.begin;
  rule.site = hash_text(name_of(c));
  rule.self = c.from_layer != c.to_layer || p.allow_self_connections;
  if (p.structure == "clustered") {
    if (c.from_layer != c.to_layer) throw SpecError(c.at, "a clustered connection leads from a layer to itself");
    const auto words = spiking::clustered_words(p);
    auto       spec  = cluster_spec(to, c);
    if (arousal_) spec.j_baseline[0] *= 1 - arousal_->e_to_e_reduction();
    const auto m = mean_field::cluster_matrices(spec);
    for (double g : m.depression)
      if (g < 0)
        plan_.warnings.push_back(
            fmt::format("clusters are so strong that weights between them change their sign (factor {:.3g}): "
                        "clip_depression: true keeps it",
                        g));
    rule.kind      = words.rule == "bernoulli" ? SynapseRule::Kind::bernoulli : SynapseRule::Kind::fixed_indegree;
    rule.drop_self = true;
    rule.weight    = m.strength;
    const size_t P = posts.count();
    mean_field::perturb_efficacies(perturbations_, size_t(spec.n_clusters), rule.weight);
    for (size_t i = 0; i < P; ++i)
      for (size_t j = 0; j < P; ++j) {
        const double size = pres.begin[j + 1] - pres.begin[j];
        rule.count.push_back(rule.kind == SynapseRule::Kind::bernoulli
                                 ? m.probability[i * P + j]
                                 : std::min(std::floor(m.probability[i * P + j] * size + 1e-9),
                                            size - (!rule.self && i == j)));
      }
    rule.weight_deviation.assign(P * P, 0);
    rule.delay.assign(P * P, k.delay);
    rule.delay_deviation.assign(P * P, 0);
  } else {
    spiking::read_rule(p, posts, pres, dt_, k.delay, c.at, rule);
    if (c.from_layer == perturbed_layer_ && c.to_layer == perturbed_layer_)
      mean_field::perturb_efficacies(perturbations_, 0, rule.weight);
  }
  k.delay    = rule.longest_delay();
  k.synapses = std::make_shared<const SynapseRule>(std::move(rule));
  plan_.connections.push_back(std::move(k));
}

// ---- drives ---------------------------------------------------------------------------------------------

void Compiler::add_drive(const Value& value, SpikingPlan& out) {
  const auto w        = read<spiking::DriveWords>(value);
  const int  position = layer_position(w.to_layer);
  if (position < 0) value.at("to_layer").fail(fmt::format("there is no layer {}", w.to_layer));
  const LayerPlan& l = plan_.layers[size_t(position)];
  const Types      types{out.populations[size_t(position)], out.inhibitory[size_t(position)]};
  const auto       port = [&](const std::string& name) {
    const std::vector<std::string> ports(l.cell->ports.begin(), l.cell->ports.end());
    const auto                     found = std::find(ports.begin(), ports.end(), name);
    if (found == ports.end())
      value.fail(fmt::format("layer {} ({}) has no port '{}'", w.to_layer, l.cell->name, name),
                       did_you_mean(name, ports, "there are"));
    return int(found - ports.begin());
  };
  // words of another type, or of the other way to say what is poisson
  const std::vector<std::string> words =
      w.type == "constant"          ? std::vector<std::string>{"value"}
      : w.type == "file"            ? std::vector<std::string>{"file"}
      : w.nu_ext_baseline.is_null() ? std::vector<std::string>{"rate", "connections", "weight"}
                                    : std::vector<std::string>{"nu_ext_baseline", "c_ext", "j_ext", "j_ext_semantics"};
  const bool known = w.type == "constant" || w.type == "file" || w.type == "poisson";
  for (const Value::Entry& entry : value.entries())
    if (known && entry.key != "to_layer" && entry.key != "type" && entry.key != "port" &&
        std::find(words.begin(), words.end(), entry.key) == words.end())
      throw SpecError(value.key_at(entry), fmt::format("this {} drive has no use for '{}'", w.type, entry.key),
                      "it is described by: " + join(words));
  const size_t n = out.drives.size();
  if (w.type == "constant") {
    Drive d{.kind = Drive::Kind::constant, .layer = position, .port = port(w.port.empty() ? "stimulus" : w.port)};
    d.weight = list_or_number(w.value, types);
    out.drives.push_back(std::move(d));
  } else if (w.type == "file") {
    if (w.file.is_null()) value.fail("missing key 'file'");
    Drive d{.kind = Drive::Kind::file, .layer = position, .port = port(w.port.empty() ? "stimulus" : w.port)};
    const NamedArray a = load(w.file, "x");
    d.columns          = a.shape.size() == 1 ? 1 : a.shape.size() == 2 ? a.shape[1] : 0;
    if (d.columns != 1 && d.columns != l.units)
      throw ShapeError(w.file.text(), {-1, int64_t(l.units)}, {a.shape.begin(), a.shape.end()},
                       "axes are [step, unit]; [step] is for all units alike");
    d.values.assign(a.values.begin(), a.values.end());
    for (float x : d.values)
      if (!std::isfinite(x)) w.file.fail("holds a number that is not finite");
    out.drives.push_back(std::move(d));
  } else if (w.type == "poisson") {
    const bool types_given = !w.nu_ext_baseline.is_null();
    const auto rate_part   = perturbations_.find("rate");
    const bool modulated   = w.to_layer == perturbed_layer_;
    // sources of each type, or one source per drive
    for (size_t a = 0; a < (types_given ? 2 : 1); ++a) {
      Drive               d{.layer    = position,
                            .port     = port(w.port.empty() ? "events" : w.port),
                            .site     = hash_text(fmt::format("drives/{}/{}", n, a)),
                            .quenched = quenched_};
      std::vector<double> rate, count;
      if (types_given) {
        if (types.inhibitory.empty())
          value.fail(fmt::format("nu_ext_baseline is by types, and layer {} does not say which units are excitatory",
                                 w.to_layer),
                     "give the layer n_excitatory, or the drive rate, connections and weight");
        const auto nu = spiking::by_types(w.nu_ext_baseline, true), c = spiking::by_types(w.c_ext, true),
                   j = spiking::by_types(w.j_ext, true);
        if (w.j_ext_semantics != "by_types" && w.j_ext_semantics != "per_source")
          value.at("j_ext_semantics")
              .fail(fmt::format("there is no j_ext_semantics '{}'", w.j_ext_semantics),
                    "there are: by_types, per_source");
        for (size_t k = 0; k < types.count(); ++k) {
          const size_t type = 2 * a + types.inhibitory[k];
          rate.push_back(nu[type]), count.push_back(c[type]);
          const double more = modulated ? mean_field::change_of(perturbations_, "j_ext", k) : 0;
          d.weight.push_back((j[w.j_ext_semantics == "per_source" ? a : type] + more) / std::sqrt(double(l.units)));
        }
      } else {
        rate = list_or_number(w.rate, types), count = list_or_number(w.connections, types),
        d.weight = list_or_number(w.weight, types);
        for (size_t k = 0; modulated && k < types.count(); ++k)
          d.weight[k] += mean_field::change_of(perturbations_, "j_ext", k);
      }
      if (std::all_of(count.begin(), count.end(), [](double x) { return x == 0; })) continue;
      for (size_t k = 0; k < count.size(); ++k)
        if (!(count[k] >= 0 && rate[k] >= 0))
          value.fail(fmt::format("{} connections of a unit with a rate of {}", count[k], rate[k]), "give 0 or more");
      // a box in time cuts the run into parts
      std::vector<std::pair<size_t, bool>> parts = {{0, false}};
      if (modulated && rate_part != perturbations_.end()) {
        const auto& b   = rate_part->second;
        parts           = {{0, !b.timed || b.onset <= 0}};
        const auto step = [&](double t) { return size_t(std::floor(t / dt_ + 0.5)); };
        if (b.timed && b.onset > 0) parts.push_back({step(b.onset), true});
        if (b.timed && b.offset) parts.push_back({step(*b.offset), false});
      }
      for (const auto& [first, on] : parts) {
        Drive::Part part{first, {}};
        for (size_t k = 0; k < types.count(); ++k)
          part.mean.push_back((rate[k] + (on ? rate_part->second.values[k] : 0)) * count[k] * l.dt);
        d.parts.push_back(std::move(part));
      }
      if (modulated && arousal_)
        for (size_t k = 0; k < types.count(); ++k)
          d.spread.push_back(arousal_->M / arousal_->denominator() * count[k] * l.dt);
      for (const Drive::Part& part : d.parts)
        for (size_t k = 0; k < types.count(); ++k)
          if (const double top = part.mean[k] + (d.spread.empty() ? 0 : d.spread[k]); !(top < 1e5))
            value.fail(fmt::format("{:.3g} events of a unit in a step are too many", top), "at most 1e5 can be drawn");
      out.drives.push_back(std::move(d));
    }
  } else {
    value.at("type").fail(fmt::format("there is no drive of type '{}'", w.type),
                          did_you_mean(w.type, {"poisson", "constant", "file"}, "there are"));
  }
}

void Compiler::add_stimulus(SpikingPlan& out) {
  const Spec& spec = plan_.spec;
  if (spec.stimulus.is_null()) return;
  const auto w = read<spiking::StimulusWords>(spec.stimulus);
  if (!w.onsets || w.onsets->empty() || w.amplitude == 0) return;
  if (out.steps == 0) spec.stimulus.fail("how long a stimulus lasts follows from the run", "give simulation.duration");
  mean_field::Stimulus      s{.shape          = mean_field::stimulus_shape(w.stimulus_shape, spec.stimulus.at()),
                              .total_duration = double(out.steps) * dt_,
                              .onsets         = *w.onsets,
                              .duration       = w.duration.value_or(double(out.steps) * dt_),
                              .amplitude      = w.amplitude,
                              .delta_t        = dt_,
                              .tau_rise       = w.tau_rise,
                              .tau_decay      = w.tau_decay};
  const std::vector<double> wave = mean_field::waveform(s);

  // some clusters, and some of their units
  const int  layer = layer_position(perturbed_layer_);
  const auto k =
      size_t(cluster_spec(*spec.layer(perturbed_layer_), *clustered_connection(perturbed_layer_)).n_clusters);
  Random                draw = random("stimulus");
  std::vector<uint32_t> candidates;
  for (size_t cluster : draw.choose(k, size_t(double(k) * w.stimulated_clusters_prob + 1e-9)))
    for (uint32_t u = out.populations[size_t(layer)][cluster]; u < out.populations[size_t(layer)][cluster + 1]; ++u)
      candidates.push_back(u);
  Drive d{.kind = Drive::Kind::file, .layer = layer, .port = 0, .values = {wave.begin(), wave.end()}, .columns = 1};
  for (size_t i : draw.choose(candidates.size(), size_t(double(candidates.size()) * w.stimulated_neuron_prob + 1e-9)))
    d.units.push_back(candidates[i]);
  if (!d.units.empty()) out.drives.push_back(std::move(d));
}

// ---- synapse rules --------------------------------------------------------------------------------------

double SynapseRule::expected() const {
  double sum = 0;
  for (size_t i = 0; i < posts(); ++i)
    for (size_t j = 0; j < pres(); ++j) {
      const double n = to[i + 1] - to[i], m = from[j + 1] - from[j], k = count[i * pres() + j];
      sum += kind == Kind::fixed_indegree ? n * k : kind == Kind::bernoulli ? n * m * k : k;
    }
  return sum;
}

int SynapseRule::longest_delay() const {
  double most = 1;
  for (size_t i = 0; i < delay.size(); ++i)
    if (count[i] > 0) most = std::max(most, delay[i] + 6 * delay_deviation[i]);
  return int(std::ceil(most - 1e-9));
}

}  // namespace dynode

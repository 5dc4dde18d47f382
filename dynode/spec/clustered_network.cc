#include "dynode/spec/clustered_network.h"

#include <algorithm>
#include <fmt/format.h>

#include "dynode/base/text.h"

namespace dynode {
namespace {

/// Entries of value[key], which may be missing. @throws SpecError  at those not in `known`
const Value* section(const Value& value, const char* key, const std::vector<std::string>& known) {
  const Value* found = value.find(key);
  if (!found || found->is_null()) return nullptr;
  for (const Value::Entry& entry : found->entries())
    if (std::find(known.begin(), known.end(), entry.key) == known.end())
      throw SpecError(found->key_at(entry), fmt::format("unknown key '{}'", entry.key), did_you_mean(entry.key, known));
  return found;
}

/// Hands on what is there under one of `keys`.
void hand_on(const Value* from, Value& to, const std::vector<std::string>& keys) {
  for (const std::string& key : keys)
    if (const Value* x = from ? from->find(key) : nullptr; x && !x->is_null()) to.set(key, *x);
}

}  // namespace

bool is_clustered_network(const Value& value) {
  return value.is_mapping() && value.has("architecture") && !value.has("layers") &&
         (value.has("init_params") || value.has("simulation"));
}

Value clustered_network_of_today(Value value) {
  if (!is_clustered_network(value) || value.has("init_params")) return value;
  value.rename("simulation", "init_params");
  Value* init = value.find("init_params");
  if (Value* seed = init->is_mapping() ? init->find("random_seed") : nullptr) {
    const Value moved = *seed;
    init->erase("random_seed");
    if (!value.has("settings") || value.at("settings").is_null()) value.set("settings", Value::map());
    if (const Value* other = value.at("settings").find("random_seed"); other && !(*other == moved))
      moved.fail("simulation.random_seed and settings.random_seed differ", "keep one of them");
    value.find("settings")->set("random_seed", moved);
  }
  return value;
}

Value spec_of_clustered_network(const Value& given_value, std::vector<std::string>& warnings) {
  const Value                    value = clustered_network_of_today(given_value);
  const std::vector<std::string> top = {"init_params", "architecture", "external_currents", "stimulus",
                                        "settings",    "arousal",      "perturbation"};
  for (const Value::Entry& entry : value.entries())
    if (std::find(top.begin(), top.end(), entry.key) == top.end())
      throw SpecError(value.key_at(entry), fmt::format("unknown key '{}'", entry.key), did_you_mean(entry.key, top));
  const std::vector<std::string> cells   = {"tau_membrane", "tau_synaptic", "tau_refractory", "threshold",
                                            "reset_voltage"};
  const std::vector<std::string> wiring  = {"n_excitatory_background",
                                            "n_inhibitory_background",
                                            "n_clusters",
                                            "connectivity_fraction_probs",
                                            "j_baseline",
                                            "j_potentiated",
                                            "potentiate",
                                            "clip_depression",
                                            "legacy_probability_order",
                                            "legacy_potentiate",
                                            "rule"};
  std::vector<std::string>       network = cells, clusters_known = wiring;
  network.push_back("j_ext"), clusters_known.push_back("total_pops");
  const Value* init     = section(value, "init_params",
                                  {"delta_t", "duration_sec", "mechanism", "n_neurons", "n_excitatory", "n_inhibitory"});
  const Value* parts    = section(value, "architecture", {"network", "clusters"});
  const Value* net      = parts ? section(*parts, "network", network) : nullptr;
  const Value* clusters = parts ? section(*parts, "clusters", clusters_known) : nullptr;
  const Value* external = section(value, "external_currents", {"c_ext", "nu_ext_baseline", "j_ext_semantics",
                                                        "legacy_external_projection"});
  const Value* settings = section(value, "settings", {"save", "plot", "save_dir", "sim_name", "random_seed"});
  const auto   given    = [](const Value* from, const char* key) -> const Value* {
    const Value* x = from ? from->find(key) : nullptr;
    return x && !x->is_null() ? x : nullptr;
  };

  const int64_t units      = given(init, "n_neurons") ? init->at("n_neurons").integer() : 2000;
  const int64_t excitatory = given(init, "n_excitatory") ? init->at("n_excitatory").integer() : 1600;
  if (const Value* n = given(init, "n_inhibitory"); n && n->integer() != units - excitatory)
    n->fail(fmt::format("must be n_neurons − n_excitatory = {}, got {}", units - excitatory, n->integer()));
  const int64_t k = given(clusters, "n_clusters") ? clusters->at("n_clusters").integer() : 18;
  if (const Value* n = given(clusters, "total_pops"); n && n->integer() != 2 * k + 2)
    n->fail(fmt::format("must be 2 n_clusters + 2 = {}, got {}", 2 * k + 2, n->integer()));

  Value simulation = Value::map({{"input_type", "none"}, {"dt", 0.0005}, {"duration", 2.5}});
  if (const Value* x = given(init, "delta_t")) simulation.set("dt", *x);
  if (const Value* x = given(init, "duration_sec")) simulation.set("duration", *x);
  Value params = Value::map({{"dim", units}, {"n_excitatory", excitatory}, {"threshold", Value::list_of({1.5, 0.75})}});
  hand_on(net, params, cells);
  if (const Value* x = given(init, "mechanism")) params.set("mechanism", *x);
  Value structure = Value::map();
  hand_on(clusters, structure, wiring);
  Value drive = Value::map({{"to_layer", 0}, {"type", "poisson"}, {"nu_ext_baseline", Value::list_of({7, 7, 0, 0})}});
  hand_on(external, drive, {"nu_ext_baseline", "c_ext", "j_ext_semantics"});
  if (const Value* legacy = given(external, "legacy_external_projection"); legacy && legacy->boolean())
    for (const char* key : {"nu_ext_baseline", "c_ext"})   // as VectorialNeuroModulators: what is to E goes to I as well
      if (Value* types = drive.find(key); types && types->is_list() && types->size() == 4) {
        Value::List& four = types->items();
        four[1] = four[0], four[3] = four[2];
      }
  hand_on(net, drive, {"j_ext"});

  Value spec = Value::map(
      {{"simulation", simulation},
       {"layers", Value::list_of({Value::map({{"layer_id", 0}, {"layer_type", "LIF"}, {"params", params}})})},
       {"connections",
        Value::list_of({Value::map(
            {{"from_layer", 0},
             {"to_layer", 0},
             {"connection_type", "clustered"},
             {"mode", "spike"},
             {"params", Value::map({{"structure", Value::map({{"type", "clustered"}, {"params", structure}})}})}})})},
       {"drives", Value::list_of({drive})}});
  if (const Value* seed = given(settings, "random_seed")) spec.set("seed", *seed);
  hand_on(&value, spec, {"arousal", "stimulus", "perturbation"});
  if (!spec.has("arousal")) spec.set("arousal", Value::map());
  if (given(settings, "save") && settings->at("save").is_boolean() && settings->at("save").boolean())
    warnings.push_back("settings.save has no effect: --output says where results go");
  if (given(settings, "plot") && settings->at("plot").is_boolean() && settings->at("plot").boolean())
    warnings.push_back("settings.plot has no effect: --report draws");
  spec.place(value.at().file);
  return spec;
}

}  // namespace dynode

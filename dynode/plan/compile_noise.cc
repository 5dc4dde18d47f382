// Noise and perturbations: the mappings `noise` and `perturb` of layers and connections, and the words that families
// have for theirs.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/plan/compiler.h"

namespace dynode {
namespace {

bool any(const std::vector<double>& values) {
  return std::any_of(values.begin(), values.end(), [](double x) { return x != 0; });
}

/// A number, or one per unit.
std::vector<double> read_numbers(const Value& v, size_t units, bool deviation) {
  std::vector<double> values;
  if (v.is_list())
    for (const Value& x : v.list()) values.push_back(x.number());
  else
    values.assign(units, v.number());
  if (values.size() != units)
    v.fail(fmt::format("{} numbers for {} units", values.size(), units),
           units == 1 ? "give one number" : "give one number, or one per unit");
  for (double x : values)
    if (!std::isfinite(x) || (deviation && x < 0))
      v.fail(deviation ? "a deviation must be a finite number, at least 0" : "must be a finite number");
  return values;
}

void check_dropout(const NoiseSite& site, const Value& v) {
  if (std::any_of(site.deviation.begin(), site.deviation.end(), [](double p) { return p >= 1; }))
    v.fail("dropout is the share of units that is left out, at least 0 and below 1");
}

NoiseSite::When read_when(const Value* v) {
  if (!v) return NoiseSite::When::always;
  const std::vector<std::string> words = {"always", "train", "off"};
  const auto found = std::find(words.begin(), words.end(), v->text());
  if (found == words.end()) v->fail(fmt::format("noise cannot be '{}'", v->text()), did_you_mean(v->text(), words, "there are"));
  return NoiseSite::When(found - words.begin());
}

/// What a mapping says of one quantity.
struct Wish {
  std::string  name;
  const Value *deviation = nullptr, *mean = nullptr;

  const Value& value() const { return deviation ? *deviation : *mean; }
  bool wanted() const {
    for (const Value* v : {deviation, mean})
      if (v && (v->is_list() ? std::any_of(v->list().begin(), v->list().end(), [](const Value& x) { return x.number() != 0; })
                             : v->number() != 0))
        return true;
    return false;
  }
};

/// The quantities of a mapping; those of `extras` are like the others.
std::vector<Wish> wishes_of(const Value& mapping, bool perturbation) {
  std::vector<Wish> wishes;
  const auto add = [&](const std::string& name, const Value& v, bool mean) {
    auto wish = std::find_if(wishes.begin(), wishes.end(), [&](const Wish& w) { return w.name == name; });
    if (wish == wishes.end()) wish = wishes.insert(wish, Wish{.name = name});
    const Value*& slot = mean ? wish->mean : wish->deviation;
    if (slot) v.fail(fmt::format("{} is given twice", name), "keep one of them");
    slot = &v;
  };
  const auto ends = [](const std::string& key, std::string_view end) {
    return key.ends_with(end) ? key.substr(0, key.size() - end.size()) : std::string();
  };
  for (const auto& entry : mapping.entries()) {
    if (entry.key == "relative" || entry.key == "when" || entry.value.is_null()) continue;
    const std::string mean = perturbation ? ends(entry.key, "_mean") : "";
    const std::string name = !perturbation ? entry.key : mean.empty() ? ends(entry.key, "_std") : mean;
    if (name.empty())
      throw SpecError(mapping.key_at(entry), fmt::format("'{}' says neither mean nor deviation", entry.key),
                      fmt::format("write {0}_mean and {0}_std", entry.key));
    if (name != "extras") add(name, entry.value, !mean.empty());
    else
      for (const auto& extra : entry.value.entries()) add(extra.key, extra.value, !mean.empty());
  }
  return wishes;
}

}  // namespace

void Compiler::add_noise() {
  for (const LayerSpec& l : plan_.spec.layers) {
    add_family_noise(l);
    read_noise(fmt::format("layer{}/", l.layer_id), l.noise, l.perturb,
               [&](const std::string& name, const Value& v, bool wanted) { return layer_site(l, name, v, wanted); });
  }
  for (const ConnectionSpec& c : plan_.spec.connections)
    if (!dropped(c))
      read_noise(name_of(c) + "/", c.noise, c.perturb,
                 [&](const std::string& name, const Value& v, bool wanted) { return connection_site(c, name, v, wanted); });
}

void Compiler::read_noise(const std::string& prefix, const Value& noise, const Value& perturb, const SiteOf& site_of) {
  const Value* flag     = noise.is_null() ? nullptr : noise.find("relative");
  const bool   relative = flag && flag->boolean();
  for (const bool perturbation : {false, true}) {
    const Value& mapping = perturbation ? perturb : noise;
    if (mapping.is_null()) continue;
    const NoiseSite::When when = read_when(mapping.find("when"));
    for (const Wish& wish : wishes_of(mapping, perturbation)) {
      std::optional<NoiseSite> site = site_of(wish.name, wish.value(), wish.wanted());
      if (!wish.wanted() || !site) continue;
      if (relative && perturbation)
        wish.value().fail("relative noise and perturbations exclude each other", "give one of them");
      const size_t count = site->connection >= 0 ? 1 : plan_.layers[size_t(site->layer)].units;
      site->name      = prefix + (perturbation ? "perturb/" : "") + wish.name;
      site->deviation = wish.deviation ? read_numbers(*wish.deviation, count, true) : std::vector<double>(count, 0.0);
      if (wish.mean) site->mean = read_numbers(*wish.mean, count, false);
      if (site->what == NoiseSite::What::parameter && site->connection >= 0) {
        const LayerPlan& edges = plan_.layers[size_t(site->layer)];
        if (relative && edges.param_entries[size_t(site->index)].shift != 0)
          wish.value().fail("relative noise would count half_flux_offset as a part of the weight", "leave out relative");
        site->deviation.resize(edges.units, site->deviation[0]);   // one number for all edges
        if (!site->mean.empty()) site->mean.resize(edges.units, site->mean[0]);
      }
      site->relative = relative || site->drop;
      site->once     = perturbation;
      site->when     = when;
      if (site->drop) {
        if (perturbation) wish.value().fail("dropout is drawn for every step", "give it among the words of noise");
        check_dropout(*site, wish.value());
        if (!mapping.has("when")) site->when = NoiseSite::When::training;
      }
      add_site(std::move(*site));
    }
  }
}

void Compiler::add_site(NoiseSite site) {
  // a relative share of g is noise on the factor that stands for it
  if (site.what == NoiseSite::What::parameter) {
    const LayerPlan& l        = plan_.layers[size_t(site.layer)];
    const size_t     constant = size_t(site.index) - l.cell->params.size();
    if (size_t(site.index) >= l.cell->params.size() && site.relative && l.cell->constants[constant].name == std::string("g_noise"))
      --site.index, site.relative = false;
  }
  plan_.noise.push_back(std::move(site));
}

std::optional<NoiseSite> Compiler::layer_site(const LayerSpec& spec, const std::string& name, const Value& v, bool wanted) {
  const int        own = layer_position(spec.layer_id), core = plan_.find_core(spec.layer_id);
  const LayerPlan& l = plan_.layers[size_t(own)];
  const CellEntry& cell = *plan_.layers[size_t(core)].cell;
  using What = NoiseSite::What;
  if (name == "s") {
    if (wanted && l.cell->fires) v.fail(fmt::format("{} gives out spikes, which are 0 or 1", cell.name), "add noise to what arrives");
    return NoiseSite{.what = What::state, .layer = own, .index = l.cell->output};
  }

  if (name == "dropout") {
    if (wanted && l.cell->fires) v.fail(fmt::format("{} gives out spikes, which are not scaled", cell.name), "leave it out");
    return NoiseSite{.what = What::state, .layer = own, .index = l.cell->output, .drop = true};
  }

  // everything else happens inside the layer
  const bool quantity = name == "phi" || name == "g" || name == "bias_current" || name == "j" || name == "internal_J";
  if (l.is_input) {
    if (wanted)
      plan_.warnings.push_back(fmt::format("noise of '{}' has no effect: layer {} holds the input, which takes noise of 's'",
                                           name, spec.layer_id));
    return std::nullopt;
  }
  if (name == "phi") {
    if (wanted && find_cell(spec.layer_type)->takes_sources)
      v.fail(fmt::format("{} weighs its sources itself: noise of 'phi' is not available for it", spec.layer_type), "add noise to 's' of its sources");
    return NoiseSite{.what = What::drive, .layer = plan_.find_entrance(spec.layer_id), .index = 0};
  }
  if (name == "j" || name == "internal_J") {
    if (wanted) v.fail("noise of weights belongs to their connection", "give it as noise: {j: …} there");
    return std::nullopt;
  }
  std::vector<std::string> known = {"phi", "s", "dropout"};
  for (size_t i = 0; i < cell.constants.size(); ++i)
    if (cell.constants[i].name == std::string("g_noise")) {
      if (name == "g") return NoiseSite{.what = What::parameter, .layer = core, .index = int(cell.params.size() + i)};
      known.insert(known.begin() + 1, "g");
    }
  for (size_t p = 0; p < cell.params.size(); ++p) {
    known.push_back(cell.params[p].name);
    if (name != cell.params[p].name) continue;
    if (wanted && (cell.params[p].per_synapse || cell.tape_size))
      v.fail(fmt::format("noise on parameters of {} is not available yet", spec.layer_type), "leave it out, or give 0");
    return NoiseSite{.what = What::parameter, .layer = core, .index = int(p)};
  }
  if (quantity && !wanted) return std::nullopt;
  v.fail(fmt::format("{} has nothing called '{}' that could be noisy", spec.layer_type, name), did_you_mean(name, known));
}

std::optional<NoiseSite> Compiler::connection_site(const ConnectionSpec& c, const std::string& name, const Value& v,
                                                   bool wanted) {
  if (name != "j") {
    const bool quantity = name == "phi" || name == "g" || name == "s" || name == "bias_current";
    if (wanted || !quantity) v.fail(fmt::format("a connection has no '{}'", name), did_you_mean(name, {"j"}));
    return std::nullopt;
  }
  if (!wanted) return std::nullopt;
  for (size_t i = 0; i < plan_.connections.size(); ++i) {
    ConnectionPlan& k = plan_.connections[i];
    if (k.name != name_of(c) || k.weights < 0 || k.delay > 0) continue;
    k.sparse = k.transposed = nullptr;   // packed anew every step, which lists are not
    return NoiseSite{.what = NoiseSite::What::weights, .connection = int(i)};
  }
  // of a programmable connection: the flux of its edges, the same for all rows
  for (size_t i = 0; i < plan_.connections.size(); ++i) {
    const ConnectionPlan& k = plan_.connections[i];
    const LayerPlan&      edges = plan_.layers[size_t(k.to)];
    if (k.name != name_of(c) || edges.name != name_of(c) + ".edges") continue;
    for (size_t p = 0; p < edges.params.size(); ++p)
      if (edges.params[p] == plan_.parameters.find(name_of(c)))
        return NoiseSite{.what = NoiseSite::What::parameter, .layer = k.to, .connection = int(i), .index = int(p)};
  }
  v.fail("noise on the weights of such a connection is not available yet", "leave it out, or use mode fixed");
}

void Compiler::add_noisy_copy(const LayerSpec& spec) {
  const Value* feedback = spec.params.find("postact_noise_feedback");
  const Value* noise    = spec.params.find("postact_noise");
  const int    whole    = layer_position(spec.layer_id);
  const size_t units    = plan_.layers[size_t(whole)].units;
  if (!feedback || feedback->boolean() || !noise || plan_.layers[size_t(whole)].is_input) return;
  if (!any(read_numbers(*noise, units, true))) return;
  const int     copy = add_part(spec, "noisy", "Linear", units);
  SparsePattern same;
  for (size_t u = 0; u <= units; ++u) same.begin.push_back(uint32_t(u));
  for (size_t u = 0; u < units; ++u) same.column.push_back(uint32_t(u));
  same.constant.assign(units, 1.0);
  connect(fmt::format("layer{}/noisy", spec.layer_id), whole, copy, 0, 0, std::move(same));
}

int Compiler::exit(const ConnectionSpec& c) const {
  const std::string copy = fmt::format("{}.noisy", c.from_layer);
  for (size_t i = 0; i < plan_.layers.size() && c.from_layer != c.to_layer; ++i)
    if (plan_.layers[i].name == copy) return int(i);
  return layer_position(c.from_layer);
}

void Compiler::add_family_noise(const LayerSpec& spec) {
  const int        at = plan_.find_core(spec.layer_id);
  const LayerPlan& l  = plan_.layers[size_t(at)];
  if (l.is_input) return;
  const auto setting = [&](const char* name) {
    for (size_t i = 0; i < l.cell->settings.size(); ++i)
      if (l.cell->settings[i].name == std::string(name)) return int(l.settings[i]);
    return -1;
  };
  NoiseSite::When when = NoiseSite::When::always;
  if (setting("noise_in_eval") == 0) when = NoiseSite::When::training;
  if (setting("noise_when") >= 0) when = NoiseSite::When(setting("noise_when"));

  for (const NoiseFacts& f : l.cell->noise) {
    const Value* given = spec.params.find(f.word);
    NoiseSite    site{.name = fmt::format("layer{}/{}", spec.layer_id, f.word), .layer = at, .index = f.index, .when = when};
    site.what = f.site == NoiseFacts::Site::drive   ? NoiseSite::What::drive
                : f.site == NoiseFacts::Site::state ? NoiseSite::What::state
                                                    : NoiseSite::What::start;
    site.deviation = given ? read_numbers(*given, l.units, true) : std::vector<double>(l.units, f.value);
    if (!any(site.deviation)) continue;
    if (site.what == NoiseSite::What::state && setting("postact_noise_feedback") == 1)
      for (size_t i = 0; i < plan_.layers.size(); ++i)
        if (plan_.layers[i].name == fmt::format("{}.noisy", spec.layer_id)) site.layer = int(i), site.index = 0;

    // noise inside the leak is taken times alpha there
    const int scaling = f.site == NoiseFacts::Site::drive ? setting("noise_scaling") : 0;
    if (scaling > 0) {
      site.scale = scaling == 1 ? NoiseSite::Scale::per_parameter : NoiseSite::Scale::per_root;
      for (size_t p = 0; p < l.params.size(); ++p)
        if (l.cell->params[p].name == std::string("alpha")) site.parameter = int(p);
      if (plan_.parameters[l.params[size_t(site.parameter)]].learnable)
        spec.params.at("noise_scaling").fail("alpha is learnt, and this scaling would make the noise depend on it",
                                             "use noise_scaling: alpha, or learn_alpha: false");
    }
    add_site(std::move(site));
  }
}

}  // namespace dynode

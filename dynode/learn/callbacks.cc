#include "dynode/learn/callbacks.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numbers>

#include "dynode/base/entries.h"
#include "dynode/base/text.h"
#include "dynode/plan/arguments.h"

namespace dynode {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();   // a fact without a default

bool given(const Arguments& a, const char* name) { return a.has(name) && !std::isnan(a.number(name)); }

double linear(const Arguments& a, double p, double, double) {
  return std::lerp(a.number("min_weight"), a.number("max_weight"), p);
}

double exponential(const Arguments& a, double p, double, double) {
  const double first = a.number("initial_weight");
  const double rate  = given(a, "decay_rate") ? a.number("decay_rate") : std::log(first / a.number("final_weight"));
  return first * std::exp(-rate * p);
}

double cosine(const Arguments& a, double p, double, double) {
  const double first = a.number("initial_weight"), last = a.number("final_weight");
  return last + (first - last) * (1 + std::cos(std::numbers::pi * p)) / 2;
}

double sinusoidal(const Arguments& a, double, double u, double epoch) {
  double period = given(a, "period_steps") ? a.number("period_steps") : a.number("period_epochs") * epoch;
  double cycle  = a.number("period_decay") == 1 ? std::floor(u / period) : 0;
  u -= cycle * period;
  for (; u >= period && period > 1e-9; ++cycle) u -= period, period *= a.number("period_decay");
  const double phase  = cycle + std::min(u / period, 1.0);
  const double swing  = (1 + std::cos(2 * std::numbers::pi * phase)) / 2;
  const double height = std::exp(-a.number("amplitude_decay") * phase) * swing;
  const double min = a.number("min_weight"), max = a.number("max_weight");
  return a.text("scale") == "log" ? min * std::exp(std::log(max / min) * height) : min + (max - min) * height;
}

Fact weight_fact(const char* name, const char* help) { return {.name = name, .help = help, .required = true}; }

/// The part of the run from start_epoch to end_epoch, in updates or epochs.
struct Passed {
  double done, length;
};

template <class Config>
Passed passed_of(const Config& c, const TrainingProgress& now) {
  const double epoch = double(now.updates_per_epoch), epochs = double(now.updates_total) / epoch;
  const double length = (c.end_epoch ? double(*c.end_epoch) : epochs) - c.start_epoch;
  const double done   = c.per_step ? double(now.update) : std::floor(double(now.update) / epoch);
  const double unit   = c.per_step ? epoch : 1;
  return {done - c.start_epoch * unit, length * unit};
}

template <class Config>
void check_epochs(const Config& c, int max_epochs, const At& at) {
  if (c.start_epoch >= c.end_epoch.value_or(max_epochs))
    throw SpecError(
        at, fmt::format("ends in epoch {}, but begins in epoch {}", c.end_epoch.value_or(max_epochs), c.start_epoch),
        "give an end_epoch above start_epoch");
}

At place_of(size_t annealer) { return {{}, 0, 0, fmt::format("callbacks.noise_annealers[{}]", annealer)}; }

double peak(const NoiseAnnealerConfig& a) { return std::max(a.start_value, a.end_value); }

/// Whether a layer has something of this name that can be noisy.
bool has_quantity(const Plan& plan, const LayerSpec& l, const std::string& key) {
  const LayerPlan& own  = plan.layers[size_t(plan.find_layer(l.layer_id))];
  const LayerPlan& core = plan.layers[size_t(plan.find_core(l.layer_id))];
  if (key == "s") return !own.cell->fires;
  if (own.is_input) return false;
  if (key == "phi") return !core.cell->takes_sources;
  const auto called = [&](const std::string& name) { return [name](const auto& fact) { return fact.name == name; }; };
  if (key == "g") return std::ranges::any_of(core.cell->constants, called("g_noise"));
  return std::ranges::any_of(core.cell->params, called(key)) && !core.cell->tape_size;
}

/// Puts a deviation into a mapping of noise or perturbations.
void put(Value& mapping, const NoiseAnnealerConfig& a, double deviation, const At& at) {
  if (mapping.is_null()) mapping = Value::map();
  const bool        perturb = a.target == NoiseTarget::perturb;
  const std::string key     = a.key + (perturb ? "_std" : "");
  if (Value* extras = mapping.find(perturb ? "extras_std" : "extras"); extras && extras->is_mapping())
    extras->erase(a.key);
  mapping.set(key, deviation);
  const Value* flag = mapping.find("relative");
  if (!a.relative || *a.relative == (flag && flag->boolean())) return;
  for (const Value::Entry& other : mapping.entries())
    if (other.key != key && other.key != "relative" && other.key != "when" && !(other.value == Value(0.0)))
      throw SpecError(at, fmt::format("relative: {} would hold for '{}', too", *a.relative, other.key),
                      "noise of a layer is relative as a whole: say the same there");
  mapping.set("relative", *a.relative);
}

}  // namespace

const std::vector<WeightRuleEntry>& weight_rules() {
  static const std::vector<WeightRuleEntry> entries = {
      {"linear",
       "changes evenly",
       {weight_fact("min_weight", "first weight"), weight_fact("max_weight", "last weight")},
       linear},
      {"exponential_decay",
       "falls by the same factor in equal times",
       {weight_fact("initial_weight", "first weight"),
        {.name = "final_weight", .value = kNone, .help = "last weight; or decay_rate"},
        {.name = "decay_rate", .value = kNone, .help = "over the whole time the weight falls by e^rate"}},
       exponential},
      {"cosine_decay",
       "half a cosine",
       {weight_fact("initial_weight", "first weight"), weight_fact("final_weight", "last weight")},
       cosine},
      {"sinusoidal",
       "goes up and down, from max_weight on",
       {weight_fact("min_weight", "smallest weight"), weight_fact("max_weight", "largest weight"),
        {.name = "period_steps", .value = kNone, .min = 1, .help = "first period, updates (per_step: false: epochs)"},
        {.name = "period_epochs", .value = kNone, .min = 1e-3, .help = "first period, epochs; instead of period_steps"},
        {.name = "period_decay", .value = 1, .min = 0.1, .max = 100, .help = "factor on the period from one to the next"},
        {.name = "amplitude_decay", .value = 0, .min = 0, .help = "per period the height falls by e^amplitude_decay"},
        {.name = "scale",
         .kind = ArgumentKind::text,
         .help = "linear, or log: in the logarithm of the weight",
         .text = "linear"}},
       sinusoidal}};
  return entries;
}

const WeightRuleEntry& find_weight_rule(std::string_view name, const At& at) {
  return find_entry(weight_rules(), "scheduler of loss weights", name, at);
}

void check_annealer(const NoiseAnnealerConfig& a, int max_epochs, const At& at) {
  check_epochs(a, max_epochs, at);
  if (a.key.empty() || a.key == "relative" || a.key == "when" || a.key == "extras")
    throw SpecError(at, fmt::format("'{}' is nothing that could be noisy", a.key), "give key: phi, for example");
  if (a.target == NoiseTarget::perturb && a.relative.value_or(false))
    throw SpecError(at, "relative noise and perturbations exclude each other", "give target: noise, or no relative");
}

void check_weight_scheduler(const LossWeightSchedulerConfig& s, int max_epochs, const At& at) {
  check_epochs(s, max_epochs, at);
  const WeightRuleEntry& rule = find_weight_rule(s.scheduler_type, at);
  const Arguments        a    = check_arguments(rule.name, rule.facts, s.params);
  const std::string      name = rule.name;
  if (name == "exponential_decay") {
    if (given(a, "final_weight") == given(a, "decay_rate"))
      throw SpecError(at, "exponential_decay needs final_weight or decay_rate, one of them");
    if (given(a, "final_weight") && !(a.number("initial_weight") * a.number("final_weight") > 0))
      throw SpecError(at, "weights that fall exponentially have one sign and are not 0", "use linear or cosine_decay");
  }
  if (name != "sinusoidal") return;
  if (given(a, "period_steps") == given(a, "period_epochs"))
    throw SpecError(at, "sinusoidal needs period_steps or period_epochs, one of them");
  if (a.text("scale") != "linear" && a.text("scale") != "log")
    throw SpecError(at, fmt::format("there is no scale '{}'", a.text("scale")), "there are: linear, log");
  if (a.text("scale") == "log" && !(a.number("min_weight") > 0 && a.number("max_weight") > 0))
    throw SpecError(at, "scale: log needs weights above 0");
}

double annealed_deviation(const NoiseAnnealerConfig& annealer, const TrainingProgress& now) {
  const Passed s = passed_of(annealer, now);
  return std::lerp(annealer.start_value, annealer.end_value, std::clamp(s.done / s.length, 0.0, 1.0));
}

double scheduled_weight(const LossWeightSchedulerConfig& scheduler, const TrainingProgress& now) {
  const WeightRuleEntry& rule = find_weight_rule(scheduler.scheduler_type);
  const Passed           s    = passed_of(scheduler, now);
  const double           p    = std::clamp(s.done / std::max(s.length - 1, 1.0), 0.0, 1.0);   // the last one is at 1
  return rule.weight(check_arguments(rule.name, rule.facts, scheduler.params), p, p * s.length,
                     scheduler.per_step ? double(now.updates_per_epoch) : 1);
}

namespace {

template <class Config>
double share_of_epochs(const Config& c, int64_t epoch, int epochs) {
  const double first = c.start_epoch, last = c.end_epoch.value_or(std::max(epochs - 1, c.start_epoch + 1));
  return std::clamp((double(epoch) - first) / (last - first), 0.0, 1.0);
}

}  // namespace

int scheduled_length(const SeqLenSchedulerConfig& s, int64_t epoch, int epochs) {
  return int(std::lround(std::lerp(double(s.start_len), double(s.end_len), share_of_epochs(s, epoch, epochs))));
}

double scheduled_scale(const PoolingScaleConfig& s, int64_t epoch, int epochs) {
  return std::lerp(s.start_scale, s.end_scale, share_of_epochs(s, epoch, epochs));
}

void observe(const DynamicLossWeightConfig& config, double value, bool larger_is_better, DynamicWeight& state) {
  const double loss = larger_is_better ? -value : value;
  if (std::isnan(state.best) || loss < state.best) {
    if (!std::isnan(state.best)) state.factor = config.max_weight ? state.factor * config.increase : std::min(1.0, state.factor * config.increase);
    state.best = loss, state.worse = 0;
  } else if (loss > state.best + config.threshold * std::abs(state.best)) {
    if (++state.worse >= config.patience) state.factor *= config.reduction, state.worse = 0;
  } else {
    state.worse = 0;
  }
}

double dynamic_weight(const DynamicLossWeightConfig& config, const DynamicWeight& state, double weight) {
  const double size = std::abs(weight), most = config.max_weight.value_or(size);
  return std::copysign(std::clamp(size * state.factor, std::min(config.min_weight, most), most), weight);
}

Spec with_annealed_noise(const Plan& plan, const std::vector<NoiseAnnealerConfig>& annealers,
                         const std::optional<TrainingProgress>& now) {
  Spec spec = plan.spec;
  for (size_t i = 0; i < annealers.size(); ++i) {
    const NoiseAnnealerConfig& a         = annealers[i];
    const double               deviation = now ? annealed_deviation(a, *now) : peak(a);
    const bool                 perturb   = a.target == NoiseTarget::perturb;
    const auto asked = [&](int id) {
      return !a.layer_ids || std::ranges::find(*a.layer_ids, id) != a.layer_ids->end();
    };
    for (const int id : a.layer_ids.value_or(std::vector<int>{}))
      if (plan.find_layer(id) < 0) throw SpecError(place_of(i), fmt::format("layer_ids: there is no layer {}", id));
    bool found = false;
    const auto set = [&](auto& holder) {
      found = true;
      put(perturb ? holder.perturb : holder.noise, a, deviation, place_of(i));
    };
    if (a.key == "j") {
      for (ConnectionSpec& c : spec.connections)
        if (asked(c.to_layer) && std::ranges::any_of(plan.connections, [&](const ConnectionPlan& k) {
              return k.delay == 0 && k.name == fmt::format("J_{}_to_{}", c.from_layer, c.to_layer);
            }))
          set(c);
    } else {
      for (LayerSpec& l : spec.layers)
        if (asked(l.layer_id) && has_quantity(plan, l, a.key)) set(l);
        else if (a.layer_ids && asked(l.layer_id))
          throw SpecError(place_of(i),
                          fmt::format("layer {} has nothing called '{}' that could be noisy", l.layer_id, a.key));
    }
    if (!found)
      throw SpecError(place_of(i), fmt::format("no {} has '{}' that could be noisy",
                                               a.key == "j" ? "connection" : "layer", a.key));
  }
  return spec;
}

std::shared_ptr<const Plan> compile_annealed(const Spec& spec, const CompileOptions& options,
                                             const std::vector<NoiseAnnealerConfig>& annealers) {
  std::shared_ptr<const Plan> plan = compile(spec, options);
  return annealers.empty() ? plan : compile(with_annealed_noise(*plan, annealers), options);
}

std::vector<std::vector<int>> annealed_sites(const Plan& plan, const std::vector<NoiseAnnealerConfig>& annealers) {
  std::vector<std::vector<int>> sites(annealers.size());
  std::vector<bool>             taken(plan.noise.size());
  for (size_t i = 0; i < annealers.size(); ++i) {
    const NoiseAnnealerConfig& a = annealers[i];
    for (size_t n = 0; n < plan.noise.size(); ++n) {
      const NoiseSite& site = plan.noise[n];
      const bool       j    = site.connection >= 0;
      if (!site.name.ends_with((a.target == NoiseTarget::perturb ? "/perturb/" : "/") + a.key) || j != (a.key == "j") ||
          site.once != (a.target == NoiseTarget::perturb))
        continue;
      if (a.layer_ids) {
        const int layer = j ? plan.connections[size_t(site.connection)].to : site.layer;
        if (std::ranges::find(*a.layer_ids, plan.layers[size_t(layer)].layer_id) == a.layer_ids->end()) continue;
      }
      if (taken[n])
        throw SpecError(place_of(i), fmt::format("another annealer moves {}, too", site.name), "keep one of them");
      taken[n] = true;
      sites[i].push_back(int(n));
    }
  }
  return sites;
}

std::vector<double> noise_shares(const std::vector<NoiseAnnealerConfig>& annealers,
                                 const std::vector<std::vector<int>>& sites, size_t count, const TrainingProgress& now) {
  if (annealers.empty()) return {};
  std::vector<double> shares(count, 1.0);
  for (size_t i = 0; i < annealers.size(); ++i)
    for (const int site : sites[i]) shares[size_t(site)] = annealed_deviation(annealers[i], now) / peak(annealers[i]);
  return shares;
}

}  // namespace dynode

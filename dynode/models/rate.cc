#include "dynode/models/rate.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/display.h"
#include "dynode/base/random.h"
#include "dynode/base/text.h"
#include "dynode/io/model_formats.h"
#include "dynode/models/rate_file.h"

namespace dynode::rate {
namespace {

const char* const kRecurrent = "J_1_to_1";
const char* const kInput     = "J_0_to_1";
const char* const kReadout   = "J_1_to_2";
const char* const kBias      = "b_1_to_2";

void check(bool fine, const char* name, double value, const char* range) {
  if (!fine) throw SpecError({.path = name}, fmt::format("must be {}, got {}", range, value));
}

void check_share(const char* name, double value) { check(value >= 0 && value <= 1, name, value, "within [0, 1]"); }

Value list_of(const std::vector<double>& values) {
  Value list = Value::list_of();
  for (const double v : values) list.push_back(v);
  return list;
}

/// What both ways to build a network have in common.
struct Skeleton {
  int                 N, inputs, outputs, som_N;
  std::vector<double> taus;
  std::string         activation;
  double              dt = 1, noise_std = 0.1, x0_std = 0.01;
  std::string         noise_when = "always";
  Value               polarity   = Value::map();  // words of the layer; empty without Dale's law
  std::string         structure  = "dense";
  Value               recurrent  = Value::map();  // params of the recurrent connection
};

Spec spec_of(const Skeleton& s) {
  check(s.N >= 1 && s.N <= 30'000, "N", s.N, "within [1, 30000]");
  check(s.inputs >= 1 && s.inputs <= 1'000'000, "inputs", s.inputs, "at least 1");
  check(s.outputs >= 1 && s.outputs <= 1'000'000, "outputs", s.outputs, "at least 1");
  if (s.taus.empty() || s.taus.size() > 2)
    throw SpecError({.path = "taus"}, fmt::format("has {} numbers", s.taus.size()),
                    "give one time constant, or a range of two");
  Spec spec;
  spec.simulation.dt = s.dt;
  Value rate         = Value::map({{"dim", s.N},
                                   {"source_func", s.activation},
                                   {"taus", list_of(s.taus)},
                                   {"noise_std", s.noise_std},
                                   {"x0_std", s.x0_std},
                                   {"noise_when", s.noise_when}});
  for (const Value::Entry& word : s.polarity.entries()) rate.set(word.key, word.value);
  if (s.som_N != 0) rate.set("som_N", s.som_N);
  const auto normal = [](double std) {
    return Value::map({{"name", "normal"}, {"params", Value::map({{"std", std}})}});
  };
  spec.layers      = {{.layer_id = 0, .layer_type = "Input", .params = Value::map({{"dim", s.inputs}})},
                      {.layer_id = 1, .layer_type = "RateDale", .params = rate},
                      {.layer_id = 2, .layer_type = "Linear", .params = Value::map({{"dim", s.outputs}})}};
  spec.connections = {{.from_layer      = 0,
                       .to_layer        = 1,
                       .connection_type = "dense",
                       .params          = Value::map({{"init", normal(1)}}),
                       .learnable       = false},
                      {.from_layer = 1, .to_layer = 1, .connection_type = s.structure, .params = s.recurrent},
                      {.from_layer      = 1,
                       .to_layer        = 2,
                       .connection_type = "dense",
                       .params          = Value::map({{"init", normal(0.01)}, {"bias", "zero"}, {"polarity", false}})}};
  return spec;
}

Spec spec_of(const RateOptions& o) {
  check_share("P_inh", o.P_inh);
  check(o.P_rec > 0 && o.P_rec <= 1, "P_rec", o.P_rec, "within (0, 1]");
  check(o.gain > 0 && std::isfinite(o.gain), "gain", o.gain, "larger than 0");
  check(o.som_N >= 0 && o.som_N <= o.N, "som_N", o.som_N, "within [0, N]");
  if (o.som_N > 0 && !o.apply_dale)
    throw SpecError({.path = "som_N"}, "there are no inhibitory units without Dale's law",
                    "give apply_dale, or som_N 0");
  if (o.w_dist != "gaus" && o.w_dist != "gamma")
    throw SpecError({.path = "w_dist"}, fmt::format("there is no '{}'", o.w_dist), "there are: gaus, gamma");
  Skeleton s{.N          = o.N,
             .inputs     = o.w_in ? int(o.w_in->shape.size() == 2 ? o.w_in->shape[1] : 1) : o.inputs,
             .outputs    = o.w_out ? int(o.w_out->shape.size() == 2 ? o.w_out->shape[0] : 1) : o.outputs,
             .som_N      = o.som_N,
             .taus       = o.taus,
             .activation = o.activation,
             .dt         = o.dt,
             .noise_std  = o.noise_std,
             .x0_std     = o.x0_std,
             .noise_when = o.noise_when};
  if (o.apply_dale) {
    const double share = o.exact_inh ? std::round(o.N * o.P_inh) / std::max(1, o.N) : o.P_inh;
    s.polarity.set("polarity_init",
                   Value::map({{"excitatory_ratio", 1 - share}, {"draw", o.exact_inh ? "count" : "independent"}}));
    s.polarity.set("polarity_enforcement_method", "relu");
  }
  // with Dale's law a weight that is 0 stays 0, so what does not exist is left out; without it, it learns to exist
  Value init = o.w_dist == "gaus" ? Value::map({{"gain", o.gain}}) : Value::map();
  if (o.apply_dale || o.keep_sparsity) {
    s.structure = "sparse";
    s.recurrent.set("sparsity", o.P_rec);
  } else {
    init.set("density", o.P_rec);
  }
  s.recurrent.set("init", Value::map({{"name", o.w_dist}, {"params", init}}));
  if (!o.self_connections) s.recurrent.set("allow_self_connections", false);
  return spec_of(s);
}

Spec spec_of(const RateParts& p) {
  const auto matrix = [](const Array& a, const char* name) -> const std::vector<int64_t>& {
    if (a.shape.size() != 2 || a.size() == 0) throw ShapeError(name, {-1, -1}, a.shape);
    return a.shape;
  };
  const int64_t N = matrix(p.w, "w")[0];
  matrix(p.w_in, "w_in"), matrix(p.w_out, "w_out");
  Skeleton s{.N          = int(std::min<int64_t>(N, 1 << 30)),
             .inputs     = int(p.w_in.shape[1]),
             .outputs    = int(p.w_out.shape[0]),
             .som_N      = p.som_N,
             .taus       = p.taus,
             .activation = p.activation,
             .dt         = p.dt};
  if (!p.sign.empty()) {
    s.polarity.set("polarity", list_of({p.sign.begin(), p.sign.end()})).set("polarity_enforcement_method", "relu");
  } else if (p.som_N > 0) {
    throw SpecError({.path = "som_N"}, "there are no inhibitory units without Dale's law");
  }
  return spec_of(s);
}

/// The positions of the three layers. @throws SpecError  if the network is built otherwise
void check_model(const Plan& plan) {
  const auto& all  = plan.parameters;
  const bool  fits = plan.layers.size() == 3 && plan.layers[0].is_input &&
                    std::string_view(plan.layers[1].cell->name) == "RateDale" && all.find(kRecurrent) >= 0 &&
                    all.find(kInput) >= 0 && all.find(kReadout) >= 0 && plan.layers[0].layer_id == 0 &&
                    plan.layers[1].layer_id == 1 && plan.layers[2].layer_id == 2;
  if (!fits)
    throw SpecError({plan.spec.file}, "is no network of an input (layer 0), rate units (1, RateDale) and a readout (2)",
                    "use it as a Model");
}

/// [rows][T − 1][width] out of [width][T] or [rows][T][width].
Array without_last(const Array& u, int64_t width) {
  const bool batch = u.shape.size() == 3;
  if (u.shape.size() != 2 && !batch) throw ShapeError("u", {width, -1}, u.shape, "or a batch [rows][T][inputs]");
  const int64_t rows = batch ? u.shape[0] : 1, T = u.shape[1];
  if ((batch ? u.shape[2] : u.shape[0]) != width || T < 2)
    throw ShapeError("u", batch ? std::vector<int64_t>{-1, -1, width} : std::vector<int64_t>{width, -1}, u.shape,
                     "T, the number of columns, is at least 2");
  const std::vector<double> all = u.as_double();
  std::vector<double>       x(size_t(rows * (T - 1) * width));
  size_t                    i = 0;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t t = 0; t + 1 < T; ++t)
      for (int64_t k = 0; k < width; ++k) x[i++] = all[size_t(batch ? (row * T + t) * width + k : k * T + t)];
  return {{rows, T - 1, width}, std::move(x)};
}

/// Entries from `first` on, without the axis of rows if there is only one trial.
Array entries_of(const Array& history, int64_t first, bool batch) {
  const int64_t             rows = history.shape[0], entries = history.shape[1], width = history.shape[2];
  const std::vector<double> all = history.as_double();
  std::vector<double>       kept;
  for (int64_t row = 0; row < rows; ++row) {
    const auto begin = all.begin() + (row * entries + first) * width;
    kept.insert(kept.end(), begin, begin + (entries - first) * width);
  }
  if (!batch) return {{entries - first, width}, std::move(kept)};
  return {{rows, entries - first, width}, std::move(kept)};
}

}  // namespace

RateRNN::RateRNN(const RateOptions& options, const ModelOptions& model)
    : model_(Model::from_spec(spec_of(options), model)) {
  if (options.w_in) model_.set_parameter(kInput, *options.w_in);
  if (options.w_out) model_.set_parameter(kReadout, *options.w_out);
  w0_ = model_.parameter(kRecurrent);
  if (options.taus.size() == 2) taus_gaus0_ = model_.parameter("layer1/taus_gaus");
}

RateRNN::RateRNN(const RateParts& parts, const ModelOptions& model)
    : model_(Model::from_spec(spec_of(parts), model)), w0_(parts.w0), taus_gaus0_(parts.taus_gaus0) {
  model_.set_parameter(kRecurrent, parts.w);
  model_.set_parameter(kInput, parts.w_in);
  model_.set_parameter(kReadout, parts.w_out);
  model_.set_parameter(kBias, Array{{outputs()}, parts.b_out.as_double()});
  if (parts.taus.size() < 2) return;
  if (int(parts.taus_gaus.size()) != N()) throw ShapeError("taus_gaus", {N()}, {int64_t(parts.taus_gaus.size())});
  model_.set_parameter("layer1/taus_gaus", Array{{N()}, parts.taus_gaus});
}

RateRNN::RateRNN(Model model) : model_(std::move(model)) { check_model(model_.plan()); }

RateRNN RateRNN::load(const std::string& path, const ModelOptions& options) {
  if (ending_of(path) == ".mat")
    return RateRNN(load_rate_mat(path), options);
  return RateRNN(Model::load(path, options));
}

void RateRNN::save(const std::string& path) const {
  if (ending_of(path) == ".mat") save_rate_mat(path, parts());
  else model_.save(path);
}

int                 RateRNN::N() const { return int(model_.plan().layers[1].units); }
int                 RateRNN::inputs() const { return int(model_.plan().layers[0].units); }
int                 RateRNN::outputs() const { return int(model_.plan().layers[2].units); }
std::vector<int8_t> RateRNN::sign() const { return model_.plan().layers[1].polarity; }

RateParts RateRNN::parts() const {
  const Plan&  plan = model_.plan();
  const Value& rate = plan.spec.layers[1].params;
  RateParts    p{.w          = model_.parameter(kRecurrent),
                 .w_in       = model_.parameter(kInput),
                 .w_out      = model_.parameter(kReadout),
                 .b_out      = Array{{outputs()}, std::vector<double>(size_t(outputs()))},
                 .sign       = sign(),
                 .activation = "sigmoid",
                 .dt         = plan.spec.simulation.dt.value_or(1),
                 .w0         = w0_,
                 .taus_gaus0 = taus_gaus0_};
  if (plan.parameters.find(kBias) >= 0) p.b_out = model_.parameter(kBias);
  if (const Value* n = rate.find("som_N")) p.som_N = int(n->integer());
  for (const char* word : {"source_func", "activation"})
    if (const Value* f = rate.find(word)) p.activation = lower_case(f->text());
  if (plan.parameters.find("layer1/taus_gaus") >= 0 &&
      plan.parameters[plan.parameters.find("layer1/taus_gaus")].stored_name() == "layer1/taus_gaus") {
    const Transform& range = plan.parameters[plan.parameters.find("layer1/taus_gaus")].transform;
    p.taus                 = {range.low, range.high};
    p.taus_gaus            = model_.parameter("layer1/taus_gaus").as_double();
  } else {
    const std::vector<double> taus = model_.parameter("layer1/taus").as_double();
    if (std::ranges::any_of(taus, [&](double t) { return t != taus[0]; }))
      throw SpecError({.path = "taus"}, "units have time constants of their own, not one or a range");
    p.taus = {taus[0]};
  }
  return p;
}

Array RateRNN::effective_w() const {
  std::vector<double>       w    = model_.parameter(kRecurrent).as_double();
  const std::vector<int8_t> sign = this->sign();
  if (!sign.empty())
    for (size_t i = 0; i < w.size(); ++i) w[i] = std::max(w[i], 0.0) * sign[i % sign.size()];
  return {{N(), N()}, std::move(w)};
}

// ── running ─────────────────────────────────────────────────────────────────────────────────────────────────────────

Trial RateRNN::eval(const Array& u, const SimulateOptions& options) {
  SimulateOptions own = options;
  own.record          = {"s/1", "state/1/x"};
  const Results run   = model_.simulate(without_last(u, inputs()), own);
  const bool    batch = u.shape.size() == 3;
  return {entries_of(run.at("output"), 1, batch), entries_of(run.at("s/1"), 0, batch),
          entries_of(run.at("state/1/x"), 0, batch)};
}

namespace {

std::string loss_word(std::string_view loss) {
  const std::string word = lower_case(std::string(loss));
  if (word != "l1" && word != "l2" && word != "mse")
    throw SpecError({.path = "loss_fn"}, fmt::format("there is no '{}'", loss), "there are: l1, l2, mse");
  return word;
}

}  // namespace

Gradient RateRNN::gradient(const Array& u, const Array& z, std::string_view loss, const GradientRequest& request) {
  const Array                x        = without_last(u, inputs());
  const std::vector<int64_t> expected = {x.shape[0], x.shape[1], outputs()};
  if (int64_t(z.size()) != element_count(expected))
    throw ShapeError("z", expected, z.shape, "one target for each step from 1 on");
  return model_.gradient(x, {{.loss = loss_word(loss), .target = Array{expected, z.as_double()}}}, request);
}

double loss_op(const Array& o, const Array& z, std::string_view loss) {
  const std::string word = loss_word(loss);
  if (o.size() != z.size()) throw ShapeError("z", o.shape, z.shape);
  const std::vector<double> a = o.as_double(), b = z.as_double();
  double                    sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += word == "l1" ? std::abs(a[i] - b[i]) : (a[i] - b[i]) * (a[i] - b[i]);
  return word == "l2" ? std::sqrt(sum) : word == "mse" && !a.empty() ? sum / double(a.size()) : sum;
}

std::string RateRNN::display() const {
  const std::vector<double> w = effective_w().as_double();
  const std::vector<int8_t> s = sign();
  const auto  share           = [&](auto is) { return 100 * double(std::ranges::count_if(w, is)) / double(w.size()); };
  const auto  inhibitory      = std::ranges::count(s, -1);
  std::string text            = fmt::format("{} rate units, {} input{}, {} output{}\n", grouped(N()), inputs(),
                                 inputs() == 1 ? "" : "s", outputs(), outputs() == 1 ? "" : "s");
  text += s.empty() ? "  without Dale's law\n"
                    : fmt::format("  {} excitatory, {} inhibitory\n", N() - inhibitory, inhibitory);
  text += fmt::format("  recurrent weights: {:.1f} % absent, {:.1f} % positive, {:.1f} % negative\n",
                      share([](double x) { return x == 0; }), share([](double x) { return x > 0; }),
                      share([](double x) { return x < 0; }));
  return text;
}

// ── lesions ─────────────────────────────────────────────────────────────────────────────────────────────────────────

Lesion RateRNN::lesion(std::vector<size_t> existing, double fraction, double scale, uint64_t seed,
                       std::string_view group) {
  check_share("fraction", fraction), check_share("scale", scale);
  Array               array = model_.parameter(kRecurrent);
  std::vector<double> w     = array.as_double();
  Lesion              lesion;
  const auto          count = size_t(std::floor(fraction * double(existing.size())));
  for (const size_t i : Random(seed, fmt::format("lesion/{}", group)).choose(existing.size(), count)) {
    lesion.chosen.push_back(existing[i]);
    lesion.before.push_back(w[existing[i]]);
    w[existing[i]] *= scale;
  }
  array.data = std::move(w);
  model_.set_parameter(kRecurrent, array);
  return lesion;
}

Lesion RateRNN::lesion_w(double fraction, double scale, uint64_t seed) {
  const std::vector<double> w = effective_w().as_double();
  std::vector<size_t>       existing;
  for (size_t i = 0; i < w.size(); ++i)
    if (w[i] != 0) existing.push_back(i);
  return lesion(std::move(existing), fraction, scale, seed, "all");
}

std::vector<Lesion> RateRNN::lesion_w_by_type(double fraction, double scale, uint64_t seed) {
  const std::vector<double>        w = effective_w().as_double();
  const std::vector<int8_t>        s = sign();
  const size_t                     n = size_t(N());
  std::vector<std::vector<size_t>> groups(4);
  const auto                       inhibitory = [&](size_t unit) { return !s.empty() && s[unit] < 0; };
  for (size_t i = 0; i < w.size(); ++i)
    if (w[i] != 0) groups[size_t(2 * inhibitory(i % n) + inhibitory(i / n))].push_back(i);
  std::vector<Lesion>   lesions;
  constexpr const char* kGroups[] = {"E_E", "E_I", "I_E", "I_I"};
  for (size_t g = 0; g < 4; ++g) lesions.push_back(lesion(std::move(groups[g]), fraction, scale, seed, kGroups[g]));
  return lesions;
}

void RateRNN::restore(const Lesion& lesion) {
  Array               array = model_.parameter(kRecurrent);
  std::vector<double> w     = array.as_double();
  for (size_t i = 0; i < lesion.chosen.size(); ++i) w.at(lesion.chosen[i]) = lesion.before[i];
  array.data = std::move(w);
  model_.set_parameter(kRecurrent, array);
}

}  // namespace dynode::rate

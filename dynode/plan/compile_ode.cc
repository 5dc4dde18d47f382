// Layers that follow a differential equation between inputs: as many parts as there are sub-steps, with the same weights.
//
//   1.input ──▶ 1.drive (W u + b) ──▶ 1.step_1 ──▶ 1.step_2 ──▶ … ──▶ 1        every step reads the drive, and the one before
//                                        ▲                          │          it through R
//                                        └────── one step late ─────┘
//
//   ODELSTM: 1.memory, an LSTM that reads 1.input and 1 one step late, stands between 1.input and 1.drive
#include <fmt/format.h>

#include "dynode/plan/arguments.h"
#include "dynode/plan/compiler.h"
#include "dynode/plan/pattern.h"
#include "dynode/wiring/initialisers.h"

namespace dynode {

void Compiler::expand_ode(const LayerSpec& spec, bool with_lstm) {
  const CellEntry& cell = *find_cell(spec.layer_type);
  refuse_unknown_words(spec, cell, {"scale", "decay"});
  if (const Value* wiring = spec.params.find("wiring"))
    wiring->fail(fmt::format("{} has no wiring", cell.name), "all its units are connected; LTC and CfC have wirings");
  std::vector<std::string> known  = {"input_map", "input_map_bias", "recurrent_map", "scale", "decay"};
  const std::string        prefix = fmt::format("layer{}/", spec.layer_id);
  if (with_lstm)
    for (const char* name : {"ode_map", "ode_map_bias", "ode_recurrent_map", "forget_bias"}) known.push_back(name);
  if (const Value* learn = spec.params.find("learnable_params")) refuse_unknown(cell.name, *learn, known);
  const std::vector<double> settings = read_settings(spec, cell);
  const auto                unfolds  = size_t(settings[0]);

  const int    input = gather_sources(spec), core = layer_position(spec.layer_id);
  const size_t units = size_t(spec.dim());
  set_cell(core, cell.name);
  const int    from   = with_lstm ? add_memory(spec, input, core, settings[1]) : input;
  const size_t inputs = plan_.layers[size_t(from)].units;
  refuse_size(spec.at, units, std::max(units, inputs));

  // weights and parameters
  const std::string own = with_lstm ? "ode_" : "";
  const auto add = [&](const std::string& name, std::vector<size_t> shape, std::vector<double> values, const char* help,
                       bool learnt) {
    return add_block({.name = prefix + name, .shape = std::move(shape), .learnable = learnt, .help = help},
                     std::move(values));
  };
  const std::string map = own.empty() ? "input_map" : "ode_map", recurrent = own + "recurrent_map";
  const auto        weights = [&](const std::string& name, const char* rule, size_t columns) {
    const InitialiserEntry& initialiser = find_initialiser(rule);
    const Arguments         arguments   = check_arguments(rule, initialiser.facts, Value::map());
    const Mask              all(units, columns, true);
    Random                  draw = random(prefix + name);
    return add(name, {units, columns},
                      initial_weights(initialiser, {.mask = all, .arguments = arguments, .random = draw}), "weights",
                      learns(spec, name));
  };
  const int w = weights(map, "xavier_uniform", inputs), r = weights(recurrent, "orthogonal", units);
  const int bias = add(map + "_bias", {units}, std::vector<double>(units, 0.0), "bias", learns(spec, map + "_bias"));
  int       parameter[2];
  for (size_t p = 0; p < 2; ++p) {
    const ParamFacts& f     = cell.params[p];
    const Value*      given = spec.params.find(f.name);
    const double      value = given ? given->number() : f.value;
    if (!(value >= f.min && value <= f.max)) given->fail(fmt::format("{} is {}, outside its range", f.name, value));
    const Value* learn = spec.params.find("learnable_params");  // not learnt unless that is asked for
    parameter[p]       = add_block({.name      = prefix + f.name,
                                    .shape     = {units},
                                    .learnable = learn && learn->has(f.name) && learns(spec, f.name),
                                    .min       = f.min,
                                    .help      = f.help},
                                   std::vector<double>(units, value));
  }

  // parts
  std::vector<uint32_t> same(units);
  for (size_t u = 0; u < units; ++u) same[u] = uint32_t(u);
  const auto dense = [&](const std::string& name, int source, int to, int lag, int block, int with_bias) {
    ConnectionPlan k{.name = prefix + name, .from = source, .to = to, .port = 0, .lag = lag};
    k.weights = block, k.bias = with_bias;
    plan_.connections.push_back(std::move(k));
  };
  const int drive = add_part(spec, "drive", "Linear", units);
  dense(map, from, drive, 0, w, bias);
  int before = core;
  for (size_t n = 0; n < unfolds; ++n) {
    const int step = n + 1 == unfolds ? core : add_part(spec, fmt::format("step_{}", n + 1), cell.name, units);
    plan_.layers[size_t(step)].settings = settings;
    for (size_t p = 0; p < 2; ++p) give(step, cell.params[p].name, parameter[p]);
    const int lag = n == 0;
    connect(prefix + "drive", drive, step, 0, 0, selection(same, 1.0));
    dense(recurrent, before, step, lag, r, -1);
    connect(prefix + "state", before, step, 1, lag, selection(same, 1.0));
    before = step;
  }
  choose_start(spec, plan_.layers[size_t(core)]);
}

}  // namespace dynode

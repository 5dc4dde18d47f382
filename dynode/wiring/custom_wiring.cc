// Custom: a circuit somebody drew, as two matrices. Reading a file is the caller's task: it puts what it read into
// `adjacency` and `sensory_adjacency`.
#include <fmt/format.h>

#include "dynode/wiring/circuit_rules.h"

namespace dynode {
namespace {

WiringSize custom_size(const Arguments& arguments, const At& at) { return units_and_outputs("Custom", arguments, at); }

std::vector<int8_t> matrix_of(const WiringArgs& args, const char* name, const char* side, size_t rows, size_t units) {
  if (rows == 0 && !args.arguments.has(name)) return {};
  if (!args.arguments.has(name))
    throw SpecError(args.at, fmt::format("wiring Custom needs '{}'", name),
                    fmt::format("{} × {} numbers -1, 0 or 1, row by row, or a wiring_file", rows, units));
  const std::vector<double>& values = args.arguments.numbers(name);
  if (values.size() != rows * units)
    throw ShapeError(fmt::format("{}: [{}, units] = [{}, {}] has {} entries, got {}", name, side, rows, units,
                                 rows * units, values.size()));
  std::vector<int8_t> matrix;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] != 0 && values[i] != 1 && values[i] != -1)
      throw SpecError(args.at, fmt::format("{}[{}, {}] is {}", name, i / units, i % units, values[i]),
                      "polarities are -1, 0 and 1");
    matrix.push_back(int8_t(values[i]));
  }
  return matrix;
}

/// Layers in the order of processing, out of the layer of each neuron.
std::vector<std::vector<uint32_t>> layers_of(const WiringArgs& args, size_t units) {
  const std::vector<double>& layer_of = args.arguments.numbers("neuron_layers");
  if (layer_of.size() != units)
    throw ShapeError(fmt::format("neuron_layers: there are {} neurons, got {} numbers", units, layer_of.size()));
  std::vector<std::vector<uint32_t>> layers;
  for (size_t i = 0; i < units; ++i) {
    const double l = layer_of[i];
    if (l != double(size_t(l)) || l >= double(units))
      throw SpecError(args.at, fmt::format("neuron_layers[{}] is {}", i, l), "layers are numbered 0, 1, …");
    if (size_t(l) >= layers.size()) layers.resize(size_t(l) + 1);
    layers[size_t(l)].push_back(uint32_t(i));
  }
  for (size_t l = 0; l < layers.size(); ++l)
    if (layers[l].empty())
      throw SpecError(args.at, fmt::format("neuron_layers leaves layer {} without neurons", l),
                      "layers are numbered 0, 1, …");
  return layers;
}

void connect_custom(const WiringArgs& args, Wiring& wiring) {
  wiring.adjacency = matrix_of(args, "adjacency", "units", wiring.units, wiring.units);
  wiring.sensory   = matrix_of(args, "sensory_adjacency", "inputs", wiring.inputs, wiring.units);
  if (args.arguments.has("neuron_layers")) wiring.layers = layers_of(args, wiring.units);
}

}  // namespace

WiringEntry custom_wiring() {
  const auto matrix = [](const char* name, const char* help) {
    return Fact{.name = name, .kind = ArgumentKind::numbers, .min = -1, .max = 1, .help = help};
  };
  return {.name    = "Custom",
          .summary = "a circuit somebody drew",
          .facts   = {units_fact(), output_dim_fact(),
                      {.name = "wiring_file",
                       .kind = ArgumentKind::text,
                       .help = ".npz with the keys 'adjacency' [units, units] and 'sensory_adjacency' [inputs, units], "
                               "both [source, target], of -1, 0 and 1"},
                      matrix("adjacency", "the synapses themselves, source by source"),
                      matrix("sensory_adjacency", "those of the inputs, input by input"),
                      {.name = "neuron_layers",
                       .kind = ArgumentKind::numbers,
                       .min  = 0,
                       .help = "layer of each neuron, in the order of processing (CfC); without it one layer of all"}},
          .size    = custom_size,
          .connect = connect_custom};
}

}  // namespace dynode

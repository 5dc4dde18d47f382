// LTC: inputs, mapped one by one, open the sensory synapses, whose currents and conductances reach the neurons; the
// first neurons, mapped, are the output.
//
//                            ┌─ current ─────▶ ┐
//   1.input ──▶ 1.sensory ──▶┤                 1.core ──▶ 1
//     (map)                  └─ conductance ─▶ ┘        (map)
//
// With mixed memory the inputs are mapped by a part of their own, 1.mapped; 1.memory, an LSTM that reads them as they
// are and the neurons one step late, gives every step the state it starts from.
//
// What leads from part to part is lists of ones. Parameters of synapses are entries of matrices [source, target].
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "dynode/plan/arguments.h"
#include "dynode/plan/compiler.h"
#include "dynode/plan/pattern.h"

namespace dynode {
namespace {

/// What is drawn: each number uniformly from a range, as it is stored.
struct Quantity {
  const char* name;  // of synapses: without the side they are on
  double      low, high;
  bool        positive;
  const char* help;
};
constexpr Quantity    kNeuron[]  = {{"gleak", 0.001, 1.0, true, "leak conductance"},
                                    {"vleak", -0.2, 0.2, false, "resting potential"},
                                    {"cm", 0.4, 0.6, true, "capacitance of the membrane"}};
constexpr Quantity    kSynapse[] = {{"w", 0.001, 1.0, true, "conductance of an open synapse"},
                                    {"sigma", 3, 8, false, "steepness of its opening"},
                                    {"mu", 0.3, 0.8, false, "potential of the source at which it is half open"}};
constexpr const char* kSides[]   = {"sensory_", ""};

/// Words of settings, in their order.
enum class Positivity { softplus, clamp, none };
enum class Mapping { affine, linear, none };
constexpr const char* kMapCells[] = {"AffineMap", "ScalingLayer", "Linear"};

std::vector<std::string> drawn_parameters() {
  std::vector<std::string> names;
  for (const Quantity& q : kNeuron) names.push_back(q.name);
  for (const char* side : kSides)
    for (const Quantity& q : kSynapse) names.push_back(std::string(side) + q.name);
  return names;
}

std::vector<uint32_t> numbers_from(size_t first, size_t count) {
  std::vector<uint32_t> numbers(count);
  for (size_t i = 0; i < count; ++i) numbers[i] = uint32_t(first + i);
  return numbers;
}
std::vector<uint32_t> first_numbers(size_t count) { return numbers_from(0, count); }

/// The synapses that a matrix [sources][targets] of signs has, source by source; entries of that matrix.
SparsePattern synapses_of(const std::vector<int8_t>& signs, size_t targets) {
  SparsePattern p;
  for (size_t i = 0; i < signs.size(); ++i) {
    if (i % targets == 0) p.begin.push_back(uint32_t(p.column.size()));
    if (signs[i]) p.column.push_back(uint32_t(i % targets)), p.entry.push_back(uint32_t(i));
  }
  p.begin.push_back(uint32_t(p.column.size()));
  return p;
}

}  // namespace

class Compiler::Liquid {
 public:
  Liquid(Compiler& compiler, const LayerSpec& spec)
      : c_(compiler), spec_(spec), cell_(*find_cell("LTC")), prefix_(fmt::format("layer{}/", spec.layer_id)) {
    refuse_unknown_words(spec, cell_, {"initialization_ranges"});
    settings_                      = read_settings(spec, cell_);
    positivity_                    = Positivity(setting("positivity"));
    ranges_                        = spec.params.find("initialization_ranges");
    std::vector<std::string> names = drawn_parameters();
    if (ranges_) refuse_unknown("initialization_ranges", *ranges_, names);
    for (const char* name : {"erev", "sensory_erev", "input_w", "input_b", "output_w", "output_b", "input_map",
                             "input_map_bias", "recurrent_map", "forget_bias"})
      names.push_back(name);
    if (const Value* learn = spec.params.find("learnable_params")) refuse_unknown(cell_.name, *learn, names);
  }

  void expand() {
    const auto   input_map = Mapping(setting("input_mapping")), output_map = Mapping(setting("output_mapping"));
    const bool   memory  = setting("mixed_memory") != 0;
    const int    sources = c_.gather_sources(spec_, memory ? "Linear" : kMapCells[int(input_map)]);
    const size_t inputs = units_of(sources), neurons = size_t(spec_.dim());
    refuse_size(spec_.at, std::max(inputs, neurons), neurons);
    const int input = memory ? c_.add_part(spec_, "mapped", kMapCells[int(input_map)], inputs) : sources;
    if (memory) c_.connect(prefix_ + "input", sources, input, 0, 0, selection(first_numbers(inputs), 1.0));
    give_map(input, "input", input_map);

    const Wiring wiring = find_wiring(inputs, neurons);
    const int    core   = add_neurons(neurons, wiring.adjacency, memory ? "LTCLed" : "LTC");
    add_sensory_synapses(input, core, wiring.sensory);
    if (memory) {
      const int lstm = c_.add_memory(spec_, sources, core, number("forget_bias"));
      c_.connect(prefix_ + "memory", lstm, core, 2, 0, selection(first_numbers(neurons), 1.0));
    }

    const int output = c_.layer_position(spec_.layer_id);
    c_.set_cell(output, kMapCells[int(output_map)]);
    give_map(output, "output", output_map);
    c_.connect(prefix_ + "output", core, output, 0, 0, selection(first_numbers(units_of(output)), 1.0));
  }

 private:
  size_t units_of(int layer) const { return c_.plan_.layers[size_t(layer)].units; }

  double number(const std::string& name) const {
    for (size_t i = 0; i < cell_.settings.size(); ++i)
      if (cell_.settings[i].name == name) return settings_[i];
    expects(false, "the settings of LTC are among its facts");
    return 0;
  }
  int setting(const std::string& name) const { return int(number(name)); }

  // ---- blocks ----------------------------------------------------------------------------------------------

  /// @param stored  initial values as they are stored
  int add(const std::string& name, std::vector<size_t> shape, std::vector<double> stored, const char* help,
          std::vector<uint8_t> mask = {}, bool positive = false) {
    Block b{.name      = prefix_ + name,
            .shape     = std::move(shape),
            .learnable = learns(spec_, name),
            .mask      = std::move(mask),
            .help      = help};
    if (positive && positivity_ == Positivity::clamp) b.min = 0;
    if (positive && positivity_ == Positivity::softplus) b.transform = Transform::softplus;
    for (double& x : stored) x = real_value(b.transform, x);
    return c_.add_block(std::move(b), std::move(stored));
  }

  int draw(const std::string& side, const Quantity& q, std::vector<size_t> shape, std::vector<uint8_t> mask = {}) {
    const std::string name  = side + q.name;
    const auto        range = range_of(name, q);
    size_t            count = 1;
    for (size_t n : shape) count *= n;
    Random              random = c_.random(prefix_ + name);
    std::vector<double> values(count);
    for (double& x : values) x = range.first + (range.second - range.first) * random.uniform();
    return add(name, std::move(shape), std::move(values), q.help, std::move(mask), q.positive);
  }

  std::pair<double, double> range_of(const std::string& name, const Quantity& q) const {
    const Value* given = ranges_ ? ranges_->find(name) : nullptr;
    if (!given) return {q.low, q.high};
    if (!given->is_list() || given->size() != 2) given->expected("a pair [lowest, highest]");
    const double low = given->list()[0].number(), high = given->list()[1].number();
    if (!std::isfinite(low) || !std::isfinite(high) || low > high)
      given->fail(fmt::format("[{}, {}] is no range for {}", low, high, name),
                  "give [lowest, highest]; equal ends make it a constant");
    if (q.positive && low < 0)
      given->fail(fmt::format("the range [{}, {}] of {} begins below 0", low, high, name),
                  fmt::format("{} is a positive quantity", name));
    return {low, high};
  }

  void give_map(int layer, const std::string& end, Mapping mapping) {
    if (mapping == Mapping::none) return;
    const size_t units = units_of(layer);
    const int    w     = add(end + "_w", {units}, std::vector<double>(units, 1.0), "factor of a map");
    if (mapping == Mapping::linear) return c_.give(layer, "scale_factor", w);
    c_.give(layer, "w", w);
    c_.give(layer, "b", add(end + "_b", {units}, std::vector<double>(units, 0.0), "offset of a map"));
  }

  /// w, sigma, mu and erev of all synapses of one side. @param signs  [sources][neurons], 0 where there is none
  std::vector<int> add_synapses(const char* side, const std::vector<int8_t>& signs, size_t neurons) {
    const std::vector<size_t> shape = {signs.size() / neurons, neurons};
    std::vector<uint8_t>      mask;
    if (std::find(signs.begin(), signs.end(), 0) != signs.end())
      for (int8_t sign : signs) mask.push_back(sign != 0);
    std::vector<int> blocks;
    for (const Quantity& q : kSynapse) blocks.push_back(draw(side, q, shape, mask));
    blocks.push_back(add(std::string(side) + "erev", shape, {signs.begin(), signs.end()}, "reversal potential", mask));
    return blocks;
  }

  // ---- parts -----------------------------------------------------------------------------------------------

  /// The wiring that was kept, or asked for, or that of all with all.
  Wiring find_wiring(size_t inputs, size_t neurons) {
    auto inner = kept("w", neurons, neurons), outer = kept("sensory_w", inputs, neurons);
    if (inner && outer)
      return {.units     = neurons,
              .inputs    = inputs,
              .adjacency = std::move(*inner),
              .sensory   = std::move(*outer),
              .layers    = {}};
    auto circuit = c_.circuit_of(spec_);
    if (!circuit) {
      const WiringEntry& kind = dynode::find_wiring("FullyConnected");
      circuit                 = Circuit{
          &kind, check_arguments(kind.name, kind.facts, Value::map({{"units", int64_t(neurons)}})), {}, spec_.at};
    }
    Wiring wiring = c_.make_circuit(*circuit, inputs);
    if (!wiring.warning.empty())
      c_.plan_.warnings.push_back(fmt::format("layer {}: {}", spec_.layer_id, wiring.warning));
    return wiring;
  }
  std::optional<std::vector<int8_t>> kept(const std::string& name, size_t sources, size_t neurons) const {
    const auto  mask = c_.stored("mask/" + prefix_ + name, {sources, neurons});
    const Block b{.name      = prefix_ + name,
                  .transform = positivity_ == Positivity::softplus ? Transform::softplus : Transform::identity};
    if (!mask && !c_.stored(b.stored_name(), {sources, neurons})) return std::nullopt;
    std::vector<int8_t> there(sources * neurons, 1);  // kept without a mask: all are there
    for (size_t i = 0; mask && i < there.size(); ++i) there[i] = int8_t(mask->at(i) != 0);
    return there;
  }

  int add_neurons(size_t neurons, const std::vector<int8_t>& signs, const char* cell) {
    const int core                         = c_.add_part(spec_, "core", cell, neurons);
    c_.plan_.layers[size_t(core)].settings = settings_;
    for (const Quantity& q : kNeuron) c_.give(core, q.name, draw("", q, {neurons}));

    SparsePattern own    = synapses_of(signs, neurons);
    const auto    blocks = add_synapses("", signs, neurons);
    for (size_t i = 0; i < blocks.size(); ++i)
      c_.give(core, cell_.params[std::size(kNeuron) + i].name, blocks[i], own.entry);
    c_.plan_.layers[size_t(core)].synapses = std::make_shared<const SparsePattern>(std::move(own));
    c_.choose_start(spec_, c_.plan_.layers[size_t(core)]);
    return core;
  }

  void add_sensory_synapses(int input, int core, const std::vector<int8_t>& signs) {
    const size_t  inputs = units_of(input), neurons = units_of(core);
    const auto    blocks = add_synapses("sensory_", signs, neurons);
    SparsePattern own    = synapses_of(signs, neurons);
    if (own.column.empty()) {
      c_.plan_.warnings.push_back(
          fmt::format("layer {} does not feel its inputs: none of their synapses exists", spec_.layer_id));
      return;
    }
    const int   part = c_.add_part(spec_, "sensory", "SensorySynapses", std::max(inputs, 2 * neurons));
    const auto& cell = *find_cell("SensorySynapses");
    for (size_t i = 0; i < blocks.size(); ++i) c_.give(part, cell.params[i].name, blocks[i], own.entry);
    own.begin.resize(c_.plan_.layers[size_t(part)].units + 1, own.begin.back());   // the other units are outputs alone
    c_.plan_.layers[size_t(part)].synapses = std::make_shared<const SparsePattern>(std::move(own));
    c_.plan_.layers[size_t(part)].settings = {double(neurons)};
    const std::string name = prefix_ + "sensory";
    SparsePattern     all  = selection(first_numbers(inputs), 1.0);
    all.begin.resize(c_.plan_.layers[size_t(part)].units + 1, all.begin.back());
    c_.connect(name, input, part, 0, 0, std::move(all));
    c_.connect(name, part, core, 0, 0, selection(first_numbers(neurons), 1.0));
    c_.connect(name, part, core, 1, 0, selection(numbers_from(neurons, neurons), 1.0));
  }

  Compiler&           c_;
  const LayerSpec&    spec_;
  const CellEntry&    cell_;
  std::string         prefix_;
  std::vector<double> settings_;
  Positivity          positivity_ = Positivity::softplus;
  const Value*        ranges_     = nullptr;
};

void Compiler::expand_liquid(const LayerSpec& spec) { Liquid(*this, spec).expand(); }

}  // namespace dynode

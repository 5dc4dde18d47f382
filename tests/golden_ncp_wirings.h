// Recorded wirings of neural circuit policies (ncps): matrices, counts, errors, random numbers.
#pragma once
#include "dynode/base/numpy_random.h"
#include "dynode/plan/arguments.h"
#include "dynode/wiring/neural_circuit.h"
#include "golden_case.h"

namespace dynode::golden {

/// What somebody wrote as a wiring, through all checks.
inline Wiring wiring_of(const std::string& type, const Value& arguments, size_t inputs) {
  const WiringEntry& kind    = find_wiring(type);
  const Arguments    checked = check_arguments(type, kind.facts, arguments);
  return make_wiring(kind, {.inputs = inputs, .arguments = checked});
}

inline size_t count_of(const Value& map, const char* name) { return size_t(map.at(name).unsigned_integer()); }

template <class T>
std::vector<double> as_doubles(const std::vector<T>& numbers) {
  return {numbers.begin(), numbers.end()};
}

/// Synapses from sources [first, last) to targets [to, end).
inline size_t synapses(const std::vector<int8_t>& matrix, size_t units, size_t first, size_t last, size_t to,
                       size_t end) {
  size_t sum = 0;
  for (size_t i = first; i < last; ++i)
    for (size_t j = to; j < end; ++j) sum += matrix[i * units + j] != 0;
  return sum;
}

/// The counts that every correct circuit of these arguments has, whoever drew it.
inline void check_counts(const Wiring& w, const Value& c, const std::string& who, Comparison& compare) {
  const auto expect = [&](const char* what, size_t got, size_t least, size_t most) {
    if (got < least || got > most)
      compare.fail(fmt::format("{}: {}: {}, not in [{}, {}]", who, what, got, least, most));
  };
  const auto exactly = [&](const char* what, size_t got, size_t wanted) { expect(what, got, wanted, wanted); };
  exactly("units", w.units, count_of(c, "units"));
  exactly("outputs", w.outputs, count_of(c, "output_dim"));
  if (const Value* exact = c.find("exact")) {
    exactly("synapses", w.synapses(), count_of(*exact, "synapse_count"));
    exactly("sensory synapses", w.sensory_synapses(), count_of(*exact, "sensory_synapses"));
    return;
  }

  // blocks of NCP, and nothing outside of them
  const Value& layers = c.at("layers");
  const size_t n = w.units, motor = count_of(layers, "motor"), inter = motor + count_of(layers, "command");
  const auto   within = [&](const char* block, size_t got) {
    const Value::List& bounds = c.at("bounds").at(block).list();
    expect(block, got, size_t(bounds[0].unsigned_integer()), size_t(bounds[1].unsigned_integer()));
    return got;
  };
  exactly("sensory synapses past the inter neurons", w.sensory_synapses(),
          within("sensory_synapses", synapses(w.sensory, n, 0, w.inputs, inter, n)));
  exactly("synapses", w.synapses(),
          within("inter_to_command", synapses(w.adjacency, n, inter, n, motor, inter)) +
              within("command_recurrent", synapses(w.adjacency, n, motor, inter, motor, inter)) +
              within("command_to_motor", synapses(w.adjacency, n, motor, inter, 0, motor)));
  exactly("layers", w.layers.size(), 3);
  exactly("inter neurons", w.layers[0].size(), n - inter);
  exactly("command neurons", w.layers[1].size(), inter - motor);
  exactly("motor neurons", w.layers[2].size(), motor);
}

/// The recorded circuit of a seed, and one of ours for the same seed.
inline void run_wiring(const Value& c, const Npz& matrices, Comparison& compare) {
  const std::string id = c.at("id").text(), type = c.at("type").text();
  const size_t      inputs = count_of(c, "input_dim");
  const Wiring      theirs = wiring_of(type, c.at("args"), inputs);
  compare.expect_equal("adjacency", as_doubles(theirs.adjacency), matrices.at(id + "/adjacency").as_double());
  compare.expect_equal("sensory_adjacency", as_doubles(theirs.sensory),
                       matrices.at(id + "/sensory_adjacency").as_double());
  check_counts(theirs, c, "seed of numpy", compare);
  check_counts(wiring_of(type, Value(c.at("args")).set("seed_compat", "none"), inputs), c, "own seed", compare);
}

/// First numbers of the generators, seed by seed.
inline void run_random_vectors(const Value& vectors, Comparison& compare) {
  const auto several = [](size_t count, auto draw) {
    std::vector<double> numbers;
    for (size_t i = 0; i < count; ++i) numbers.push_back(double(draw()));
    return numbers;
  };
  const auto draws = [&](const std::string& what, uint64_t seed, size_t count) -> std::vector<double> {
    Mt19937 mt{uint32_t(seed)};
    Pcg64   pcg(seed);
    if (what == "mt19937_first_u32") return several(count, [&] { return mt.bits(); });
    if (what == "mt_bounded_1_first20") return several(count, [&] { return mt.integer(2); });
    if (what == "mt_permutation_10") return as_doubles(mt.choose(10, 10));
    if (what == "pcg64_first_u32") return several(count, [&] { return pcg.half(); });
    if (what == "pcg_bounded_2_first20") return several(count, [&] { return pcg.integer(3); });
    if (what == "pcg_sample_20_of_50") return as_doubles(pcg.choose(50, 20));
    return {};
  };
  for (const auto& kind : vectors.entries())
    for (const auto& vector : kind.value.entries()) {
      const std::string   name = kind.key + " of seed " + vector.key;
      const uint64_t      seed = std::stoull(vector.key);
      std::vector<double> wanted;
      for (const Value& number : vector.value.list()) wanted.push_back(number.number());
      if (kind.key != "pcg64_first_u64") {
        compare.expect_equal(name, draws(kind.key, seed, wanted.size()), wanted);
        continue;
      }
      Pcg64 pcg(seed);   // more digits than a double has
      for (const Value& number : vector.value.list())
        if (pcg.bits() != number.unsigned_integer()) compare.fail(name);
    }
}

inline void run_wirings(const fs::path& folder, Count& count) {
  const Value cases    = load_value((folder / "cases.yaml").string());
  const Npz   matrices = load_npz((folder / "matrices.npz").string());
  for (const Value& c : cases.at("cases").list())
    run_case("ncp/wirings/" + c.at("id").text(), count,
             [&](Comparison& compare, Precision) { run_wiring(c, matrices, compare); }, {Precision::float64});
  run_case("ncp/wirings/rng_vectors", count, [&](Comparison& compare, Precision) {
    run_random_vectors(load_value((folder / "rng_vectors.yaml").string()), compare);
  }, {Precision::float64});
}

/// Does what must fail, if it is about wirings. @return whether it is
inline bool attempt_wiring(const std::string& construct, const Value& args) {
  const auto number = [&](const char* name) { return args.at(name).integer(); };
  if (construct == "AutoNCP" || construct == "NCP" || construct == "Random") {
    wiring_of(construct, args, 3);
  } else if (construct == "FullyConnected.add_synapse") {
    wiring_of("FullyConnected", Value::map({{"units", number("units")}}), 3)
        .add_synapse(number("src"), number("dest"), int(number("polarity")));
  } else if (construct == "FullyConnected.add_sensory_synapse") {   // before the inputs are known
    wiring_of("FullyConnected", Value::map({{"units", number("units")}}), 0)
        .add_sensory_synapse(number("src"), number("dest"), int(number("polarity")));
  } else if (construct == "build") {   // a finished circuit meets other inputs
    Value first = args;
    for (const char* key : {"type", "first_input_dim", "second_input_dim"}) first.erase(key);
    const Wiring built = wiring_of(args.at("type").text(), first, count_of(args, "first_input_dim"));
    wiring_of("Custom",
              Value::map({{"units", built.units},
                          {"adjacency", Value(as_doubles(built.adjacency))},
                          {"sensory_adjacency", Value(as_doubles(built.sensory))}}),
              count_of(args, "second_input_dim"));
  } else {
    return false;
  }
  return true;
}

/// @return those of `errors` that are not about wirings
inline std::vector<std::string> run_wiring_errors(const Value& errors, Comparison& compare) {
  std::vector<std::string> others;
  for (const Value& c : errors.at("cases").list()) {
    const std::string id    = c.at("id").text();
    bool              known = true, failed = false;
    try {
      known = attempt_wiring(c.at("construct").text(), c.at("args"));
    } catch (const Error&) { failed = true; }
    if (known) compare.expect_equal(id + " fails", {double(failed)}, {1});
    else others.push_back(id);
  }
  return others;
}

}  // namespace dynode::golden

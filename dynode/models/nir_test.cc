// Networks in NIR: what a file means, that networks come back the same, and what is refused.
#include "dynode/models/nir.h"

#include <cmath>
#include <gtest/gtest.h>

#include "dynode/base/failure_test.h"
#include "dynode/io/io_test.h"
#include "dynode/io/nir.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

using Kind = Hdf5Item::Kind;

/// A file by hand: nodes and edges in a few lines.
struct GraphFile {
  std::vector<Hdf5Item> items = {{.path = "/node"}, {.path = "/node/type", .kind = Kind::texts, .texts = {"NIRGraph"}}};
  Hdf5Item              edges{.path = "/node/edges", .kind = Kind::texts, .shape = {0, 2}};

  GraphFile& node(const std::string& name, const std::string& type, const std::vector<std::pair<std::string, Array>>& fields = {}) {
    items.push_back({.path = "/node/nodes/" + name});
    items.push_back({.path = "/node/nodes/" + name + "/type", .kind = Kind::texts, .texts = {type}});
    for (const auto& [field, array] : fields) items.push_back({.path = "/node/nodes/" + name + "/" + field, .kind = Kind::numbers, .numbers = array});
    return *this;
  }
  GraphFile& port(const std::string& name, const std::string& type, int64_t units) {
    return node(name, type, {{"shape", {{1}, std::vector<int64_t>{units}}}});
  }
  GraphFile& edge(const std::string& a, const std::string& b) {
    edges.texts.push_back(a), edges.texts.push_back(b), ++edges.shape[0];
    return *this;
  }
  Hdf5 file() const {
    std::vector<Hdf5Item> all = items;
    all.push_back(edges);
    return Hdf5("net.nir", all);
  }
};

Array list(std::vector<double> values) { return {{int64_t(values.size())}, std::move(values)}; }
Array matrix(int64_t to, int64_t from, std::vector<double> values) { return {{to, from}, std::move(values)}; }

std::vector<std::pair<std::string, Array>> lif(std::vector<double> tau, double threshold = 1) {
  const std::vector<double> one(tau.size(), 1), zero(tau.size(), 0);
  return {{"tau", list(tau)}, {"r", list(one)}, {"v_leak", list(zero)}, {"v_threshold", list(std::vector<double>(tau.size(), threshold))}};
}
std::vector<std::pair<std::string, Array>> cuba(size_t n) {
  const std::vector<double> one(n, 1), zero(n, 0);
  return {{"tau_syn", list(std::vector<double>(n, 0.004))}, {"tau_mem", list(std::vector<double>(n, 0.01))}, {"r", list(std::vector<double>(n, 2))},
          {"v_leak", list(zero)}, {"w_in", list(one)}, {"v_threshold", list(std::vector<double>(n, 0.3))}, {"v_reset", list(zero)}};
}

Model model_of(const Hdf5& file, const NirReading& how = {}) {
  return Model::from_stored(read_nir(file, how), {.precision = Precision::float64});
}
std::vector<double> output(Model& model, const Array& x) { return model.simulate(x).at("output").as_double(); }

TEST(Nir, AUnitUnderConstantCurrentFiresWithThePeriodOfItsEquation) {
  const Hdf5 file = GraphFile().port("in", "Input", 1).node("lif", "LIF", lif({0.0025}, 0.1)).port("out", "Output", 1).edge("in", "lif").edge("lif", "out").file();
  const double dt = 1e-6, period = 0.0025 * std::log(2.0);   // r I = 0.2, threshold 0.1
  Model        model = model_of(file, {.dt = dt});
  const auto   s     = output(model, {{1, 10'000, 1}, std::vector<double>(10'000, 0.2)});
  std::vector<double> times;
  for (size_t t = 0; t < s.size(); ++t)
    if (s[t] == 1) times.push_back(double(t) * dt);
  ASSERT_EQ(times.size(), 5u);
  for (size_t k = 0; k < times.size(); ++k) EXPECT_NEAR(times[k], double(k + 1) * period, 6 * dt) << k;
}

TEST(Nir, StepsAreThoseOfTheContract) {
  // one spike of height 1 in step 1: i first, v sees the new i, the pulse fills a step
  auto params = cuba(1);
  params.resize(5);   // those of CubaLI
  const Hdf5 file = GraphFile().port("in", "Input", 1).node("unit", "CubaLI", params).port("out", "Output", 1).edge("in", "unit").edge("unit", "out").file();
  const Array x{{1, 2, 1}, std::vector<double>{1, 0}};
  const double e = std::exp(-0.25), a = std::exp(-0.1);
  Model exact = model_of(file);
  const auto v = output(exact, x);
  EXPECT_NEAR(v[1], 2 * (1 - e) * (1 - a), 1e-15);
  EXPECT_NEAR(v[2], v[1] * a + 2 * (1 - e) * e * (1 - a), 1e-15);
  Model euler = model_of(file, {.scheme = "euler"});
  EXPECT_NEAR(output(euler, x)[1], 2 * 0.25 * 0.1, 1e-15);
  Model delta = model_of(file, {.spike_input = "delta"});
  EXPECT_NEAR(output(delta, x)[1], 2 * (1 / 0.004) * (1 - a), 1e-12);
}

/// Affine, recurrence, a loop of two neurons, a map of maps, a scale, a fan-out.
Hdf5 rich() {
  return GraphFile()
      .port("in", "Input", 3)
      .node("w1", "Affine", {{"weight", matrix(2, 3, {3, -1, 2, 0.5, 4, 1})}, {"bias", list({0.1, 0.7})}})
      .node("a", "CubaLIF", cuba(2))
      .node("w_rec", "Linear", {{"weight", matrix(2, 2, {0, 0.5, -0.25, 0})}})
      .node("b", "LIF", lif({0.01, 0.02}, 0.05))
      .node("back", "Linear", {{"weight", matrix(2, 2, {0.5, 0, 0.5, 1})}})
      .node("first", "Linear", {{"weight", matrix(3, 2, {1, 2, 3, 4, 5, 6})}})
      .node("second", "Linear", {{"weight", matrix(2, 3, {1, 0, -1, 0.5, 0.5, 0})}})
      .node("scale", "Scale", {{"scale", list({2, -1})}})
      .node("read", "LI", {{"tau", list({0.02, 0.03})}, {"r", list({1, 1})}, {"v_leak", list({0.1, 0})}})
      .port("out", "Output", 2)
      .edge("in", "w1").edge("w1", "a").edge("a", "w_rec").edge("w_rec", "a").edge("a", "b").edge("b", "back").edge("back", "a")
      .edge("a", "first").edge("first", "second").edge("second", "read").edge("b", "scale").edge("scale", "read").edge("read", "out")
      .file();
}

Array drive(int64_t steps = 60) {
  Array x{{1, steps, 3}, std::vector<double>(size_t(steps) * 3)};
  auto& numbers = std::get<std::vector<double>>(x.data);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = i % 5 == 0 || i % 7 == 3;
  return x;
}

TEST(Nir, AGraphRunsAsItsEquationsSay) {
  Model      model = model_of(rich());
  const auto y     = output(model, drive());
  // the same by hand
  double ia[2] = {0, 0}, va[2] = {0, 0}, sa[2] = {0, 0}, vb[2] = {0, 0}, sb[2] = {0, 0}, vr[2] = {0, 0};
  const auto x = drive().as_double();
  double fired = 0;
  for (size_t t = 0; t < 60; ++t) {
    const double* in = &x[t * 3];
    const double drive_a[2] = {3 * in[0] - in[1] + 2 * in[2] + 0.1 + 0.5 * sa[1] + 0.5 * sb[0],
                               0.5 * in[0] + 4 * in[1] + in[2] + 0.7 - 0.25 * sa[0] + 0.5 * sb[0] + sb[1]};
    const double e = std::exp(-0.25), a = std::exp(-0.1);
    for (int u = 0; u < 2; ++u) {
      ia[u] = ia[u] * e + (1 - e) * drive_a[u];
      va[u] = 2 * ia[u] * (1 - a) + va[u] * a;
      sa[u] = va[u] > 0.3, fired += sa[u];
      if (sa[u]) va[u] = 0;
    }
    for (int u = 0; u < 2; ++u) {
      const double d = std::exp(u ? -0.05 : -0.1);
      vb[u] = sa[u] * (1 - d) + vb[u] * d;
      sb[u] = vb[u] > 0.05;
      if (sb[u]) vb[u] = 0;
    }
    const double f[3] = {sa[0] + 2 * sa[1], 3 * sa[0] + 4 * sa[1], 5 * sa[0] + 6 * sa[1]};
    const double to[2] = {f[0] - f[2] + 2 * sb[0], 0.5 * f[0] + 0.5 * f[1] - sb[1]};
    for (int u = 0; u < 2; ++u) {
      const double d = std::exp(u ? -0.001 / 0.03 : -0.05), leak = u ? 0 : 0.1;
      vr[u] = leak + to[u] * (1 - d) + (vr[u] - leak) * d;
      ASSERT_NEAR(y[(t + 1) * 2 + size_t(u)], vr[u], 1e-12) << t;
    }
  }
  EXPECT_GT(fired, 20);
}

TEST(Nir, WhatIsWrittenIsReadAgain) {
  Model         model = model_of(rich());
  const NirFile file  = nir_of(model);
  Model         again = model_of(Hdf5("again.nir", file.items));
  EXPECT_EQ(output(again, drive()), output(model, drive()));
  if (!has_hdf5()) return;
  TemporaryFolder folder;
  save_hdf5(folder / "net.nir", file.items);
  Model loaded = Model::load(folder / "net.nir", {.precision = Precision::float64});
  EXPECT_EQ(output(loaded, drive()), output(model, drive()));
}

TEST(Nir, GraphsWithinGraphsAndMissingPorts) {
  std::vector<Hdf5Item> items = GraphFile().node("w", "Linear", {{"weight", matrix(1, 2, {1, 2})}}).file().items();
  const Hdf5 inner = GraphFile().port("i", "Input", 1).node("n", "I", {{"r", list({5})}}).port("o", "Output", 1).edge("i", "n").edge("n", "o").file();
  for (Hdf5Item item : inner.items()) {
    item.path = "/node/nodes/sub" + item.path.substr(5);
    items.push_back(item);
  }
  std::erase_if(items, [](const Hdf5Item& i) { return i.path == "/node/edges"; });
  items.push_back({.path = "/node/edges", .kind = Kind::texts, .shape = {1, 2}, .texts = {"w", "sub"}});
  const StoredModel read = read_nir(Hdf5("net.nir", items));
  EXPECT_EQ(read.notes, (std::vector<std::string>{"there is no Input: 'w' got one", "there is no Output: 'sub.n' got one"}));
  Model model = Model::from_stored(read, {.precision = Precision::float64});
  EXPECT_NEAR(output(model, {{1, 1, 2}, std::vector<double>{1, 1}})[1], 0.001 * 5 * 3, 1e-15);
}

TEST(Nir, OneNumberStandsForAllUnits) {
  const Hdf5 file = GraphFile().port("in", "Input", 3).node("lif", "LIF", {{"tau", {{}, std::vector<double>{0.01}}}, {"r", list({1})}, {"v_leak", list({0})}, {"v_threshold", list({1})}})
                        .port("out", "Output", 3).edge("in", "lif").edge("lif", "out").file();
  Model model = model_of(file);
  EXPECT_EQ(model.parameter("layer1/tau").as_double(), (std::vector<double>{0.01, 0.01, 0.01}));
}

TEST(Nir, MistakesAreNamed) {
  const auto base = [] { return GraphFile().port("in", "Input", 2).port("out", "Output", 2); };
  const auto says = [](const GraphFile& g) { return failure([&] { read_nir(g.file()); }); };
  EXPECT_EQ(says(base().node("c", "Conv2d")), "net.nir: node 'c' is a Conv2d, which dynode has no layer for\n"
            "  it reads: Input, Output, Affine, Linear, Scale, Flatten, I, IF, LI, LIF, CubaLI, CubaLIF");
  EXPECT_EQ(says(base().edge("in", "lfi").node("lif", "LIF", lif({1, 1}))), "net.nir: an edge names the node 'lfi', which is not there\n  did you mean 'lif'?  there are: in, lif, out");
  EXPECT_EQ(says(base().node("lif", "LIF", lif({1, -1})).edge("in", "lif")), "net.nir: node 'lif' has tau = -1; time constants are positive");
  EXPECT_EQ(says(base().node("w", "Linear", {{"weight", matrix(2, 3, std::vector<double>(6))}}).edge("in", "w").edge("w", "out")), "net.nir: node 'w' takes 3 numbers, but 'in' gives 2");
  EXPECT_EQ(says(base().node("w", "Linear", {{"weight", matrix(2, 2, {1, 2, NAN, 4})}}).edge("in", "w").edge("w", "out")), "net.nir: node 'w' has nan in weight");
  EXPECT_EQ(says(base().node("w", "Affine", {{"weight", matrix(2, 2, {1, 2, 3, 4})}}).edge("in", "w")).substr(0, 44), "net.nir: has no numbers '/node/nodes/w/bias'");
  EXPECT_EQ(says(base().node("u", "Linear", {{"weight", matrix(2, 2, {1, 2, 3, 4})}}).node("v", "Linear", {{"weight", matrix(2, 2, {1, 2, 3, 4})}})
                     .edge("in", "u").edge("u", "v").edge("v", "u").edge("v", "out")),
            "net.nir: has a loop without a state: u, v, u.sum\n  a loop needs a neuron or an integrator");
  EXPECT_EQ(says(base().port("more", "Input", 2)), "net.nir: node 'more' is a second Input\n  dynode reads networks with one");
  EXPECT_EQ(failure([&] { read_nir(Hdf5("x.nir", {})); }), "x.nir: has no graph under /node\n  is it a NIR file?");
}

TEST(Nir, WhatItHasNoWordsForIsRefused) {
  const auto says = [](const std::string& layer, const std::string& more = "", bool lossy = false) {
    return failure([&] {
      const Model model = Model::from_spec(read_spec(parse_yaml(
          "simulation: {dt: 0.001}\nlayers:\n  - {layer_id: 0, layer_type: Input, params: {dim: 2}}\n  - {layer_id: 1, layer_type: " + layer +
          "}\n  - {layer_id: 2, layer_type: Linear, params: {dim: 1}}\nconnections:\n  - {from_layer: 0, to_layer: 1, connection_type: dense" + more +
          "}\n  - {from_layer: 1, to_layer: 2, connection_type: dense}\n")));
      nir_of(model, lossy);
    });
  };
  EXPECT_EQ(says("CTRNN, params: {dim: 2}"), "layer 1: NIR has no node for CTRNN\n"
            "  it has them for Input, Linear, LIF, Integrator, IF, LI, CurrentLIF, CubaLI, CubaLIF");
  EXPECT_EQ(says("LIF, params: {dim: 2, tau_refractory: 0.002}", ", params: {port: events}"),
            "layer 1: a refractory period of 0.002, which NIR has no words for\n  with --allow-lossy the nearest NIR has is written");
  EXPECT_EQ(says("LIF, params: {dim: 2, tau_refractory: 0.002}", ", params: {port: events}", true), "no error");
  EXPECT_EQ(says("LIF, params: {dim: 2, tau_refractory: 0.0}", ", params: {port: stimulus}"),
            "J_0_to_1: it arrives at the port stimulus, which NIR's neurons do not have");
}

}  // namespace
}  // namespace dynode

// Building networks of superconducting dendrites in C++, piece by piece. Each function is a program of its own.
#include <cstdio>
#include <dynode/dynode.h>
#include <filesystem>

using namespace dynode;

namespace {

std::string folder = "examples/soen/";   // where the .yaml files lie
std::string results;                     // where files are written

/// Pulses for every input: [rows][steps][units].
Array pulses(int64_t rows, int64_t steps, int64_t units) {
  std::vector<float> x(size_t(rows * steps * units));
  for (size_t i = 0; i < x.size(); ++i) x[i] = i % 17 < 5 ? 0.4f : 0.0f;
  return {{rows, steps, units}, std::move(x)};
}

void print_shape(const char* name, const Array& a) {
  std::printf("%-28s [", name);
  for (size_t i = 0; i < a.shape.size(); ++i) std::printf(i ? ", %lld" : "%lld", static_cast<long long>(a.shape[i]));
  std::printf("]\n");
}

// ---- the first network ----------------------------------------------------------------------------------

void quick_start() {
  Graph g({.dt = 37});
  g.add_layer(0, layers::Linear(10))
      .add_layer(1, layers::SingleDendrite(5, {{"solver", "FE"},
                                               {"source_func", "RateArray"},
                                               {"bias_current", 1.7},
                                               {"phi_offset", 0.23},
                                               {"gamma_plus", 1e-3},
                                               {"gamma_minus", 1e-3}}))
      .connect(0, 1);

  const Array output = g(pulses(2, 100, 10));
  print_shape("quick start: output", output);   // [2, 101, 5]: entry 0 is the start
  std::printf("%s\n", g.summary().c_str());
}

/// The same as plain structs, which is what every builder writes.
void quick_start_as_structs() {
  const Spec spec{
      .simulation  = {.dt = 37, .network_evaluation_method = Evaluation::layerwise},
      .layers      = {{.layer_id = 0, .layer_type = "Linear", .params = Value::map({{"dim", 10}})},
                      {.layer_id   = 1,
                       .layer_type = "SingleDendrite",
                       .params     = Value::map({{"dim", 5}, {"bias_current", 1.7}, {"gamma_plus", 1e-3}})}},
      .connections = {{.from_layer = 0, .to_layer = 1, .connection_type = "dense"}}};
  Model model = Model::from_spec(spec);
  print_shape("structs: output", model.simulate(pulses(2, 100, 10)).at("output"));
}

// ---- settings, parameters, noise ------------------------------------------------------------------------

void parameters() {
  Graph g({.dt = 37, .track_phi = true, .track_g = true, .track_s = true}, {.seed = 1});
  g.add_layer(0, layers::Linear(10))
      .add_layer(1,
                 layers::SingleDendrite(20, {{"bias_current", param::uniform(1.5, 2.0).within(0, 2.4)},
                                             {"gamma_plus", param::lognormal(-6.9, 0.2)},
                                             {"gamma_minus", param::value(1e-3).learnable(false)},
                                             {"phi_offset", 0.23}}),
                 {.description = "Hidden layer",
                  .noise       = {{"phi", 0.01}, {"s", 0.005}, {"relative", false}},
                  .perturb     = {{"bias_current_mean", 0.0}, {"bias_current_std", 0.05}}})
      .connect(0, 1, {.init = init::xavier_uniform(1.0), .constraints = {.min = -0.5, .max = 0.5}})
      .connect(1, 1, {.structure = structure::sparse(0.3), .init = init::normal({{"std", 0.05}}), .learnable = false});

  g(pulses(2, 100, 10));
  print_shape("parameters: phi of layer 1", g.phi_history().at(1));
  print_shape("parameters: g of layer 1", g.g_history().at(1));
  print_shape("parameters: s of layer 1", g.s_history().at(1));
  print_shape("parameters: J_0_to_1", g.parameters().at("J_0_to_1"));   // [to, from]
}

// ---- files ----------------------------------------------------------------------------------------------

void files() {
  Model from_yaml = Model::load(folder + "quick_start.yaml");
  Model from_json = Model::load(folder + "quick_start.json");
  Model from_code = Model::from_spec(read_spec(Value::map(
      {{"simulation", Value::map({{"dt", 37}})},
       {"layers", Value::list_of({Value::map({{"layer_id", 0}, {"layer_type", "Linear"}, {"params", Value::map({{"dim", 10}})}}),
                                  Value::map({{"layer_id", 1}, {"layer_type", "SingleDendrite"}, {"params", Value::map({{"dim", 5}})}})})},
       {"connections", Value::list_of({Value::map({{"from_layer", 0}, {"to_layer", 1}, {"connection_type", "dense"}})})}})));
  for (Model* model : {&from_yaml, &from_json, &from_code})
    print_shape("files: output", model->simulate(pulses(1, 50, 10)).at("output"));

  Graph g(std::move(from_yaml));
  g.save(results + "checkpoint.dynode");        // network and parameters
  g.save_spec(results + "architecture.yaml");   // the network alone
  g.save_spec(results + "architecture.json");
  Graph again = Graph::load(results + "checkpoint.dynode");
  std::printf("files: the same parameters   %s\n", again.parameters() == g.parameters() ? "yes" : "no");
}

// ---- programmable weights -------------------------------------------------------------------------------

void programmable() {
  Graph g({.dt = 37});
  g.add_layer(0, layers::Linear(10))
      .add_layer(1, layers::SingleDendrite(5, {{"bias_current", 1.7}}))
      .add_layer(2, layers::SingleDendrite(3))
      .connect(0, 1, {.init = init::xavier_uniform(), .mode = "NOCC"})   // default circuit
      .connect(1, 2,
               {.init              = init::uniform(-0.15, 0.15),
                .mode              = "NOCC",
                .connection_params = {{"alpha", 1.5}, {"beta", 350.0}, {"beta_out", 100.0}, {"bias_current", 2.0}}});
  print_shape("programmable: output", g(pulses(2, 100, 10)));
}

// ---- weights from a file --------------------------------------------------------------------------------

void custom_weights() {
  const std::string path = results + "my_weights.npy";
  save_npy(path, Array{{5, 10}, std::vector<float>(50, 0.05f)});   // [to, from]

  Graph g({.dt = 37});
  g.add_layer(0, layers::Linear(10))
      .add_layer(1, layers::SingleDendrite(5))
      .connect(0, 1, {.init = init::custom_weights(path)});
  std::printf("custom weights: from file    %s\n", g.parameters().at("J_0_to_1") == load_npy(path) ? "yes" : "no");

  // weights of another shape are refused, with both shapes in the message
  Graph wrong({.dt = 37});
  wrong.add_layer(0, layers::Linear(7))
      .add_layer(1, layers::SingleDendrite(5))
      .connect(0, 1, {.init = init::custom_weights(path)});
  try {
    wrong.model();
  } catch (const Error& error) { std::printf("%s\n", error.what()); }
}

// ---- Dale's law -----------------------------------------------------------------------------------------

void polarity() {
  Graph g({.dt = 37, .network_evaluation_method = Evaluation::stepwise_gauss_seidel}, {.seed = 42});
  const Value mostly_excitatory = Value::map({{"excitatory_ratio", 0.8}, {"seed", 42}});
  g.add_layer(0, layers::Linear(100, {{"polarity_init", "alternating"}}))
      .add_layer(1, layers::SingleDendrite(50, {{"polarity_init", mostly_excitatory}}))
      .connect(0, 1, {.init = init::uniform(-0.5, 0.5), .constraints = {.min = -0.4, .max = 0.4}})
      .connect(1, 1, {.init = init::normal(0.0, 0.1)});

  const std::vector<double> weights = g.parameters().at("J_0_to_1").as_double();   // [50, 100]
  bool obey = true;
  for (size_t i = 0; i < weights.size(); ++i) obey = obey && (i % 2 == 0 ? weights[i] >= 0 : weights[i] <= 0);
  std::printf("polarity: weights obey       %s\n", obey ? "yes" : "no");

  // circuits have no sign: polarity and programmable weights exclude each other
  g.add_layer(2, layers::SingleDendrite(5)).connect(1, 2, {.mode = "WICC"});
  try {
    g.model();
  } catch (const Error& error) { std::printf("%s\n", error.what()); }
}

// ---- two whole networks ---------------------------------------------------------------------------------

void classifier() {
  Sequential net({layers::Linear(10),
                  layers::SingleDendrite(50, {{"bias_current", param::uniform(1.5, 1.9)},
                                              {"gamma_plus", 3e-4},
                                              {"gamma_minus", 1e-3},
                                              {"phi_offset", 0.23}}),
                  layers::DendriteReadout(5, {{"bias_current", 1.7}})},
                 {.simulation = {.dt = 37}});
  net.save(results + "classifier.dynode");
  size_t numbers = 0;
  for (const auto& [name, values] : net.parameters()) numbers += values.size();
  print_shape("classifier: output", net(pulses(4, 100, 10)));
  std::printf("classifier: parameters       %zu\n", numbers);
}

void feedback() {
  Graph       g({.dt = 37, .network_evaluation_method = Evaluation::stepwise_gauss_seidel});
  const Layer dendrites = layers::SingleDendrite(20, {{"bias_current", 1.7}, {"phi_offset", 0.23}});
  g.add_layer(0, layers::Linear(10))
      .add_layer(1, dendrites)
      .add_layer(2, dendrites)
      .connect(0, 1)
      .connect(1, 2)
      .connect(2, 1, {.structure = structure::sparse(0.3)});
  print_shape("feedback: output", g(pulses(2, 200, 10)));
}

// ---- what goes wrong is said ----------------------------------------------------------------------------

void mistakes() {
  Graph g;
  g.add_layer(0, layers::Linear(10)).add_layer(1, Layer{"SingleDendrit", 5}).connect(0, 1);
  try {
    g.model();
  } catch (const Error& error) { std::printf("%s\n", error.what()); }
}

}  // namespace

/// building_models [folder of the .yaml files] [folder for results]
int main(int argc, char** argv) {
  if (argc > 1) folder = std::string(argv[1]) + "/";
  results = argc > 2 ? std::string(argv[2]) + "/" : (std::filesystem::temp_directory_path() / "").string();
  quick_start();
  quick_start_as_structs();
  parameters();
  files();
  programmable();
  custom_weights();
  polarity();
  classifier();
  feedback();
  mistakes();
}

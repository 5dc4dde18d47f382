// dynode export c: what is written compiles as strict C99 and does what the engine does.
#include "tests/cli_test.h"

#include <cmath>
#include <fmt/format.h>

#include "dynode/base/random.h"
#include "dynode/models/export_c.h"

namespace dynode {
namespace {

constexpr int kSteps = 40;

struct Family {
  const char* name;
  const char* yaml;
};

void PrintTo(const Family& family, std::ostream* out) { *out << family.name; }

class ExportC : public Cli, public testing::WithParamInterface<Family> {
 protected:
  /// Exports w.dynode, compiles it with a main that walks through x.txt, and runs it.
  /// @return the outputs, step by step
  std::vector<double> run_c(const std::string& dtype, bool spans) const {
    const std::string text = good("export c w.dynode --output net.c --dtype " + dtype).out;
    EXPECT_SAYS(text, "net.c\n  header      net.h\n");
    EXPECT_EQ(says(text, "net_step_span"), spans);
    const std::string real = dtype == "float64" ? "double" : "float";
    write("main.c", fmt::format(R"(#include <stdio.h>
#include "net.h"
int main(void) {{
  net_state state;
  {0} input[NET_INPUTS], output[NET_OUTPUTS];
  double number, span;
  int i;
  net_start(&state);
  while (scanf("%lf", &span) == 1) {{
    for (i = 0; i < NET_INPUTS; ++i) {{
      if (scanf("%lf", &number) != 1) return 1;
      input[i] = ({0})number;
    }}
    {1}
    for (i = 0; i < NET_OUTPUTS; ++i) printf("%.17g\n", (double)output[i]);
  }}
  return 0;
}}
)",
                                real,
                                spans ? fmt::format("if (span < 0) net_step(&state, input, output);\n"
                                                    "    else net_step_span(&state, input, ({})span, output);",
                                                    real)
                                      : "net_step(&state, input, output);"));
    const std::string build = fmt::format("cd {} && cc -std=c99 -Wall -Wextra -Werror -pedantic -O1 net.c main.c -o net -lm "
                                          "&& ./net < x.txt > y.txt", folder_);
    EXPECT_EQ(std::system(build.c_str()), 0) << build;
    std::ifstream       in(path("y.txt"));
    std::vector<double> y;
    for (double value; in >> value;) y.push_back(value);
    return y;
  }

  /// Steps of given times (all -1: the network's own) and inputs.
  void write_steps(const Array& x, const std::vector<float>& spans) const {
    std::string        text;
    const auto         values = x.as_float();
    const size_t       width  = values.size() / kSteps;
    for (size_t t = 0; t < kSteps; ++t) {
      text += fmt::format("{:.17g}", double(spans[t]));
      for (size_t i = 0; i < width; ++i) text += fmt::format(" {:.17g}", double(values[t * width + i]));
      text += "\n";
    }
    write("x.txt", text);
  }
};

TEST_P(ExportC, DoesWhatTheEngineDoes) {
  write("net.yaml", GetParam().yaml);
  Model model = Model::load(path("net.yaml"), {.precision = Precision::float64, .seed = 5});
  // numbers that differ from unit to unit, so that none is taken for another; those a float holds exactly
  Random random(7);
  for (const std::string& name : model.parameter_names()) {
    const Block&        b      = model.plan().parameters[model.plan().parameters.find(name)];
    std::vector<double> values = model.parameter(name).as_double();
    if (b.name == "dt") continue;
    for (double& v : values) {
      const double next = double(float(v + (v == 0 ? 0.2 : 0.2 * std::abs(v)) * (random.uniform() - 0.5)));
      if (next >= b.min && next <= b.max) v = next;
    }
    model.set_parameter(name, {b.shape.empty() ? std::vector<int64_t>{} : std::vector<int64_t>(b.shape.begin(), b.shape.end()), values});
  }
  model.save(path("w.dynode"));

  const auto width = int64_t(model.plan().input_width());
  Array      x{{1, kSteps, width}, std::vector<float>()};
  for (int64_t i = 0; i < kSteps * width; ++i) std::get<std::vector<float>>(x.data).push_back(float(random.uniform() - 0.3));
  const bool         takes = model.plan().takes_spans();
  std::vector<float> own(kSteps, -1.0f), given;
  for (int t = 0; t < kSteps; ++t) given.push_back(t == 3 ? 0.0f : float(model.plan().layers.back().dt ? 2 * random.uniform() : 1));
  for (const std::string dtype : {"float32", "float64"}) {
    const bool wide   = dtype == "float64";
    Model      judge  = Model::load(path("w.dynode"), {.precision = wide ? Precision::float64 : Precision::float32});
    for (bool spans : {false, true}) {
      if (spans && !takes) continue;
      write_steps(x, spans ? given : own);
      const std::vector<double> y = run_c(dtype, takes);
      SimulateOptions options{.stop_early = false, .noise = {.on = false}};
      if (spans) options.timespans = Array{{1, kSteps}, given};
      const Results             run      = judge.simulate(x, options);
      const std::vector<double> expected = run.at("output").as_double();   // entry 0 is before the first step
      const size_t              units    = expected.size() / (kSteps + 1);
      ASSERT_EQ(y.size(), kSteps * units);
      double moved = 0;
      for (size_t i = 0; i < y.size(); ++i) {
        moved = std::max(moved, std::abs(expected[i + units] - expected[units + i % units]));
        const double scale = std::max(1.0, std::abs(expected[i + units]));
        ASSERT_NEAR(y[i], expected[i + units], scale * (wide ? 1e-12 : 1e-6)) << dtype << " step " << i / units << " unit " << i % units;
      }
      EXPECT_GT(moved, 1e-4) << "the outputs change, so that there is something to compare";
    }
  }
}

const Family kFamilies[] = {
    {"ltc", R"(simulation: {dt: 1}
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 3}}
  - {layer_id: 1, layer_type: LTC, params: {dim: 5}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: direct}
)"},
    {"ltc_wired", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 3}}
  - {layer_id: 1, layer_type: LTC, params: {dim: 16, wiring: {type: AutoNCP, params: {units: 16, output_size: 2, sparsity_level: 0.5}}, elapsed_offset: 0.1, output_mapping: linear, epsilon: 0.01}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: direct}
)"},
    {"ltc_rk4", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: LTC, params: {dim: 4, solver: rk4, input_mapping: none, ode_unfolds: 4}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: direct}
)"},
    {"ltc_heun_memory", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: LTC, params: {dim: 4, solver: heun, mixed_memory: state}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: direct}
)"},
    {"cfc", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 3}}
  - {layer_id: 1, layer_type: CfC, params: {dim: 6, backbone_units: 9, backbone_layers: 2, time_sign: '-'}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: direct}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {bias: fan_in_uniform}}
)"},
    {"cfc_silu_no_gate", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 3}}
  - {layer_id: 1, layer_type: CfC, params: {dim: 6, mode: no_gate, activation: silu, head_activation: lecun_tanh, backbone_units: 8, proj_size: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: direct}
)"},
    {"cfc_gelu_linear_heads", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 3}}
  - {layer_id: 1, layer_type: CfC, params: {dim: 4, activation: gelu, head_activation: linear, backbone_units: 8}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: direct}
)"},
    {"cfc_relu_pure", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 3}}
  - {layer_id: 1, layer_type: CfC, params: {dim: 4, mode: pure, activation: relu, backbone_units: 8}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: direct}
)"},
    {"cfc_wired", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 3}}
  - {layer_id: 1, layer_type: CfC, params: {dim: 16, wiring: {type: AutoNCP, params: {units: 16, output_size: 2, sparsity_level: 0.5}}}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: direct}
)"},
    {"cfc_memory_state", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 3}}
  - {layer_id: 1, layer_type: CfC, params: {dim: 4, backbone_units: 8, mixed_memory: state}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: direct}
)"},
    {"cfc_memory_input", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 3}}
  - {layer_id: 1, layer_type: CfC, params: {dim: 4, backbone_layers: 0, mixed_memory: input}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: direct}
)"},
    {"ctrnn", R"(simulation: {dt: 10}
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 3}}
  - {layer_id: 1, layer_type: CTRNN, params: {dim: 9, source_func: sigmoid, tau: 40, init_state: learn, polarity_init: {excitatory_ratio: 0.8, seed: 1}, polarity_enforcement_method: clip_to_zero}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: fan_in_uniform}}
  - {from_layer: 1, to_layer: 1, connection_type: sparse, params: {structure: {type: sparse, params: {sparsity: 0.2}}, init: fan_in_uniform, bias: zero}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {init: fan_in_uniform, bias: zero}}
)"},
    {"rate_dale", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: RateDale, params: {dim: 12, taus: [4, 20], som_N: 2, source_func: softplus, polarity_init: {excitatory_ratio: 0.6}, polarity_enforcement_method: relu}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, learnable: false}
  - {from_layer: 1, to_layer: 1, connection_type: sparse, params: {structure: {type: sparse, params: {sparsity: 0.5}}, init: {name: gaus, params: {gain: 1.0}}}}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {bias: zero, polarity: false}}
)"},
    {"dendrites", R"(simulation: {dt: 37, network_evaluation_method: stepwise_gauss_seidel}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 3}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 7, gamma_plus: 0.01, gamma_minus: 0.01}}
  - {layer_id: 2, layer_type: SingleDendrite, params: {dim: 4, source_func: Heaviside_state_dep, gamma_plus: 0.01, gamma_minus: 0.01, bias_current: 1.9}}
  - {layer_id: 3, layer_type: DendriteReadout, params: {dim: 2, source_func: TanhGauss1p7IBFit}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: uniform, params: {min: -0.5, max: 0.5}}}}
  - {from_layer: 1, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 2, connection_type: dense}
  - {from_layer: 2, to_layer: 1, connection_type: dense}
  - {from_layer: 2, to_layer: 3, connection_type: dense, params: {init: {name: uniform, params: {min: 0.5, max: 1}}}}
)"},
    {"dendrites_jacobi", R"(simulation: {dt: 37, network_evaluation_method: stepwise_jacobi}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 3}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 7, gamma_plus: 0.02, gamma_minus: 0.01}}
  - {layer_id: 2, layer_type: SingleDendrite, params: {dim: 4, source_func: Tanh, gamma_plus: 0.01, gamma_minus: 0.01}}
  - {layer_id: 3, layer_type: NonLinear, params: {dim: 2, source_func: Telu}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 2, connection_type: dense}
  - {from_layer: 2, to_layer: 1, connection_type: dense}
  - {from_layer: 2, to_layer: 3, connection_type: dense}
)"},
    {"multipliers_and_flux", R"(simulation: {dt: 37, network_evaluation_method: stepwise_gauss_seidel, input_type: flux}
layers:
  - {layer_id: 0, layer_type: MultiplierWICC, params: {dim: 3, gamma_plus: 0.01, gamma_minus: 0.01}}
  - {layer_id: 1, layer_type: MultiplierNOCC, params: {dim: 4}}
  - {layer_id: 2, layer_type: ScalingLayer, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {init: {name: uniform, params: {min: -4, max: 4}}}}
  - {from_layer: 1, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 2, connection_type: dense, params: {init: {name: uniform, params: {min: 0.5, max: 1}}}}
)"},
    {"programmable", R"(simulation: {dt: 20, network_evaluation_method: stepwise_jacobi}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 3}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 4, gamma_plus: 0.01, gamma_minus: 0.01}}
  - {layer_id: 2, layer_type: SingleDendrite, params: {dim: 2, gamma_plus: 0.01, gamma_minus: 0.01}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 1, connection_type: dense, mode: WICC}
  - {from_layer: 1, to_layer: 2, connection_type: dense, mode: NOCC}
)"},
    {"gated", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: GRU, params: {dim: 5}}
  - {layer_id: 2, layer_type: LSTM, params: {dim: 4}}
  - {layer_id: 3, layer_type: MinGRU, params: {dim: 4}}
  - {layer_id: 4, layer_type: LeakyGRU, params: {dim: 4, candidate_diag: one}}
  - {layer_id: 5, layer_type: RNN, params: {dim: 4}}
  - {layer_id: 6, layer_type: Synapse, params: {dim: 4}}
  - {layer_id: 7, layer_type: Softmax, params: {dim: 3}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 2, connection_type: dense}
  - {from_layer: 2, to_layer: 3, connection_type: dense}
  - {from_layer: 3, to_layer: 4, connection_type: dense}
  - {from_layer: 4, to_layer: 5, connection_type: dense}
  - {from_layer: 5, to_layer: 6, connection_type: dense}
  - {from_layer: 6, to_layer: 7, connection_type: dense}
  - {from_layer: 1, to_layer: 7, connection_type: dense}
)"},
    {"gated_in_time", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: CTLSTM, params: {dim: 5}}
  - {layer_id: 2, layer_type: PhasedLSTM, params: {dim: 4, period_init: [2, 9], ratio: 0.4, leak: 0.01}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 2, connection_type: dense}
)"},
    {"equations", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: ODERNN, params: {dim: 5, decay: 1, unfolds: 3}}
  - {layer_id: 2, layer_type: ODELSTM, params: {dim: 4, decay: 1}}
  - {layer_id: 3, layer_type: GRUD, params: {dim: 4}}
  - {layer_id: 4, layer_type: RNNDecay, params: {dim: 3}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: direct}
  - {from_layer: 1, to_layer: 2, connection_type: direct}
  - {from_layer: 2, to_layer: 3, connection_type: direct}
  - {from_layer: 3, to_layer: 4, connection_type: direct}
)"},
    {"more_equations", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: CTGRU, params: {dim: 5}}
  - {layer_id: 2, layer_type: coRNN, params: {dim: 4, dt: 0.5}}
  - {layer_id: 3, layer_type: GRUODE, params: {dim: 4, unfolds: 3}}
  - {layer_id: 4, layer_type: LipschitzRNN, params: {dim: 3, beta: 0.8, gamma_A: 1}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: direct}
  - {from_layer: 1, to_layer: 2, connection_type: direct}
  - {from_layer: 2, to_layer: 3, connection_type: direct}
  - {from_layer: 3, to_layer: 4, connection_type: direct}
)"},
    {"sources", R"(layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: NonLinear, params: {dim: 3, source_func: ReTanh}}
  - {layer_id: 2, layer_type: NonLinear, params: {dim: 3, source_func: SimpleGELU}}
  - {layer_id: 3, layer_type: NonLinear, params: {dim: 3, source_func: ClippedReLU}}
  - {layer_id: 4, layer_type: NonLinear, params: {dim: 3, source_func: ReLU}}
  - {layer_id: 5, layer_type: NonLinear, params: {dim: 3, source_func: Identity}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 0, to_layer: 2, connection_type: dense}
  - {from_layer: 0, to_layer: 3, connection_type: dense}
  - {from_layer: 1, to_layer: 4, connection_type: dense}
  - {from_layer: 2, to_layer: 5, connection_type: dense}
  - {from_layer: 3, to_layer: 5, connection_type: dense}
  - {from_layer: 4, to_layer: 5, connection_type: dense}
)"}};

INSTANTIATE_TEST_SUITE_P(Families, ExportC, testing::ValuesIn(kFamilies),
                         [](const auto& info) { return std::string(info.param.name); });

TEST_F(Cli, ExportTellsWhatItCannotDo) {
  const auto refused = [&](const std::string& line, const std::string& message) {
    const Outcome outcome = run("export " + line);
    EXPECT_EQ(outcome.code, 2) << line << "\n" << outcome.out;
    EXPECT_EQ(outcome.out, "");
    EXPECT_SAYS(outcome.err, message);
  };
  write("spikes.yaml", R"(simulation: {dt: 0.0005}
layers:
  - {layer_id: 0, layer_type: Input, params: {dim: 2}}
  - {layer_id: 1, layer_type: LIF, params: {dim: 4}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
)");
  refused("c spikes.yaml", "layer 1 fires, and there is no C code for spikes\n");
  refused("rust net.yaml", "networks are exported to c, not to 'rust'\n");
  refused("c net.yaml --output net.h", "net.h: C sources are written as .c\n");
  refused("c net.yaml --output nowhere/net.c", "nowhere/net.c: cannot be written");
  refused("c net.yaml --name 2net", "'2net' is no name for a network in C\n");
  refused("c net.yaml --dtype float16", "--dtype: there is no 'float16'\n");
  refused("c missing.yaml", "missing.yaml");
  EXPECT_FALSE(has("net.c"));
  EXPECT_FALSE(has("spikes.c"));
}

TEST_F(Cli, ExportNamesWhatItDeclares) {
  fs::create_directory(path("src"));
  EXPECT_SAYS(good("export c net.yaml --output src --name controller").out, "src/controller.c\n  header      src/controller.h\n");
  const std::string header = read_file(path("src/controller.h"));
  EXPECT_SAYS(header, "#define CONTROLLER_INPUTS 3\n");
  EXPECT_SAYS(header, "void controller_step(controller_state *state, const float input[CONTROLLER_INPUTS]");
  EXPECT_SAYS(header, "  float layer1_s[4];\n");
  const std::string source = read_file(path("src/controller.c"));
  for (const char* never : {"malloc", "#include <stdlib.h>", "printf"}) EXPECT_EQ(source.find(never), source.npos);
}

}  // namespace
}  // namespace dynode

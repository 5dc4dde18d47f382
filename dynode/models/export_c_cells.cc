#include <algorithm>
#include <fmt/format.h>

#include "dynode/models/export_c-internal.h"
#include "dynode/sources/source.h"

namespace dynode::c_code {
namespace {

struct NamedCode {
  const char* name;
  CellCode    code;
};

double setting(const LayerPlan& l, const std::string& name) {
  for (size_t i = 0; i < l.cell->settings.size(); ++i)
    if (l.cell->settings[i].name == name) return l.settings[i];
  expects(false, "cells have the settings their code reads");
  return 0;
}

// ---- cells whose code depends on settings ----------------------------------------------------------------------

CellCode cfc(const LayerPlan& l) {
  const double mode = setting(l, "mode"), head = setting(l, "head_activation");
  const auto   phi = [&](const char* x) {
    const std::string in = fmt::format("$x.{}", x);
    return head == 2 ? in : (head == 1 ? "1.7159 * @tanh(0.666 * " : "@tanh(") + in + ")";
  };
  return {.each    = fmt::format("const $real gate = $m_sigmoid({}$x.time_a * $dt + $x.time_b);\n"
                                    "$n.h = {} * {} + {} * gate;\n",
                              setting(l, "time_sign") == 1 ? "-" : "", phi("ff1"), mode == 2 ? "1.0" : "(1.0 - gate)",
                                 phi("ff2")),
          .helpers = {"sigmoid"}};
}

CellCode activation(const LayerPlan& l) {
  static const char* const formulas[] = {"1.7159 * @tanh(0.666 * $x.x)", "@tanh($x.x)", "$x.x > 0 ? $x.x : 0",
                                         "$x.x * $m_sigmoid($x.x)", "$x.x * 0.5 * @erfc(-0.70710678118654752 * $x.x)"};
  const auto               which      = size_t(setting(l, "activation"));
  expects(which < std::size(formulas), "activations of backbones have code");
  CellCode code{.each = fmt::format("$n.s = {};\n", formulas[which])};
  if (which == 3) code.helpers = {"sigmoid"};
  return code;
}

/// Conductances at potentials x: `num` and `den`.
std::string conductances(const char* x, const char* indent, bool with_epsilon) {
  const std::string lines[] = {
      "for (u = 0; u < $UNITS; ++u) {",
      "  num[u] = $p.gleak * $p.vleak + $x.current;",
      with_epsilon ? "  den[u] = $p.gleak + $x.conductance + $o.epsilon;" : "  den[u] = $p.gleak + $x.conductance;",
      "}",
      "for (u = 0; u < $UNITS; ++u) {",
      "  for (k = $SYN_begin[u]; k < $SYN_begin[u + 1]; ++k) {",
      fmt::format("    const $real open = $P.w[k] * $m_sigmoid($P.sigma[k] * ({}[u] - $P.mu[k]));", x),
      "    num[$SYN_target[k]] += open * $P.erev[k];",
      "    den[$SYN_target[k]] += open;",
      "  }",
      "}"};
  std::string text;
  for (const std::string& line : lines) text += indent + line + "\n";
  return text;
}

CellCode ltc(const LayerPlan& l) {
  const auto  solver = size_t(setting(l, "solver"));
  std::string text =
      "const $real h = ($dt + $o.elapsed_offset) / $o.ode_unfolds;\n"
      "$real num[$UNITS], den[$UNITS];\n";
  if (solver > 0) text += "$real at[$UNITS], sum[$UNITS];\n";
  text += "int k, unfold;\n";
  if (l.cell->ports.size() > 2) text += "for (u = 0; u < $UNITS; ++u) $n.v = $x.start;\n";
  text += "for (unfold = 0; unfold < $o_int.ode_unfolds; ++unfold) {\n";
  if (solver == 0) {
    text += conductances("$N.v", "  ", true);
    text += "  for (u = 0; u < $UNITS; ++u) $n.v += h * (num[u] - den[u] * $n.v) / ($p.cm + h * den[u]);\n";
  } else {
    static const std::vector<std::vector<const char*>> next = {
        {}, {"0.0"}, {"1.0", "0.0"}, {"0.5", "0.5", "1.0", "0.0"}};
    static const std::vector<std::vector<const char*>> share = {
        {}, {"1.0"}, {"0.5", "0.5"}, {"1.0 / 6.0", "1.0 / 3.0", "1.0 / 3.0", "1.0 / 6.0"}};
    text += "  for (u = 0; u < $UNITS; ++u) at[u] = sum[u] = $n.v;\n";
    for (size_t stage = 0; stage < next[solver].size(); ++stage) {
      text += conductances("at", "  ", false);
      text += fmt::format(
          "  for (u = 0; u < $UNITS; ++u) {{\n"
          "    const $real rate = (num[u] - den[u] * at[u]) / $p.cm;\n"
          "    sum[u] += {} * h * rate;\n"
          "    at[u] = $n.v + {} * h * rate;\n"
          "  }}\n",
          share[solver][stage], next[solver][stage]);
    }
    text += "  for (u = 0; u < $UNITS; ++u) $n.v = sum[u];\n";
  }
  return {.whole = text + "}\n", .helpers = {"sigmoid"}, .arrays = solver > 0 ? size_t(4) : size_t(2)};
}

// ---- the others ------------------------------------------------------------------------------------------------

const std::vector<NamedCode>& plain_cells() {
  static const std::string both_of_nocc =
      "const $real i1 = $m_soft_abs($p.bias_current - s1), i2 = $m_soft_abs(s2 - $p.bias_current);\n";
  // a_k(x) of CTGRU, and the largest
  static const std::string best_score =
      "$real best = 0, sum = 0;\n"
      "int k;\n"
      "for (k = 1; k < 8; ++k) {\n"
      "  const $real log_tau = 1.1512925464970229 * k, score = log_tau * (2.0 * $x.gate - log_tau);\n"
      "  if (score > best) best = score;\n"
      "}\n";
  static const std::vector<NamedCode> all = {
      {"Linear", {.each = "$n.s = $x.phi;\n"}},
      {"ScalingLayer", {.each = "$n.s = $p.scale_factor * $x.phi;\n"}},
      {"AffineMap", {.each = "$n.s = $p.w * $x.phi + $p.b;\n"}},
      {"NonLinear", {.each = "$n.s = $g($x.phi + $p.phi_offset, $p.bias_current);\n"}},
      {"DendriteReadout", {.each = "$n.s = $g($x.phi + $p.phi_offset, $p.bias_current);\n"}},
      {"Softmax",
       {.whole = "$real top = $P.beta[0] * $X.phi[0], total = 0;\n"
                 "for (u = 1; u < $UNITS; ++u)\n"
                 "  if ($p.beta * $x.phi > top) top = $p.beta * $x.phi;\n"
                 "for (u = 0; u < $UNITS; ++u) total += $n.s = @exp($p.beta * $x.phi - top);\n"
                 "for (u = 0; u < $UNITS; ++u) $n.s /= total;\n"}},
      {"SingleDendrite",
       {.each = "const $real y = $g($x.phi + $p.phi_offset, $p.bias_current - $s.s);\n"
                "$n.s = $s.s + $dt * ($p.gamma_plus * y - $p.gamma_minus * $s.s);\n"}},
      {"MultiplierWICC",
       {.each = "const $real a = $g($x.phi + $p.phi_y, $p.bias_current - $s.s);\n"
                "const $real b = $g($x.phi - $p.phi_y, $p.bias_current + $s.s);\n"
                "$n.s = $s.s + $dt * ($p.gamma_plus * (a - b) - $p.gamma_minus * $s.s);\n"}},
      {"MultiplierNOCC",
       {.each = "const $real s1 = $s.s1, s2 = $s.s2;\n" + both_of_nocc +
                "const $real g1 = $g($x.phi + $p.phi_y, i1), g2 = $g($x.phi - $p.phi_y, i2);\n"
                "const $real m_dot = (g1 - g2 - $p.alpha * $s.m) / ($p.beta + 2.0 * $p.fan_in * $p.beta_out);\n"
                "const $real h = $dt / $p.beta;\n"
                "$n.s1 = s1 + h * (g1 - $p.beta_out * m_dot - $p.alpha * s1);\n"
                "$n.s2 = s2 + h * (g2 - $p.beta_out * m_dot - $p.alpha * s2);\n"
                "$n.m = $s.m + $dt * m_dot;\n",
        .helpers = {"soft_abs"}}},
      {"NOCCEdge",
       {.each = "const $real h = $dt / $p.beta, shared = $p.beta_out / $p.beta * $x.m;\n"
                "const $real s1 = $s.r1 - shared, s2 = $s.r2 - shared;\n" +
                both_of_nocc +
                "const $real g1 = $g($x.x + $p.w, i1), g2 = $g($x.x - $p.w, i2);\n"
                "$n.d = g1 - g2;\n"
                "$n.r1 = $s.r1 + h * (g1 - $p.alpha * s1);\n"
                "$n.r2 = $s.r2 + h * (g2 - $p.alpha * s2);\n",
        .helpers = {"soft_abs"}}},
      {"NOCCSum", {.each = "$n.m = $s.m + $dt / $p.beta_eff * ($x.d - $p.alpha * $s.m);\n"}},
      {"CTRNN", {.each = "$n.v = $s.v + $p.alpha * ($x.x - $s.v);\n$n.r = $g($n.v);\n", .start = "$n.r = $g($n.v);\n"}},
      {"RateDale",
       {.each = "$n.x = $s.x + $dt / $p.taus * ($x.u - $s.x);\n$n.r = $g($n.x);\n", .start = "$n.r = $g($n.x);\n"}},
      {"RNN", {.each = "$n.h = @tanh($x.x);\n"}},
      {"GRU",
       {.each    = "const $real z = $m_sigmoid($x.z), n = @tanh($x.n_x + $m_sigmoid($x.r) * $x.n_h);\n"
                   "$n.h = n + z * ($s.h - n);\n",
        .helpers = {"sigmoid"}}},
      {"LSTM",
       {.each    = "$n.c = $m_sigmoid($x.f) * $s.c + $m_sigmoid($x.i) * @tanh($x.g);\n"
                   "$n.h = $m_sigmoid($x.o) * @tanh($n.c);\n",
        .helpers = {"sigmoid"}}},
      {"CTLSTM",
       {.each    = "const $real g = @tanh($x.g), memory = $m_sigmoid($x.f) * $s.c + $m_sigmoid($x.i) * g;\n"
                   "$n.c_bar = $m_sigmoid($x.f_bar) * $s.c_bar + $m_sigmoid($x.i_bar) * g;\n"
                   "$n.c = $n.c_bar + (memory - $n.c_bar) * @exp(-$dt * $m_softplus($x.d));\n"
                   "$n.h = $m_sigmoid($x.o) * @tanh($n.c);\n",
        .helpers = {"sigmoid", "softplus"}}},
      {"PhasedLSTM",
       {.each    = "const $real memory = $m_sigmoid($x.f) * $s.c + $m_sigmoid($x.i) * @tanh($x.g);\n"
                   "$real phase, open;\n"
                   "$n.time = $s.time + $dt;\n"
                   "phase = ($n.time - $p.shift) / $p.period;\n"
                   "phase -= @floor(phase);\n"
                   "open = 2 * phase / $p.ratio;\n"
                   "if (!(phase < 0.5 * $p.ratio)) open = phase < $p.ratio ? 2 - open : $p.leak * phase;\n"
                   "$n.h = $s.h + open * ($m_sigmoid($x.o) * @tanh(memory) - $s.h);\n"
                   "$n.c = $s.c + open * (memory - $s.c);\n",
        .helpers = {"sigmoid"}}},
      {"MinGRU", {.each = "$n.h = $s.h + $m_sigmoid($x.z) * (@tanh($x.h) - $s.h);\n", .helpers = {"sigmoid"}}},
      {"LeakyGRU",
       {.each    = "const $real w = $p.diagonal * $s.h + $x.n_h;\n"
                   "const $real n = @tanh($x.n_x + $p.candidate_bias + $m_sigmoid($p.reset_bias) * w);\n"
                   "$n.h = n + $m_sigmoid($p.decay_bias) * ($s.h - n);\n",
        .helpers = {"sigmoid"}}},
      {"Synapse", {.each = "$n.y = $p.alpha * $s.y + (1.0 - $p.alpha) * $x.z;\n"}},
      {"SensorySynapses",
       {.whole   = "int k;\n"
                   "for (u = 0; u < $UNITS; ++u) $n.s = 0;\n"
                   "for (u = 0; u < $UNITS; ++u)\n"
                   "  for (k = $SYN_begin[u]; k < $SYN_begin[u + 1]; ++k) {\n"
                   "    const $real open = $P.w[k] * $m_sigmoid($P.sigma[k] * ($x.x - $P.mu[k]));\n"
                   "    $N.s[$SYN_target[k]] += open * $P.erev[k];\n"
                   "    $N.s[$o_int.neurons + $SYN_target[k]] += open;\n"
                   "  }\n",
        .helpers = {"sigmoid"}}},
      {"Decay",
       {.each = "const $real lost = $p.decay * $dt + $p.decay_bias;\n$n.s = lost > 0 ? $x.h * @exp(-lost) : $x.h;\n"}},
      {"GRUD",
       {.each    = "const $real n = @tanh($x.n_x + $m_sigmoid($x.r) * $x.n_h);\n"
                   "$n.h = n + $m_sigmoid($x.z) * ($x.s - n);\n",
        .helpers = {"sigmoid"}}},
      {"RNNDecay", {.each = "$n.h = @tanh($x.x);\n"}},
      {"ODERNN", {.each = "$n.h = $x.h + $dt / $o.unfolds * ($p.scale * @tanh($x.x) - $p.decay * $x.h);\n"}},
      {"ODELSTM", {.each = "$n.h = $x.h + $dt / $o.unfolds * ($p.scale * @tanh($x.x) - $p.decay * $x.h);\n"}},
      {"CTGRU", {.each = "$n.h = $x.m;\n"}},
      {"CTGRURetrieval",
       {.each = "const $real m[8] = {$x.m_1, $x.m_2, $x.m_3, $x.m_4, $x.m_5, $x.m_6, $x.m_7, $x.m_8};\n" + best_score +
                "$n.s = 0;\n"
                "for (k = 0; k < 8; ++k) {\n"
                "  const $real log_tau = 1.1512925464970229 * k, w = @exp(log_tau * (2.0 * $x.gate - log_tau) - best);\n"
                "  $n.s += w * m[k];\n"
                "  sum += w;\n"
                "}\n"
                "$n.s /= sum;\n"}},
      {"CTGRUShare",
       {.each = best_score +
                "for (k = 0; k < 8; ++k) {\n"
                "  const $real log_tau = 1.1512925464970229 * k;\n"
                "  sum += @exp(log_tau * (2.0 * $x.gate - log_tau) - best);\n"
                "}\n"
                "$n.s = @log(sum) + best;\n"}},
      {"CTGRUScale",
       {.each = "const $real log_tau = 1.1512925464970229 * $o.scale;\n"
                "const $real stored = @exp(log_tau * (2.0 * $x.gate - log_tau) - $x.share);\n"
                "$n.m = ($s.m + stored * ($x.q - $s.m)) * @exp(-$dt * @exp(-log_tau));\n"}},
      {"coRNNVelocity", {.each = "$n.z = $s.z + $dt * (@tanh($x.x) - $p.gamma * $x.y - $p.epsilon * $s.z);\n"}},
      {"coRNN", {.each = "$n.y = $s.y + $dt * $x.z;\n"}},
      {"LipschitzRNN", {.each = "$n.h = $s.h + $dt * ($x.a + @tanh($x.x));\n"}},
      {"LipschitzProduct",
       {.whole = "int k;\n"
                 "for (u = 0; u < $UNITS; ++u) $n.s = -$p.gamma * $x.h;\n"
                 "for (u = 0; u < $UNITS; ++u)\n"
                 "  for (k = $SYN_begin[u]; k < $SYN_begin[u + 1]; ++k) {\n"
                 "    $N.s[$SYN_target[k]] += $P.m[k] * $x.h;\n"
                 "    $n.s += (1.0 - 2.0 * $o.beta) * $P.m[k] * $X.h[$SYN_target[k]];\n"
                 "  }\n"}},
      {"GRUODEReset", {.each = "$n.s = $m_sigmoid($x.r) * $x.h;\n", .helpers = {"sigmoid"}}},
      {"GRUODE",
       {.each    = "$n.h = $x.h + $dt / $o.unfolds * $m_sigmoid(-$x.z) * (@tanh($x.g) - $x.h);\n",
        .helpers = {"sigmoid"}}},
      {"CfCPure",
       {.each = "const $real f = $x.ff1;\n$n.h = $p.A - $p.A * @exp(-$dt * (@fabs($p.w_tau) + @fabs(f))) * f;\n"}},
      {"CfCStates", {.each = "$n.h = $x.h;\n"}}};
  return all;
}

struct NamedHelper {
  const char* name;
  HelperCode  code;
};

const std::vector<NamedHelper>& plain_helpers() {
  const auto of_x = [](const char* name, const char* formula, std::vector<std::string> more = {}) {
    return NamedHelper{name,
                       {fmt::format("static $real $m_{}($real x) {{ return {}; }}\n", name, formula), std::move(more)}};
  };
  static const std::vector<NamedHelper> all = {
      of_x("sigmoid", "1.0 / (1.0 + @exp(-x))"),
      of_x("soft_abs", "@sqrt(x * x + 0.01)"),
      of_x("tanh", "@tanh(x)"),
      of_x("relu", "x > 0 ? x : 0"),
      of_x("retanh", "x > 0 ? @tanh(x) : 0"),
      of_x("identity", "x"),
      of_x("simplegelu", "0.5 * x * (1.0 + @tanh(0.8 * x))"),
      of_x("telu", "x * @tanh(@exp(x < 5 ? x : 5))"),
      of_x("clippedrelu", "x < 0 ? 0 : x < 20 ? x : 20"),
      of_x("softplus", "(x > 0 ? x : 0) + @log1p(@exp(-@fabs(x)))"),
      of_x("clippedsoftplus", "$m_softplus(x) < 20 ? $m_softplus(x) : 20", {"softplus"}),
      {"heaviside_state_dep",
       {"static $real $m_heaviside_state_dep($real phi, $real i) {\n"
        "  const $real eps = 1.0e-6, above = i - 1.06435066, wave = @fabs(@cos(3.14159265358979324 * phi)) + eps;\n"
        "  const $real d = 0.37091212 * @pow(above > eps ? above : eps, 1.92138556) - 0.31903101 * @pow(wave, "
        "2.50322787);\n"
        "  return $m_sigmoid(100.0 * d) * @pow(d > eps ? d : eps, 1.0 / 2.62706077);\n"
        "}\n",
        {"sigmoid"}}},
      {"tanhgauss1p7ibfit",
       {"static $real $m_tanhgauss1p7ibfit($real phi, $real i) {\n"
        "  const $real low = 1.0e-6, current = i < 0.7 ? 0.7 : i < 1.7 ? i : 1.7, rest = 1.0 - (1.7 - current);\n"
        "  const $real x = phi - @floor(phi) - 0.5, sigma = 0.12632733583450317;\n"
        "  return 0.7845368385314941 * @pow(rest > low ? rest : low, 2.5484097003936768) *\n"
        "         @tanh(@exp(-x * x / (2.0 * sigma * sigma)));\n"
        "}\n"}}};
  return all;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return char(std::tolower(c)); });
  return text;
}

}  // namespace

CellCode cell_code(const LayerPlan& layer) {
  const std::string name = layer.cell->name;
  if (name == "CfC") return cfc(layer);
  if (name == "Activation") return activation(layer);
  if (name == "LTC" || name == "LTCLed") return ltc(layer);
  for (const NamedCode& cell : plain_cells())
    if (name == cell.name) return cell.code;
  return {};
}

HelperCode helper_code(const std::string& name) {
  for (const NamedHelper& helper : plain_helpers())
    if (name == helper.name) return helper.code;
  return {};
}

std::string source_helper(const LayerPlan& layer) {
  if (layer.source < 0) return "";
  const SourceEntry& source = source_functions()[size_t(layer.source)];
  if (source.uses_table) return fmt::format("rate_table_{}", layer.table);
  return lower(source.name);
}

}  // namespace dynode::c_code

// The words of specs of spiking networks: what they may say, and how lists over populations are read.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "dynode/plan/spiking.h"
#include "dynode/spec/spec.h"

namespace dynode::spiking {

/// The populations of a layer.
struct Types {
  std::vector<uint32_t> begin;       // [count + 1]
  std::vector<uint8_t>  inhibitory;  // [count], or empty where nobody said
  std::vector<std::string> names = {};  // likewise

  size_t count() const { return begin.size() - 1; }
};

/// Structures whose synapses are never written down.
const std::vector<std::string>& rules();

struct ClusteredWords {
  int64_t     n_excitatory_background = 160, n_inhibitory_background = 40, n_clusters = 18;
  Value       connectivity_fraction_probs = Value::list_of({0.2, 0.5, 0.5, 0.5});
  Value       j_baseline                  = Value::list_of({0.63, 0.63, -1.9, -3.8});
  Value       j_potentiated               = Value::list_of({16.85, 5.45, 6.25, 5.0});
  bool        potentiate = true, clip_depression = false, legacy_probability_order = false, legacy_potentiate = false;
  std::string rule = "fixed_indegree";

  static constexpr auto fields = field_list(
      field("n_excitatory_background", &ClusteredWords::n_excitatory_background, "excitatory units outside clusters",
            non_negative),
      field("n_inhibitory_background", &ClusteredWords::n_inhibitory_background, "inhibitory units outside clusters",
            non_negative),
      field("n_clusters", &ClusteredWords::n_clusters, "clusters of each type", at_least(1)),
      field("connectivity_fraction_probs", &ClusteredWords::connectivity_fraction_probs,
            "connection probabilities by types (pre, post)"),
      field("j_baseline", &ClusteredWords::j_baseline, "efficacies by types, divided by √dim at use"),
      field("j_potentiated", &ClusteredWords::j_potentiated, "factors within clusters by types"),
      field("potentiate", &ClusteredWords::potentiate, "whether clusters differ from the rest"),
      field("clip_depression", &ClusteredWords::clip_depression, "keep strong potentiation from flipping signs"),
      field("legacy_probability_order", &ClusteredWords::legacy_probability_order, "probabilities by (post, pre)"),
      field("legacy_potentiate", &ClusteredWords::legacy_potentiate,
            "without potentiation clusters keep their factors"),
      field("rule", &ClusteredWords::rule, "fixed_indegree or bernoulli"));
};

/// Numbers are one for all, a list over source populations, or a matrix [post][pre].
struct RuleWords {
  Value indegree, probability, total, weight, delay;
  Value weight_deviation = 0.0, delay_deviation = 0.0;
  bool  with_replacement = false;

  static constexpr auto fields = field_list(
      field("indegree", &RuleWords::indegree, "fixed_indegree: partners of every target"),
      field("probability", &RuleWords::probability,
            "of a pair; fixed_indegree: share of the sources; fixed_total_number: that a "
            "pair has at least one synapse"),
      field("total", &RuleWords::total, "fixed_total_number: synapses"),
      field("weight", &RuleWords::weight, "what a spike adds, as the cell divides it"),
      field("weight_deviation", &RuleWords::weight_deviation, "relative; weights of the other sign become 0"),
      field("delay", &RuleWords::delay, "in the unit of dt; missing: that of the connection"),
      field("delay_deviation", &RuleWords::delay_deviation, "relative; delays are whole steps, at least one"),
      field("with_replacement", &RuleWords::with_replacement, "fixed_indegree: a partner may be drawn twice"));
};

struct DriveWords {
  int         to_layer = 0;
  std::string type;
  Value       nu_ext_baseline, c_ext = Value::list_of({320, 320, 0, 0}), j_ext = Value::list_of({2.3, 2.3, 0, 0});
  std::string j_ext_semantics = "by_types";
  Value       rate = 0.0, connections = 1.0, weight = 1.0, value = 0.0, file;
  std::string port;

  static constexpr auto fields =
      field_list(field("to_layer", &DriveWords::to_layer, "layer it reaches", required | non_negative),
                 field("type", &DriveWords::type, "poisson, constant or file", required),
                 field("rate", &DriveWords::rate, "poisson: of one source, per unit of dt"),
                 field("connections", &DriveWords::connections, "poisson: sources of a unit"),
                 field("weight", &DriveWords::weight, "poisson: what an event adds"),
                 field("nu_ext_baseline", &DriveWords::nu_ext_baseline, "poisson: rates by types [E→E, E→I, I→E, I→I]"),
                 field("c_ext", &DriveWords::c_ext, "connections by types"),
                 field("j_ext", &DriveWords::j_ext, "efficacies by types, divided by √dim at use"),
                 field("j_ext_semantics", &DriveWords::j_ext_semantics,
                       "by_types; per_source: j_ext[0] excitatory, j_ext[1] inhibitory events"),
                 field("value", &DriveWords::value, "constant: what is there in every step"),
                 field("file", &DriveWords::file, "file: an array [step, unit] or [step]"),
                 field("port", &DriveWords::port, "where it arrives; missing: events of poisson, else stimulus"));
};

struct StimulusWords {
  std::string                        stimulus_shape = "diff2exp";
  std::optional<std::vector<double>> onsets;
  double                             amplitude = 0, stimulated_clusters_prob = 0.5, stimulated_neuron_prob = 0.5;
  double                             tau_rise = 0.075, tau_decay = 0.1;
  std::optional<double>              duration;

  static constexpr auto fields = field_list(
      field("stimulus_shape", &StimulusWords::stimulus_shape, "box, linear or diff2exp"),
      field("onsets", &StimulusWords::onsets, "when it begins, in the unit of dt"),
      field("amplitude", &StimulusWords::amplitude, "its peak"),
      field("stimulated_clusters_prob", &StimulusWords::stimulated_clusters_prob, "share of excitatory clusters",
            within(0, 1)),
      field("stimulated_neuron_prob", &StimulusWords::stimulated_neuron_prob, "share of their units", within(0, 1)),
      field("tau_rise", &StimulusWords::tau_rise, "of diff2exp", positive),
      field("tau_decay", &StimulusWords::tau_decay, "of diff2exp", positive),
      field("duration", &StimulusWords::duration, "of box and linear; missing: the run", non_negative));
};

struct ArousalWords {
  double      level = 0.3, L = 0.75, x_0 = 0.2, k = 1.25, M = 13.125;
  std::string noise = "white";

  static constexpr auto fields =
      field_list(field("level", &ArousalWords::level, "from 0 to 1", within(0, 1)),
                 field("L", &ArousalWords::L, "largest part that E→E synapses lose"),
                 field("x_0", &ArousalWords::x_0, "value of the sigmoid in its middle", within(1e-6, 1 - 1e-6)),
                 field("k", &ArousalWords::k, "steepness of the sigmoid", positive),
                 field("M", &ArousalWords::M, "largest extra external rate", non_negative),
                 field("noise", &ArousalWords::noise, "of the extra rate: white, or quenched (once per unit and run)"));
};

struct StartWords {
  Value mean = 0.0, std = 0.0;

  static constexpr auto fields = field_list(field("mean", &StartWords::mean, "a number, or one per population"),
                                            field("std", &StartWords::std, "deviation, likewise"));
};

ClusteredWords clustered_words(const ConnectionParams& p);

/// A vector by types [E→E, E→I, I→E, I→I]; one item x stands for [x, x, 0, 0] where `short_form`.
std::array<double, 4> by_types(const Value& value, bool short_form = false);

/// A number for all, one per population, or [E, I] where types are known.
std::vector<double> list_or_number(const Value& value, const Types& types);

/// Fills what the words of fixed_indegree, bernoulli and fixed_total_number say.
/// @param delay  of the connection, steps
void read_rule(const ConnectionParams& p, const Types& posts, const Types& pres, double dt, int delay, const At& at,
               SynapseRule& rule);

}  // namespace dynode::spiking

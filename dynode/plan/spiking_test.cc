// Networks of spikes alone: what specs say of populations, rules, drives, arousal and perturbations; what is refused.
#include "dynode/plan/spiking.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "dynode/mean_field/clusters.h"
#include "dynode/plan/plan.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

std::shared_ptr<const Plan> plan_of(const std::string& text) {
  return compile(read_spec(parse_yaml(text, "net.yaml")));
}

std::string clustered(const std::string& more = "", const std::string& structure = "") {
  return "simulation: {dt: 0.0005, duration: 2.5, input_type: none}\n"
         "layers: [{layer_id: 0, layer_type: LIF, params: {dim: 2000, n_excitatory: 1600, threshold: [1.5, 0.75]}}]\n"
         "connections: [{from_layer: 0, to_layer: 0, connection_type: clustered, mode: spike, params: {structure: "
         "{type: clustered, params: {" +
         structure +
         "}}}}]\n"
         "drives: [{to_layer: 0, type: poisson, nu_ext_baseline: [7, 6, 0, 0], c_ext: [320, 300, 0, 0], j_ext: [2.3, "
         "2.1, 0, 0]}]\n" +
         more;
}

std::string two_layers(const std::string& connection) {
  return "simulation: {dt: 0.1, steps: 10, input_type: none}\nlayers:\n"
         "  - {layer_id: 0, layer_type: LIF, params: {dim: 30, populations: [10, 20]}}\n"
         "  - {layer_id: 1, layer_type: LIF, params: {dim: 50}}\nconnections:\n  - {from_layer: 0, to_layer: 1, mode: "
         "spike, " +
         connection + "}\n";
}

void expect_error(const std::string& text, const std::string& part) {
  try {
    plan_of(text);
    ADD_FAILURE() << "understood: " << text;
  } catch (const Error& error) { EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what(); }
}

TEST(Spiking, ClusteredNetworksHaveTheStrengthsOfTheirPopulations) {
  const auto         plan = plan_of(clustered());
  const SynapseRule& rule = *plan->connections.at(0).synapses;
  const auto         m    = mean_field::cluster_matrices({});
  EXPECT_EQ(plan->spiking->steps, 5000u);
  EXPECT_EQ(rule.weight, m.strength);
  EXPECT_EQ(rule.to, (std::vector<uint32_t>(m.boundaries.begin(), m.boundaries.end())));
  EXPECT_EQ(rule.count[0], 16);        // 0.2 of 80
  EXPECT_EQ(rule.count[19 * 38], 40);  // E → I: 0.5 of 80
  EXPECT_DOUBLE_EQ(rule.expected(), 1.232e6);
  EXPECT_TRUE(plan->parameters.blocks().size() == 5);  // of the layer; synapses are none
}

TEST(Spiking, AListOfTwoIsForExcitatoryAndInhibitoryUnits) {
  const auto   plan = plan_of(clustered());
  const Block& b    = plan->parameters[plan->parameters.find("layer0/threshold")];
  EXPECT_EQ(plan->theta[b.offset + 1599], 1.5);
  EXPECT_EQ(plan->theta[b.offset + 1600], 0.75);
}

TEST(Spiking, DrivesByTypesKnowTheirTargets) {
  const auto plan = plan_of(clustered());
  ASSERT_EQ(plan->spiking->drives.size(), 1u);
  const Drive& d = plan->spiking->drives[0];
  EXPECT_DOUBLE_EQ(d.parts[0].mean[0], 7 * 320 * 0.0005);
  EXPECT_DOUBLE_EQ(d.parts[0].mean[37], 6 * 300 * 0.0005);
  EXPECT_DOUBLE_EQ(d.weight[0], 2.3 / std::sqrt(2000.0));
  EXPECT_DOUBLE_EQ(d.weight[37], 2.1 / std::sqrt(2000.0));
}

TEST(Spiking, ArousalWeakensSynapsesAndDrives) {
  const auto                plan = plan_of(clustered("arousal: {level: 0.4}\n"));
  const mean_field::Arousal a{.level = 0.4};
  EXPECT_DOUBLE_EQ(plan->connections[0].synapses->weight[0],
                   (1 - a.e_to_e_reduction()) * mean_field::cluster_matrices({}).strength[0]);
  EXPECT_DOUBLE_EQ(plan->spiking->drives[0].spread[0], 2 * a.mean_extra_rate() * 320 * 0.0005);
}

TEST(Spiking, PerturbationsChangeWhatTheyName) {
  const std::string one   = "{vectors: [[1, 2]], involved_clusters: [0, 20], params: [0.1]";
  const auto        plain = plan_of(clustered()),
             plan         = plan_of(clustered(fmt::format("perturbation: {{rate: {0}, time_dependence: {{shape: hat, "
                                                                  "onset_time: 0.5, offset_time: 1.0}}}}, j_baseline: {0}}}, "
                                                                  "threshold: {0}}}, j_ext: {0}}}}}\n",
                                                          one)));
  const Drive& d          = plan->spiking->drives[0];
  ASSERT_EQ(d.parts.size(), 3u);
  EXPECT_EQ(d.parts[1].first, 1000u);
  EXPECT_EQ(d.parts[2].first, 2000u);
  EXPECT_EQ(d.parts[0].mean, plain->spiking->drives[0].parts[0].mean);
  EXPECT_EQ(d.parts[2].mean, d.parts[0].mean);
  EXPECT_DOUBLE_EQ(d.parts[1].mean[0], 7.1 * 320 * 0.0005);
  EXPECT_DOUBLE_EQ(d.parts[1].mean[20], 6.2 * 300 * 0.0005);
  EXPECT_DOUBLE_EQ(d.weight[20], 2.3 / std::sqrt(2000.0));  // 2.1 + 0.2
  EXPECT_DOUBLE_EQ(plan->connections[0].synapses->weight[1], 1.1 * plain->connections[0].synapses->weight[1]);
  const Block& b = plan->parameters[plan->parameters.find("layer0/threshold")];
  EXPECT_DOUBLE_EQ(plan->theta[b.offset], 1.6);
  EXPECT_DOUBLE_EQ(plan->theta[b.offset + 80], 1.5);
}

TEST(Spiking, PerturbationsAreAlsoOneNumberAMatrixOrACirculant) {
  const auto weights = [](const std::string& more) { return plan_of(clustered(more))->connections[0].synapses->weight; };
  const auto plain   = weights("");
  const auto ring    = weights("perturbation: {j: {circulant: {alpha: 0.2, beta: -0.1, n_clusters_to_perturb: 3}}}\n");
  const size_t P = 38, E = 19;
  for (size_t i = 0; i < P; ++i)
    for (size_t j = 0; j < P; ++j) {
      const bool ee = (i == 2 && j == 0) || (i == 0 && j == 1) || (i == 1 && j == 2),
                 ei = (i == 0 && j == E + 2) || (i == 1 && j == E + 0) || (i == 2 && j == E + 1);
      EXPECT_DOUBLE_EQ(ring[i * P + j], plain[i * P + j] * (ee ? 1.2 : ei ? 0.9 : 1.0)) << i << " " << j;
    }
  const auto value = weights("perturbation: {j_baseline: {value: 0.5}}\n");
  for (size_t i = 0; i < P * P; ++i) EXPECT_DOUBLE_EQ(value[i], 1.5 * plain[i]);
  std::string rows;
  for (size_t i = 0; i < P; ++i) {
    rows += i ? ", [" : "[";
    for (size_t j = 0; j < P; ++j) rows += fmt::format("{}{}", j ? ", " : "", i == 4 && j == 7 ? 3 : 1);
    rows += "]";
  }
  const auto matrix = weights("perturbation: {j: {matrix: [" + rows + "]}}\n");
  EXPECT_DOUBLE_EQ(matrix[4 * P + 7], 3 * plain[4 * P + 7]);
  EXPECT_DOUBLE_EQ(matrix[7 * P + 4], plain[7 * P + 4]);
  expect_error(clustered("perturbation: {j: {circulant: {alpha: 1, n_clusters_to_perturb: 19}}}\n"), "19 of 18 clusters");
  expect_error(clustered("perturbation: {threshold: {circulant: {alpha: 1}}}\n"), "it is for the target j");
  expect_error(clustered("perturbation: {j: {value: 2, params: [1]}}\n"), "exclude each other");
  expect_error(clustered("perturbation: {tau_membrane: {value: -0.02}}\n"), "leads to a tau_membrane of 0 in population 0");
  expect_error(clustered("perturbation: {arousal_level: {value: 0.1}}\n"), "there is no arousal to change");
}

TEST(Spiking, PerturbationsFollowTheOrderInWhichPopulationsAreListed) {
  const auto rate = [](const char* involved) {
    return plan_of(clustered(fmt::format("perturbation: {{rate: {{vectors: [[1, -1]], involved_clusters: {}, params: [1]}}}}\n", involved)));
  };
  const auto plan = rate("[3, 0]");
  EXPECT_GT(plan->spiking->drives[0].parts[0].mean[3], plan->spiking->drives[0].parts[0].mean[0]);
  ASSERT_EQ(plan->warnings.size(), rate("[0, 3]")->warnings.size() + 1);
}

TEST(Spiking, PopulationsOfASingleLayerArePerturbedToo) {
  const auto net = [](const std::string& more) {
    return plan_of("simulation: {dt: 0.1, time_unit: ms, steps: 10, input_type: none}\n"
                   "layers: [{layer_id: 0, layer_type: LIF, params: {dim: 30, populations: {fast: 10, slow: 20}, tau_membrane: 10}}]\n"
                   "connections: [{from_layer: 0, to_layer: 0, connection_type: bernoulli, mode: spike, params: {structure: "
                   "{type: bernoulli, params: {probability: 0.1, weight: [0.5, -1]}}}}]\n"
                   "drives: [{to_layer: 0, type: poisson, rate: 0.008, connections: 100, weight: 0.2}]\n" + more);
  };
  const auto plan = net("perturbation: {rate: {vectors: [[0.001]], involved_clusters: [1], params: [2]}, tau_membrane: {value: 5}, "
                        "j: {vectors: [[2, 3]], params: [1]}, j_ext: {vectors: [[0.1, 0]], params: [1]}}\n");
  EXPECT_EQ(plan->spiking->names[0], (std::vector<std::string>{"fast", "slow"}));
  EXPECT_DOUBLE_EQ(plan->spiking->drives[0].parts[0].mean[0], 0.08);
  EXPECT_DOUBLE_EQ(plan->spiking->drives[0].parts[0].mean[1], 0.1);
  EXPECT_EQ(plan->spiking->drives[0].weight, (std::vector<double>{0.2 + 0.1, 0.2}));
  EXPECT_EQ(plan->connections[0].synapses->weight, (std::vector<double>{1, -2, 1.5, -3}));
  EXPECT_DOUBLE_EQ(plan->theta[plan->parameters[plan->parameters.find("layer0/tau_membrane")].offset], 15);
  EXPECT_THROW(net("perturbation: {j_potentiated: {value: 1}}\n"), SpecError);
  EXPECT_THROW(net("arousal: {level: 0.2}\n"), SpecError);
}

TEST(Spiking, SynapsesThatDoNotFitAreRefusedBeforeTheyAreDrawn) {
  const auto plan = plan_of("simulation: {dt: 0.1, steps: 1, input_type: none}\n"
                            "layers: [{layer_id: 0, layer_type: LIF, params: {dim: 10000000, tau_membrane: 10}}]\n"
                            "connections: [{from_layer: 0, to_layer: 0, connection_type: fixed_indegree, mode: spike, params: "
                            "{structure: {type: fixed_indegree, params: {indegree: 9000000, weight: 1}}}}]\n");
  EXPECT_DOUBLE_EQ(bytes_of_synapses(*plan), 1.8e14);
  try {
    refuse_synapses(*plan);
    FAIL();
  } catch (const SpecError& error) {
    EXPECT_NE(std::string(error.what()).find("9e+13 synapses; they need 180000 GB, and this machine has"), std::string::npos);
  }
  refuse_synapses(*plan_of(clustered()));
}

TEST(Spiking, AStimulusReachesHalfOfTheUnitsOfHalfOfTheClusters) {
  const auto plan =
      plan_of(clustered("stimulus: {stimulus_shape: box, onsets: [0.1], amplitude: 2.0, duration: 0.05}\n"));
  ASSERT_EQ(plan->spiking->drives.size(), 2u);
  const Drive& d = plan->spiking->drives[1];
  EXPECT_EQ(d.units.size(), 360u);  // 9 of 18 clusters, 40 of 80 units each on average
  EXPECT_EQ(d.values[199], 0);
  EXPECT_EQ(d.values[200], 2);
  EXPECT_EQ(d.values[299], 2);
  EXPECT_EQ(d.values[300], 0);
}

TEST(Spiking, TheYamlOfVectorialNeuroModulatorsBecomesTheSameNetwork) {
  const auto ours   = plan_of(clustered("arousal: {level: 0.3}\nseed: 9\n"));
  const auto theirs = plan_of(R"(
init_params: {delta_t: 0.0005, duration_sec: 2.5, mechanism: analytic, n_neurons: 2000, n_excitatory: 1600, n_inhibitory: 400}
architecture: {network: {threshold: [1.5, 0.75], j_ext: [2.3, 2.1, 0, 0]}, clusters: {n_clusters: 18, total_pops: 38}}
external_currents: {c_ext: [320, 300, 0, 0], nu_ext_baseline: [7, 6, 0, 0]}
stimulus: {stimulus_shape: diff2exp, onsets: null, amplitude: 0.0}
settings: {save: false, random_seed: 9}
arousal: {level: 0.3, L: 0.75, x_0: 0.2, k: 1.25, M: 13.125}
)");
  EXPECT_EQ(theirs->seed, 9u);
  EXPECT_EQ(theirs->theta, ours->theta);
  EXPECT_EQ(theirs->connections[0].synapses->weight, ours->connections[0].synapses->weight);
  EXPECT_EQ(theirs->spiking->drives[0].parts[0].mean, ours->spiking->drives[0].parts[0].mean);
  EXPECT_EQ(theirs->spiking->drives[0].weight, ours->spiking->drives[0].weight);
  EXPECT_EQ(theirs->spiking->steps, ours->spiking->steps);
}

TEST(Spiking, InhibitoryUnitsHaveTheDriveOfExcitatoryOnesWhereALegacyFileAsks) {
  const auto drive = [](const std::string& external) {
    const auto plan = plan_of("init_params: {delta_t: 0.0005}\narchitecture: {}\nexternal_currents: {" + external + "}\n");
    return plan->spiking->drives[0].parts[0].mean;
  };
  const std::string written = "c_ext: [320, 300, 0, 0], nu_ext_baseline: [7, 6, 0, 0]";
  const std::string equal   = "c_ext: [320, 320, 0, 0], nu_ext_baseline: [7, 7, 0, 0]";
  EXPECT_NE(drive(written), drive(equal));
  EXPECT_EQ(drive(written + ", legacy_external_projection: true"), drive(equal));
}

TEST(Spiking, NumbersAreForAllBySourceOrByPair) {
  const auto rule = [](const std::string& weight) {
    return *plan_of(two_layers("connection_type: fixed_indegree, params: {structure: {type: fixed_indegree, params: "
                               "{indegree: [3, 4], weight: " +
                               weight + "}}}"))
                ->connections[0]
                .synapses;
  };
  EXPECT_EQ(rule("0.5").weight, (std::vector<double>{0.5, 0.5}));
  EXPECT_EQ(rule("[0.5, -1]").weight, (std::vector<double>{0.5, -1}));
  EXPECT_EQ(rule("[[0.5, -2]]").weight, (std::vector<double>{0.5, -2}));
  EXPECT_EQ(rule("0.5").expected(), 50 * 7.0);
}

TEST(Spiking, AProbabilityOfTheMicrocircuitIsANumberOfSynapses) {
  const auto plan =
      plan_of(two_layers("connection_type: fixed_total_number, params: {structure: {type: fixed_total_number, params: "
                         "{probability: [0.1, 0], weight: 1}}}"));
  const double pairs = 500;
  EXPECT_EQ(plan->connections[0].synapses->count[0], std::round(std::log(0.9) / std::log1p(-1 / pairs)));
  EXPECT_EQ(plan->connections[0].synapses->count[1], 0);
}

TEST(Spiking, UnitsThatAreNoPartnersOfThemselvesLeaveTheOthers) {
  const auto one_layer = [](const std::string& dim, const std::string& words) {
    return "simulation: {dt: 0.1, steps: 10, input_type: none}\nlayers:\n"
           "  - {layer_id: 0, layer_type: LIF, params: {" +
           dim +
           "}}\nconnections:\n  - {from_layer: 0, to_layer: 0, mode: spike, connection_type: fixed_indegree, params: "
           "{weight: 1, allow_self_connections: false, " +
           words + "}}\n";
  };
  const auto counts = [&](const std::string& words) {
    return plan_of(one_layer("dim: 30, populations: [10, 20]", words))->connections[0].synapses->count;
  };
  EXPECT_EQ(counts("probability: 1"), (std::vector<double>{9, 20, 10, 19}));
  EXPECT_EQ(counts("indegree: [[9, 20], [10, 19]]"), (std::vector<double>{9, 20, 10, 19}));
  expect_error(one_layer("dim: 10", "indegree: 10"), "from 9 units");
  expect_error(one_layer("dim: 1", "indegree: 5, with_replacement: true"), "allow_self_connections");
  expect_error(one_layer("dim: 10, populations: [4294967286, 20]", "indegree: 5"), "but dim is 10");
}

TEST(Spiking, RefusesWhatItCannotDo) {
  const auto structure = [](const std::string& words) {
    return two_layers("connection_type: fixed_indegree, params: {structure: {type: fixed_indegree, params: {" + words +
                      "}}}");
  };
  expect_error(structure("indegree: 3"), "missing key 'weight'");
  expect_error(structure("weight: 1"), "needs 'indegree'");
  expect_error(structure("indegree: 30, weight: 1"), "with_replacement");
  expect_error(structure("indegree: 3, weight: [1, 2, 3]"), "3 numbers for 2 populations");
  expect_error(structure("indegree: 3, weight: 1, wieght: 2"), "wieght");
  expect_error(structure("indegree: 3, weight: 1, delay: 0.01"), "delay");
  expect_error(structure("indegree: 3, weight: 1, delay_deviation: 1.0e+300"), "below 100000 steps");
  expect_error(structure("indegree: 3, weight: 1, weight_deviation: .inf"), "finite");
  expect_error(structure("indegree: 1000000000, weight: 1, with_replacement: true"), "at most 1e7");
  expect_error(clustered("", "n_clusters: 17"), "do not divide");
  expect_error(clustered("perturbation: {treshold: {params: [1]}}\n"), "threshold");
  expect_error(clustered("arousal: {level: 2}\n"), "level");
  expect_error(
      "simulation: {dt: 0.1, input_type: none, steps: 5}\nlayers: [{layer_id: 0, layer_type: LIF, params: {dim: 3}}]\n"
      "drives: [{to_layer: 1, type: poisson}]\n",
      "there is no layer 1");
  expect_error(
      "simulation: {dt: 0.1, input_type: none, steps: 5}\nlayers: [{layer_id: 0, layer_type: LIF, params: {dim: 3}}]\n"
      "drives: [{to_layer: 0, type: noise}]\n",
      "there is no drive");
  expect_error(
      "simulation: {dt: 0.1, input_type: none, steps: 5}\nlayers: [{layer_id: 0, layer_type: LIF, params: {dim: 3}}]\n"
      "drives: [{to_layer: 0, type: poisson, rate: -8}]\n",
      "give 0 or more");
  expect_error(
      "simulation: {dt: 0.1, input_type: none, steps: 5}\nlayers: [{layer_id: 0, layer_type: LIF, params: {dim: 3}}]\n"
      "drives: [{to_layer: 0, type: constant, value: 1, weight: 3}]\n",
      "no use for 'weight'");
  expect_error(
      "simulation: {dt: 0.1}\nlayers: [{layer_id: 0, layer_type: LIF, params: {dim: 3}}]\n"
      "drives: [{to_layer: 0, type: poisson}]\n",
      "input_type: none");
}

}  // namespace
}  // namespace dynode

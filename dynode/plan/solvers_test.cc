// Solvers of dendrites: what they accept, what they refuse, what runs. That PS and PARARNN give the numbers of forward
// Euler is on the golden shelf.
#include <gtest/gtest.h>
#include <sstream>

#include "dynode/base/failure_test.h"
#include "dynode/plan/plan.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

std::string described(const std::string& params, const std::string& connections = "", const std::string& type = "SingleDendrite") {
  return describe(*compile(read_spec(parse_yaml("layers:\n  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}\n  - {layer_id: 1, layer_type: " +
                                                type + ", params: {dim: 2, " + params + "}}\nconnections:\n" +
                                                "  - {from_layer: 0, to_layer: 1, connection_type: dense}\n" + connections, "net.yaml"))));
}

std::string refusal(const std::string& params, const std::string& connections = "", const std::string& type = "SingleDendrite") {
  return failure([&] { described(params, connections, type); });
}

void expect_in(const std::string& part, const std::string& text) { EXPECT_NE(text.find(part), std::string::npos) << part << "\nnot in\n" << text; }

const std::string kLoop = "  - {from_layer: 1, to_layer: 1, connection_type: ";

/// Lines of a table cell joined again.
std::string joined(const std::string& text) {
  std::istringstream words(text);
  std::string        all;
  for (std::string word; words >> word;) all += word + " ";
  return all;
}

TEST(Solvers, SayWhatRuns) {
  expect_in("solver PS: walked step by step like FE, same numbers", joined(described("solver: PS, source_func: Tanh")));
  expect_in("solver pararnn: walked step by step like FE, same numbers", joined(described("solver: pararnn")));
  EXPECT_EQ(described("solver: FE").find("solver"), std::string::npos);
}

TEST(Solvers, OfScansTakeNeitherCurrentNorLoops) {
  expect_in("net.yaml:3:72 layers[1].params.solver: solver PS needs a source function of flux alone, and RateArray reads the current",
            refusal("solver: PS"));
  expect_in("cannot take the connection 1 to itself", refusal("solver: PS, source_func: ReLU", kLoop + "one_to_one}\n"));
}

TEST(Solvers, OfNewtonTakeLoopsOfAUnitToItselfAlone) {
  EXPECT_EQ(refusal("solver: PARARNN", kLoop + "one_to_one}\n"), "no error");
  EXPECT_EQ(refusal("solver: PARARNN", kLoop + "dense, params: {init: custom, weights: [0.1, 1.0e-9, 0, 0.2]}}\n"), "no error");
  expect_in("it has weights off its diagonal", refusal("solver: PARARNN", kLoop + "dense}\n"));
  expect_in("whose weights are circuits", refusal("solver: PARARNN", kLoop + "one_to_one, mode: WICC}\n"));
}

TEST(Solvers, OfMultipliersAreEuler) {
  EXPECT_EQ(refusal("solver: fe", "", "MultiplierWICC"), "no error");
  expect_in("MultiplierNOCC has no solver 'PS'\n  there is: FE (forward Euler)", refusal("solver: PS", "", "MultiplierNOCC"));
  expect_in("there is no solver 'RK4'", refusal("solver: RK4"));
  expect_in("there are: FE, PS, PARARNN", refusal("solver: RK4"));
}

}  // namespace
}  // namespace dynode

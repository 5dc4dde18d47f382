// What people are shown works: the networks and trainings of examples/, the networks printed in README.md and docs/.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <gtest/gtest.h>
#include <regex>

#include "dynode/io/file.h"
#include "dynode/learn/config.h"
#include "dynode/models/model.h"
#include "dynode/models/robustness.h"
#include "dynode/plan/spiking.h"
#include "dynode/spec/yaml.h"

namespace dynode {
namespace {

namespace fs = std::filesystem;

const std::string kRoot = DYNODE_SOURCE_DIR "/";

std::vector<std::string> files(const std::string& folder, const std::vector<std::string>& endings) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot + folder))
    if (std::count(endings.begin(), endings.end(), entry.path().extension())) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

/// It is understood without a warning and gives finite numbers.
void expect_runs(Model model) {
  EXPECT_EQ(model.plan().warnings, std::vector<std::string>{});
  EXPECT_NE(describe(model.plan()), "");
  if (model.plan().spiking) {
    double synapses = 0;
    for (const ConnectionPlan& c : model.plan().connections) synapses += c.synapses ? c.synapses->expected() : 0;
    if (synapses > 2e7) return;   // understood is enough
    EXPECT_GT(model.simulate({.steps = 500}).at("spikes/0").shape[0], 10);
    return;
  }
  const auto  units = int64_t(model.plan().input_width());
  const Array ones{{2, 20, units}, std::vector<float>(size_t(2 * 20 * units), 1)};
  for (double y : model.simulate(ones).at("output").as_double()) ASSERT_TRUE(std::isfinite(y));
}

TEST(Examples, NetworksRun) {
  int networks = 0;
  for (const std::string& path : files("examples", {".yaml"})) {
    SCOPED_TRACE(path);
    if (!load_value(path).find("layers")) continue;
    EXPECT_NO_THROW(expect_runs(Model::load(path)));
    ++networks;
  }
  EXPECT_GE(networks, 7);
}

TEST(Examples, TrainingsNameNetworksThatHaveGradients) {
  int trainings = 0;
  for (const std::string& path : files("examples", {".yaml"})) {
    SCOPED_TRACE(path);
    const Value file = load_value(path);
    if (file.find("layers") || file.find("experiments")) continue;
    const TrainConfig config = load_train_config(path);
    EXPECT_EQ(config.warnings, std::vector<std::string>{});
    std::vector<std::string> networks = {config.model.architecture_yaml};
    for (const YardstickConfig& yardstick : config.yardsticks) networks.push_back(yardstick.architecture_yaml);
    for (const std::string& network : networks) {
      Model         model = Model::load(config.resolve(network));
      const int64_t units = int64_t(model.plan().input_width());
      const Array   ones{{2, 6, units}, std::vector<float>(size_t(12 * units), 1)};
      const int64_t outputs = model.simulate(ones).at("output").shape.back();
      const auto    gradient =
          model.gradient(ones, {{.loss = "mse", .target = Array{{2, outputs}, std::vector<float>(size_t(2 * outputs))},
                                 .pooling = "mean"}});
      EXPECT_TRUE(std::isfinite(gradient.loss));
    }
    ++trainings;
  }
  EXPECT_GE(trainings, 4);
}

TEST(Examples, StudiesAreUnderstood) {
  int studies = 0;
  for (const std::string& path : files("examples", {".yaml"})) {
    SCOPED_TRACE(path);
    if (!load_value(path).find("experiments")) continue;
    EXPECT_NO_THROW(read_robustness_config(load_value(path)));
    ++studies;
  }
  EXPECT_GE(studies, 1);
}

TEST(Documents, NetworksInThemRun) {
  std::vector<std::string> documents = files("docs", {".md"});
  documents.push_back(kRoot + "README.md");
  int networks = 0;
  for (const std::string& path : documents) {
    const std::string text = read_file(path);
    for (size_t begin = 0; (begin = text.find("```yaml\n", begin)) != text.npos;) {
      begin += 8;
      const std::string yaml = text.substr(begin, text.find("```", begin) - begin);
      if (yaml.find("layers:") == yaml.npos) continue;   // a piece of one
      SCOPED_TRACE(path + "\n" + yaml);
      EXPECT_NO_THROW(expect_runs(Model::from_spec(read_spec(parse_yaml(yaml, "net.yaml")))));
      ++networks;
    }
  }
  EXPECT_GE(networks, 2);
}

TEST(Documents, ExamplesTheyNameExist) {
  std::vector<std::string> documents = files("docs", {".md"});
  for (const std::string& path : files("examples", {".md", ".yaml", ".py"})) documents.push_back(path);
  documents.push_back(kRoot + "README.md");
  const std::regex example("examples/[a-z_]+/[a-z_]+\\.(yaml|py)");
  int              named = 0;
  for (const std::string& path : documents) {
    const std::string text = read_file(path);
    for (std::sregex_iterator m(text.begin(), text.end(), example), end; m != end; ++m, ++named)
      EXPECT_TRUE(fs::exists(kRoot + m->str())) << path << " names " << m->str();
  }
  EXPECT_GE(named, 8);
}

}  // namespace
}  // namespace dynode

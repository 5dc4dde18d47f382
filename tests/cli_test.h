// The tool `dynode` as a user drives it, for tests of its verbs: a folder with a few files, and the tool in it.
#pragma once
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <signal.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

#include "dynode/io/file.h"
#include "dynode/io/npz.h"

namespace dynode {

namespace fs = std::filesystem;

inline bool says(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }
#define EXPECT_SAYS(text, part) EXPECT_PRED2(says, text, part)

/// How a call of the tool ended.
struct Outcome {
  int         code = -1;  // exit code; 128 + signal if it was killed
  std::string out, err;
};

/// A running tool.
class Process {
 public:
  Process(const std::string& folder, const std::vector<std::string>& words) : folder_(folder) {
    child_ = ::fork();
    if (child_ != 0) return;
    if (::chdir(folder.c_str()) != 0) ::_exit(126);
    for (const auto& [name, to] : {std::pair("out.txt", 1), std::pair("err.txt", 2)})
      ::dup2(::open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644), to);
    std::vector<char*> arguments{const_cast<char*>(DYNODE_CLI)};
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    ::execv(DYNODE_CLI, arguments.data());
    ::_exit(127);
  }

  void interrupt() const { ::kill(child_, SIGINT); }

  Outcome wait() const {
    int status = 0;
    ::waitpid(child_, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_file(folder_ + "/out.txt"),
            read_file(folder_ + "/err.txt")};
  }

 private:
  std::string folder_;
  pid_t       child_;
};

/// Words of a command line, separated by spaces; 'a b' is one word.
inline std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream       in(line);
  for (std::string word; in >> word;) {
    while (word[0] == '\'' && (word.size() == 1 || word.back() != '\'')) {
      std::string more;
      in >> more;
      word += " " + more;
    }
    words.push_back(word[0] == '\'' ? word.substr(1, word.size() - 2) : word);
  }
  return words;
}

inline constexpr const char* kDendrites = R"(simulation: {dt: 37, network_evaluation_method: stepwise_gauss_seidel}
layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 3}}
  - {layer_id: 1, layer_type: SingleDendrite, params: {dim: 4, gamma_plus: 0.01, gamma_minus: 0.01}}
  - {layer_id: 2, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense}
  - {from_layer: 1, to_layer: 1, connection_type: sparse, params: {structure: {type: sparse, params: {sparsity: 0.5}}}}
  - {from_layer: 1, to_layer: 2, connection_type: dense}
)";

// one Linear layer behind the input: its output is W x
inline constexpr const char* kProduct = R"(layers:
  - {layer_id: 0, layer_type: Linear, params: {dim: 2}}
  - {layer_id: 1, layer_type: Linear, params: {dim: 2}}
connections:
  - {from_layer: 0, to_layer: 1, connection_type: dense, params: {bias: zero}}
)";

inline constexpr const char* kTraining = R"(name: small
seed: 3
data: {format: npz, data_path: data.npz, val_split: 0.2, test_split: 0.2}
model: {architecture_yaml: net.yaml, time_pooling: {name: final}}
training:
  batch_size: 20
  max_epochs: 3
  optimizer: {name: adamw, lr: 5.0e-2}
  loss: {losses: [{name: cross_entropy}]}
logging: {project_dir: runs, metrics: [accuracy]}
)";

/// A folder with a few files, and the tool in it.
class Cli : public testing::Test {
 protected:
  Cli() {
    std::string name = (fs::temp_directory_path() / "dynode-cli-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    folder_ = name;
    write("net.yaml", kDendrites);
    write("product.yaml", kProduct);
    write("train.yaml", kTraining);

    std::vector<float> x;
    for (int i = 0; i < 5 * 6 * 3; ++i) x.push_back(0.1f * float(i % 7) - 0.2f);
    write_npy("x.npy", {{5, 6, 3}, x});
    write_npy("x2.npy", {{1, 2, 2}, std::vector<float>{1, 2, 3, 4}});
  }
  ~Cli() override {
    std::error_code none;
    fs::remove_all(folder_, none);
  }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void        write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  void        write_npy(const std::string& name, const Array& array) const { write(name, npy_bytes(array)); }
  void        write_npz(const std::string& name, const std::vector<Npz::Entry>& arrays) const {
           write(name, npz_bytes(arrays));
  }
  bool has(const std::string& name) const { return fs::exists(path(name)); }

  Outcome run(const std::string& line) const { return Process(folder_, words_of(line)).wait(); }
  Outcome good(const std::string& line) const {
    const Outcome outcome = run(line);
    EXPECT_EQ(outcome.code, 0) << "dynode " << line << "\n" << outcome.err;
    return outcome;
  }

  /// Two classes, told apart by the sign of the first channel.
  void write_data(int rows) const {
    std::vector<float>   x;
    std::vector<int64_t> y;
    for (int row = 0; row < rows; ++row) {
      y.push_back(row * 7 % 3 == 0);
      for (int step = 0; step < 5; ++step)
        for (int channel = 0; channel < 3; ++channel)
          x.push_back(channel == 0 ? (y.back() ? 0.5f : -0.5f) : 0.1f * float((row + step * channel) % 5));
    }
    write_npz("data.npz", {{"x", {{rows, 5, 3}, x}}, {"y", {{rows}, y}}});
  }

  std::string folder_;
};

}  // namespace dynode

// dynode doctor: what this build and this machine have, and what to do about what is missing.
#include <CLI/Version.hpp>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "dynode/base/display.h"
#include "dynode/base/text.h"
#include "dynode/base/version.h"
#include "dynode/circuits/squid.h"
#include "dynode/cli/verb.h"
#include "dynode/io/crc32c.h"
#include "dynode/io/idx.h"
#include "dynode/kernels/isa.h"
#include "dynode/sources/default_rate_table.h"

namespace dynode::cli {
namespace {

constexpr const char* kDataFolder = "/usr/share/datasets/fashion-mnist";

int troubles = 0;

void line(const char* name, const std::string& text) {
  bool first = true;
  for (const std::string& part : wrapped(text, kDisplayWidth - 21)) {
    fmt::print("  {:<17}  {}\n", first ? name : "", part);
    first = false;
  }
}

void trouble(const char* name, const std::string& what, const std::string& way_out) {
  ++troubles;
  line(name, "! " + what);
  line("", "  " + way_out);
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string text; std::getline(file, text);)
    if (text.starts_with("model name") && text.find(':') != text.npos) return trim(text.substr(text.find(':') + 1));
  return "unknown";
}

/// Files of shared libraries this process runs with: libz.so.1.2.13, …; empty where the system does not tell.
std::vector<std::string> shared_libraries() {
  std::set<std::string> names;
  std::ifstream         file("/proc/self/maps");
  for (std::string text; std::getline(file, text);) {
    const size_t slash = text.rfind('/');
    if (slash == text.npos) continue;
    const std::string name = text.substr(slash + 1);
    for (const char* ours : {"libfmt", "libhwy", "libyaml", "libzip", "libz.so"})
      if (name.starts_with(ours)) names.insert(name);
  }
  return {names.begin(), names.end()};
}

/// The built-in table against the circuit it was made from, at three of its currents.
double table_error() {
  double worst = 0;
  for (size_t row : {40, 100, 160}) {
    TableGrid grid;
    grid.ib_first += double(row) * grid.ib_step;
    grid.ib_count               = 1;
    grid.phi_step               = 0.0125;
    grid.phi_count              = 41;
    const std::vector<double> g = squid_table({}, grid);
    for (size_t i = 0; i < grid.phi_count; ++i)
      worst = std::max(worst, std::abs(g[i] - double(default_rate_table()[row * kDefaultTableSize + 5 * i])));
  }
  return worst;
}

void check_instruction_set() {
  const char* wish = std::getenv("DYNODE_ISA");
  try {
    apply_isa_override();
    line("instruction set",
         fmt::format("{} of {}{}", isa_name(), join(isa_names()), wish && *wish ? ", chosen by DYNODE_ISA" : ""));
    if (isa_name() == "scalar" || isa_name() == "emu128")
      trouble("", "no vector instructions are used",
              "expect runs to take ten times as long; unset DYNODE_ISA, or use another processor");
  } catch (const SpecError& error) {
    const std::string what = error.what();
    trouble("instruction set", what.substr(0, what.find('\n')),
            fmt::format("unset the environment variable DYNODE_ISA, or set it to one of {}", join(isa_names())));
    ::unsetenv("DYNODE_ISA");  // so that the other checks can run
  }
}

void check_table() {
  const float*      g   = default_rate_table();
  const std::string sum = fmt::format(
      "crc32c {:08x}", crc32c({reinterpret_cast<const char*>(g), kDefaultTableSize * kDefaultTableSize * 4}));
  const double off = table_error();
  if (off < 1e-4)
    line("rate table", fmt::format("built in, {0} × {0} values, {1}, agrees with the circuit to {2:.1g}",
                                   kDefaultTableSize, sum, off));
  else
    trouble("rate table", fmt::format("differs from the circuit by {:.2g} ({})", off, sum),
            "this build computes wrong numbers here; try DYNODE_ISA=scalar, and report it");
}

void check_data() {
  try {
    const ImageSet train = load_image_set(kDataFolder, ImagePart::train),
                   test  = load_image_set(kDataFolder, ImagePart::test);
    line("Fashion-MNIST",
         fmt::format("{} training and {} test images in {}", grouped(train.count), grouped(test.count), kDataFolder));
  } catch (const Error& error) {
    std::string what = error.what();
    trouble("Fashion-MNIST", what.substr(0, what.find('\n')),
            "the demo needs it: sudo apt install dataset-fashion-mnist");
  }
}

void run() {
  troubles = 0;
  fmt::print("dynode {}\n\n", kVersion);
  line("processor", processor());
  check_instruction_set();
  line("threads", fmt::format("{}, what --threads 0 uses", std::max(1u, std::thread::hardware_concurrency())));
#if defined(__clang__)
  line("compiler", fmt::format("clang {}.{}", __clang_major__, __clang_minor__));
#elif defined(__GNUC__)
  line("compiler", fmt::format("g++ {}.{}", __GNUC__, __GNUC_MINOR__));
#endif
#if defined(__OPTIMIZE__)
  line("build", "optimised");
#else
  trouble("build", "not optimised, for the debugger",
          "for speed: cmake --preset release && cmake --build --preset release");
#endif
  line("libraries", fmt::format("nlohmann json {}.{}.{}, CLI11 {}, fmt {}.{}.{}", NLOHMANN_JSON_VERSION_MAJOR,
                                NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH, CLI11_VERSION,
                                FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100));
  if (const auto shared = shared_libraries(); !shared.empty()) line("", join(shared));
  check_table();
  check_data();
  if (troubles == 0) fmt::print("\nnothing is missing\n");
  else fmt::print("\n{} thing{} to look at, marked with !\n", troubles, troubles == 1 ? "" : "s");
}

}  // namespace

Verb doctor_verb(Command& tool) {
  Command verb = tool.add_subcommand("doctor", "check this machine and this build, and say what is missing");
  verb.footer("");   // not that of the tool
  return {verb, run};
}

}  // namespace dynode::cli

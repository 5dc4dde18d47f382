// dynode export: a network as code for machines that have a compiler and nothing else.
#include <filesystem>
#include <fmt/format.h>

#include "dynode/base/display.h"
#include "dynode/cli/options.h"
#include "dynode/cli/verb.h"
#include "dynode/io/file.h"
#include "dynode/models/export_c.h"

namespace dynode::cli {
namespace {

struct Settings {
  std::string              language, model, output, name, weights, dtype = "float32";
  std::vector<std::string> set;
};

/// The name of the code: what was asked for, else that of the file it goes to, else that of the network.
std::string name_of(const Settings& s) {
  if (!s.name.empty()) return s.name;
  const auto        stem = [](const std::string& path) { return std::filesystem::path(path).stem().string(); };
  const std::string text = c_identifier(s.output.ends_with(".c") ? stem(s.output) : stem(s.model));
  return text[0] == '_' ? "net" + text : text;
}

void run(const Settings& s) {
  if (s.language != "c")
    throw SpecError({}, fmt::format("networks are exported to c, not to '{}'", s.language),
                    "write: dynode export c MODEL; other files of networks are written by dynode convert");
  if (s.dtype != "float32" && s.dtype != "float64")
    throw SpecError({.path = "--dtype"}, fmt::format("there is no '{}'", s.dtype), "there are: float32, float64");
  const std::string name   = name_of(s);
  std::string       source = s.output.empty() ? name + ".c" : s.output;
  if (std::filesystem::is_directory(source)) source = (std::filesystem::path(source) / (name + ".c")).string();
  check_writable(source, "C sources", "net.c");
  const auto  folder = std::filesystem::path(source).parent_path();
  std::string header = (folder / (name + ".h")).string();  // as the source includes it

  Model model = load_model(s.model, s.set, {s.dtype == "float64" ? Precision::float64 : Precision::float32, 1, {}});
  if (!s.weights.empty()) model.load_parameters(s.weights);
  const CCode code = export_c(model, name);
  try {
    write_file(header, code.header);
    write_file(source, code.source);
  } catch (const IoError& error) { throw Failure(error.what()); }

  fmt::print("{}\n", source);
  const auto line = [](const char* what, const std::string& text) { fmt::print("  {:<10}  {}\n", what, text); };
  line("header", header);
  line("functions",
       fmt::format("{}_start, {}_step{}", name, name,
                   code.header.find("_step_span(") == code.header.npos ? "" : fmt::format(", {}_step_span", name)));
  line("constants", with_prefix(double(code.constant_bytes), "B"));
  line("state", with_prefix(double(code.state_bytes), "B"));
  line("stack", fmt::format("{} of arrays in a step", with_prefix(double(code.stack_bytes), "B")));
  for (const std::string& note : code.notes) line("note", note);
  fmt::print("cc -std=c99 -O2 -c {}\n", source);
}

}  // namespace

Verb export_verb(Command& tool) {
  const auto s    = std::make_shared<Settings>();
  Command    verb = tool.add_subcommand("export", "write a step of a network as a function of C99, free of dependencies");
  verb.add_option("language", s->language, "the language: C99").type_name("c").required();
  verb.add_option("model", s->model, kNetworkHelp).type_name("MODEL").required();
  verb.add_option("--output", s->output, "source to write, its header beside it; or a folder for both")
      .type_name("DIR/net.c");
  verb.add_option("--name", s->name, "prefix of all names in the code (default: that of the file)").type_name("NAME");
  verb.add_option("--weights", s->weights, "parameters to set first").type_name("FILE.npz|MODEL");
  verb.add_option("--dtype", s->dtype, "float32 or float64 (default float32)").type_name("TYPE");
  add_set(verb, s->set, "simulation.dt=10");
  verb.footer(
      "dynode export c runs/fashion_dendrites/checkpoints/best.dynode --output net.c\n"
      "dynode export c net.yaml --dtype float64 --output src/ --name controller");
  return {verb, [s] { run(*s); }};
}

}  // namespace dynode::cli

// The tool `dynode`: reads the command line, runs one verb, and turns errors into messages and exit codes.
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <fmt/format.h>
#include <new>
#include <sstream>
#include <unistd.h>

#include "dynode/base/display.h"
#include "dynode/base/text.h"
#include "dynode/base/version.h"
#include "dynode/cli/help.h"
#include "dynode/cli/verb.h"

namespace dynode::cli {
namespace {

enum ExitCode { done = 0, failed = 1, bad_input = 2 };

/// The message on stderr; on a terminal long lines are broken at spaces, elsewhere they stay as they are.
int complain(const std::string& text, ExitCode code) {
  std::fflush(stdout);
  std::istringstream lines("error: " + text);
  for (std::string line; std::getline(lines, line);) {
    const std::string indent(std::min(line.find_first_not_of(' '), line.size()), ' ');
    const size_t      width = ::isatty(STDERR_FILENO) ? kDisplayWidth - 4 : std::string::npos;
    bool              first = true;
    for (const std::string& part : width == std::string::npos ? std::vector{line} : wrapped(line, width)) {
      fmt::print(stderr, "{}{}\n", width == std::string::npos ? "" : first ? indent : indent + "  ", part);
      first = false;
    }
  }
  return code;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* o : app.get_options([](const CLI::Option* o) { return !o->get_lnames().empty(); }))
    names.push_back("--" + o->get_lnames()[0]);
  return names;
}

/// Words that no option took, as an error with a suggestion; nothing if there are none.
void refuse_leftovers(const CLI::App& tool, const std::vector<Verb>& verbs) {
  std::vector<std::string> names;
  for (const Verb& verb : verbs) names.push_back(verb.app->get_name());
  const CLI::App* used = nullptr;
  for (const Verb& verb : verbs)
    if (verb.app->parsed()) used = verb.app;
  const std::vector<std::string> left = used ? used->remaining() : tool.remaining();
  if (left.empty()) return;
  const std::string& word = left[0];
  const std::string  help = fmt::format("dynode{} --help explains more", used ? " " + used->get_name() : "");
  if (word.starts_with("-")) {
    const std::string option = word.substr(0, word.find('='));
    throw SpecError({}, fmt::format("{} has no option '{}'", used ? "dynode " + used->get_name() : "dynode", option),
                    did_you_mean(option, option_names(used ? *used : tool)));
  }
  if (!used) throw SpecError({}, fmt::format("there is no verb '{}'", word), did_you_mean(word, names, "there are"));
  throw SpecError({}, fmt::format("dynode {} has no use for '{}'", used->get_name(), word),
                  word.find('=') == word.npos ? help : "every assignment needs its own --set");
}

/// What CLI11 complains about, in our words.
std::string parse_problem(const CLI::ParseError& error) {
  const std::string text = error.what();
  if (const size_t end = text.find(" is required"); end != text.npos) {
    std::string name = text.substr(0, end);
    if (!name.starts_with("-"))
      std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
    return name + " is missing";
  }
  if (const size_t end = text.find(": 1 required "); end != text.npos)  // "--input: 1 required FILE missing"
    return fmt::format("{} needs a value: {}", text.substr(0, end), text.substr(end + 13, text.rfind(' ') - end - 13));
  return text;
}

int run(int argc, char** argv) {
  CLI::App tool(
      "dynode simulates and trains networks that live in time: superconducting dendrites,\n"
      "continuous-time rate units, gated and liquid units, spiking neurons. You describe a network\n"
      "in a page of YAML.");
  tool.name("dynode");
  tool.formatter(std::make_shared<HelpText>());
  tool.set_help_flag("-h,--help", "show this help");
  tool.set_version_flag("--version", fmt::format("dynode {}", kVersion), "show the version");
  tool.footer(
      "dynode doctor                                           is everything there?\n"
      "dynode info net.yaml                                    what does this network mean?\n"
      "dynode simulate net.yaml --input x.npy --output out.npz\n"
      "dynode train examples/fashion_dendrites/train.yaml");
  const std::vector<Verb> verbs = {info_verb(tool), simulate_verb(tool), init_verb(tool), train_verb(tool), resume_verb(tool),
                                   evaluate_verb(tool), report_verb(tool), reproduce_verb(tool), robustness_verb(tool),
                                   analyze_verb(tool), quantize_verb(tool), prune_verb(tool), convert_verb(tool), export_verb(tool),
                                   spiking_verb(tool), mean_field_verb(tool), tasks_verb(tool), signal_verb(tool),
                                   rate_table_verb(tool), units_verb(tool), doctor_verb(tool)};
  tool.allow_extras();
  for (const Verb& verb : verbs) verb.app->allow_extras();

  try {
    tool.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    const auto used = tool.get_subcommands();
    fmt::print("{}", (used.empty() ? tool : *used[0]).help());
    return done;
  } catch (const CLI::CallForVersion&) {
    fmt::print("dynode {}\n", kVersion);
    return done;
  } catch (const CLI::ParseError& error) {
    refuse_leftovers(tool, verbs);
    const auto used = tool.get_subcommands();
    return complain(fmt::format("{}\n  dynode {} --help explains more", parse_problem(error),
                                used.empty() ? "" : used[0]->get_name()),
                    bad_input);
  }
  refuse_leftovers(tool, verbs);
  for (const Verb& verb : verbs) {
    if (!verb.app->parsed()) continue;
    verb.run();
    return done;
  }
  fmt::print(stderr, "{}", tool.help());
  return bad_input;
}

}  // namespace
}  // namespace dynode::cli

int main(int argc, char** argv) {
  using namespace dynode;
  using namespace dynode::cli;
  try {
    return run(argc, argv);
  } catch (const Failure& error) { return complain(error.what(), failed); } catch (const NumericsError& error) {
    return complain(error.what(), failed);
  } catch (const Error& error) { return complain(error.what(), bad_input); } catch (const std::bad_alloc&) {
    return complain("not enough memory\n  fewer rows at once, fewer recorded arrays or --dtype float32 need less",
                    failed);
  } catch (const std::exception& error) {
    return complain(
        fmt::format("{}\n  this is a defect of dynode, please report it with the command you used", error.what()),
        failed);
  }
}

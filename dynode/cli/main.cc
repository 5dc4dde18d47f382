// The tool `dynode`: reads the command line, runs one verb, and turns errors into messages and exit codes.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fmt/format.h>
#include <new>
#include <sstream>
#include <unistd.h>

#include "dynode/base/display.h"
#include "dynode/base/text.h"
#include "dynode/base/version.h"
#include "dynode/cli/command.h"
#include "dynode/cli/help.h"
#include "dynode/cli/verb.h"

namespace dynode::cli {
namespace {

enum ExitCode { done = 0, failed = 1, bad_input = 2 };

/// What files hold may be anything; control characters do not reach the terminal.
std::string shown(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if ((code < 32 && c != '\n') || code == 127) out += fmt::format("\\x{:02x}", code);
    else out += c;
  }
  return out;
}

/// The message on stderr; on a terminal long lines are broken at spaces, elsewhere they stay as they are.
int complain(const std::string& text, ExitCode code) {
  std::fflush(stdout);
  std::istringstream lines("error: " + shown(text));
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

std::vector<std::string> option_names(const Command& command) {
  std::vector<std::string> names;
  for (const Option& o : command.options())
    if (!o.long_name().empty()) names.push_back(o.long_name());
  return names;
}

/// Words that no option took, as an error with a suggestion; nothing if there are none.
void refuse_leftovers(const Tool& tool, const std::vector<Verb>& verbs) {
  std::vector<std::string> names;
  for (const Verb& verb : verbs) names.push_back(verb.command.name());
  const Command* used = nullptr;
  for (const Verb& verb : verbs)
    if (verb.command.parsed()) used = &verb.command;
  const std::vector<std::string> left = used ? used->remaining() : tool.remaining();
  if (left.empty()) return;
  const std::string& word = left[0];
  const std::string  help = fmt::format("dynode{} --help explains more", used ? " " + used->name() : "");
  if (word.starts_with("-")) {
    const std::string option = word.substr(0, word.find('='));
    throw SpecError({}, fmt::format("{} has no option '{}'", used ? "dynode " + used->name() : "dynode", option),
                    did_you_mean(option, option_names(used ? *used : tool)));
  }
  if (!used) throw SpecError({}, fmt::format("there is no verb '{}'", word), did_you_mean(word, names, "there are"));
  throw SpecError({}, fmt::format("dynode {} has no use for '{}'", used->name(), word),
                  word.find('=') == word.npos ? help : "every assignment needs its own --set");
}

int run(int argc, char** argv) {
  const std::string version = fmt::format("dynode {}", kVersion);
  Tool              tool(
      "dynode",
      "dynode simulates and trains networks that live in time: superconducting dendrites,\n"
      "continuous-time rate units, gated and liquid units, spiking neurons. You describe a network\n"
      "in a page of YAML.",
      version);
  tool.footer(
      "dynode doctor                                           is everything there?\n"
      "dynode info net.yaml                                    what does this network mean?\n"
      "dynode simulate net.yaml --input x.npy --output out.npz\n"
      "dynode train examples/fashion_dendrites/train.yaml");
  const std::vector<Verb> verbs = {info_verb(tool), simulate_verb(tool), init_verb(tool), train_verb(tool), resume_verb(tool),
                                   evaluate_verb(tool), report_verb(tool), reproduce_verb(tool), robustness_verb(tool),
                                   search_verb(tool), analyze_verb(tool), quantize_verb(tool), prune_verb(tool),
                                   convert_verb(tool), export_verb(tool), spiking_verb(tool), mean_field_verb(tool), tasks_verb(tool), signal_verb(tool),
                                   rate_table_verb(tool), units_verb(tool), doctor_verb(tool)};

  // dynode sweep: dynode spiking sweep
  std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words[0] == "sweep") words.insert(words.begin(), "spiking");

  const Asked                asked = tool.parse(std::move(words));
  const std::vector<Command> used  = tool.parsed_subcommands();
  if (asked.help) {
    fmt::print("{}", help_text(used.empty() ? tool : used[0]));
    return done;
  }
  if (asked.version) {
    fmt::print("{}\n", version);
    return done;
  }
  refuse_leftovers(tool, verbs);
  if (!asked.problem.empty())
    return complain(fmt::format("{}\n  dynode {} --help explains more", asked.problem, used.empty() ? "" : used[0].name()),
                    bad_input);
  for (const Verb& verb : verbs) {
    if (!verb.command.parsed()) continue;
    verb.run();
    return done;
  }
  fmt::print(stderr, "{}", help_text(tool));
  return bad_input;
}

}  // namespace
}  // namespace dynode::cli

int main(int argc, char** argv) {
  using namespace dynode;
  using namespace dynode::cli;
  std::signal(SIGXFSZ, SIG_IGN);   // files that grow too large are errors of writing, with the place
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

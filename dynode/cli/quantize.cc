// dynode quantize: a copy of a network whose weights are levels of a codebook.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <set>

#include "dynode/base/display.h"
#include "dynode/base/text.h"
#include "dynode/cli/options.h"
#include "dynode/cli/verb.h"

namespace dynode::cli {
namespace {

struct Settings {
  std::string              model, output;
  std::vector<std::string> set, connections;
  size_t                   bits = 0, levels = 0, seed = 0;
  double                   low = 0, high = 0;
  bool                     learnable_only = false, stochastic = false, bits_given = false, levels_given = false;
};

std::string number(double x) { return fmt::format("{:.3g}", x); }

void run(const Settings& s) {
  check_writable(s.output, "networks", "quantised.dynode");
  const auto given = [](bool is, size_t n) { return is ? std::optional<int64_t>(int64_t(n)) : std::nullopt; };
  const Quantisation quantisation{
      .codebook    = codebook_of(given(s.bits_given, s.bits), given(s.levels_given, s.levels), s.low, s.high),
      .connections = s.connections,
      .fixed_too   = !s.learnable_only};

  const Model        model  = load_model(s.model, s.set, {.precision = Precision::float64});
  const ParameterMap& map   = model.plan().parameters;
  const Model         snapped =
      model.quantised(quantisation, s.stochastic ? std::optional(RoundingDraw{s.seed, 0}) : std::nullopt);
  try {
    snapped.save(s.output);
  } catch (const IoError& error) { throw Failure(error.what()); }

  std::vector<std::string> book;
  for (double x : quantisation.codebook) book.push_back(number(x));
  if (book.size() > 9) book.erase(book.begin() + 4, book.end() - 4), book.insert(book.begin() + 4, "…");
  fmt::print("{} levels: {}\n\n", quantisation.codebook.size(), join(book, " "));
  DisplayTable table({{"weights"},
                      {"count", true},
                      {"levels in use", true},
                      {"mean change", true},
                      {"largest change", true},
                      {"beyond the ends", true}});
  for (const int i : quantised_blocks(map, quantisation)) {
    const Block&              b      = map[i];
    const std::vector<double> before = model.parameter(b.name).as_double(),
                              after  = snapped.parameter(b.name).as_double();
    std::set<double>          used;
    double                    sum = 0, largest = 0;
    int64_t                   count = 0, beyond = 0;
    for (size_t k = 0; k < before.size(); ++k) {
      if (!b.mask.empty() && !b.mask[k]) continue;
      const double change = std::abs(after[k] - before[k]);
      ++count, sum += change, largest = std::max(largest, change);
      beyond += before[k] < quantisation.codebook.front() || before[k] > quantisation.codebook.back();
      used.insert(after[k]);
    }
    table.add({b.name, grouped(count), grouped(int64_t(used.size())), number(count ? sum / double(count) : 0),
               number(largest), grouped(beyond)});
  }
  fmt::print("{}\nwritten to {}\n", table.empty() ? "  there are no weights to quantise\n" : table.text(), s.output);
}

}  // namespace

Verb quantize_verb(Command& tool) {
  const auto s    = std::make_shared<Settings>();
  Command    verb = tool.add_subcommand("quantize", "round the weights of a network to the levels of a codebook");
  verb.add_option("model", s->model, kNetworkHelp).type_name("MODEL").required();
  Option bits   = add_count(verb, "--bits", s->bits, 0, "2^bits + 1 levels, one of them zero");
  Option levels = add_count(verb, "--levels", s->levels, 1, "so many levels, instead of --bits");
  add_number(verb, "--min", s->low, "lowest level").required();
  add_number(verb, "--max", s->high, "highest level").required();
  verb.add_option("--output", s->output, "where the rounded network goes").type_name("FILE.dynode").required();
  verb.add_option("--connection", s->connections, "only this one, J_0_to_1; may be given several times")
      .type_name("NAME");
  verb.add_flag("--learnable-only", s->learnable_only, "leave connections that are not learnable as they are");
  verb.add_flag("--stochastic", s->stochastic, "one of the two levels around a weight by chance, right in the mean");
  add_count(verb, "--seed", s->seed, 0, "of --stochastic (default 0)");
  add_set(verb, s->set, "simulation.dt=10");
  verb.footer("dynode quantize runs/net/checkpoints/best.dynode --bits 4 --min -0.24 --max 0.24 --output q.dynode");
  return {verb, [s, bits, levels] {
            s->bits_given = bits.count() > 0, s->levels_given = levels.count() > 0;
            run(*s);
          }};
}

}  // namespace dynode::cli

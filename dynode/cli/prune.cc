// dynode prune: a copy of a network without the weights that matter least.
#include <fmt/format.h>

#include "dynode/base/display.h"
#include "dynode/base/text.h"
#include "dynode/cli/options.h"
#include "dynode/cli/verb.h"
#include "dynode/io/npy.h"
#include "dynode/kernels/isa.h"
#include "dynode/models/prune.h"

namespace dynode::cli {
namespace {

struct Settings {
  std::string              model, output, saliency = "magnitude", unit = "element", input, target, loss = "mse", pooling = "none", block = "4,4";
  std::vector<std::string> set, connections;
  double                   share = 0, blend = 0;
  size_t                   batch = 32, draws = 8, seed = 1;
  bool                     each = false;
  int                      threads = 0;
};

/// The position of a word.
size_t word(const std::string& option, const std::string& given, const std::vector<std::string>& known) {
  for (size_t i = 0; i < known.size(); ++i)
    if (known[i] == given) return i;
  throw SpecError({.path = option}, fmt::format("there is no '{}'", given), did_you_mean(given, known, "there are"));
}

void run(const Settings& s) {
  apply_isa_override();
  check_writable(s.output, "networks", "pruned.dynode");
  Pruning how{.share = s.share, .each = s.each, .blend = s.blend, .connections = s.connections, .batch = s.batch,
              .draws = int(s.draws), .seed = s.seed};
  how.saliency = Saliency(word("--saliency", s.saliency, {"magnitude", "fisher", "hessian"}));
  how.unit     = PruneUnit(word("--unit", s.unit, {"element", "row", "column", "block"}));
  const std::vector<double> block = number_list("--block", s.block, ',', "rows and columns: 4,4");
  if (block.size() != 2 || !(block[0] >= 1 && block[1] >= 1)) throw SpecError({.path = "--block"}, "a block has rows and columns", "give --block 4,4");
  how.block_rows = size_t(block[0]), how.block_columns = size_t(block[1]);
  const bool slopes = how.saliency != Saliency::magnitude;
  if (slopes && s.input.empty()) throw SpecError({.path = "--saliency"}, fmt::format("{} looks at slopes of a loss", s.saliency), "give --input x.npy and --target y.npy");
  if (!slopes && !s.input.empty()) throw SpecError({.path = "--input"}, "means nothing to --saliency magnitude", "give --saliency fisher");

  Model                 model = load_model(s.model, s.set, {.precision = Precision::float64, .threads = s.threads});
  Array                 x;
  std::vector<LossTerm> loss;
  if (slopes) {
    x = load_npy(s.input);
    loss.push_back({.loss = s.loss, .target = s.target.empty() ? Array{} : load_npy(s.target), .pooling = s.pooling});
  }
  const PrunedNetwork pruned = prune(model, how, x, loss);
  try {
    Model::from_stored(pruned.model, {.precision = Precision::float64}).save(s.output);
  } catch (const IoError& error) { throw Failure(error.what()); }
  DisplayTable table({{"weights"}, {"before", true}, {"after", true}, {"left", true}});
  for (const PrunedConnection& c : pruned.connections)
    table.add({c.name, grouped(int64_t(c.before)), grouped(int64_t(c.after)),
               fmt::format("{:.1f} %", c.before ? 100.0 * double(c.after) / double(c.before) : 0)});
  fmt::print("{}\nwritten to {}\n", table.text(), s.output);
}

}  // namespace

Verb prune_verb(Command& tool) {
  const auto s    = std::make_shared<Settings>();
  Command    verb = tool.add_subcommand("prune", "leave out the weights of a network that matter least");
  verb.add_option("model", s->model, kNetworkHelp).type_name("MODEL").required();
  add_number(verb, "--share", s->share, "of the weights there are, that goes: 0.9").required();
  verb.add_option("--output", s->output, "where the network goes").type_name("FILE.dynode").required();
  verb.add_option("--saliency", s->saliency, "magnitude (default), fisher or hessian: what counts").type_name("WORD");
  verb.add_option("--unit", s->unit, "element (default), row, column or block: what goes together").type_name("WORD");
  verb.add_option("--block", s->block, "rows and columns of blocks (default 4,4)").type_name("LIST");
  verb.add_flag("--each", s->each, "this share of each connection, instead of all together");
  add_number(verb, "--blend", s->blend, "fisher, hessian: share of the magnitude (default 0)");
  verb.add_option("--connection", s->connections, "only this one, J_0_to_1; may be given several times").type_name("NAME");
  verb.add_option("--input", s->input, "fisher, hessian: inputs [rows, steps, units]").type_name("X.npy");
  verb.add_option("--target", s->target, "fisher, hessian: classes or values that the loss compares with").type_name("Y.npy");
  verb.add_option("--loss", s->loss, "fisher, hessian: which loss (default mse)").type_name("NAME");
  verb.add_option("--pooling", s->pooling, "fisher, hessian: from outputs of all steps to one (default none)").type_name("NAME");
  add_count(verb, "--batch", s->batch, 1, "rows per slope (default 32)");
  add_count(verb, "--draws", s->draws, 1, "hessian: random signs per batch (default 8)");
  add_count(verb, "--seed", s->seed, 0, "of the signs (default 1)");
  add_set(verb, s->set, "simulation.dt=10");
  add_threads(verb, s->threads);
  verb.footer("dynode prune best.dynode --share 0.9 --output small.dynode\n"
              "dynode prune n.dynode --share 0.8 --saliency fisher --input x.npy --target y.npy --output p.dynode");
  return {verb, [s] { run(*s); }};
}

}  // namespace dynode::cli

// Solvers of dendrites, words of people's files. FE, PS (parallel scan) and PARARNN (Newton iterations over the whole
// sequence) are ways to the same numbers, those of forward Euler; here the steps are walked one by one whichever is
// written, with exact gradients. What a solver cannot do in the toolkit is an error here, too.
#include <cmath>
#include <fmt/format.h>

#include "dynode/base/text.h"
#include "dynode/plan/compiler.h"
#include "dynode/sources/source.h"

namespace dynode {
namespace {

/// Entries off the diagonal that count as absent.
constexpr double kNoWeight = 1e-8;

bool is_dendrite(const LayerSpec& spec) {
  const CellEntry* cell = find_cell(spec.layer_type);
  return cell && std::string(cell->name) == "SingleDendrite";
}

}  // namespace

void Compiler::check_solver(const LayerSpec& spec, const CellEntry& cell) {
  const Value* word = spec.params.find("solver");
  if (!word || !cell.source) return;
  const std::vector<std::string> solvers = is_dendrite(spec) ? std::vector<std::string>{"FE", "PS", "PARARNN"}
                                                             : std::vector<std::string>{"FE"};
  for (const std::string& solver : solvers)
    if (lower_case(word->text()) == lower_case(solver)) return;
  if (solvers.size() == 1 && (lower_case(word->text()) == "ps" || lower_case(word->text()) == "pararnn"))
    word->fail(fmt::format("{} has no solver '{}'", cell.name, word->text()), "there is: FE (forward Euler)");
  word->fail(fmt::format("there is no solver '{}'", word->text()),
             solvers.size() == 1 ? "there is: FE (forward Euler)" : did_you_mean(word->text(), solvers, "there are"));
}

void Compiler::check_solvers() const {
  for (const LayerSpec& spec : plan_.spec.layers) {
    const Value*      word  = spec.params.find("solver");
    const LayerPlan&  layer = plan_.layers[size_t(layer_position(spec.layer_id))];
    if (!word || !is_dendrite(spec) || layer.is_input) continue;
    const std::string solver = lower_case(word->text());
    if (solver == "ps" && source_functions()[size_t(layer.source)].uses_current)
      word->fail(fmt::format("solver PS needs a source function of flux alone, and {} reads the current, too",
                             source_functions()[size_t(layer.source)].name),
                 "use Tanh, ReLU, SimpleGELU or Telu, or solver: FE");
    for (const ConnectionSpec& c : plan_.spec.connections) {
      if (c.from_layer != spec.layer_id || c.to_layer != spec.layer_id) continue;
      const std::string loop = fmt::format("connection {} to itself", spec.layer_id);
      if (solver == "ps") word->fail(fmt::format("solver PS cannot take the {}", loop), "use solver: FE, with the same numbers");
      if (solver != "pararnn") continue;
      if (read_connection_params(c, nullptr).mode != "fixed")
        word->fail(fmt::format("solver PARARNN cannot take the {}, whose weights are circuits", loop), "use solver: FE");
      const int     block = plan_.parameters.find(name_of(c));
      const Block&  b     = plan_.parameters[block];
      const double* w     = plan_.theta.data() + b.offset;
      for (size_t i = 0; i < b.size(); ++i)
        if (i / b.shape[1] != i % b.shape[1] && std::abs(w[i]) > kNoWeight)
          word->fail(fmt::format("solver PARARNN cannot take the {}: it has weights off its diagonal", loop),
                     "connect it one_to_one, or use solver: FE, with the same numbers");
    }
  }
}

}  // namespace dynode

// dynode report: makes report.html of a training run, also of one that is still going on.
#include <fmt/format.h>
#include <memory>

#include "dynode/cli/verb.h"
#include "dynode/models/run_report.h"

namespace dynode::cli {

Verb report_verb(Command& tool) {
  const auto run  = std::make_shared<std::string>();
  Command    verb = tool.add_subcommand("report", "make the report of a training run: one HTML file for any browser");
  verb.add_option("run", *run, "the folder of the run").type_name("RUN").required();
  verb.footer("dynode report runs/fashion_dendrites");
  return {verb, [run] {
            const std::vector<std::string> written = write_run_report(*run);
            if (written.empty())
              throw Failure(*run + ": none of its repeats has begun\n  dynode resume " + *run + " starts them");
            for (const std::string& path : written) fmt::print("report: {}\n", path);
          }};
}

}  // namespace dynode::cli

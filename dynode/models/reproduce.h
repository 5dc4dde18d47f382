// Published comparisons, made again: each is a table of networks × seeds, trained the published way, beside the figures
// that were published.
//
//   <folder>/<column>/<model>/seed_<k>/   a run directory each; result.json in it once it is done
//   <folder>/reproduce.json table.md table.html
//
// A folder that has runs is gone on with: what is done is not done again, what was interrupted is resumed.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dynode/learn/trainer.h"

namespace dynode {

/// Mean and standard deviation over runs; of figures nobody gave a deviation for it is missing.
struct Score {
  double                mean      = 0;
  std::optional<double> deviation = {};
};

/// A network of a table, and how it learns.
struct PublishedModel {
  const char* name;
  const char* summary;
  std::string layer;                  // YAML of its layer 1, without id
  int         batch_size;
  std::string optimizer;              // YAML
  double      decay = 1;              // of the learning rate per epoch
  double      clip  = 0;              // of the gradient's length; 0: none
  bool        reads_time = false;     // takes the elapsed time as an input, not as the time of a step
  std::vector<std::optional<Score>> published = {};   // per column; in the unit of the metric (shares for accuracy)
};

struct PublishedTable {
  const char*              name;
  const char*              summary;
  const char*              source;
  const char*              metric;             // accuracy or mse
  bool                     needs_data = false; // a folder of files
  std::vector<std::string> columns;
  int                      epochs, full_epochs;
  size_t                   samples = 0;        // of the training data that are used unless all are asked for; 0: all
  std::vector<PublishedModel> models;
  std::string              differences;        // what is done otherwise than it was
};

const std::vector<PublishedTable>& published_tables();
/// @throws SpecError  naming the nearest
const PublishedTable& find_published_table(const std::string& name);

struct ReproduceOptions {
  std::string              folder;
  std::string              data = {};          // folder of the data, for tables that need it
  std::vector<std::string> models  = {};       // empty: all
  std::vector<std::string> columns = {};       // empty: all
  int                      seeds   = 3;        // runs per model and column, seeds 1, 2, …
  std::optional<int>       epochs  = {};
  std::optional<size_t>    samples = {};
  bool                     full    = false;    // as many epochs and samples as published
  TrainOptions             training = {};      // threads, progress, stop
  /// Called after each run.
  std::function<void(const struct ReproducedRun&, size_t done, size_t all)> finished = {};
};

struct ReproducedRun {
  std::string model, column;
  int         seed    = 0;
  double      score   = 0;
  double      seconds = 0;      // of training
  int64_t     epochs  = 0;
  bool        kept    = false;  // was there already
};

struct Reproduction {
  const PublishedTable*      table = nullptr;
  std::vector<ReproducedRun> runs;
  int                        epochs  = 0;
  size_t                     samples = 0;
  bool                       stopped = false;   // by TrainOptions::stop

  /// Over the seeds that are there; nothing without one.
  std::optional<Score> score(const std::string& model, const std::string& column) const;
};

/// @throws SpecError  on unknown models or columns, missing data; IoError  where the folder holds runs of another kind
Reproduction reproduce(const PublishedTable& table, const ReproduceOptions& options);

/// "97.4 ± 1.8 %", "3.1e-04 ± 2.0e-05".
std::string score_text(const PublishedTable& table, const Score& score);
/// The table for terminals, for pages.
std::string reproduction_text(const Reproduction& result);
std::string reproduction_markdown(const Reproduction& result);
std::string reproduction_html(const Reproduction& result);

}  // namespace dynode

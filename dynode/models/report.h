// The report of a training run: one HTML file that anyone can open, offline, on paper or on a phone.
//
//   Report (plain data, filled by whoever trained) ──▶ render_report ──▶ text of report.html
//
// Every part that is empty is left out of the page. Values of NaN mean "not measured" and leave gaps. The page
// holds its data as one JSON object and draws it itself; long curves and trajectories are thinned to keep the file
// small, and the page says so.
#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace dynode {

constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();

/// One record of the learning curves.
struct ReportCurvePoint {
  int         epoch = 0;        // counted from 1; a record made at the end of epoch 1 has epoch 1
  int64_t     step  = 0;        // updates made so far
  std::string split = "train";  // "train", "validation" or another word; one curve each
  double      loss  = kNotMeasured;
  std::vector<std::pair<std::string, double>> metrics       = {};  // name, value
  double                                      lr            = kNotMeasured;
  double                                      seconds       = kNotMeasured;  // since the start of the run
  double                                      gradient_norm = kNotMeasured;  // before clipping
  std::vector<std::pair<std::string, double>> block_norms   = {};            // of its parts: block, norm
};

/// One layer of the network picture.
struct ReportLayer {
  int                                              id   = 0;              // as in the spec
  std::string                                      name = {}, type = {};  // name may be empty
  std::string                                      source   = {};         // source function, may be empty
  int64_t                                          units    = 0;
  int                                              stage    = 0;      // 0: holds the input, is not advanced
  bool                                             stepwise = false;  // its stage walks step by step
  double                                           dt       = kNotMeasured;
  std::vector<std::pair<std::string, std::string>> facts    = {};  // parameters and whatever else is worth saying
};

/// One connection of the network picture.
struct ReportConnection {
  std::string name = {};
  std::string kind = {};         // structure, and the mode if there is one: "sparse, WICC"
  int         from = 0, to = 0;  // positions in Report::layers, not ids
  int         lag       = 0;     // 0: reads its source fresh, 1: one step late
  int64_t     weights   = 0;     // entries of the matrix
  int64_t     present   = 0;     // of which the mask keeps
  bool        learnable = true;
};

/// The distribution of one block of weights or parameters, in bins of equal width.
struct ReportHistogram {
  std::string          name = {}, unit = {};  // unit may be empty
  double               low = 0, high = 1;     // outer edges
  std::vector<int64_t> counts = {};           // trained values
  double               mean = kNotMeasured, deviation = kNotMeasured;
  std::vector<int64_t> initial_counts = {};  // before training, same bins; empty: not known
  double               initial_mean = kNotMeasured, initial_deviation = kNotMeasured;
};

/// One sample of the test set with what the network did.
struct ReportExample {
  /// What a variable of a layer did over time.
  struct Trajectory {
    std::string        layer    = {};  // "layer 1, dendrites"
    std::string        variable = {};  // "s"
    std::string        meaning  = {};  // a few words, may be empty
    int64_t            first    = 0;   // step of the first values: 0 for states, which have a start
    int64_t            steps = 0, units = 0;
    bool               answers = false;  // its units are the classes
    std::vector<float> values  = {};     // [steps][units]
  };
  std::string             title = {};
  int64_t                 label = -1, prediction = -1;  // classes; -1: none
  std::vector<double>     probabilities = {};           // [classes], may be empty
  std::vector<double>     targets = {}, outputs = {};   // where values are asked for: what should be, what is
  int64_t                 image_rows = 0, image_columns = 0;
  std::vector<float>      image        = {};  // [rows][columns], 0 black … 1 white; empty: none
  std::vector<Trajectory> trajectories = {};
};

/// Something to compare the result with, e.g. a GRU of equal size, by the same metric.
struct ReportYardstick {
  std::string name  = {};
  double      value = kNotMeasured;
  std::string note  = {};  // a few words, may be empty
};

/// A metric against how much something is disturbed.
struct ReportSweep {
  std::string         name       = {};   // title of the chart
  std::string         level_name = {};   // what the levels are: "standard deviation"
  std::vector<double> levels     = {};   // not empty, in any order
  std::vector<double> mean = {}, deviation = {};   // [levels] of the metric, over the repeats
  int                 repeats    = 1;
};

/// A trial of a spiking network: who fired when, and what its readout made of it beside a network of rates.
struct ReportRaster {
  std::string          title        = {};
  double               seconds      = 0;           // length
  int64_t              units = 0, excitatory = 0;  // the first `excitatory` units are drawn as such
  double               rate_excitatory = kNotMeasured, rate_inhibitory = kNotMeasured;  // Hz
  std::vector<float>   times   = {};               // [spikes], s
  std::vector<int64_t> spiking = {};               // [spikes], unit
  std::vector<float>   output_times = {}, output = {}, rate_output = {};  // [points]
};

/// Where the states of a network run and rest, by principal components.
struct ReportStateSpace {
  /// A run, seen from the first components.
  struct Run {
    int64_t            label  = 0;
    std::vector<float> places = {};  // [points][components]
  };
  /// Where states rest, or nearly so, under a constant input.
  struct Point {
    std::string         kind = {};  // stable node, stable focus, marginal, saddle, unstable, slow
    int64_t             condition = 0, unstable = 0, starts = 0;   // unstable: directions that grow
    double              speed = 0, time_constant = kNotMeasured;   // per unit of time; of the slowest mode
    std::vector<double> place = {};                                // [components]
    std::vector<double> re = {}, im = {};                          // eigenvalues, per unit of time
  };
  struct Condition {
    std::string         name = {};                            // "input 0"
    std::vector<double> lyapunov = {}, deviation = {};        // per unit of time, over runs; may be empty
  };
  double                   dt = 1;                            // of a step
  int64_t                  units = 0, runs_all = 0, lyapunov_runs = 0, components = 0;   // numbers of a state; all runs
  std::vector<double>      explained = {};                    // share of the variance, by falling value
  std::vector<std::string> labels    = {};                    // names; empty: labels are numbers
  std::vector<Run>         runs      = {};
  std::vector<Condition>   conditions = {};                   // not empty
  std::vector<Point>       points    = {};
};

/// A picture drawn elsewhere.
struct ReportFigure {
  std::string title = {}, svg = {}, caption = {};   // svg: a document of our own, taken as it is
};

struct Report {
  std::string title = {}, summary = {};                         // summary: one or two sentences of plain text
  std::string kind  = "training";                               // of report, not empty
  std::vector<std::pair<std::string, std::string>> facts = {};  // parameters, seed, instruction set, version, time, …
  std::string                                      metric_name = "accuracy";  // the metric of the headline
  bool                          metric_percent = true;          // show the metrics of this name as 86.3 %, not 0.863
  double                        test_metric    = kNotMeasured;  // fraction if metric_percent
  std::vector<ReportCurvePoint> curve          = {};
  std::vector<std::string>      class_names    = {};
  std::vector<int64_t>          confusion      = {};  // [true class][predicted class]
  std::vector<ReportYardstick>  yardsticks     = {};
  std::vector<ReportLayer>      layers         = {};
  std::vector<ReportConnection> connections    = {};
  std::vector<ReportFigure>     figures        = {};  // first on the page
  std::vector<std::string>      wirings        = {};  // pictures of neural circuits below the network, as SVG
  std::vector<ReportHistogram>  histograms     = {};
  std::vector<ReportExample>    examples       = {};
  std::vector<ReportRaster>     rasters        = {};
  std::vector<ReportStateSpace> state_space    = {};  // none or one
  std::vector<ReportSweep>      sweeps         = {};  // of metric_name
  std::string                   config_yaml = {}, spec_yaml = {};  // shown as they are
};

/// The page: HTML with its styles, scripts and data inside; UTF-8. It asks the network for nothing.
/// Equal reports give equal text.
/// @throws ShapeError  if an array does not have the size its own fields announce
/// @throws SpecError   if a connection names a layer that is not there, or a class is out of range
std::string render_report(const Report& report);

}  // namespace dynode

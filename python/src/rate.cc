// Networks of excitatory and inhibitory rate units: spikeRNN's FR_RNN_dale, its files, lesions, conversion into spikes.
#include "dynode/models/rate.h"
#include "dynode/models/rate_file.h"
#include "dynode/models/spiking_conversion.h"
#include "python/src/bind.h"

namespace dynode::python {
namespace {

using namespace rate;

/// Lets a RateRNN look at a model that is one; the model's memory stays where it is.
template <class Work>
auto as_rate(SharedModel& m, Work&& work) {
  std::lock_guard lock(m.mutex);
  RateRNN         net(std::move(m.model));
  struct Back {
    SharedModel& m;
    RateRNN&     net;
    ~Back() { m.model = std::move(net.model()); }
  } back{m, net};
  return work(net);
}

ModelHandle build_rate(const py::dict& given, const std::string& dtype, int threads, std::optional<uint64_t> seed) {
  RateOptions o;
  for (const auto& [key, value] : given) {
    const std::string word = py::str(key);
    if (word == "N") o.N = value.cast<int>();
    else if (word == "P_inh") o.P_inh = value.cast<double>();
    else if (word == "P_rec") o.P_rec = value.cast<double>();
    else if (word == "som_N") o.som_N = value.cast<int>();
    else if (word == "apply_dale") o.apply_dale = value.cast<bool>();
    else if (word == "w_dist") o.w_dist = value.cast<std::string>();
    else if (word == "gain") o.gain = value.cast<double>();
    else if (word == "taus") o.taus = value.cast<std::vector<double>>();
    else if (word == "activation") o.activation = value.cast<std::string>();
    else if (word == "inputs") o.inputs = value.cast<int>();
    else if (word == "outputs") o.outputs = value.cast<int>();
    else if (word == "w_in") o.w_in = optional_array(value, "w_in");
    else if (word == "w_out") o.w_out = optional_array(value, "w_out");
    else if (word == "dt") o.dt = value.cast<double>();
    else if (word == "noise_std") o.noise_std = value.cast<double>();
    else if (word == "x0_std") o.x0_std = value.cast<double>();
    else if (word == "noise_when") o.noise_when = value.cast<std::string>();
    else if (word == "exact_inh") o.exact_inh = value.cast<bool>();
    else if (word == "self_connections") o.self_connections = value.cast<bool>();
    else if (word == "keep_sparsity") o.keep_sparsity = value.cast<bool>();
    else throw SpecError({}, "FR_RNN_dale has no parameter '" + word + "'");
  }
  RateRNN net(o, model_options(dtype, threads, seed));
  return std::make_shared<SharedModel>(std::move(net.model()));
}

py::dict to_python(const RateParts& p) {
  std::vector<int64_t> sign(p.sign.begin(), p.sign.end());
  const auto           n = int64_t(sign.size());
  return py::dict(py::arg("w") = to_numpy(p.w), py::arg("w_in") = to_numpy(p.w_in),
                  py::arg("w_out") = to_numpy(p.w_out), py::arg("b_out") = to_numpy(p.b_out),
                  py::arg("sign") = to_numpy(Array{{n}, std::move(sign)}), py::arg("som_N") = p.som_N,
                  py::arg("taus") = p.taus, py::arg("taus_gaus") = p.taus_gaus, py::arg("activation") = p.activation,
                  py::arg("dt") = p.dt);
}

py::dict to_python(const ScalingScore& s) {
  return py::dict(py::arg("factor") = s.factor, py::arg("trials") = s.trials, py::arg("correct") = s.correct,
                  py::arg("share") = s.share(), py::arg("low") = s.low(), py::arg("high") = s.high(),
                  py::arg("rate_excitatory") = s.rate_excitatory, py::arg("rate_inhibitory") = s.rate_inhibitory,
                  py::arg("response_time") = s.response_time);
}

SpikingSettings spiking_settings(double factor, int downsample) {
  SpikingSettings s;
  s.scaling_factor = factor;
  s.downsample     = downsample;
  return s;
}

}  // namespace

void bind_rate(py::module_& m) {
  using namespace py::literals;
  m.def("rate_model", build_rate, "options"_a, "dtype"_a = "float32", "threads"_a = 1, "seed"_a = py::none());
  m.def(
      "rate_parts", [](SharedModel& s) { return as_rate(s, [](RateRNN& net) { return to_python(net.parts()); }); },
      "model"_a);
  m.def(
      "rate_display", [](SharedModel& s) { return as_rate(s, [](RateRNN& net) { return net.display(); }); }, "model"_a);
  m.def(
      "rate_save",
      [](SharedModel& s, const std::string& path) {
        as_rate(s, [&](RateRNN& net) {
          net.save(path);
          return 0;
        });
      },
      "model"_a, "path"_a);
  m.def(
      "rate_lesion",
      [](SharedModel& s, double fraction, double scale, uint64_t seed, bool by_type) {
        return as_rate(s, [&](RateRNN& net) {
          std::vector<Lesion> all;
          if (by_type) all = net.lesion_w_by_type(fraction, scale, seed);
          else all.push_back(net.lesion_w(fraction, scale, seed));
          py::list list;
          for (const Lesion& l : all) list.append(py::make_tuple(l.chosen, l.before));
          return list;
        });
      },
      "model"_a, "fraction"_a, "scale"_a, "seed"_a, "by_type"_a);
  m.def(
      "rate_restore",
      [](SharedModel& s, const std::vector<std::pair<std::vector<size_t>, std::vector<double>>>& lesions) {
        as_rate(s, [&](RateRNN& net) {
          for (const auto& [chosen, before] : lesions) net.restore({chosen, before});
          return 0;
        });
      },
      "model"_a, "lesions"_a);
  m.def(
      "rate_loss",
      [](const py::object& o, const py::object& z, const std::string& loss) {
        return loss_op(array_of(o, "o"), array_of(z, "z"), loss);
      },
      "o"_a, "z"_a, "loss"_a);

  // into spikes
  m.def(
      "to_spiking",
      [](SharedModel& s, double factor, int downsample, int threads) {
        const RateParts        parts = as_rate(s, [](RateRNN& net) { return net.parts(); });
        py::gil_scoped_release release;
        return std::make_shared<SharedModel>(to_spiking(parts, spiking_settings(factor, downsample), threads));
      },
      "model"_a, "scaling_factor"_a, "downsample"_a, "threads"_a);
  m.def(
      "search_scaling",
      [](SharedModel& s, const Task& task, const std::vector<double>& factors, size_t trials, uint64_t seed,
         int threads, int downsample) {
        const RateParts parts = as_rate(s, [](RateRNN& net) { return net.parts(); });
        SearchOptions   options{.trials = trials, .seed = seed, .threads = threads};
        if (!factors.empty()) options.factors = factors;
        ScalingSearch found;
        {
          py::gil_scoped_release release;
          found = search_scaling(parts, task, options, spiking_settings(50, downsample));
        }
        py::list scores;
        for (const ScalingScore& score : found.scores) scores.append(to_python(score));
        return py::make_tuple(scores, to_python(found.best()));
      },
      "model"_a, "task"_a, "factors"_a, "trials"_a, "seed"_a, "threads"_a, "downsample"_a);
  m.def(
      "spiking_trials",
      [](SharedModel& spiking, SharedModel& net, const Task& task, double factor, size_t count, uint64_t seed,
         int downsample) {
        const RateParts           parts = as_rate(net, [](RateRNN& rate) { return rate.parts(); });
        std::vector<SpikingTrial> trials;
        {
          py::gil_scoped_release release;
          std::lock_guard        lock(spiking.mutex);
          trials = run_trials(spiking.model, parts, spiking_settings(factor, downsample), task,
                              {.seed = seed, .count = count, .keep = true});
        }
        py::list all;
        for (SpikingTrial& t : trials) {
          std::vector<int64_t> spikes;
          for (const Spike& s : t.spikes) spikes.insert(spikes.end(), {int64_t(s.step), int64_t(s.unit)});
          const auto fired = int64_t(t.spikes.size()), steps = int64_t(t.output.size());
          all.append(py::dict(py::arg("label") = t.label, py::arg("correct") = t.correct, py::arg("peak") = t.peak,
                              py::arg("response_time")   = t.response_time,
                              py::arg("rate_excitatory") = t.rate_excitatory,
                              py::arg("rate_inhibitory") = t.rate_inhibitory,
                              py::arg("output")          = to_numpy(Array{{steps}, std::move(t.output)}),
                              py::arg("spikes")          = to_numpy(Array{{fired, 2}, std::move(spikes)})));
        }
        return all;
      },
      "spiking"_a, "model"_a, "task"_a, "scaling_factor"_a, "trials"_a, "seed"_a, "downsample"_a);
}

}  // namespace dynode::python

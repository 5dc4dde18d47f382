// What is tried next: places, samplers and the pruner.
#include "dynode/models/search.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numbers>

namespace dynode {
namespace {

constexpr size_t kMostTrials = 100000;

struct SearchRange {
  double low = 0, high = 1;
  bool   log = false, integer = false;

  static constexpr auto fields = field_list(
      field("low", &SearchRange::low, "smallest value", required), field("high", &SearchRange::high, "largest value", required),
      field("log", &SearchRange::log, "logarithms are equally likely"), field("integer", &SearchRange::integer, "whole numbers"));
};

double bump_width(const std::vector<double>& shares) {
  const double n = double(shares.size());
  double       mean = 0, squares = 0;
  for (const double s : shares) mean += s / n;
  for (const double s : shares) squares += (s - mean) * (s - mean) / n;
  return std::max(1 / (2 + n), 1.06 * std::sqrt(squares) * std::pow(n, -0.2));
}

bool is_better(double a, double b, bool larger) { return larger ? a > b : a < b; }

/// The best of the first `count` values.
double best_of(const std::vector<double>& values, size_t count, bool larger) {
  double best = values.at(0);
  for (size_t i = 1; i < std::min(count, values.size()); ++i)
    if (is_better(values[i], best, larger)) best = values[i];
  return best;
}

Value grid_trial(const SearchConfig& config, const std::vector<SearchPlace>& places, size_t number) {
  Value values = Value::map();
  for (const SearchPlace& place : places) values.set(place.name(), Value());
  for (size_t i = places.size(); i-- > 0;) {
    const std::vector<Value> points = places[i].grid(config.points);
    values.set(places[i].name(), points[number % points.size()]);
    number /= points.size();
  }
  return values;
}

}  // namespace

SearchPlace::SearchPlace(std::string name, const Value& space) : name_(std::move(name)) {
  if (space.is_list()) {
    choices_ = space.list();
    if (choices_.size() < 2) space.fail("a choice needs two values, or more", "give a fixed value in words");
    return;
  }
  if (!space.is_mapping()) space.expected("a range or a list of values", "give {low: 0.1, high: 1}, or [a, b]");
  const SearchRange range = read<SearchRange>(space);
  low_ = range.low, high_ = range.high, log_ = range.log, whole_ = range.integer;
  if (!(std::isfinite(low_) && std::isfinite(high_) && low_ < high_)) space.fail("low must be below high");
  if (log_ && low_ <= 0) space.fail("logarithms need values above 0", "give low: 1e-4, for example");
  if (whole_ && (low_ != std::floor(low_) || high_ != std::floor(high_))) space.fail("low and high must be whole numbers");
  // whole numbers have half a step more at both ends, so that these are as likely as others
  const double edge = whole_ ? 0.5 : 0;
  first_ = log_ ? std::log(low_ > edge ? low_ - edge : low_) : low_ - edge;
  last_  = log_ ? std::log(high_ + edge) : high_ + edge;
}

Value SearchPlace::at(double share) const {
  const double spread = first_ + share * (last_ - first_);
  const double value  = std::clamp(log_ ? std::exp(spread) : spread, low_, high_);
  return whole_ ? Value(int64_t(std::llround(value))) : Value(value);
}

double SearchPlace::share_of(const Value& value) const {
  return ((log_ ? std::log(value.number()) : value.number()) - first_) / (last_ - first_);
}

Value SearchPlace::draw(Random& random) const {
  return is_range() ? at(random.uniform()) : choices_[size_t(random.integer(choices_.size()))];
}

Value SearchPlace::near(const std::vector<Value>& good, Random& random) const {
  const size_t which = size_t(random.integer(good.size() + 1));
  if (which == good.size()) return draw(random);
  if (!is_range()) return good[which];
  std::vector<double> shares;
  for (const Value& v : good) shares.push_back(share_of(v));
  for (const double width = bump_width(shares);;)
    if (const double share = shares[which] + width * random.normal(); share >= 0 && share <= 1) return at(share);
}

double SearchPlace::density(const Value& value, const std::vector<Value>& trials) const {
  const double n = double(trials.size());
  if (!is_range()) return (1 + double(std::ranges::count(trials, value))) / (double(choices_.size()) + n);
  std::vector<double> shares;
  for (const Value& v : trials) shares.push_back(share_of(v));
  const double width = bump_width(shares), here = share_of(value);
  double       sum = 1;   // the even one
  for (const double s : shares) {
    const double inside = 0.5 * (std::erf((1 - s) / width / std::numbers::sqrt2) + std::erf(s / width / std::numbers::sqrt2));
    sum += std::exp(-0.5 * std::pow((here - s) / width, 2)) / (width * std::sqrt(2 * std::numbers::pi)) / inside;
  }
  return sum / (1 + n);
}

std::vector<Value> SearchPlace::grid(int points) const {
  if (!is_range()) return choices_;
  std::vector<Value> values;
  for (int i = 0; i < points; ++i) {
    const double share = double(i) / double(points - 1);
    const double v = log_ ? std::exp(std::lerp(std::log(low_), std::log(high_), share)) : std::lerp(low_, high_, share);
    const Value  value = whole_ ? Value(int64_t(std::llround(v))) : Value(std::clamp(v, low_, high_));
    if (values.empty() || !(values.back() == value)) values.push_back(value);
  }
  return values;
}

SearchConfig read_search_config(const Value& given) {
  Value value = given;
  value.place_children();
  SearchConfig config = read<SearchConfig>(value);
  config.file         = value.at().file;
  if (config.space.entries().empty()) config.space.fail("there is nothing to search in");
  config.words.entries();
  search_trials(config, search_places(config));
  return config;
}

std::vector<SearchPlace> search_places(const SearchConfig& config) {
  std::vector<SearchPlace> places;
  for (const Value::Entry& e : config.space.entries()) places.emplace_back(e.key, e.value);
  return places;
}

size_t search_trials(const SearchConfig& config, const std::vector<SearchPlace>& places) {
  if (config.sampler != Sampler::grid) return size_t(config.trials.value_or(30));
  size_t all = 1;
  for (const SearchPlace& place : places) {
    all *= place.grid(config.points).size();
    if (all > kMostTrials)
      throw SpecError(config.space.at(), fmt::format("the grid has more than {} combinations", kMostTrials),
                      "give fewer points, or sampler: random");
  }
  return std::min(all, size_t(config.trials.value_or(int(kMostTrials))));
}

Value next_trial(const SearchConfig& config, const std::vector<SearchPlace>& places, const std::vector<SearchTrial>& trials,
                 bool larger) {
  if (config.sampler == Sampler::grid) return grid_trial(config, places, trials.size());
  Random                   random(config.seed, fmt::format("search/{}", trials.size()));
  std::vector<SearchTrial> ranked;
  for (const SearchTrial& t : trials)
    if (t.state != TrialState::failed) ranked.push_back(t);
  // those that were ended come last
  std::ranges::stable_sort(ranked, [&](const SearchTrial& a, const SearchTrial& b) {
    return a.state != b.state ? a.state == TrialState::done : is_better(a.score, b.score, larger);
  });
  const bool even = config.sampler == Sampler::random || int(trials.size()) < config.warmup || ranked.size() < 2;
  const auto cut  = size_t(std::ceil(std::sqrt(double(ranked.size())) / 2));
  Value      values = Value::map();
  for (const SearchPlace& place : places) {
    if (even) {
      values.set(place.name(), place.draw(random));
      continue;
    }
    std::vector<Value> good, others;
    for (size_t i = 0; i < ranked.size(); ++i) (i < cut ? good : others).push_back(ranked[i].values.at(place.name()));
    Value  chosen;
    double most = -1;
    for (int k = 0; k < config.candidates; ++k) {
      const Value  candidate = place.near(good, random);
      const double ratio     = place.density(candidate, good) / place.density(candidate, others);
      if (ratio > most) chosen = candidate, most = ratio;
    }
    values.set(place.name(), chosen);
  }
  return values;
}

bool is_pruned(const MedianPruner& pruner, const std::vector<double>& epochs, const std::vector<SearchTrial>& trials, bool larger) {
  if (!pruner.active || int(epochs.size()) < pruner.warmup_epochs) return false;
  std::vector<double> others;
  for (const SearchTrial& t : trials)
    if (t.state == TrialState::done && !t.epochs.empty()) others.push_back(best_of(t.epochs, epochs.size(), larger));
  if (int(others.size()) < pruner.min_trials) return false;
  std::ranges::sort(others);
  const size_t n      = others.size();
  const double median = 0.5 * (others[(n - 1) / 2] + others[n / 2]);
  return is_better(median, best_of(epochs, epochs.size(), larger), larger);
}

std::optional<size_t> best_trial(const std::vector<SearchTrial>& trials, bool larger) {
  std::optional<size_t> best;
  for (size_t i = 0; i < trials.size(); ++i)
    if (trials[i].state == TrialState::done && (!best || is_better(trials[i].score, trials[*best].score, larger))) best = i;
  return best;
}

}  // namespace dynode

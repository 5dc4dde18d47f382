// Whatever stands in a spec: it becomes a plan that runs, or an error that people can act on. Random networks with one
// or two values replaced by something odd.
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <set>

#include "dynode/plan/plan.h"
#include "dynode/run/engine.h"
#include "dynode/run/random_spec_test.h"
#include "dynode/spec/json.h"

namespace dynode {
namespace {

/// Something odd to find in place of a value.
Value odd(Random& random) {
  const double             infinity = std::numeric_limits<double>::infinity();
  const std::vector<Value> all      = {Value(),
                                       true,
                                       false,
                                       -1,
                                       0,
                                       1,
                                       2,
                                       3,
                                       0.5,
                                       -0.3,
                                       1e-300,
                                       1e9,
                                       1e300,
                                       infinity,
                                       -infinity,
                                       std::numeric_limits<double>::quiet_NaN(),
                                       "",
                                       "dense",
                                       "Tanh",
                                       "learn",
                                       "no such thing",
                                       "\xe2\x82\xac",
                                       Value::list_of(),
                                       Value::list_of({1, -1}),
                                       Value::list_of({"a"}),
                                       Value::list_of({Value::list_of({1})}),
                                       Value::map(),
                                       Value::map({{"value", 1}}),
                                       Value::map({{"distribution", "uniform"}}),
                                       Value::map({{"type", "sparse"}}),
                                       Value::map({{"min", 2}, {"max", 1}}),
                                       Value::map({{"nothing", 1}})};
  return all[random.integer(all.size())];
}

size_t count(const Value& v) {
  size_t n = 1;
  if (v.is_list())
    for (const Value& item : v.list()) n += count(item);
  if (v.is_mapping())
    for (const auto& entry : v.entries()) n += count(entry.value);
  return n;
}

/// The same tree with its n-th value replaced, or a key renamed, or an entry left out.
Value mutated(const Value& v, size_t& n, Random& random) {
  if (n-- == 0) return odd(random);
  if (v.is_list()) {
    std::vector<Value> items;
    for (const Value& item : v.list()) items.push_back(mutated(item, n, random));
    return Value(items);
  }
  if (v.is_mapping()) {
    Value map = Value::map();
    for (const auto& entry : v.entries()) {
      const bool here  = n == 0;
      Value      value = mutated(entry.value, n, random);
      const auto what  = here ? random.integer(5) : 4;
      if (what == 0) continue;                               // left out
      if (what == 1) map.set(entry.key + "x", entry.value);  // misspelt
      else map.set(entry.key, std::move(value));
    }
    return map;
  }
  return v;
}

/// Three steps forward and back; numbers may stop being finite, nothing else may happen.
void run(const std::shared_ptr<const Plan>& plan) {
  Engine<float>         engine(plan, std::make_shared<Threads>(1));
  std::vector<float>    x(3 * 3 * plan->input_width(), 0.5f), theta_bar(plan->theta.size()), x_bar(x.size());
  const TileLoss<float> none = [](const TileOutputs<float>&) { return 0.0; };
  engine.gradient({x.data(), 3, 3, {}}, none, {{plan->output}, 0, 2}, {theta_bar.data(), x_bar.data()});
}

TEST(Mutations, GiveAPlanOrAnErrorWithWords) {
  size_t                plans = 0;
  std::set<std::string> complaints;
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    Random      random(seed, "mutations");
    const Value whole = write_spec(random_spec(1 + seed % 97, {.smooth = seed % 2 == 0}), Defaults::write);
    Value       v     = whole;
    for (uint64_t times = 1 + random.integer(2); times > 0; --times) {
      size_t n = 1 + random.integer(count(v) - 1);
      v        = mutated(v, n, random);
      if (!v.is_mapping()) v = whole;
    }
    v.place("net.json");
    try {
      const auto plan = compile(read_spec(v));
      ++plans;
      run(plan);
      for (double t : plan->theta) ASSERT_TRUE(std::isfinite(t)) << seed << ": " << to_json(v, false);
    } catch (const Error& error) {
      const std::string what = error.what();
      ASSERT_FALSE(what.empty());
      complaints.insert(what);
    } catch (const std::exception& error) { FAIL() << seed << ": " << error.what() << "\n" << to_json(v, false); }
  }
  EXPECT_GT(plans, 250u);
  EXPECT_GT(complaints.size(), 500u) << "they name the place, so hardly two are the same";
}

}  // namespace
}  // namespace dynode

// Integration by context: of two stimuli the one counts that the context names; say its sign.
//
//                  mante                                      mante_kim
//   input 0        context, +1 color, −1 motion               color: each step N(±0.5, 1)
//   input 1        color,  one number of [−1.25, 1.25)        motion: each step N(±0.5, 1)
//   input 2        motion, one number of [−1.25, 1.25)        1 where color counts, in every step
//   input 3        0                                          1 where motion counts, in every step
//   target         ±1 from the end of the stimuli on          the same
//
// Stimuli last from stim_on for stim_dur steps, in `mante` together with the context.
// Sources: Mante, Sussillo, Shenoy, Newsome 2013; the variant mante_kim: Kim, Li, Sejnowski 2019.
#include "dynode/tasks/task_terms.h"

namespace dynode {
namespace {

constexpr double kRange = 1.25;

const std::vector<std::string> kTypes = {"color", "motion"};

template <bool kim>
constexpr const char* name = kim ? "mante_kim" : "mante";

template <bool kim>
TaskShape shape(const Arguments& a, const At& at) {
  check_type(name<kim>, a, kTypes, at);
  const size_t steps = count_of(a, "T") - 1, end = count_of(a, "stim_on") + count_of(a, "stim_dur");
  check_answer(name<kim>, end, steps, at);
  return {.steps = steps, .inputs = 4, .answer_begin = end, .answer_end = steps};
}

void answer(Trial& trial, bool positive) {
  trial.label = positive;
  set_target(trial, trial.shape.answer_begin, trial.shape.answer_end, 0, positive ? 1 : -1);
}

void draw(const Arguments& a, Random& random, Trial& trial) {
  const size_t type  = draw_type("mante", a, random, kTypes);
  const size_t begin = count_of(a, "stim_on"), end = trial.shape.answer_begin;
  double       values[2];
  for (size_t k = 0; k < 2; ++k) {
    const double drawn = kRange * (2 * random.uniform() - 1);
    values[k]          = a.has(kTypes[k]) ? a.number(kTypes[k]) : drawn;
    set_input(trial, begin, end, k + 1, values[k]);
  }
  set_input(trial, begin, end, 0, type == 0 ? 1 : -1);
  answer(trial, values[type] > 0);
}

void draw_kim(const Arguments& a, Random& random, Trial& trial) {
  const size_t type = draw_type("mante_kim", a, random, kTypes);
  bool         positive[2];
  for (bool& sign : positive) sign = random.integer(2) == 1;
  for (size_t t = count_of(a, "stim_on"); t < trial.shape.answer_begin; ++t)
    for (size_t k = 0; k < 2; ++k)
      trial.in(t, k) = a.number("noise") * random.normal() + (positive[k] ? 1 : -1) * a.number("offset");
  set_input(trial, 0, trial.shape.steps, 2 + type, 1);
  answer(trial, positive[type]);
}

bool correct(const Arguments& a, const Trial& trial, std::span<const double> output) {
  return goes_beyond(trial, output, a.number("threshold"), trial.label == 1);
}

std::vector<Fact> common_facts() {
  return {time_points_fact(500), steps_fact("stim_on", 50, "when the stimuli begin", 0),
          steps_fact("stim_dur", 200, "how long they last"),
          trial_type_fact("what counts: color, motion, or any: one half each"), threshold_fact()};
}

}  // namespace

TaskEntry mante_task() {
  const double      drawn = std::numeric_limits<double>::quiet_NaN();
  std::vector<Fact> facts = common_facts();
  facts.push_back(number_fact("color", drawn, -1e6, 1e6, "this color in every trial; drawn if not given"));
  facts.push_back(number_fact("motion", drawn, -1e6, 1e6, "this motion in every trial; drawn if not given"));
  return {.name    = "mante",
          .summary = "the sign of the one of two constant stimuli that the context names",
          .facts   = facts,
          .labels  = {"negative", "positive"},
          .spiking = {.delay = 10},
          .shape   = shape<false>,
          .draw    = draw,
          .correct = correct};
}

TaskEntry mante_kim_task() {
  std::vector<Fact> facts = common_facts();
  facts.push_back(number_fact("offset", 0.5, 0, 1e6, "size of the mean of a stimulus"));
  facts.push_back(noise_fact(1));
  return {.name    = "mante_kim",
          .summary = "the sign of the mean of the one of two noisy stimuli that the context names",
          .facts   = facts,
          .labels  = {"negative", "positive"},
          .spiking = {.delay = 10},
          .shape   = shape<true>,
          .draw    = draw_kim,
          .correct = correct};
}

}  // namespace dynode

// Bit-stream XOR: the parity of a row of bits, each a step (dense), or each change an event (event).
//
//   bits      2 … pad − 1 of them, each 0 or 1, one half each
//   dense     per bit a step: input = bit, time 1
//   event     a step where the bit differs from the one before (the first always does): input = bit, time since the
//             event before; then one more with the last bit, if time is left
//
//   0 0 0 1 1 0    dense  0 0 0 1 1 0   times 1 1 1 1 1 1      event  0 1 0   times 1 3 2
//
// Times are divided by pad. Steps behind the last bit or event do not count. One answer per trial: the label; a
// positive output in the last step that counts means 1. The target is the label in every step that counts.
// The published sets come out of one MT19937: 100,000 trials from seed 1234984, 10,000 from seed 48736, pad 32.
// Source: Hasani, Lechner et al. 2022, Closed-form continuous-time neural networks.
#include "dynode/base/numpy_random.h"
#include "dynode/tasks/task_terms.h"

namespace dynode {
namespace {

constexpr size_t kPublishedPad = 32;

const std::vector<std::string> kEncodings = {"dense", "event"};
const std::vector<std::string> kSets      = {"drawn", "train", "test"};

struct PublishedSet {
  uint32_t seed;
  size_t   count;
};
constexpr PublishedSet kPublished[] = {{0, 0}, {1234984, 100'000}, {48736, 10'000}};

size_t set_of(const Arguments& a, const At& at = {}) { return word_of("bit_stream_xor", a, "set", kSets, at); }

TaskShape shape(const Arguments& a, const At& at) {
  word_of("bit_stream_xor", a, "encoding", kEncodings, at);
  const size_t pad = count_of(a, "pad");
  if (set_of(a, at) > 0 && pad != kPublishedPad)
    throw SpecError(at, fmt::format("the published sets of bit_stream_xor have pad {}, not {}", kPublishedPad, pad),
                    "leave pad out, or use set: drawn");
  return {.steps = pad, .answer_end = pad};
}

template <class Generator>
std::vector<uint8_t> draw_bits(Generator& random, size_t pad) {
  std::vector<uint8_t> bits(2 + random.integer(pad - 2));
  for (uint8_t& bit : bits) bit = uint8_t(random.integer(2));
  return bits;
}

void encode(const Arguments& a, const std::vector<uint8_t>& bits, Trial& trial) {
  const size_t pad   = trial.shape.steps;
  const bool   event = word_of("bit_stream_xor", a, "encoding", kEncodings) == 1;
  size_t       steps = 0;
  double       time  = 0;  // since the last event
  trial.timespans.assign(pad, 0);
  const auto emit = [&](uint8_t bit) {
    trial.in(steps, 0)       = bit;
    trial.timespans[steps++] = time / double(pad);
    time                     = 0;
  };
  for (size_t i = 0; i < bits.size(); ++i) {
    time += 1;
    if (!event || i == 0 || bits[i] != bits[i - 1]) emit(bits[i]);
    trial.label ^= bits[i];
  }
  if (time > 0) emit(bits.back());
  set_target(trial, 0, steps, 0, double(trial.label));
  leave_out(trial, steps, pad);
}

void draw(const Arguments& a, Random& random, Trial& trial) { encode(a, draw_bits(random, trial.shape.steps), trial); }

size_t fixed_count(const Arguments& a) { return kPublished[set_of(a)].count; }

void fixed(const Arguments& a, size_t first, std::span<Trial> trials) {
  Mt19937 random(kPublished[set_of(a)].seed);
  for (size_t i = 0; i < first; ++i) draw_bits(random, kPublishedPad);
  for (Trial& trial : trials) encode(a, draw_bits(random, kPublishedPad), trial);
}

bool correct(const Arguments&, const Trial& trial, std::span<const double> output) {
  size_t last = trial.shape.steps;
  while (last > 0 && trial.mask[last - 1] == 0) --last;
  if (last == 0) return false;
  const double o = output[last - 1];
  return trial.label == 1 ? o > 0 : o <= 0;
}

}  // namespace

TaskEntry bit_stream_xor_task() {
  return {.name        = "bit_stream_xor",
          .summary     = "parity of a stream of bits, with time between steps",
          .facts       = {{.name = "encoding",
                           .kind = ArgumentKind::text,
                           .help = "dense: a step per bit; event: a step per change of the bit, with the time between",
                           .text = "dense"},
                          {.name = "set",
                           .kind = ArgumentKind::text,
                           .help = "drawn, or the published train (100,000 trials) or test (10,000) set; pad 32",
                           .text = "drawn"},
                          count_fact("pad", double(kPublishedPad), "steps of a trial; it has 2 to pad - 1 bits", 3)},
          .labels      = {"even", "odd"},
          .one_answer  = true,
          .shape       = shape,
          .draw        = draw,
          .correct     = correct,
          .fixed_count = fixed_count,
          .fixed       = fixed};
}

}  // namespace dynode

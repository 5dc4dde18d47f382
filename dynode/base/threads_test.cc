#include "dynode/base/threads.h"

#include <algorithm>
#include <atomic>
#include <gtest/gtest.h>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace dynode {
namespace {

class ThreadsOf : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Workers, ThreadsOf, ::testing::Values(1, 2, 3, 4));

TEST_P(ThreadsOf, EveryTaskRunsOnceByAKnownWorker) {
  Threads threads(GetParam());
  EXPECT_EQ(threads.size(), GetParam());
  for (size_t tasks : {size_t{0}, size_t{1}, size_t{2}, size_t{7}, size_t{1000}}) {
    std::vector<std::atomic<int>> seen(tasks);
    std::atomic<bool>             known = true;
    threads.run(tasks, [&](size_t task, size_t worker) {
      ++seen[task];
      if (worker >= size_t(GetParam())) known = false;
    });
    EXPECT_TRUE(known);
    EXPECT_TRUE(std::all_of(seen.begin(), seen.end(), [](const auto& n) { return n == 1; })) << tasks;
  }
}

TEST_P(ThreadsOf, AWorkerDoesOneTaskAtATimeInAscendingOrder) {
  Threads                          threads(GetParam());
  std::vector<std::vector<size_t>> done(static_cast<size_t>(GetParam()));  // each written by one worker alone
  threads.run(2000, [&](size_t task, size_t worker) { done[worker].push_back(task); });
  size_t count = 0;
  for (const auto& list : done) {
    EXPECT_TRUE(std::is_sorted(list.begin(), list.end()));
    count += list.size();
  }
  EXPECT_EQ(count, 2000u);
}

TEST_P(ThreadsOf, ManyRoundsLoseNothing) {
  Threads             threads(GetParam());
  std::vector<size_t> cells(5);
  for (size_t round = 0; round < 1500; ++round)
    threads.run(cells.size(), [&](size_t task, size_t) { cells[task] += round + task; });
  for (size_t task = 0; task < cells.size(); ++task) EXPECT_EQ(cells[task], 1500 * 1499 / 2 + 1500 * task);
}

TEST_P(ThreadsOf, RoundsAfterAPauseFindTheWorkersAsleepAndWakeThem) {
  Threads          threads(GetParam());
  std::atomic<int> sum = 0;
  for (int round = 0; round < 5; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // longer than they spin
    threads.run(10, [&](size_t, size_t) { ++sum; });
  }
  EXPECT_EQ(sum, 50);
}

TEST_P(ThreadsOf, WhatTasksWroteIsThereWhenRunReturns) {
  Threads threads(GetParam());
  for (int round = 0; round < 200; ++round) {
    std::vector<double> values(300);
    threads.run(values.size(), [&](size_t task, size_t) { values[task] = double(task) * round; });
    double sum = 0;
    for (double v : values) sum += v;
    ASSERT_EQ(sum, 300.0 * 299 / 2 * round);
  }
}

TEST_P(ThreadsOf, TheExceptionOfTheLowestTaskIsRethrown) {
  Threads threads(GetParam());
  for (int round = 0; round < 200; ++round) {
    std::string what;
    try {
      threads.run(50, [&](size_t task, size_t) {
        if (task == 7) std::this_thread::yield();
        if (task >= 7 && task % 2) throw std::runtime_error("task " + std::to_string(task));
      });
    } catch (const std::runtime_error& error) { what = error.what(); }
    ASSERT_EQ(what, "task 7");
  }
}

TEST_P(ThreadsOf, AnExceptionStopsTheHandingOutAndTheNextRoundIsClean) {
  Threads             threads(GetParam());
  std::atomic<size_t> started = 0;
  const auto          fail    = [&](size_t task, size_t) {
    ++started;
    if (task == 0) throw std::runtime_error("first");
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  };
  EXPECT_THROW(threads.run(100000, fail), std::runtime_error);
  EXPECT_LT(started, 50000u);
  std::atomic<int> done = 0;
  EXPECT_NO_THROW(threads.run(20, [&](size_t, size_t) { ++done; }));
  EXPECT_EQ(done, 20);
}

TEST(Threads, ZeroMeansOnePerCore) {
  Threads threads(0);
  EXPECT_EQ(threads.size(), int(std::max(1u, std::thread::hardware_concurrency())));
}

TEST(Threads, CanBeMadeAndDroppedWithoutWork) {
  for (int i = 0; i < 50; ++i) Threads threads(4);
}

TEST(Threads, ExceptionsOfAnyTypePass) {
  Threads threads(2);
  EXPECT_THROW(threads.run(8, [](size_t, size_t) { throw 5; }), int);
}

}  // namespace
}  // namespace dynode

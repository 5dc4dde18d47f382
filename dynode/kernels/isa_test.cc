#include "dynode/kernels/isa.h"

#include <algorithm>
#include <cstdlib>

#include <gtest/gtest.h>

#include "dynode/base/error.h"
#include "dynode/kernels/dense.h"

namespace dynode {
namespace {

TEST(Isa, TheDefaultIsTheBestOneUnlessTheEnvironmentNamesAnother) {
  use_isa("");
  const char* wanted = std::getenv("DYNODE_ISA");
  EXPECT_EQ(isa_name(), wanted && *wanted ? wanted : isa_names().front());
}

TEST(Isa, EveryListedOneCanBeChosenByNameInAnyCase) {
  for (std::string name : isa_names()) {
    use_isa(name);
    EXPECT_EQ(isa_name(), name);
    use_isa("");
    std::transform(name.begin(), name.end(), name.begin(), ::toupper);
    EXPECT_NO_THROW(use_isa(name));
  }
  use_isa("");
}

TEST(Isa, KernelsFetchedLaterUseIt) {
  size_t last = 1024;
  for (const std::string& name : isa_names()) {
    use_isa(name);
    const size_t width = dense_kernels<float>().width;
    EXPECT_LE(width, last) << name;
    const size_t expected = name == "scalar" ? 1 : name == "avx2" ? 8 : name == "avx3" ? 16 : width;
    EXPECT_EQ(width, expected) << name;
    last = width;
  }
  use_isa("");
}

TEST(Isa, UnknownNamesAreRefusedWithTheKnownOnes) {
  const std::string before = isa_name();
  try {
    use_isa("avx9");
    FAIL() << "no error";
  } catch (const SpecError& error) {
    EXPECT_NE(std::string(error.what()).find("avx9"), std::string::npos);
    for (const std::string& name : isa_names()) EXPECT_NE(std::string(error.what()).find(name), std::string::npos);
  }
  EXPECT_EQ(isa_name(), before);
}

TEST(IsaDeathTest, TheEnvironmentOverridesTheDefault) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";      // a process of its own: it is read once
  EXPECT_EXIT({
    setenv("DYNODE_ISA", "scalar", 1);
    const size_t width = dense_kernels<float>().width;
    std::exit(isa_name() == "scalar" && width == 1 ? 0 : 1);
  }, ::testing::ExitedWithCode(0), "");
}

TEST(IsaDeathTest, AWrongNameInTheEnvironmentIsAnErrorNamingTheVariable) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT({
    setenv("DYNODE_ISA", "mmx", 1);
    try {
      apply_isa_override();
    } catch (const SpecError& error) {
      std::exit(std::string(error.what()).find("DYNODE_ISA") != std::string::npos ? 0 : 1);
    }
    std::exit(2);
  }, ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace dynode

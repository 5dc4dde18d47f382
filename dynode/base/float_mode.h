// Denormal numbers count as zero while an engine call runs: some processors take a hundred cycles for each of them.
#pragma once
#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace dynode {

/// Sets flush-to-zero and denormals-are-zero for this thread; the former mode returns at the end of the scope.
class FlushDenormals {
 public:
#if defined(__SSE2__)
  FlushDenormals() : mode_(_mm_getcsr()) { _mm_setcsr(mode_ | 0x8040); }
  ~FlushDenormals() { _mm_setcsr(mode_); }

 private:
  unsigned mode_;
#else
  FlushDenormals() {}
#endif
  FlushDenormals(const FlushDenormals&) = delete;
};

}  // namespace dynode

// Errors people can act on: what is wrong, where, and the way out.
//
//   net.yaml:14:7 layers[1].params.gamma_plsu: SingleDendrite has no parameter 'gamma_plsu'
//     did you mean 'gamma_plus'?  it has: phi_offset, bias_current, gamma_plus, gamma_minus
//
// SpecError      what somebody wrote cannot be understood or built
// ShapeError     an array does not fit
// NumericsError  a number stopped being finite
// IoError        a file cannot be read or written
// expects()      our own mistakes
#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace dynode {

/// A place in a text somebody wrote. `file` empty: the value came from code.
struct At {
  std::string file = {};
  int         line = 0, column = 0;   // from 1; 0 where unknown
  std::string path = {};              // e.g. layers[1].params.tau

  /// "file:line:column path", leaving out what is unknown.
  std::string text() const;
};

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class SpecError : public Error {
 public:
  /// @param hint  the way out; shown on a line of its own
  SpecError(const At& at, const std::string& what, const std::string& hint = {});
  At at;
};

class ShapeError : public Error {
 public:
  using Error::Error;
  /// "input: expected [2, 40, 3], got [2, 40, 4]"; a dimension of -1 is printed as "any".
  ShapeError(std::string_view name, const std::vector<int64_t>& expected, const std::vector<int64_t>& got,
             const std::string& hint = {});
};

class NumericsError : public Error {
 public:
  NumericsError(int layer_id, std::string_view quantity, int64_t row, int64_t step, int64_t unit, double value);
  int     layer_id;
  int64_t row, step, unit;
};

class IoError : public Error {
 public:
  IoError(const std::string& path, const std::string& what, const std::string& hint = {});
};

/// Checks an assumption of ours; a failure is a defect of dynode, not of its user.
inline void expects(bool condition, const char* what) {
  if (!condition) throw std::logic_error(std::string("internal error: ") + what);
}

}  // namespace dynode

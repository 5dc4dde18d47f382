# The Python package: dynode._core from python/src, and the faces of python/dynode beside it.
#
#   build/<preset>/python/dynode/     importable with PYTHONPATH=build/<preset>/python
set(DYNODE_PYTHON AUTO CACHE STRING "build the Python package: ON, OFF, or AUTO (where Python, NumPy and pybind11 are installed)")
if(NOT DYNODE_PYTHON OR DYNODE_FUZZ OR DYNODE_SANITIZED)
  return()
endif()

# Debian's Python, unless somebody asks for another one; not whatever shim is first in the PATH
if(NOT Python_EXECUTABLE AND EXISTS /usr/bin/python3)
  set(Python_EXECUTABLE /usr/bin/python3)
endif()
set(required "")
if(NOT DYNODE_PYTHON STREQUAL "AUTO")
  set(required REQUIRED)
endif()
find_package(Python 3.9 COMPONENTS Interpreter Development.Module NumPy QUIET ${required})
set(PYBIND11_FINDPYTHON ON)
find_package(pybind11 2.10 QUIET ${required})
if(NOT Python_FOUND OR NOT pybind11_FOUND)
  message(STATUS "the Python package is left out: Python's headers, NumPy or pybind11 are not installed")
  return()
endif()

file(GLOB python_sources CONFIGURE_DEPENDS python/src/*.cc)
pybind11_add_module(dynode_python MODULE NO_EXTRAS ${python_sources})
target_link_libraries(dynode_python PRIVATE dynode dynode_rules)
target_include_directories(dynode_python PRIVATE ${PROJECT_SOURCE_DIR})
# it hands things over: nothing in it is worth optimising for minutes
target_compile_options(dynode_python PRIVATE $<$<CONFIG:Release>:-O1>)
target_precompile_headers(dynode_python PRIVATE <pybind11/numpy.h> <pybind11/stl.h> <string> <vector>)
# whatever pybind11 has inline is made in every file: two thirds of the work
set_target_properties(dynode_python PROPERTIES UNITY_BUILD ${DYNODE_UNITY} UNITY_BUILD_BATCH_SIZE 8)
set_target_properties(dynode_python PROPERTIES OUTPUT_NAME _core LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/python/dynode
                      CXX_VISIBILITY_PRESET hidden)

file(GLOB_RECURSE python_faces CONFIGURE_DEPENDS python/dynode/*.py python/dynode/*.pyi python/dynode/py.typed)
set(stamp ${PROJECT_BINARY_DIR}/python/faces)
add_custom_command(OUTPUT ${stamp} DEPENDS ${python_faces}
                   COMMAND ${CMAKE_COMMAND} -E copy_directory ${PROJECT_SOURCE_DIR}/python/dynode ${PROJECT_BINARY_DIR}/python/dynode
                   COMMAND ${CMAKE_COMMAND} -E touch ${stamp} COMMENT "copying the faces of the Python package")
add_custom_target(python_package ALL DEPENDS ${stamp} dynode_python)

execute_process(COMMAND ${Python_EXECUTABLE} -c "import pytest" RESULT_VARIABLE no_pytest OUTPUT_QUIET ERROR_QUIET)
if(BUILD_TESTING OR DYNODE_TESTS)
  if(no_pytest)
    message(STATUS "tests of the Python package are left out: pytest is not installed")
  else()
    enable_testing()
    add_test(NAME python COMMAND ${Python_EXECUTABLE} -m pytest -q -p no:cacheprovider ${PROJECT_SOURCE_DIR}/python/tests)
    set_tests_properties(python PROPERTIES LABELS python TIMEOUT 900
                         ENVIRONMENT "PYTHONPATH=${PROJECT_BINARY_DIR}/python;PYTHONDONTWRITEBYTECODE=1;DYNODE_SOURCE_DIR=${PROJECT_SOURCE_DIR}")
  endif()
endif()

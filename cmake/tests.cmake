# Tests, sorted on shelves: ctest -L unit | golden | cli | fuzz.
if(DYNODE_TESTS STREQUAL "AUTO")
  find_package(GTest QUIET)
  if(NOT GTest_FOUND)
    message(STATUS "tests are left out: GoogleTest is not installed")
  endif()
elseif(DYNODE_TESTS)
  find_package(GTest REQUIRED)
endif()
if(NOT DYNODE_TESTS OR NOT GTest_FOUND)
  return()
endif()
enable_testing()

# tests may look behind the doors of the library, so they see its libraries too
add_library(test_rules INTERFACE)
target_link_libraries(test_rules INTERFACE dynode dynode_rules PkgConfig::HWY PkgConfig::YAML PkgConfig::ZIP ZLIB::ZLIB
                      nlohmann_json::nlohmann_json GTest::gtest GTest::gtest_main)
# macros of a precompiled gtest warn as if they were ours
target_compile_options(test_rules INTERFACE -Wno-dangling-else)
# what is to be fast is in the library
if(DYNODE_SANITIZED)
  target_compile_definitions(test_rules INTERFACE DYNODE_SANITIZED)
  target_compile_options(test_rules INTERFACE -O0)
else()
  target_compile_options(test_rules INTERFACE $<$<CONFIG:Release>:-O1>)
endif()

# headers that every test reads are read once, by the first of them; in a whole build also those that most of them read
set(read_once <algorithm> <cmath> <functional> <map> <memory> <string> <vector> <fmt/format.h> <gtest/gtest.h>)
if(DYNODE_UNITY)
  list(APPEND read_once <dynode/models/model.h> <dynode/spec/yaml.h>)
endif()
function(dynode_test target)
  add_executable(${target} ${ARGN})
  target_link_libraries(${target} PRIVATE test_rules)
  get_property(first GLOBAL PROPERTY dynode_first_test)
  if(first)
    target_precompile_headers(${target} REUSE_FROM ${first})
  else()
    target_precompile_headers(${target} PRIVATE ${read_once})
    set_property(GLOBAL PROPERTY dynode_first_test ${target})
  endif()
endfunction()

# one program per room
file(GLOB rooms CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/dynode dynode/*)
list(REMOVE_ITEM rooms cli)
foreach(room ${rooms})
  file(GLOB tests CONFIGURE_DEPENDS dynode/${room}/*_test.cc)
  if(tests)
    dynode_test(${room}_test ${tests})
    add_test(NAME ${room} COMMAND ${room}_test)
    set_tests_properties(${room} PROPERTIES LABELS unit)
  endif()
endforeach()

# one program per file of tests/, on a shelf of its own: golden_test.cc is `ctest -L golden`, cli_test.cc and all
# *_cli_test.cc are `-L cli`
file(GLOB tests CONFIGURE_DEPENDS tests/*_test.cc)
foreach(test ${tests})
  get_filename_component(target ${test} NAME_WE)
  string(REGEX REPLACE "_test$" "" name ${target})
  dynode_test(${target} ${test})
  target_compile_definitions(${target} PRIVATE "DYNODE_SOURCE_DIR=\"${PROJECT_SOURCE_DIR}\"")
  add_test(NAME ${name} COMMAND ${target} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS ${name} TIMEOUT 1500)
  if(TARGET dynode_cli)
    add_dependencies(${target} dynode_cli)
    target_compile_definitions(${target} PRIVATE "DYNODE_CLI=\"$<TARGET_FILE:dynode_cli>\"")
  endif()
endforeach()

# the programs of examples/: FOLDER_OF_THE_PROGRAM FOLDER_FOR_RESULTS; they print `no` where something is not as they say
file(GLOB programs CONFIGURE_DEPENDS examples/*/*.cc)
foreach(program ${programs})
  get_filename_component(name ${program} NAME_WE)
  get_filename_component(folder ${program} DIRECTORY)
  add_executable(example_${name} ${program})
  target_link_libraries(example_${name} PRIVATE dynode dynode_rules)
  add_test(NAME example_${name} COMMAND example_${name} ${folder} ${PROJECT_BINARY_DIR})
  set_tests_properties(example_${name} PROPERTIES LABELS examples FAIL_REGULAR_EXPRESSION " no\n")
endforeach()

# who includes whom
add_test(NAME include_rules COMMAND ${PROJECT_SOURCE_DIR}/tests/include_rules/check.sh ${PROJECT_SOURCE_DIR})
add_test(NAME include_rules_catch COMMAND ${PROJECT_SOURCE_DIR}/tests/include_rules/check_test.sh)
# the installed library serves a stranger's program
add_test(NAME install COMMAND ${PROJECT_SOURCE_DIR}/tests/install/check.sh ${PROJECT_BINARY_DIR})
set_tests_properties(include_rules include_rules_catch install PROPERTIES LABELS unit)
set_tests_properties(install PROPERTIES TIMEOUT 300 ENVIRONMENT "CXX=${CMAKE_CXX_COMPILER};CXXFLAGS=${CMAKE_CXX_FLAGS}")

# the seeds of the fuzz harnesses, read once each by an ordinary program
file(GLOB harnesses CONFIGURE_DEPENDS fuzz/fuzz_*.cc)
add_library(replay OBJECT fuzz/replay.cc)
target_link_libraries(replay PRIVATE dynode_rules)
foreach(harness ${harnesses})
  get_filename_component(name ${harness} NAME_WE)
  string(REGEX REPLACE "^fuzz_" "" subject ${name})
  dynode_test(replay_${subject} ${harness} $<TARGET_OBJECTS:replay>)
  add_test(NAME ${name} COMMAND replay_${subject} ${PROJECT_SOURCE_DIR}/fuzz/seeds/${subject})
  set_tests_properties(${name} PROPERTIES LABELS fuzz)
endforeach()

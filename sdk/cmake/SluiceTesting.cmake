# SPDX-License-Identifier: Apache-2.0
# sluice_add_test_executable(NAME [ALONE] LABELS ... SOURCES ... [LIBRARIES ...]): one Catch2 executable per tier or plugin.
# ALONE: its cases run beside no other test, since they measure. Every test case becomes a CTest test that carries the labels; the working directory is the source tree.

find_package(Catch2 2.13 REQUIRED)
include(Catch)

if(NOT TARGET sluice_catch_main)
  file(WRITE "${CMAKE_BINARY_DIR}/catch_main.cpp" "#define CATCH_CONFIG_MAIN\n#include <catch2/catch.hpp>\n")
  add_library(sluice_catch_main STATIC "${CMAKE_BINARY_DIR}/catch_main.cpp")
  target_link_libraries(sluice_catch_main PUBLIC Catch2::Catch2)
endif()

function(sluice_add_test_executable name)
  cmake_parse_arguments(ARG "ALONE" "" "LABELS;SOURCES;LIBRARIES" ${ARGN})
  set(alone FALSE)
  if(ARG_ALONE)
    set(alone TRUE)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE sluice_catch_main sluice::warnings ${ARG_LIBRARIES})
  target_compile_options(${name} PRIVATE -O0)  # half the time to compile; what is tested is optimised
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}" "${CMAKE_SOURCE_DIR}/tests")
  catch_discover_tests(${name} TEST_PREFIX "${name}: " WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}"
                       PROPERTIES LABELS "${ARG_LABELS}" RUN_SERIAL ${alone} DISCOVERY_TIMEOUT 60)
endfunction()

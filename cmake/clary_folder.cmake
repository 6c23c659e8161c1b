# clary_folder(NAME [USES folder...] [LIBRARIES target...])
#
# One static library clary_NAME from the folder's *.cc, and one test binary NAME_test from its *_test.cc.
# USES names the folders this one may include: the arrows of docs/architecture.md. `fake_*.cc` and
# `*_conformance.cc` are part of the library clary_NAME_fakes, which tests of other folders may use.
function(clary_folder name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "USES;LIBRARIES;TEST_USES")
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  set(fakes ${sources})
  list(FILTER fakes INCLUDE REGEX "/(fake_[a-z0-9_]*|[a-z0-9_]*_conformance)\\.cc$")
  list(FILTER fakes EXCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_test|_conformance|_main)\\.cc$|/fake_[a-z0-9_]*\\.cc$")
  list(TRANSFORM arg_USES PREPEND clary_)
  list(TRANSFORM arg_TEST_USES PREPEND clary_)

  if(sources)
    add_library(clary_${name} STATIC ${sources})
    target_link_libraries(clary_${name} PUBLIC clary_options ${arg_USES} PRIVATE ${arg_LIBRARIES})
  else()
    add_library(clary_${name} INTERFACE)
    target_link_libraries(clary_${name} INTERFACE clary_options ${arg_USES})
  endif()

  if(CLARY_TESTS AND fakes)
    add_library(clary_${name}_fakes STATIC ${fakes})
    target_link_libraries(clary_${name}_fakes PUBLIC clary_${name} GTest::gtest GTest::gmock ${arg_LIBRARIES})
    # A test takes out of it what it names, file by file: with a fake would otherwise come suites that the test does not instantiate,
    # which GoogleTest fails, and fake_disk.cc, which stands in for the C library.
    set_target_properties(clary_${name}_fakes PROPERTIES UNITY_BUILD OFF)
  elseif(CLARY_TESTS)
    add_library(clary_${name}_fakes INTERFACE)
    target_link_libraries(clary_${name}_fakes INTERFACE clary_${name})
  endif()
  if(CLARY_TESTS AND tests)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE
      clary_${name} clary_${name}_fakes ${arg_TEST_USES} ${arg_LIBRARIES} GTest::gtest_main GTest::gmock)
    # What the tests are made of runs once: most of what compiling them costs would be optimising it.
    target_compile_options(${name}_test PRIVATE $<IF:$<CONFIG:Release>,-O1,-O0>)
    add_test(NAME ${name} COMMAND ${name}_test)
    set_tests_properties(${name} PROPERTIES TIMEOUT 900)
  endif()
endfunction()

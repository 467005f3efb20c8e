# Compiler and linker flags, kept one by one if this compiler knows them.
include(CheckCCompilerFlag)
add_library(dragoman_flags INTERFACE)
target_compile_features(dragoman_flags INTERFACE c_std_17)
target_compile_definitions(dragoman_flags INTERFACE _GNU_SOURCE H2O_USE_LIBUV=0 DRAGOMAN_VERSION="${PROJECT_VERSION}")
target_include_directories(dragoman_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)

function(dragoman_try_flags)
  foreach(flag ${ARGN})
    string(MAKE_C_IDENTIFIER "has${flag}" has)
    check_c_compiler_flag(${flag} ${has})
    if(${has})
      target_compile_options(dragoman_flags INTERFACE ${flag})
    endif()
  endforeach()
endfunction()

dragoman_try_flags(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow
  -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla -Wundef
  -Wcast-qual -Wwrite-strings -Wformat=2 -Wimplicit-fallthrough -Wswitch-enum
  -Wduplicated-cond -Wlogical-op -Wtrampolines -Wbidi-chars=any
  -Werror=implicit -Werror=incompatible-pointer-types -Werror=int-conversion)
if(DRAGOMAN_WERROR)
  target_compile_options(dragoman_flags INTERFACE -Werror)
endif()
if(DRAGOMAN_SANITIZE)
  target_compile_options(dragoman_flags INTERFACE -fsanitize=${DRAGOMAN_SANITIZE}
    -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(dragoman_flags INTERFACE -fsanitize=${DRAGOMAN_SANITIZE})
endif()
if(DRAGOMAN_FUZZ)
  target_compile_options(dragoman_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(DRAGOMAN_HARDEN)
  dragoman_try_flags(-fstack-protector-strong -fstack-clash-protection -fcf-protection=full
    -fstrict-flex-arrays=3 -ftrivial-auto-var-init=zero -fzero-init-padding-bits=all
    -fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing -fexceptions)
  target_compile_options(dragoman_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  target_link_options(dragoman_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack,-z,nodlopen -Wl,--as-needed)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  include(CheckPIESupported)
  check_pie_supported(LANGUAGES C)
endif()

# For every x86-64 as before, but in the order that processors since 2015 like; small structs are cleared and copied with plain
# stores, where gcc's default is an instruction that takes longer to start than they take (docs/performance.md).
check_c_compiler_flag(-mtune=skylake has_mtune_skylake)
if(has_mtune_skylake)
  add_compile_options(-mtune=skylake)
  add_link_options(-mtune=skylake) # with link-time optimization the code is made there
endif()

# A request passes through functions of ten rooms, most of them short: called across files they cost a quarter more
# instructions than inlined (docs/performance.md). -O3 alone spares 3 %.
if(DRAGOMAN_LTO)
  include(CheckIPOSupported)
  check_ipo_supported(RESULT can_lto OUTPUT why LANGUAGES C)
  if(can_lto)
    set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
  else()
    message(STATUS "without link-time optimization: ${why}")
  endif()
endif()

# What usually happens, as a program that was built to write it down (preset `record`) found while tests/bench/train.sh ran it,
# tells the compiler what to inline and where to branch (docs/performance.md). Code that was not run, or has changed since,
# is built as without it. Names in a profile are relative to the build's folder.
if(DRAGOMAN_PROFILE AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
  set(names -fprofile-prefix-path=${CMAKE_BINARY_DIR})
  if(DRAGOMAN_PROFILE STREQUAL "record")
    add_compile_options(-fprofile-generate=${CMAKE_BINARY_DIR}/profile -fprofile-update=atomic ${names})
    add_link_options(-fprofile-generate)
  elseif(IS_DIRECTORY ${DRAGOMAN_PROFILE})
    add_compile_options(-fprofile-use=${DRAGOMAN_PROFILE} ${names} -fprofile-partial-training -Wno-missing-profile -Wno-coverage-mismatch)
  else()
    message(STATUS "without a profile: there is no ${DRAGOMAN_PROFILE} (./dev build makes it)")
  endif()
endif()

# SPDX-License-Identifier: Apache-2.0
# Warnings, hardening and sanitizers of this tree, as interface targets that every target here links.

include(CheckPIESupported)
check_pie_supported()

add_library(sluice_warnings INTERFACE)
add_library(sluice::warnings ALIAS sluice_warnings)
target_compile_options(sluice_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
                                                 $<$<BOOL:${SLUICE_WERROR}>:-Werror>)

# Hardening of what ships. _FORTIFY_SOURCE needs optimisation and is not for sanitizer builds.
add_library(sluice_hardening INTERFACE)
add_library(sluice::hardening ALIAS sluice_hardening)
target_compile_options(sluice_hardening INTERFACE -fstack-protector-strong)
target_link_options(sluice_hardening INTERFACE LINKER:-z,now LINKER:-z,relro)
if(NOT SLUICE_SANITIZE)
  target_compile_options(sluice_hardening INTERFACE $<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>)
endif()

if(SLUICE_SANITIZE)
  add_compile_options(-fsanitize=${SLUICE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SLUICE_SANITIZE})
  add_compile_options(-Wno-maybe-uninitialized)  # GCC finds it in std::regex and std::function when it instruments them
  if(SLUICE_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()

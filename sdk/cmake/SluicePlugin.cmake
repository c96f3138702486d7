# SPDX-License-Identifier: Apache-2.0
#
# sluice_add_plugin(NAME name SOURCES file... [LIBRARIES target...] [OUTPUT_DIRECTORY dir] [NO_INSTALL])
#
# Builds name.so: one exported function, no undefined symbol, immediate binding, hardened, with the
# ELF note ".note.sluice" that says what is in it. Used in sluice's own tree and by plugins outside of it
# after find_package(sluice-sdk).
#
# SLUICE_PLUGIN_STATIC_RUNTIME (default: ON outside of sluice's tree) links libstdc++ and libgcc statically, so
# that the library runs on systems with an older compiler runtime.


set(SLUICE_PLUGIN_VERSION_SCRIPT "${CMAKE_CURRENT_LIST_DIR}/plugin.map" CACHE INTERNAL "One global symbol")
set(SLUICE_PLUGIN_INSTALL_DIR "lib/sluice/plugins" CACHE STRING "Where plugins are installed")
option(SLUICE_PLUGIN_STATIC_RUNTIME "Link libstdc++ and libgcc into plugins" ON)
find_program(SLUICE_OBJCOPY NAMES objcopy llvm-objcopy REQUIRED)

function(sluice_add_plugin)
  cmake_parse_arguments(ARG "NO_INSTALL" "NAME;OUTPUT_DIRECTORY" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT ARG_NAME OR NOT ARG_SOURCES)
    message(FATAL_ERROR "sluice_add_plugin() needs NAME and SOURCES.")
  endif()
  if(ARG_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "sluice_add_plugin(${ARG_NAME}) does not know: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  if(NOT ARG_OUTPUT_DIRECTORY)
    set(ARG_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib/sluice/plugins")
  endif()

  # The target's name has a prefix, since plugins are called like libraries they use (sqlite).
  set(target "sluice_plugin_${ARG_NAME}")
  add_library(${target} MODULE ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE sluice::sdk ${ARG_LIBRARIES})
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME "${ARG_NAME}" PREFIX "" SUFFIX ".so"
    LIBRARY_OUTPUT_DIRECTORY "${ARG_OUTPUT_DIRECTORY}"
    POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS "${SLUICE_PLUGIN_VERSION_SCRIPT}")
  _sluice_harden_plugin(${target})

  if(TARGET sluice::note)
    add_custom_command(TARGET ${target} POST_BUILD
      COMMAND sluice::note --objcopy "${SLUICE_OBJCOPY}" "$<TARGET_FILE:${target}>"
      COMMENT "Adding the note of ${ARG_NAME}.so" VERBATIM)
    add_dependencies(${target} sluice::note)
  endif()
  if(NOT ARG_NO_INSTALL)
    install(TARGETS ${target} LIBRARY DESTINATION "${SLUICE_PLUGIN_INSTALL_DIR}")
  endif()
endfunction()

function(_sluice_harden_plugin target)
  target_link_options(${target} PRIVATE
    "LINKER:--version-script=${SLUICE_PLUGIN_VERSION_SCRIPT}"
    LINKER:-z,now LINKER:-z,relro LINKER:-z,noexecstack LINKER:--exclude-libs,ALL LINKER:--build-id)
  target_compile_options(${target} PRIVATE -fstack-protector-strong)

  string(JOIN " " flags "${CMAKE_CXX_FLAGS}" "${CMAKE_MODULE_LINKER_FLAGS}" "${SLUICE_SANITIZE}")
  get_directory_property(directory_options LINK_OPTIONS)
  if("${flags} ${directory_options}" MATCHES "sanitize" OR SLUICE_SANITIZE)
    return()  # a sanitizer's runtime is in the executable: symbols stay open, the runtime shared
  endif()
  target_link_options(${target} PRIVATE LINKER:-z,defs)
  target_compile_options(${target} PRIVATE
    $<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>)
  if(SLUICE_PLUGIN_STATIC_RUNTIME)
    target_link_options(${target} PRIVATE -static-libstdc++ -static-libgcc)
  endif()
endfunction()

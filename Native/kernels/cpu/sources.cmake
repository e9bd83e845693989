# Inference on a CPU. The files of an instruction set are compiled for it; they are called only where the
# processor has it (instructions.cpp).
target_sources(acm PRIVATE kernels/cpu/instructions.cpp kernels/cpu/threads.cpp)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(ACM_X86 ON)
  set_property(SOURCE kernels/cpu/instructions.cpp PROPERTY COMPILE_DEFINITIONS ACM_X86)
endif()

# Adds a folder's dispatch.cpp and portable.cpp, and on x86 its files for the instruction sets named.
function(add_cpu_kernels folder)
  target_sources(acm PRIVATE ${folder}/dispatch.cpp ${folder}/portable.cpp)
  if(NOT ACM_X86)
    return()
  endif()
  set_property(SOURCE ${folder}/dispatch.cpp PROPERTY COMPILE_DEFINITIONS ACM_X86)
  set(options_avx2 -mavx2 -mfma)
  set(avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma)
  set(options_avx512_float32 ${avx512})
  set(options_avx512_bfloat16 ${avx512} -mavx512bf16)
  set(options_avx512_int8 ${avx512} -mavx512vnni)
  foreach(set ${ARGN})
    target_sources(acm PRIVATE ${folder}/${set}.cpp)
    set_source_files_properties(${folder}/${set}.cpp PROPERTIES COMPILE_OPTIONS "${options_${set}}")
  endforeach()
endfunction()

set(folder kernels/gated_mlp/cpu)
target_sources(acm PRIVATE ${folder}/operator.cpp ${folder}/pack.cpp ${folder}/run.cpp)
add_cpu_kernels(${folder} avx2 avx512_float32 avx512_bfloat16 avx512_int8)

target_sources(acm PRIVATE kernels/attention/operator.cpp kernels/attention/run.cpp)
add_cpu_kernels(kernels/attention/cpu avx2 avx512_float32 avx512_bfloat16)

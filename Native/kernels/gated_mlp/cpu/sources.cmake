# Inference on a CPU. The files of an instruction set are compiled for it; dispatch.cpp calls them only
# where the processor has it.
set(folder kernels/gated_mlp/cpu)
target_sources(acm PRIVATE ${folder}/dispatch.cpp ${folder}/operator.cpp ${folder}/pack.cpp
  ${folder}/portable.cpp ${folder}/run.cpp)
set(kernels ${folder}/portable.cpp)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(avx512 -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma)
  set_source_files_properties(${folder}/avx2.cpp PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma")
  set_source_files_properties(${folder}/avx512_float32.cpp PROPERTIES COMPILE_OPTIONS "${avx512}")
  set_source_files_properties(${folder}/avx512_bfloat16.cpp PROPERTIES COMPILE_OPTIONS "${avx512};-mavx512bf16")
  set_source_files_properties(${folder}/avx512_int8.cpp PROPERTIES COMPILE_OPTIONS "${avx512};-mavx512vnni")
  set(kernels ${kernels} ${folder}/avx2.cpp ${folder}/avx512_float32.cpp ${folder}/avx512_bfloat16.cpp
    ${folder}/avx512_int8.cpp)
  target_sources(acm PRIVATE ${kernels})
  set_property(SOURCE ${folder}/dispatch.cpp PROPERTY COMPILE_DEFINITIONS ACM_X86)
endif()

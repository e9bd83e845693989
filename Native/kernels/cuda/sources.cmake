# The CUDA kernels. Device code sees no header of libtorch; each folder's operator.cpp binds it.
# Device code is C++17: CMake up to 3.25 does not know how to ask nvcc 13 for C++20.
set(CMAKE_CUDA_STANDARD 17)
set(CMAKE_CUDA_VISIBILITY_PRESET hidden)

# Adds device code to libacm.so.
function(add_cuda_kernels target architectures)
  add_library(${target} OBJECT ${ARGN})
  set_target_properties(${target} PROPERTIES CUDA_ARCHITECTURES "${architectures}" POSITION_INDEPENDENT_CODE ON)
  target_sources(acm PRIVATE $<TARGET_OBJECTS:${target}>)
endfunction()

# Machine code for each GPU, and PTX of the first for GPUs to come.
set(architectures "")
foreach(architecture IN LISTS ACM_CUDA_ARCHITECTURES)
  list(APPEND architectures ${architecture}-real)
endforeach()
list(GET ACM_CUDA_ARCHITECTURES 0 oldest)
list(APPEND architectures ${oldest}-virtual)

set(folder kernels/gated_mlp/cuda)
add_cuda_kernels(acm_cuda "${architectures}" ${folder}/sort.cu ${folder}/ampere.cu ${folder}/masked.cu
  kernels/gate/cuda/choose.cu kernels/gate/cuda/add_layer_norm.cu)
# wgmma and setmaxnreg are of compute capability 9.0 alone, which the target 90a says.
add_cuda_kernels(acm_sm90 90a-real ${folder}/sm90_bf16.cu ${folder}/sm90_f16.cu ${folder}/sort_cluster.cu)
target_sources(acm PRIVATE kernels/cuda/device.cpp kernels/gate/cuda/operator.cpp
  kernels/gate/cuda/add_layer_norm.cpp ${folder}/operator.cpp
  ${folder}/sm90_launch.cpp ${folder}/tunings.cpp)

target_include_directories(acm SYSTEM PRIVATE ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES})
set_target_properties(acm PROPERTIES LINKER_LANGUAGE CXX)
find_library(cudart_static cudart_static REQUIRED
  HINTS ${CMAKE_CUDA_HOST_IMPLICIT_LINK_DIRECTORIES} ${CMAKE_CUDA_IMPLICIT_LINK_DIRECTORIES})
target_link_libraries(acm PRIVATE ${cudart_static} pthread ${CMAKE_DL_LIBS} rt)

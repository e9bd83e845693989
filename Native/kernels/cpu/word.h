// One multiplication in each precision. The file of an instruction set sets vectorBytes, includes this and
// vector.h, and defines for the precisions that it has a `Word<precision>`, 32 bits of a row's numbers:
//
//   Sums                      a vector of sums
//   rows                      how many rows of sums the registers hold, two vectors each
//   Weights weights(from)     a vector of words of as many columns, ready to multiply
//   Token token(from)         one word, for all columns, ready to multiply
//   add(sums, token, weights)
#pragma once

#include "rows.h"

namespace {

template <acm::cpu::Precision>
struct Word;

inline int32_t word(const char *from) { return *reinterpret_cast<const int32_t *>(from); }

}  // namespace

#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq"))), apply_to = function)
#define VARIANT(name) name##_avx512
enum { TILE_ROWS = 8, TILE_COLUMNS = 2 };
#include "lanes.h"
#include "lanes_products.h"
#include "lanes_solve.h"
#include "lanes_select.h"
#pragma clang attribute pop
#endif

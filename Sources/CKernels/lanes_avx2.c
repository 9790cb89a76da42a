#if defined(__x86_64__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#define VARIANT(name) name##_avx2
enum { TILE_ROWS = 4, TILE_COLUMNS = 1 };
#include "lanes.h"
#include "lanes_products.h"
#include "lanes_solve.h"
#include "lanes_select.h"
#pragma clang attribute pop
#endif

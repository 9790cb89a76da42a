#define VARIANT(name) name##_plain
enum { TILE_ROWS = 2, TILE_COLUMNS = 1 };
#include "lanes.h"
#include "lanes_products.h"
#include "lanes_solve.h"
#include "lanes_select.h"

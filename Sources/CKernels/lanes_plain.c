#define VARIANT(name) name##_plain
enum { TILE_ROWS = 2, TILE_COLUMNS = 1 };
#include "lanes.h"

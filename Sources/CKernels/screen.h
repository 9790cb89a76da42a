// What every screening kernel shares: thresholds on int8 scores, and the list of candidates.
#pragma once
#include <math.h>

#include "variants.h"

typedef double d8 __attribute__((vector_size(64)));
typedef int32_t i8 __attribute__((vector_size(32)));

// Every function here is inlined into one that has the right instructions: no vector crosses a call.
#pragma clang diagnostic ignored "-Wpsabi"
#define INLINE static inline __attribute__((always_inline))

enum { USERS = 8 };

// How many of the first seats are taken. A pass takes as long as it has users, and of a live stream there are few.
INLINE int screen_seats(const fk_screen_user *users, int seats) {
    while (seats > 0 && users[seats - 1].threshold == INFINITY) seats--;
    return seats;
}

// A kernel's body, BODY(seats), for each number of seats of a pass: its sums are to stay in registers.
#define SCREEN_BY_SEATS(BODY)                                                                                          \
    switch (screen_seats(users, USERS)) {                                                                              \
    case 0: return;                                                                                                    \
    case 1: return BODY(1);                                                                                            \
    case 2: return BODY(2);                                                                                            \
    case 3: return BODY(3);                                                                                            \
    case 4: return BODY(4);                                                                                            \
    case 5: return BODY(5);                                                                                            \
    case 6: return BODY(6);                                                                                            \
    case 7: return BODY(7);                                                                                            \
    default: return BODY(8);                                                                                           \
    }

// The numbers of eight users side by side.
typedef struct {
    d8 threshold, item_error, item_norm, inverse;
    i8 bias;
} screen_pass;

INLINE screen_pass screen_begin(const fk_screen_user *users) {
    screen_pass pass;
    for (int u = 0; u < USERS; u++) {
        pass.threshold[u] = users[u].threshold;
        pass.item_error[u] = users[u].item_error;
        pass.item_norm[u] = users[u].item_norm;
        pass.inverse[u] = 1 / users[u].scale;
        pass.bias[u] = users[u].bias;
    }
    return pass;
}

// What a float score may be off by where everything underflows.
#define SCREEN_FLOOR 1e-36

// An item of the group can reach a user's threshold only if its sum of products, which lacks the bias, is above
// limits[u]. Rounding the quotient to zero and stepping back by two keeps on the safe side.
INLINE void screen_limits(const screen_pass *pass, const fk_screen_group *group, int32_t *limits) {
    d8 need = pass->threshold - pass->item_error * group->error - pass->item_norm * group->norm - SCREEN_FLOOR;
    d8 limit = need * pass->inverse * (1 / (double)group->scale);
    d8 high = {0x1p30, 0x1p30, 0x1p30, 0x1p30, 0x1p30, 0x1p30, 0x1p30, 0x1p30};
    limit = __builtin_elementwise_min(__builtin_elementwise_max(limit, -high), high);
    *(i8 *)limits = __builtin_convertvector(limit, i8) - 2 - pass->bias;
}

// Appends the items of `mask`; sums[i] is the sum of products of the group's item i.
INLINE void screen_append(
    fk_screen_user *user, const fk_screen_group *group, uint32_t mask, const int32_t *sums, const int32_t *order,
    ptrdiff_t count) {
    if (count < 16) mask &= (1u << (count > 0 ? count : 0)) - 1;
    float scale = (float)(user->scale * group->scale);
    float error = (float)(user->item_error * group->error + user->item_norm * group->norm + SCREEN_FLOOR);
    int32_t n = user->count;
    while (mask) {
        int i = __builtin_ctz(mask);
        mask &= mask - 1;
        float score = (float)(sums[i] + user->bias) * scale;
        user->indices[n] = order[i];
        user->lower[n] = score - error;
        user->upper[n] = score + error;
        n++;
    }
    user->count = n;
}

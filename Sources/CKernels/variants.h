// What the translation units of the kernels share: the sizes that belong to the definition of a sum, and each
// instruction set's entry points.
#pragma once
#include "kernels.h"

enum {
    SOLVE_CHUNK = 64,  // rank-1 updates that are summed before they join the matrix
    GRAM_CHUNK = 128   // rows that are summed before they join a Gram matrix
};

#define DECLARE(suffix)                                                                                                \
    float fk_dot_##suffix(const float *, const float *, ptrdiff_t);                                                    \
    void fk_axpy_##suffix(float, const float *, float *, ptrdiff_t);                                                   \
    void fk_xpay_##suffix(const float *, float, float *, ptrdiff_t);                                                   \
    void fk_axpby_##suffix(float, const float *, float, float *, ptrdiff_t);                                            \
    void fk_step_##suffix(float, float, float *, float *, ptrdiff_t);                                                   \
    void fk_dot_rows_##suffix(const float *, ptrdiff_t, const int32_t *, ptrdiff_t, const float *, float *);           \
    void fk_multiply_add_##suffix(                                                                                     \
        ptrdiff_t, ptrdiff_t, ptrdiff_t, const float *, ptrdiff_t, ptrdiff_t, const float *, ptrdiff_t, float *,       \
        ptrdiff_t, ptrdiff_t, bool);                                                                                   \
    void fk_gram_##suffix(                                                                                             \
        const float *, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t, float *, ptrdiff_t);                     \
    void fk_apply_##suffix(                                                                                            \
        const float *, ptrdiff_t, const int32_t *, const float *, ptrdiff_t, float, float, const float *, float *);    \
    float fk_bar_##suffix(float *, ptrdiff_t, ptrdiff_t);                                                              \
    float fk_gather_##suffix(float *, const float *, const int32_t *, ptrdiff_t, float *);                             \
    void fk_places_##suffix(const uint64_t *, ptrdiff_t, int32_t *);                                                   \
    bool fk_solve_##suffix(                                                                                            \
        ptrdiff_t, ptrdiff_t, const float *, ptrdiff_t, float, const float *, ptrdiff_t, const int32_t *,              \
        const float *, ptrdiff_t, float *, float *);                                                                   \
    bool fk_solve_square_##suffix(ptrdiff_t, float *, float *, float *);

DECLARE(plain)
DECLARE(avx2)
DECLARE(avx512)

#define DECLARE_SCREEN(suffix)                                                                                         \
    void fk_screen_##suffix(                                                                                           \
        const uint8_t *, const fk_screen_group *, ptrdiff_t, ptrdiff_t, const int32_t *, fk_screen_user *,            \
        const int32_t *, ptrdiff_t);

void fk_places(int32_t level, const uint64_t *keys, ptrdiff_t count, int32_t *places);

DECLARE_SCREEN(plain)
DECLARE_SCREEN(avx2)
DECLARE_SCREEN(avxvnni)
DECLARE_SCREEN(avx512vnni)
DECLARE_SCREEN(amx)

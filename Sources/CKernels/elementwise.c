// What works on single floats, the same on all instruction sets: the compiler makes vectors of these loops.
#include "kernels.h"

void fk_multiply(const float *a, const float *b, float *out, ptrdiff_t length) {
    for (ptrdiff_t i = 0; i < length; i++) out[i] = a[i] * b[i];
}

void fk_rectify(float *x, ptrdiff_t length) {
    for (ptrdiff_t i = 0; i < length; i++) x[i] = x[i] > 0 ? x[i] : 0;
}

void fk_rectified_gradient(const float *output, float *gradient, ptrdiff_t length) {
    for (ptrdiff_t i = 0; i < length; i++) gradient[i] = output[i] > 0 ? gradient[i] : 0;
}

void fk_adam(
    float *restrict x, float *restrict first, float *restrict second, const float *restrict gradient, float rate,
    float first_decay, float second_decay, float epsilon, ptrdiff_t length) {
    for (ptrdiff_t i = 0; i < length; i++) {
        float g = gradient[i];
        float m = first_decay * first[i] + (1 - first_decay) * g;
        float v = second_decay * second[i] + (1 - second_decay) * g * g;
        first[i] = m;
        second[i] = v;
        x[i] -= rate * m / (__builtin_elementwise_sqrt(v) + epsilon);
    }
}

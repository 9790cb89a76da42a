// What the thread sanitizer reports and is none of ours. Nothing is here without the sanitizer.

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)

const char *__tsan_default_suppressions(void) {
    // The standard library writes a count of 0 into the one empty array that all threads share.
    return "race:_swiftEmptyArrayStorage\n";
}

#endif
#endif
